"""`yidi bench`: how fast the exchange is on this machine, in ratios that hold on another. A measurement, never a test.

    command.py    measures the embedded exchange in one run, in a directory that goes away
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
    whole/        `yidi bench exchange`: RabbitMQ, PostgreSQL, and every worker and node a process of its own

Nothing here is used by a real exchange.
"""

from typing import Annotated

import typer

from exchange.cli.language import both
from exchange.cli.opened import AsJson

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(
        help=both(
            "在本机测量：端到端投递、批量与逐条、路由进程的必要工作占比、内存。\n\n是测量，不是测试：数字随机器与负载变化，"
            "比值才可比较。",
            "Measure this machine: deliveries end to end, batches against single steps, the share of necessary work "
            "in the router, memory.\n\nA measurement, no test: numbers follow machine and load, ratios hold.",
        ),
        epilog="yidi bench\n\nyidi bench --units 128 --documents 8 --json\n\nyidi bench exchange --quick",
        invoke_without_command=True,
    )
    application.callback()(bench)
    application.command(
        name="exchange",
        help=both(
            "在本机测量整个系统：私有的 RabbitMQ 与 PostgreSQL，工作进程与节点各为进程。约八分钟，--quick 约两分钟。",
            "Measure the whole system on this machine: private RabbitMQ and PostgreSQL, workers and nodes as "
            "processes. About eight minutes, with --quick about two.",
        ),
        epilog="yidi bench exchange --quick\n\nyidi bench exchange --backlog 10000 --json",
    )(exchange)
    return application


def bench(
    context: typer.Context,
    units: Annotated[
        int, typer.Option("--units", min=3, max=128, metavar="N", help=both("单位数", "how many units"))
    ] = 128,
    documents: Annotated[
        int, typer.Option("--documents", min=1, metavar="N", help=both("端到端发几件", "documents sent end to end"))
    ] = 6,
    as_json: AsJson = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    from exchange.cli.bench.command import run_bench

    run_bench(units, documents, as_json=as_json)


def exchange(
    *,
    quick: Annotated[bool, typer.Option("--quick", help=both("少量，约两分钟", "little of each, two minutes"))] = False,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="R:N", help=both("每件 R 个收文单位，N 件；可重复", "N documents to R units each, may be repeated")
        ),
    ] = None,
    backlog: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=both("积压几件", "documents in the backlog"))
    ] = None,
    units: Annotated[
        list[int] | None,
        typer.Option(min=3, metavar="N", help=both("增至多少单位，可重复", "units to grow to, may be repeated")),
    ] = None,
    ledger: Annotated[
        list[int] | None,
        typer.Option(min=1, metavar="N", help=both("账本增至多少条，可重复", "entries to grow to, may be repeated")),
    ] = None,
    probes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=both("空闲时测几次时延", "how often latency is taken, idle"))
    ] = None,
    half_seconds: Annotated[
        float | None, typer.Option(min=0.5, metavar="S", help=both("半载多少秒", "how long under half load"))
    ] = None,
    nodes: Annotated[int | None, typer.Option(min=1, metavar="N", help=both("节点数", "how many nodes"))] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.cli.bench.whole.command import run_whole
    from exchange.cli.bench.whole.plan import asked_rates

    asked = {
        "rates": asked_rates(rate or ()),
        "backlog": backlog,
        "units": tuple(sorted(units or ())),
        "ledger": tuple(sorted(ledger or ())),
        "probes": probes,
        "half_seconds": half_seconds,
        "nodes": nodes,
    }
    run_whole(quick=quick, changes={name: value for name, value in asked.items() if value}, as_json=as_json)
