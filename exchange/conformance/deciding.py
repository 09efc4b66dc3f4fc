"""DEC: what a named person does with a received document in the office becomes a signed receipt: once, and theirs.

Not here: recalls, over which both sides may race (`recalls`).
"""

from typing import Final

from exchange.conformance.case import Case, FailedError, Words, expect
from exchange.conformance.stage import Stage
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt

__all__ = ["CASES"]

_PERSON: Final = "李四"


def signed(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    for decision, event in (("签收", "SIGNED"), ("反馈", "FEEDBACK")):
        stage.bench.decide(title, decision, _PERSON, "已办")
        stage.until(lambda event=event: event in stage.county.peer.said(key) and not stage.bench.waiting(title))  # type: ignore[misc]
        receipt = _one(stage, key, event)
        expect(receipt.actor.person, _PERSON, "回执里的人 the person in the receipt")
    expect(_one(stage, key, "FEEDBACK").text, "已办", "回执里的说明 the text in the receipt")
    stage.expect_done(title)


def waits(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    stage.bench.decide(title, "签收", _PERSON, "")
    references: list[str] = []
    for _ in range(2):
        found = stage.decisions_offered(key)
        expect(len(found), 1, "取到的决定 decisions given")
        references += found
        expect(stage.bench.waiting(title), 1, "还在等待 waiting in the office")
        stage.restart()
    if not references[0]:
        raise FailedError("没有 reference the decision has no reference")
    expect(references[1], references[0], "重启后再取的 reference after a restart")
    stage.until(lambda: not stage.bench.waiting(title))
    stage.expect_done(title)


def duplicate(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    stage.bench.decide(title, "签收", _PERSON, "")
    stage.decided_and_died(key)
    stage.until(lambda: not stage.bench.waiting(title))
    stage.county.settle()
    _one(stage, key, "SIGNED")
    stage.expect_done(title)
    expect(list(stage.bench.refused(title)), [], "办公系统里的拒绝说明 refusals that the office shows")


def refused(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    stage.bench.decide(title, "反馈", _PERSON, "还没有签收")
    stage.until(lambda: bool(stage.bench.refused(title)))
    found = list(stage.bench.refused(title))
    expect(len(found), 1, "办公系统里的拒绝说明 refusals that the office shows")
    if "STATE" not in found[0]:
        raise FailedError(f"说明里没有原因 the refusal does not say why: {found[0]!r}")
    stage.expect_done(title)
    expect("FEEDBACK" in stage.county.ours.said(key), False, "拒绝了却发出 refused, and sent")


def rejected(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    _refuse(stage, title, key, "拒收", "REJECTED")


def returned(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    stage.bench.decide(title, "签收", _PERSON, "")
    stage.until(lambda: "SIGNED" in stage.county.peer.said(key) and not stage.bench.waiting(title))
    _refuse(stage, title, key, "退文", "RETURNED")
    stage.expect_done(title)
    expect(list(stage.bench.refused(title)), [], "办公系统里的拒绝说明 refusals that the office shows")


def _refuse(stage: Stage, title: str, key: EnvelopeKey, decision: str, event: str) -> None:
    reason = "不是发给我单位的"
    stage.bench.decide(title, decision, _PERSON, reason)
    stage.until(lambda: event in stage.county.peer.said(key))
    receipt = _one(stage, key, event)
    expect(receipt.text, reason, "回执里的理由 the reason in the receipt")
    expect(receipt.actor.person, _PERSON, "回执里的人 the person in the receipt")


def _one(stage: Stage, key: EnvelopeKey, event: str) -> Receipt:
    found = [receipt for receipt in stage.county.peer.receipts(key) if receipt.event.value == event]
    if len(found) != 1:
        raise FailedError(
            f"发文单位有 {len(found)} 张回执，应为 1 receipts of {event} at the sender: {len(found)}, expected 1"
        )
    return found[0]


CASES: Final = (
    Case(
        id="DEC-01",
        title=Words("签收与反馈送达", "signing and answering arrive"),
        expected=Words(
            "发文单位各收到一张回执，写明是谁、说了什么", "the sender has one receipt of each, with who and what"
        ),
        why=Words("签收要具名，有法律意义", "signing is a named person's act, with consequences in law"),
        cure=Words("核对决定、办理人、说明的字段", "check the fields of decision, person and text"),
        play=signed,
    ),
    Case(
        id="DEC-02",
        title=Words("未告知结果之前一直等待", "a decision waits until told"),
        expected=Words(
            "取了两次、其间重启：还在，且 reference 相同",
            "taken twice with a restart between: still there, under the same reference",
        ),
        why=Words("一取就勾掉，断电时签收就丢了", "who ticks it off when it is taken loses it when the power fails"),
        cure=Words("只在 decided 时改状态", "change its state in `decided` alone"),
        play=waits,
    ),
    Case(
        id="DEC-03",
        title=Words("重复取到只签一次", "a duplicate is signed once"),
        expected=Words(
            "已签名、办公系统还不知道时重启：回执仍只有一张",
            "signed, and a restart before the office heard so: still one receipt",
        ),
        why=Words("两张签收回执，不知以哪张为准", "of two receipts nobody knows which holds"),
        cure=Words("reference 用办公系统自己的编号，且不变", "the reference is the office's own id and never changes"),
        play=duplicate,
    ),
    Case(
        id="DEC-04",
        title=Words("办不了要说明", "a decision that cannot be taken is told"),
        expected=Words(
            "未签收就反馈：办公系统里写明 STATE，不再反复取",
            "an answer before signing: the office shows STATE, and it is not given again",
        ),
        why=Words("办理人以为办了，其实没有", "else a person believes that it is done"),
        cure=Words("decided 的 fault 写回办公系统", "`decided` writes its fault back into the office"),
        play=refused,
    ),
    Case(
        id="DEC-05",
        title=Words("拒收带理由", "rejecting, with a reason"),
        expected=Words("发文单位看到是谁、为什么", "the sender sees who and why"),
        why=Words("没有理由的拒收，对方只能打电话", "without a reason the sender can only telephone"),
        cure=Words("核对说明字段", "check the field of the text"),
        play=rejected,
    ),
    Case(
        id="DEC-06",
        title=Words("签收之后退文带理由", "sending back after signing, with a reason"),
        expected=Words(
            "发文单位收到退文回执，看到是谁、为什么；签收仍在",
            "the sender has a receipt of the return, with who and why; the signature stands",
        ),
        why=Words(
            "签收了才发现发错，只能退，不能当没收过", "who signed cannot refuse any more: it goes back, and on record"
        ),
        cure=Words("“退文”对应 RETURNED，不是 REJECTED", "退文 is RETURNED and not REJECTED"),
        play=returned,
    ),
)
