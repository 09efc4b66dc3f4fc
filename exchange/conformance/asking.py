"""CHK, CAL: the check of the settings against the office, and who may call the node in the office's name.

Not here: what a call leads to: the next `collect` or `decisions`.
"""

import time
from collections.abc import Mapping
from typing import Final

from exchange.conformance.case import Case, FailedError, Words, expect
from exchange.conformance.stage import Stage
from exchange.errors import NotAuthorisedError
from exchange.ports.office import OfficeCall, OfficeCalls

__all__ = ["CASES"]

_LARGEST: Final = 16 << 20


def fits(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title)
    waiting = stage.bench.waiting(title)
    if found := stage.check():
        raise FailedError(*found)
    expect(stage.bench.waiting(title), waiting, "核对之后还在等待 waiting after the check")


def wrong_secret(stage: Stage) -> None:
    _refused(stage.calls(), "wrong-secret-wrong-secret", {})


def no_secret(stage: Stage) -> None:
    _refused(stage.calls(), "", {})


def forged(stage: Stage) -> None:
    for at in (int(time.time()), int(time.time()) - 3600):
        fields = {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": "v1," + "A" * 43 + "="}
        _refused(stage.calls(), "", fields)


def bounded(stage: Stage) -> None:
    largest = stage.calls().largest
    if not 0 < largest <= _LARGEST:
        raise FailedError(f"largest = {largest}，应在 expected between 1 and {_LARGEST}")


def strangers(stage: Stage) -> None:
    for address in ("203.0.113.9", "2001:db8::9", "not an address"):
        if stage.calls().admits(address):
            raise FailedError(f"放行了 admitted: {address}")


def _refused(calls: OfficeCalls, token: str, fields: Mapping[str, str]) -> None:
    try:
        calls.take(OfficeCall(token=token, fields=fields, body=b"{}"))
    except NotAuthorisedError:
        return
    raise FailedError(f"收下了 it was taken: token {token!r}, {dict(fields)}")


_WHY: Final = Words("谁都能叫醒的适配器，谁都能让它停不下来", "what anybody may wake, anybody may keep from its work")

CASES: Final = (
    Case(
        id="CHK-01",
        title=Words("设置与办公系统相符", "the settings fit the office"),
        expected=Words(
            "check 没有发现不符，也不改动办公系统", "`check` finds nothing, and changes nothing in the office"
        ),
        why=Words("字段对错在上线前就该知道", "a wrong field should show before anything is sent"),
        cure=Words("按每一条后面的办法改", "do what stands behind each finding"),
        play=fits,
    ),
    Case(
        id="CAL-01",
        title=Words("密文不对的通知", "a call with a wrong secret"),
        expected=Words("拒绝（NotAuthorisedError）", "it is refused (NotAuthorisedError)"),
        why=_WHY,
        cure=Words("用 exchange.adapters.calls.GuardedCalls", "use exchange.adapters.calls.GuardedCalls"),
        play=wrong_secret,
    ),
    Case(
        id="CAL-02",
        title=Words("没有密文的通知", "a call with no secret"),
        expected=Words("拒绝（NotAuthorisedError）", "it is refused (NotAuthorisedError)"),
        why=_WHY,
        cure=Words("用 exchange.adapters.calls.GuardedCalls", "use exchange.adapters.calls.GuardedCalls"),
        play=no_secret,
    ),
    Case(
        id="CAL-03",
        title=Words("伪造与过期的签名", "forged and old signatures"),
        expected=Words("拒绝（NotAuthorisedError）", "they are refused (NotAuthorisedError)"),
        why=_WHY,
        cure=Words("用 exchange.adapters.calls.GuardedCalls", "use exchange.adapters.calls.GuardedCalls"),
        play=forged,
    ),
    Case(
        id="CAL-04",
        title=Words("通知的大小有限", "calls are bounded"),
        expected=Words("largest 在 1 字节与 16 MiB 之间", "`largest` is between 1 byte and 16 MiB"),
        why=Words("没有上限，一次通知就能占满内存", "without a bound one call fills the memory"),
        cure=Words("设置 largest", "set `largest`"),
        play=bounded,
    ),
    Case(
        id="CAL-05",
        title=Words("陌生地址的通知", "calls from strange addresses"),
        expected=Words("不放行", "they are not admitted"),
        why=_WHY,
        cure=Words("只放行设置里的地址", "admit the addresses of the settings alone"),
        play=strangers,
    ),
)
