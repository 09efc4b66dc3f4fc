"""`yidi bench`: how fast the exchange is on this machine, in ratios that hold on another. A measurement, never a test.

    command.py    measures everything in one run, in a directory that goes away
    county.py     the county that is measured, and its documents
    flow.py       deliveries end to end, against the bare work for the very same messages
    bare.py       that bare work: sign, verify, synced commits
    routing.py    the routing worker, and the share of its time that nobody could spare it
    batches.py    one by one against batches: commits, the broker
    memory.py     an idle node with one unit, and with all
    idle.py       the process that is measured for that
    spent.py      time by the clock and on the processor
    machine.py    what it was measured on
    report.py     the tables

Nothing here is used by a real exchange.
"""

from typing import Annotated

import typer

from exchange.cli.language import both
from exchange.cli.opened import AsJson

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "在本机测量：端到端投递、批量与逐条、路由进程的必要工作占比、内存。\n\n是测量，不是测试：数字随机器与负载变化，"
            "比值才可比较。",
            "Measure this machine: deliveries end to end, batches against single steps, the share of necessary work "
            "in the router, memory.\n\nA measurement, no test: numbers follow machine and load, ratios hold.",
        ),
        epilog="yidi bench\n\nyidi bench --units 128 --documents 8 --json",
    )(bench)


def bench(
    units: Annotated[
        int, typer.Option("--units", min=3, max=128, metavar="N", help=both("单位数", "how many units"))
    ] = 128,
    documents: Annotated[
        int, typer.Option("--documents", min=1, metavar="N", help=both("端到端发几件", "documents sent end to end"))
    ] = 6,
    as_json: AsJson = False,
) -> None:
    from exchange.cli.bench.command import run_bench

    run_bench(units, documents, as_json=as_json)
