"""REC: the sender asks for a document back: before it is in the office, after, and while a person signs.

Not here: whether a recall is granted: the node's own rule (`exchange.services.node.recall`).
"""

from typing import Final

from exchange.conformance.case import Case, FailedError, Words, expect
from exchange.conformance.stage import Stage
from exchange.model.envelope import EnvelopeKey

__all__ = ["CASES"]

_RECALLS: Final = {"RECALL_REQUESTED", "RECALLED"}


def recalled(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    _recall(stage, key)
    stage.until(lambda: bool(_RECALLS & set(stage.shown(key, title))))
    if not _RECALLS & set(stage.shown(key, title)):
        raise FailedError(f"办公系统里看不到撤回 the office shows no recall: {stage.shown(key, title)}")
    stage.until(stage.is_all_told)
    stage.expect_nothing_untold()


def told_twice(stage: Stage) -> None:
    title = stage.title()
    key = stage.imported(title)
    _recall(stage, key)
    stage.until(lambda: bool(_RECALLS & set(stage.shown(key, title))) and stage.is_all_told())
    stage.rest()
    before = stage.shown(key, title)
    stage.restart()
    stage.tell_again(key)
    expect(stage.shown(key, title), before, "再告知一次之后显示的 what is shown after it was told again")


def person_too_late(stage: Stage) -> None:
    """The person signs what was recalled a moment ago."""
    title = stage.title()
    key = stage.imported(title)
    _recall(stage, key)
    stage.bench.decide(title, "签收", "李四", "")
    stage.until(lambda: bool(stage.bench.refused(title)) and not stage.bench.waiting(title))
    expect(stage.county.peer.state(key), "RECALLED", "发文单位看到的状态 state at the sender")
    expect(len(stage.bench.refused(title)), 1, "办公系统里的拒绝说明 refusals that the office shows")
    stage.expect_done(title)


def sender_too_late(stage: Stage) -> None:
    """The recall meets a document that a person signed for."""
    title = stage.title()
    key = stage.imported(title)
    stage.bench.decide(title, "签收", "李四", "")
    stage.until(lambda: "SIGNED" in stage.county.peer.said(key) and not stage.bench.waiting(title))
    _recall(stage, key)
    stage.rest()
    expect(stage.county.peer.state(key), "SIGNED", "发文单位看到的状态 state at the sender")
    stage.expect_received(title)


def before_it_came(stage: Stage) -> None:
    title = stage.title()
    key = stage.arrive(title)
    _recall(stage, key)
    stage.rest()
    stage.expect_received(title, count=0)
    stage.expect_nothing_untold()
    expect(stage.county.peer.state(key), "RECALLED", "发文单位看到的状态 state at the sender")


def _recall(stage: Stage, key: EnvelopeKey) -> None:
    stage.county.peer.recaller.recall(key, "张三", "内容有误")
    stage.county.settle()


CASES: Final = (
    Case(
        id="REC-01",
        title=Words("撤回显示给办理人", "a recall is shown to those who hold it"),
        expected=Words("办公系统在这件收文上显示撤回", "the office shows the recall at the document"),
        why=Words("看不到撤回，就会照着作废的公文去办", "who does not see it acts on what no longer holds"),
        cure=Words(
            "tell 也处理收文的回执（RECALL_REQUESTED、RECALLED）",
            "`tell` deals with receipts of received documents, too",
        ),
        play=recalled,
    ),
    Case(
        id="REC-02",
        title=Words("重复的撤回只显示一次", "a recall told twice is shown once"),
        expected=Words("再来一遍、其间重启：显示的不变", "told again after a restart: nothing changes"),
        why=Words("重复的撤回像是又撤回了一次", "it would look like another recall"),
        cure=Words("以回执编号（receipt.id）为唯一键", "make receipt.id unique"),
        play=told_twice,
    ),
    Case(
        id="REC-03",
        title=Words("撤回与签收相遇：撤回在先", "recall and signing meet: the recall was first"),
        expected=Words(
            "两边都是已撤回；签收被拒，办公系统写明原因",
            "both sides say RECALLED; the signing is refused, and the office shows why",
        ),
        why=Words("两边说法不一，是最难查的纠纷", "two sides that say different things are the worst dispute"),
        cure=Words("decided 的 fault 写回办公系统", "`decided` writes its fault back into the office"),
        play=person_too_late,
    ),
    Case(
        id="REC-04",
        title=Words("撤回与签收相遇：签收在先", "recall and signing meet: the signing was first"),
        expected=Words("两边都是已签收；公文仍在办公系统", "both sides say SIGNED; the document stays in the office"),
        why=Words("签收后的公文，只有办理人能退", "once signed for, only a person gives it back"),
        cure=Words("tell 收到撤回时不要自行删除公文", "`tell` must not delete the document by itself"),
        play=sender_too_late,
    ),
    Case(
        id="REC-05",
        title=Words("入库之前已撤回", "recalled before it was in the office"),
        expected=Words(
            "办公系统里没有这件公文；撤回的回执不报错",
            "the document is not in the office; the receipt of the recall is no error",
        ),
        why=Words("撤回的公文不应再出现", "what was recalled must not turn up"),
        cure=Words("tell 找不到公文时照常返回", "`tell` returns when it finds no document"),
        play=before_it_came,
    ),
)
