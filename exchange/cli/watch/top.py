"""`yidi top`: the exchange at a glance in a terminal, drawn anew every few seconds.

Not here: what a frame holds (`exchange.cli.watch.top_frame`).
"""

import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, layout_of
from exchange.cli.output import is_terminal, show_json, stamp
from exchange.cli.running import measured
from exchange.errors import TransportError
from exchange.model.calendar import COUNTY_TIME

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from exchange.cli.watch.top_frame import Alarm, Frame, Look
    from exchange.remote.prometheus import Series

__all__ = ["drawn", "register"]

_MINUTE = timedelta(minutes=1)
_FIRING = 'ALERTS{alertstate="firing"}'
_NAMES = {
    "here": ("在线", "here"),
    "silent": ("失联", "silent"),
    "never": ("未曾上线", "never heard"),
    "unsigned": ("未签收", "unsigned"),
    "overdue": ("逾期未签", "overdue"),
    "accepted": ("受理", "accepted"),
    "refused": ("拒收", "refused"),
    "delivered": ("送达", "delivered"),
    "signed": ("签收", "signed"),
    "sent": ("本机发出", "sent here"),
    "received": ("本机收到", "received here"),
    "deliveries_accepted": ("在途投递", "on their way"),
    "forwards_open": ("待确认回执", "receipts to confirm"),
    "entries_unsealed": ("待封存", "to be sealed"),
    "outbox_open": ("发件箱", "outbox"),
    "handovers_open": ("待入办公系统", "for the office"),
    "quarantined": ("隔离", "set aside"),
}


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "总览，几秒一刷新：单位在线与失联、各队列的件数与最早一件的等待时间、每分钟受理送达签收拒收、告警。\n\n"
            "数字来自本机各进程；设置了 web.prometheus 时，告警来自它。Ctrl-C 结束。",
            "At a glance, every few seconds: units here and silent, queues with depth and oldest, documents a minute, "
            "alarms.\n\nFrom the processes of this data directory; alarms from Prometheus where `web.prometheus` "
            "names it. Ctrl-C ends it.",
        ),
        epilog="yidi top --data /var/lib/yidi\n\nyidi top --once",
    )(top)


def top(
    data: Data = DEFAULT_DATA,
    once: Annotated[bool, typer.Option("--once", help=both("只显示一次", "show one frame"))] = False,
    every: Annotated[float, typer.Option(min=0.1, max=60, help=both("几秒刷新", "seconds between frames"))] = 2.0,
    as_json: AsJson = False,
) -> None:
    from rich.console import Console
    from rich.live import Live

    from exchange.cli.watch.top_frame import frame_of

    look = _looker(data)
    looks = deque([look()])
    time.sleep(every)  # rates need two looks
    looks.append(look())
    frame = frame_of(looks[-1], looks[0])
    if as_json:
        show_json(_value(frame))
    elif once or not is_terminal():
        Console(width=None if is_terminal() else 100, file=sys.stdout).print(drawn(frame))
    else:
        with Live(drawn(frame), screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                looks.append(look())
                while looks[-1].at - looks[1].at >= _MINUTE:
                    looks.popleft()
                live.update(drawn(frame_of(looks[-1], looks[0])), refresh=True)


def _looker(data: Path) -> "Callable[[], Look]":
    """Raises InputError where there is no exchange."""
    from exchange.cli.watch.top_frame import Look
    from exchange.remote.prometheus import PrometheusClient
    from exchange.wiring.places import HubPlace, NodePlace

    if HubPlace.is_at(data):
        web = HubPlace.open(data).settings.web
    elif NodePlace.is_at(data):
        web = NodePlace.open(data).settings.web
    else:
        web = layout_of(data).settings().web
    prometheus = PrometheusClient(web.prometheus) if web.prometheus else None

    def look() -> Look:
        firing = None if prometheus is None else _firing(prometheus.now)
        processes = measured(data)
        return Look(at=datetime.now(UTC), processes=processes or {say("本机", "here"): None}, firing=firing)

    return look


def _firing(ask: "Callable[[str], list[Series]]") -> "tuple[Alarm, ...]":
    from exchange.cli.watch.top_frame import Alarm

    try:
        found = ask(_FIRING)
    except TransportError as error:
        return (Alarm("prometheus", error.message),)
    kept = (one.labels for one in found)
    return tuple(
        Alarm(labels.get("alertname", "?"), " ".join(filter(None, (labels.get("severity"), labels.get("unit")))))
        for labels in sorted(kept, key=lambda labels: (labels.get("severity", ""), labels.get("alertname", "")))
    )


def drawn(frame: "Frame") -> "RenderableType":
    from rich.columns import Columns
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    at = frame.at.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M:%S")
    head = Text.assemble(("驿递 Yidi  ", "bold"), at, "  ")
    for name, answers in frame.processes.items():
        head.append(f"{'●' if answers else '✗'} {name}  ", "green" if answers else "bold red")
    panels = [
        *([Panel(_units(frame), title=say("单位", "units"))] if frame.units or frame.unsigned else ()),
        Panel(_counted(frame), title=say("公文", "documents")),
        Panel(_waiting(frame), title=say("等待", "waiting")),
    ]
    of = "Prometheus" if frame.from_prometheus else say("各进程启动以来", "since each process began")
    calm = Text(say("无", "none"), "green")
    alarms = Text("\n").join(Text.assemble((one.name, "bold red"), f"  {one.words}") for one in frame.alarms)
    return Group(head, Columns(panels), Panel(alarms if frame.alarms else calm, title=f"{say('告警', 'alarms')} {of}"))


def _units(frame: "Frame") -> "RenderableType":
    table = _table()
    for name, count in {**frame.units, **frame.unsigned}.items():
        loud = name in {"silent", "overdue"} and count
        table.add_row(_named(name), f"[bold red]{count}[/]" if loud else str(count))
    return table


def _counted(frame: "Frame") -> "RenderableType":
    table = _table(say("共", "in all"), say("每分钟", "a minute"))
    for name, (total, rate) in frame.counted.items():
        table.add_row(_named(name), str(total), "" if rate is None else f"{rate:.0f}")
    return table


def _waiting(frame: "Frame") -> "RenderableType":
    table = _table(say("件数", "how many"), say("最早", "oldest"))
    for name, (count, age) in frame.waiting.items():
        table.add_row(_named(name), str(count), _age(age) if count and age is not None else "")
    return table


def _table(*headings: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=bool(headings), padding=(0, 1))
    table.add_column("")
    for heading in headings or ("",):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _named(name: str) -> str:
    return say(*_NAMES[name]) if name in _NAMES else name.replace("queue ", say("队列 ", "queue "), 1)


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _value(frame: "Frame") -> dict[str, object]:
    return {
        "at": stamp(frame.at),
        "processes": dict(frame.processes),
        "units": dict(frame.units),
        "unsigned": dict(frame.unsigned),
        "documents": {name: {"total": n, "a_minute": rate} for name, (n, rate) in frame.counted.items()},
        "waiting": {name: {"count": n, "oldest_seconds": age} for name, (n, age) in frame.waiting.items()},
        "alarms": [{"name": one.name, "words": one.words} for one in frame.alarms],
        "alarms_from": "prometheus" if frame.from_prometheus else "processes",
    }
