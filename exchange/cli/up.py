"""`yidi up`: a one-machine exchange that keeps its data, until SIGTERM or Ctrl-C."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, Data, layout_of

if TYPE_CHECKING:
    from exchange.wiring.layout import Layout
    from workers.machine import Machine

__all__ = ["register"]

_SIGNALS = {signal.SIGTERM, signal.SIGINT}
# A round is as long as its longest step: a batch of large files takes its time.
_STUCK_SECONDS = 120.0


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
) -> None:
    from exchange.telemetry import open_telemetry
    from exchange.web.health import create_app
    from exchange.web.serve import Server
    from workers.garbage import collect_seldom
    from workers.machine import open_machine

    layout = layout_of(data)
    web = layout.settings().web
    with _alone(data):
        metrics, log = open_telemetry()
        # Before the first thread starts, so that all inherit it: signals wait for `_run` and interrupt no step.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        machine = open_machine(layout, metrics, log)
        collect_seldom()
        face = create_app(
            metrics.render, lambda: machine.seconds_since_round() < _STUCK_SECONDS, lambda: _faults(machine)
        )
        try:
            with Server(face, host or web.host, web.port if port is None else port) as server:
                layout.web_url.write_text(server.url + "\n", encoding="utf-8")
                _greet(layout, server.url)
                _run(machine)
        finally:
            layout.web_url.unlink(missing_ok=True)


def _faults(machine: "Machine") -> dict[str, str | None]:
    stuck = machine.seconds_since_round() >= _STUCK_SECONDS
    return {"loops": "stuck" if stuck else None, **machine.faults()}


def _greet(layout: "Layout", url: str) -> None:
    print(say("驿递已启动", "Yidi is running"), url)
    print(say("数据", "data"), layout.root.absolute(), flush=True)
    print(say("办公文件夹", "office folders"), layout.offices.absolute(), flush=True)


def _run(machine: "Machine") -> None:
    """Until a signal comes. Whatever ends the loops before that is raised here."""
    with ThreadPoolExecutor(1, thread_name_prefix="machine") as pool:
        loops = pool.submit(machine.run)
        while not loops.done():
            if signal.sigtimedwait(_SIGNALS, 0.5) is not None:
                print(say("正在停止……", "stopping ..."), file=sys.stderr, flush=True)
                machine.stop()
                break
        loops.result()


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Two processes over one data directory would be two sealers: the second is refused."""
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise fail("RUNNING", f"{data} 上已有 yidi up 在运行", f"a yidi up runs on {data} already") from error
        yield
