"""RCP: what became of a document is shown in the office that sent it, each receipt once, in whatever order they come.

Not here: receipts about a recall (`recalls`).
"""

from typing import Final

from exchange.conformance.case import Case, Words
from exchange.conformance.county import PEER
from exchange.conformance.stage import Stage
from exchange.model.envelope import EnvelopeKey

__all__ = ["CASES", "EVENTS", "answered_by_peer"]

EVENTS: Final = ("ACCEPTED", "DELIVERED", "FEEDBACK", "SIGNED")


def answered_by_peer(stage: Stage, key: EnvelopeKey) -> None:
    """A person there signs and answers; what they say is at our node."""
    decider = stage.county.peer.decider
    decider.sign(PEER, key, "赵六")
    decider.answer(PEER, key, "赵六", "已办结")
    stage.county.settle()


def shown(stage: Stage) -> None:
    title = stage.title()
    key = stage.sent(title)
    answered_by_peer(stage, key)
    stage.until(lambda: len(stage.shown(key, title)) >= len(EVENTS))
    stage.expect_shown(key, title, EVENTS)


def duplicate(stage: Stage) -> None:
    title = stage.title()
    key = stage.sent(title)
    answered_by_peer(stage, key)
    stage.until(lambda: len(stage.shown(key, title)) >= len(EVENTS))
    for _ in range(2):
        stage.tell_again(key)
        stage.restart()
    stage.expect_shown(key, title, EVENTS)


def out_of_order(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title)
    stage.until(lambda: not stage.bench.waiting(title))
    stage.county.settle()
    (key, _), *_rest = stage.at_peer(title)
    answered_by_peer(stage, key)
    stage.tell_backwards(key)
    stage.expect_shown(key, title, {*EVENTS, *stage.shown(key, title)} & set(EVENTS))


def of_another(stage: Stage) -> None:
    """One that a clerk sent from the exchange's own page, and one of the office's, told after it."""
    elsewhere = stage.county.send_as_clerk(stage.title())
    stage.county.settle()
    title = stage.title()
    key = stage.sent(title)
    answered_by_peer(stage, elsewhere)
    answered_by_peer(stage, key)
    stage.until(lambda: len(stage.shown(key, title)) >= len(EVENTS))
    stage.expect_shown(key, title, EVENTS)
    stage.until(stage.is_all_told)
    stage.expect_nothing_untold()


CASES: Final = (
    Case(
        id="RCP-01",
        title=Words("每张回执显示出来", "each receipt is shown"),
        expected=Words("已受理、已送达、已签收、已反馈，各一次", "ACCEPTED, DELIVERED, SIGNED, FEEDBACK, each once"),
        why=Words("发文人要知道谁收到了、谁签收了", "its author wants to know who has it and who signed"),
        cure=Words("核对 tell 写到哪里", "check where `tell` writes"),
        play=shown,
    ),
    Case(
        id="RCP-02",
        title=Words("重复的回执只显示一次", "a duplicate receipt is shown once"),
        expected=Words(
            "同一回执再来两遍、其间重启：仍各一次", "each told twice more with a restart between: still once"
        ),
        why=Words("“已签收”出现三次，谁也不知道签了几次", "signed three times over: nobody knows what that means"),
        cure=Words("以回执编号（receipt.id）为唯一键", "make receipt.id unique"),
        play=duplicate,
    ),
    Case(
        id="RCP-03",
        title=Words("回执先后颠倒", "receipts out of order"),
        expected=Words("签收先到、受理后到：都显示，不报错", "SIGNED before ACCEPTED: all are shown, none is an error"),
        why=Words("各单位的回执走不同的路，先后没有保证", "receipts take different ways; no order is promised"),
        cure=Words("不要以到达先后推断状态", "do not derive a state from the order of arrival"),
        play=out_of_order,
    ),
    Case(
        id="RCP-04",
        title=Words("办公系统不认识的公文的回执", "a receipt about a document that the office does not know"),
        expected=Words("不报错、不卡住后面的回执", "no error, and those behind it are shown"),
        why=Words(
            "有人从驿递页面直接发文；办公系统里也会删", "people send from the exchange's own page, and offices delete"
        ),
        cure=Words("tell 找不到公文时照常返回", "`tell` returns when it finds no document"),
        play=of_another,
    ),
)
