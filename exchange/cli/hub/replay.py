"""`yidi hub quarantine replay` and `settle`: judging once more what was set aside, and being done with it.

Not here: looking (`quarantine`), what can be judged once more and how (`exchange.services.hub.replay`).
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.acting import ByOperator, Why, operator_of
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import progress, show_json, show_table

if TYPE_CHECKING:
    from exchange.ports.hub import HubStore
    from exchange.ports.records import QuarantineRecord
    from exchange.services.hub.replay import Replayer

__all__ = ["HINDRANCES", "replay", "settle"]

_PAGE = 200
_SHOWN = 50
_RATE = re.compile(r"([0-9]{1,4})(?:/(s|m|h))?", re.ASCII)
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}

HINDRANCES: Final = {
    "secret": ("涉密，只留摘要，不能重放", "secret matter: there are no bytes"),
    "answered": ("已签名答复不予受理，须由单位重新发送", "refused with a signature: the unit must send it anew"),
    "ours": ("中心自己发出的，会自行重发", "the hub's own, which it repeats by itself"),
    "momentary": ("只在当时有意义，之后另有", "said for the moment, and again since"),
    "unreadable": ("不是可识别的报文", "it does not say what it is"),
}
_OUTCOMES: Final = {
    "taken": ("已收下", "taken"),
    "refused": ("已答复不予受理", "refused, and answered so"),
    "open": ("仍未成功，留在隔离区", "not yet: it stays"),
    "closed": ("已了结", "closed"),
}

Digests = Annotated[
    list[str] | None, typer.Argument(metavar="DIGEST...", help=both("摘要或其开头", "digests or their beginnings"))
]
Cause = Annotated[str | None, typer.Option("--cause", metavar="CODE", help=both("此原因的全部", "all of one cause"))]
All = Annotated[bool, typer.Option("--all", help=both("全部", "all of them"))]


def replay(  # one for each option
    reason: Why,
    digests: Digests = None,
    data: Data = DEFAULT_DATA,
    cause: Cause = None,
    all_: All = False,
    rate: Annotated[
        str, typer.Option(metavar="N/s|N/m|N/h", help=both("每秒（分、时）至多几件", "at most so many"))
    ] = "10/s",
    operator: ByOperator = "",
    as_json: AsJson = False,
) -> None:
    by, pause = operator_of(operator, reason), _pause(rate)
    done: list[tuple[QuarantineRecord, str]] = []
    with desk(data) as opened:
        replayer = opened.replayer()
        with progress("正在重放", "judging once more"):
            for record in _wanted(opened.hub_store, digests, cause, all_):
                if (hindrance := replayer.hindrance(record)) is not None:
                    done.append((record, hindrance.value))
                    continue
                if any(outcome in _OUTCOMES for _, outcome in done):
                    time.sleep(pause)
                done.append((record, replayer.replay(record, by).value))
    _tell(done, as_json=as_json)


def settle(  # one for each option
    reason: Why,
    digests: Digests = None,
    data: Data = DEFAULT_DATA,
    cause: Cause = None,
    all_: All = False,
    operator: ByOperator = "",
    as_json: AsJson = False,
) -> None:
    by = operator_of(operator, reason)
    done: list[tuple[QuarantineRecord, str]] = []
    with desk(data) as opened:
        replayer: Replayer = opened.replayer()
        for record in _wanted(opened.hub_store, digests, cause, all_):
            replayer.settle(record, by)
            done.append((record, "closed"))
    _tell(done, as_json=as_json)


def _pause(rate: str) -> float:
    """Seconds between two."""
    found = _RATE.fullmatch(rate)
    if found is None or not int(found[1]):
        raise fail("VALUE", f"“{rate}”不是速率，例如 5/s、30/m", f"{rate!r} is no rate such as 5/s or 30/m")
    return _SECONDS[found[2] or "s"] / int(found[1])


def _wanted(
    store: "HubStore", digests: Sequence[str] | None, cause: str | None, all_: bool
) -> "Iterator[QuarantineRecord]":
    """The open ones that are meant. What is set aside again keeps its number, so nothing is met twice."""
    if bool(digests) + (cause is not None) + all_ != 1:
        raise fail("USAGE", "摘要、--cause、--all 三者取一", "name digests, or --cause, or --all")
    if digests:
        return iter([record for digest in digests for record in _named(store, digest)])
    return _every(store, cause)


def _named(store: "HubStore", digest: str) -> "list[QuarantineRecord]":
    if not re.fullmatch("[0-9a-f]{4,64}", digest):
        raise fail("VALUE", f"{digest}：摘要为 4 至 64 位十六进制", f"{digest}: a digest is 4 to 64 hexadecimal digits")
    with store.begin() as session:
        found = [record for record in session.quarantined_as(digest, _SHOWN) if record.settled is None]
    if not found:
        raise fail(
            "NOT_FOUND",
            f"没有摘要以 {digest} 开头的待处理报文",
            f"nothing open with a digest that begins with {digest}",
        )
    if len(several := {record.digest for record in found}) > 1:
        near = ", ".join(one[:16] for one in sorted(several)[:5])
        raise fail("AMBIGUOUS", f"{digest} 对应多条报文，请多输几位：{near}", f"{digest} means several: {near}")
    return found


def _every(store: "HubStore", cause: str | None) -> "Iterator[QuarantineRecord]":
    after, page = 0, True
    while page:
        with store.begin() as session:
            found = session.open_quarantine(cause, after, _PAGE)
        yield from (record for _, record in found)
        after, page = (found[-1][0], True) if found else (after, False)


def _tell(done: "Sequence[tuple[QuarantineRecord, str]]", *, as_json: bool) -> None:
    if as_json:
        show_json([{"digest": record.digest, "code": record.code, "outcome": outcome} for record, outcome in done])
        return
    texts = HINDRANCES | _OUTCOMES
    rows = [(count, say(*texts[outcome])) for outcome, count in sorted(Counter(outcome for _, outcome in done).items())]
    show_table([("件数", "messages"), ("结果", "outcome")], rows)
    if not rows:
        print(say("没有待处理的报文", "nothing is open"))
