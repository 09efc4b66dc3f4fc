"""`yidi trace`: one document's way over nodes and hub, from logs of any of their machines and the stores of this one.

Not here: how it is gathered (`exchange.cli.watch.trace_steps`); proof (`yidi evidence export`). Limit: each time is by
the clock of the machine that wrote it.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import show_json, stamp
from exchange.cli.watch.trace_steps import (
    HUB,
    RECIPIENT,
    SENDER,
    Step,
    journal,
    lines_about,
    read_logs,
    steps_of,
    stored,
)
from exchange.errors import InputError
from exchange.model.calendar import COUNTY_TIME
from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.events import Event
from exchange.model.unit import parse_unit_code

if TYPE_CHECKING:
    from exchange.wiring.desk import Desk

__all__ = ["register"]

_LANES = {SENDER: "●──┼──┤", HUB: "├──●──┤", RECIPIENT: "├──┼──●"}
# Log event -> as an operator says it. What has no word here is shown by its name alone.
_WORDS = {
    "envelope_submitted": ("已存待发", "stored, to be sent"),
    "envelope_relayed": ("发往交换中心", "sent to the hub"),
    "envelope_accepted": ("受理并投递", "accepted, dispatched"),
    "envelope_refused": ("拒收", "refused"),
    "envelope_delivered": ("到达收文单位", "in the inbox"),
    "dispatched_again": ("再次投递", "dispatched again"),
    "delivery_expired": ("逾期未达", "expired"),
    "handed_over": ("进入办公系统", "in the office system"),
    "hand_over_failed": ("办公系统未收", "the office did not take it"),
    "decided": ("有人办理", "somebody decided"),
    "sender_spoke": ("发文单位表示", "the sender said"),
    "receipt_recorded": ("回执登记", "receipt recorded"),
    "receipt_received": ("收到回执", "receipt received"),
    "receipt_stored": ("存有回执", "receipt held"),
    "upload_failed": ("附件未传完", "upload failed"),
}


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "一件公文走过的路：发文节点、交换中心、收文节点，每一步何时、隔了多久。\n\n来自日志（--log 可多次，可来自"
            "各台机器；--journal 读本机 journal）与本机数据目录。时间各按所在机器的时钟。不含标题与正文。",
            "The way of one document over sender's node, hub and recipients' nodes: each step, and how long after the "
            "last.\n\nFrom logs (--log, repeated, of any machine; --journal for this one's) and the data directory. "
            "Times are by each machine's own clock. No titles, no texts.",
        ),
        epilog="yidi trace 3f2a9c01 --log yidi.log\n\nyidi trace 3f2a9c01 --log hub.log --log node.log --json",
    )(trace)


def trace(
    document_id: Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))],
    log: Annotated[
        list[Path] | None,
        typer.Option("--log", exists=True, dir_okay=False, help=both("日志文件，可多次", "log file, may be repeated")),
    ] = None,
    from_journal: Annotated[
        bool, typer.Option("--journal", help=both("读本机 systemd 的 journal", "read this machine's journal"))
    ] = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    lines, names = lines_about(chain(read_logs(log or ()), journal() if from_journal else ()), document_id)
    try:
        with desk(data) as opened:
            key = _one(document_id, names | {str(found) for found in _held(opened, document_id)})
            steps = list(steps_of(lines, key.sender))
            steps += stored(opened, key, steps)
    except InputError as error:
        if error.code != "NO_DATA" or not (log or from_journal):
            raise
        key = _one(document_id, names)  # a machine without an exchange, to which logs were brought
        steps = list(steps_of(lines, key.sender))
    steps.sort(key=lambda step: step.at)
    if as_json:
        show_json(_value(key, steps))
    else:
        _print(key, steps)


def _held(opened: "Desk", text: str) -> set[EnvelopeKey]:
    from exchange.ports.node import Box

    found: set[EnvelopeKey] = set()
    if opened.hub_part is not None:
        with opened.hub_store.begin() as session:
            found |= set(session.find(text))
    if opened.node_part is not None:
        with opened.node_store.begin() as session:
            found |= {key for box in Box for _, key in session.find(None, box, text)}
    return found


def _one(text: str, names: set[str]) -> EnvelopeKey:
    if not names:
        raise fail(
            "NOT_FOUND",
            f"日志与本机数据中都没有编号以 {text} 开头的公文",
            f"neither the logs nor the data here have a document whose id begins with {text}",
        )
    if len(names) > 1:
        some = ", ".join(sorted(names)[:5])
        raise fail("AMBIGUOUS", f"{text} 对应多件公文，请多输几位：{some}", f"{text} means several documents: {some}")
    sender, _, id_ = names.pop().partition("/")
    return EnvelopeKey(parse_unit_code(sender), parse_envelope_id(id_))


def _print(key: EnvelopeKey, steps: Sequence[Step]) -> None:
    from exchange.telemetry.trace_ids import trace_id

    print(f"{say('编号', 'id')} {key.id}  {say('发文单位', 'sender')} {key.sender}")
    print(f"OpenTelemetry trace {trace_id(str(key))}")
    print(say("左 发文单位  中 交换中心  右 收文单位", "left: sender  middle: hub  right: recipient"))
    for step, waited in zip(steps, _waits(steps), strict=True):
        at = step.at.astimezone(COUNTY_TIME).strftime("%m-%d %H:%M:%S.%f")[:-3]
        mark = "" if step.level == "info" else " !"
        told = " ".join(filter(None, (_words(step), step.unit, step.words)))
        print(f"{at} {_duration(waited):>9}  {_LANES[step.lane]}  {told}{mark}  [{step.process}]")
    if steps:
        print(say("共", "in all"), _duration(steps[-1].at - steps[0].at))


def _words(step: Step) -> str:
    words = _WORDS.get(step.event)
    told = f"{say(*words)} {step.event}" if words else step.event
    if step.said:
        event = next((one for one in Event if one.value == step.said), None)
        told += f" {event.chinese if event else ''} {step.said}"
    return told


def _waits(steps: Sequence[Step]) -> Iterable[timedelta | None]:
    return [None, *(later.at - earlier.at for earlier, later in pairwise(steps))]


def _duration(waited: timedelta | None) -> str:
    if waited is None:
        return ""
    seconds = waited.total_seconds()
    if seconds < 1:
        return f"+{round(seconds * 1000)} ms"
    if seconds < 120:
        return f"+{seconds:.1f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"+{hours} h {minutes} min" if hours else f"+{minutes} min"


def _value(key: EnvelopeKey, steps: Sequence[Step]) -> dict[str, object]:
    from exchange.telemetry.trace_ids import trace_id

    return {
        "id": key.id,
        "sender": key.sender,
        "trace_id": trace_id(str(key)),
        "seconds": (steps[-1].at - steps[0].at).total_seconds() if steps else 0.0,
        "steps": [
            {
                "at": stamp(step.at),
                "after_seconds": None if waited is None else waited.total_seconds(),
                "lane": step.lane,
                "process": step.process,
                "event": step.event,
                "said": step.said or None,
                "unit": step.unit or None,
                "receipt": step.receipt or None,
                "level": step.level,
                "words": step.words,
            }
            for step, waited in zip(steps, _waits(steps), strict=True)
        ],
    }
