"""`yidi demo`: a county's exchange in one command, with a kill in the middle, judged from its stores alone.

    command.py     the parent: starts the exchange in a process of its own, shows progress, kills it, reports
    child.py       the process that is killed: a one-machine exchange and the people who use it
    servers.py     the same on RabbitMQ and PostgreSQL, with processes that are killed one by one
    stage.py       what the people need of an exchange; embedded.py and servers.py serve it
    acts.py        what the people do, act by act
    attacks.py     a tampered and an impersonated envelope
    documents.py   the documents they send
    findings.py    who has what, how fast, and whether every promise held

Nothing here is used by a real exchange.
"""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.language import both
from exchange.cli.opened import AsJson

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "一条命令看完整个县的公文交换。\n\n导入 128 个单位，发一件通知到 127 个单位并逐一签收，上报、拒收、撤回，"
            "拒绝涉密、篡改和冒名件，中途强制杀死进程再启动，最后只凭存储核对每一条承诺。全部成立才返回 0。\n\n"
            "--rabbitmq：在自行启动的 RabbitMQ 和 PostgreSQL 上，交换中心与各节点为独立进程。",
            "A county's exchange in one command.\n\nImports 128 units, sends a notice that 127 of them sign for, "
            "reports, a rejection, a recall; refuses classified, tampered and impersonated documents; is killed "
            "half-way and started again; checks every promise from the stores alone. Exit status 0 only if all holds."
            "\n\n--rabbitmq: on RabbitMQ and PostgreSQL of its own, the hub's workers and the nodes as processes.",
        ),
        epilog="yidi demo\n\nyidi demo --units 20 --keep ./county --json\n\nyidi demo --rabbitmq",
    )(demo)


def demo(
    units: Annotated[
        int,
        typer.Option("--units", metavar="N", min=5, max=128, help=both("单位数，5 至 128", "how many units, 5 to 128")),
    ] = 128,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", file_okay=False, help=both("保留数据与证据包", "keep data and evidence")),
    ] = None,
    rabbitmq: Annotated[
        bool,
        typer.Option(
            "--rabbitmq", help=both("在真实的 RabbitMQ 和 PostgreSQL 上", "on real RabbitMQ and PostgreSQL servers")
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    from exchange.cli.demo.command import run_demo

    raise typer.Exit(run_demo(units, keep, on_servers=rabbitmq, as_json=as_json))
