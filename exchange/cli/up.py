"""`yidi up`: a one-machine exchange that keeps its data, until SIGTERM or Ctrl-C."""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.check_config import CheckConfig, check_config
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, Data, layout_of
from exchange.cli.process import alone, block_signals, open_face, open_log, programs_at, run_until_signal, shown_at

if TYPE_CHECKING:
    from exchange.wiring.layout import Layout

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "启动单机交换。\n\n交换中心与本机各单位节点在一个进程内，数据都在数据目录。SIGTERM 或 Ctrl-C 有序停止，"
            "再次启动一切仍在。",
            "Start a one-machine exchange.\n\nHub and nodes in one process, all data in the data directory. SIGTERM or "
            "Ctrl-C stops it in order; started again, everything is still there.",
        ),
        epilog="yidi up --data /var/lib/yidi --port 8086",
    )(up)


def up(
    data: Data = DEFAULT_DATA,
    host: Annotated[str | None, typer.Option(help=both("网页监听地址", "address of the web face"))] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=both("网页端口，0 为任选", "its port, 0 for a free one"))
    ] = None,
    only_check: CheckConfig = False,
) -> None:
    if only_check:
        check_config(data)
        return
    from workers.garbage import collect_seldom
    from workers.machine import open_machine

    layout = layout_of(data)
    settings = layout.settings()
    web = settings.web
    with alone(data, "yidi up"):
        metrics, log = open_log("up", settings.traces, layout.root)
        block_signals()
        machine = open_machine(layout, metrics, log)
        collect_seldom()
        face = open_face(machine, metrics, web.model_copy(update={"host": host or web.host}), port=port)
        with face as server, shown_at(layout.web_url, server.url, log), programs_at(layout, machine, log):
            _greet(layout, server.url)
            run_until_signal(machine)


def _greet(layout: "Layout", url: str) -> None:
    print(say("驿递已启动", "Yidi is running"), url)
    print(say("数据", "data"), layout.root.absolute(), flush=True)
    print(say("办公文件夹", "office folders"), layout.offices.absolute(), flush=True)
