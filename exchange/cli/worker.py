"""`yidi worker`: one worker of a hub in this process, for `yidi hub run`, systemd or a container."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.check_config import CheckConfig, check_config
from exchange.cli.language import both
from exchange.cli.opened import DEFAULT_DATA, Data
from exchange.cli.process import block_signals, open_face, open_log, run_until_signal, shown_at

if TYPE_CHECKING:
    from workers.processes import Rooms

__all__ = ["register", "run_worker"]

_NAMES = ("router", "acknowledger", "clock", "sealer", "web")


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            f"运行交换中心的一个工作进程：{'、'.join(_NAMES)}。web 只有一个；sealer 多启动的只作备用。",
            f"Run one worker of the hub: {', '.join(_NAMES)}. Of web there is one; a second sealer only stands by.",
        ),
        epilog="yidi worker router --data /var/lib/yidi --number 2",
    )(worker)


def worker(
    name: Annotated[str, typer.Argument(metavar="|".join(_NAMES), help=both("工作进程", "which"))],
    data: Data = DEFAULT_DATA,
    number: Annotated[int, typer.Option(min=1, help=both("第几个", "which of several"))] = 1,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help=both("/metrics 等的本机端口，0 为任选", "of /metrics, 0: a free one"))
    ] = 0,
    supervised: Annotated[
        bool, typer.Option("--supervised", help=both("随父进程结束", "end when the parent process is gone"))
    ] = False,
    only_check: CheckConfig = False,
) -> None:
    if name not in _NAMES:
        raise typer.BadParameter(f"{name}: {' '.join(_NAMES)}")
    if only_check:
        check_config(data)
        return
    run_worker(name, data, number, port, supervised=supervised)


def run_worker(
    name: str, data: Path, number: int, port: int = 0, *, supervised: bool = False, rooms: "Rooms | None" = None
) -> None:
    """Until a signal. `rooms`: in place of the real ones."""
    from exchange.settings import Web
    from exchange.wiring.places import HubPlace
    from workers.garbage import collect_seldom
    from workers.processes import open_worker

    place = HubPlace.open(data)
    metrics, log = open_log(f"{name}-{number}", place.settings.traces, place.layout.root)
    block_signals()
    loops = open_worker(name, place, metrics, log, rooms)
    collect_seldom()
    shown = data / "run" / f"{name}-{number}.url"
    # Of the web there is one, so it has the address that the settings name, and knows of the others.
    of_all, web = name == "web", place.settings.web
    face = open_face(
        loops,
        metrics,
        web if of_all else Web(host=web.host),
        port=port or None,
        workers=shown.parent if of_all else None,
        planned=[f"{kind}-{n}" for kind, count in place.settings.workers.plan() for n in range(1, count + 1)],
    )
    with face as server, shown_at(shown, server.url, log):
        run_until_signal(loops, with_parent=supervised)
