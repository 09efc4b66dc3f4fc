"""CRS, NET, DSK: one story both ways, in which everything breaks once: the process at every step, the line before and
after every question, the disk at every write, the office as a whole.

The story: somebody in the office sends a document, whose recipient signs and answers; another arrives, and a person
in the office signs and answers. It is played once to count its steps, then once for each, at which that thing
happens. Each time the end is the same: one document each way, one hand-over, each receipt shown once.

Not here: how a step is seen (`outward`).
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from exchange.conformance.case import Case, FailedError, NotApplicableError, Words
from exchange.conformance.outward import LineCutError
from exchange.conformance.receipts import EVENTS, answered_by_peer
from exchange.conformance.stage import FILES, Died, Stage
from exchange.model.envelope import EnvelopeKey

__all__ = ["CASES"]

_ROUNDS: Final = 20  # far more than the story needs with one fault in it
_FEWEST_STEPS: Final = 12
_MOST_FAULTS: Final = 10
_QUESTION, _ANSWER = "question", "answer"
_NOT_OF_DISK: Final = ("question", "answer", "commit-")


@dataclass
class _Story:
    stage: Stage
    sent: str = ""
    received: str = ""
    key: EnvelopeKey | None = None
    acts: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.stage.watched = True
        self.sent, self.received = self.stage.title(), self.stage.title()
        self.stage.put_out(self.sent)
        self.key = self.stage.arrive(self.received)

    def go_on(self) -> list[str]:
        """To its end; returns what is not as it must be then."""
        faults: list[str] = ["the story did not begin"]
        for _ in range(_ROUNDS):
            self.stage.look()
            self._act()
            if not (faults := self.faults()):
                self.stage.rest(2)
                return self.faults()
        if self.stage.patience:
            self.stage.until(lambda: not self.faults())
            faults = self.faults()
        return faults

    def _act(self) -> None:
        """What people do: each deed once."""
        stage, key = self.stage, self.key
        assert key is not None
        if "peer" not in self.acts and (there := stage.at_peer(self.sent)):
            self.acts.append("peer")
            answered_by_peer(stage, there[0][0])
        said = stage.county.ours.said(key)
        if "签收" not in self.acts and stage.bench.received(self.received):
            self._decide("签收")
        elif "签收" in self.acts and "反馈" not in self.acts and "SIGNED" in said and not self._is_waiting():
            self._decide("反馈")

    def _decide(self, decision: str) -> None:
        self.acts.append(decision)
        self.stage.bench.decide(self.received, decision, "李四", "已办")

    def _is_waiting(self) -> bool:
        return bool(self.stage.bench.waiting(self.received))

    def faults(self) -> list[str]:
        stage, key = self.stage, self.key
        assert key is not None
        there = stage.at_peer(self.sent)
        found = stage.bench.received(self.received)
        said = [event for event in stage.county.peer.said(key) if event in ("IMPORTED", "SIGNED", "FEEDBACK")]
        expected: dict[str, tuple[object, object]] = {
            "收文单位收到 at the recipient": ([files for _, files in there], [FILES]),
            "办公系统收到 in the office": ([dict(one) for one in found], [FILES]),
            "发文单位的回执 receipts at the sender": (said, ["FEEDBACK", "IMPORTED", "SIGNED"]),
            "办公系统显示的回执 shown": (stage.shown(there[0][0], self.sent) if there else [], list(EVENTS)),
            "还在等待 waiting": (stage.bench.waiting(self.sent) + stage.bench.waiting(self.received), 0),
            **stage.open_ends(key),
        }
        return [
            f"{what}: {found}, 应为 expected {wanted}" for what, (found, wanted) in expected.items() if found != wanted
        ]


def _rehearse(stage: Stage) -> list[str]:
    """The story with nothing wrong; returns its steps."""
    story = _Story(stage)
    story.begin()
    if faults := story.go_on():
        raise FailedError("尚未出错就不对 wrong before anything broke", *faults)
    if len(stage.steps) < _FEWEST_STEPS:
        raise FailedError(
            f"只看到 {len(stage.steps)} 步 the kit sees too little of what the adapter does: give the bench `watch`"
        )
    return stage.steps


def _matrix(stage: Stage, concerns: Callable[[str], bool], happens: Callable[[], BaseException]) -> None:
    """The story once for each step that is concerned, at which that happens."""
    steps = _rehearse(stage)
    numbers = [number for number, step in enumerate(steps, 1) if concerns(step)]
    if not numbers:
        raise NotApplicableError("适配器没有这样的一步 the adapter has no such step")
    stage.close()  # an office has one program at a time
    faults: list[str] = []
    for number in stage.chosen(numbers):
        with stage.another() as other:
            story = _Story(other)
            story.begin()
            other.fault = _at(number, other, happens)
            found = story.go_on()
        faults += [f"第 {number} 步 step {number}（{steps[number - 1]}）: {fault}" for fault in found]
        if len(faults) >= _MOST_FAULTS:  # whoever mends these tries again
            break
    if faults:
        raise FailedError(*faults)


def _at(number: int, stage: Stage, happens: Callable[[], BaseException]) -> Callable[[str], None]:
    def fault(_step: str) -> None:
        if len(stage.steps) == number:
            raise happens()

    return fault


def death(stage: Stage) -> None:
    """Before a question is after the step before it: nothing happened in between."""
    if not stage.may_die:
        raise NotApplicableError("它在别处运行，套件杀不了它 it runs elsewhere, and the kit cannot end it")
    _matrix(stage, lambda step: step != _QUESTION, Died)


def unreached(stage: Stage) -> None:
    _matrix(stage, lambda step: step == _QUESTION, lambda: LineCutError("cut by the kit"))


def answer_lost(stage: Stage) -> None:
    _matrix(stage, lambda step: step == _ANSWER, lambda: TimeoutError("the kit kept the answer"))


def disk(stage: Stage) -> None:
    _matrix(
        stage,
        lambda step: not step.startswith(_NOT_OF_DISK),
        lambda: OSError(errno.ENOSPC, "No space left on device (the kit)"),
    )


def outage(stage: Stage) -> None:
    story = _Story(stage)
    story.begin()
    log = stage.county.ours.log
    with _outage(stage):
        stage.rest(4)
        if stage.fault is not None and _QUESTION not in stage.steps:
            raise NotApplicableError(
                "适配器不经网络 the adapter asks nobody over a network, and the bench has no `outage`"
            )
        out, key = list(log.lines), story.key
        assert key is not None
        if stage.is_imported(key):
            raise FailedError(
                "办公系统不通，却说已经入库 the office did not answer, and the document was said to be in it"
            )
    if bugs := [line for line in out if line.fields.get("code") == "BUG"]:
        raise FailedError(f"不通时应抛出 AdapterError an AdapterError is expected: {bugs[0]}")
    if faults := story.go_on():
        raise FailedError("恢复之后 once it was back", *faults)


@contextmanager
def _outage(stage: Stage) -> Iterator[None]:
    """The bench's own, or every line broken."""
    own = stage.outage()
    if own is not None:
        with own:
            yield
        return

    def fault(step: str) -> None:
        if step == _QUESTION:
            raise LineCutError("cut by the kit")

    stage.fault = fault
    yield
    stage.fault = None


def patience(stage: Stage) -> None:
    _rehearse(stage)
    if not stage.outward.questions:
        raise NotApplicableError("适配器不经网络 the adapter asks nobody over a network")
    if stage.outward.patient:
        raise FailedError(f"有 {len(stage.outward.patient)} 次读取没有时限 reads that would wait for ever")


_STORY: Final = Words(
    "收发各一件、入库一次、每张回执显示一次，没有剩下的",
    "one document each way, one hand-over, each receipt shown once, nothing left",
)

CASES: Final = (
    Case(
        id="CRS-01",
        title=Words("每一步都死一次再重启", "a death at every step, and a restart"),
        expected=_STORY,
        why=Words(
            "断电不挑时候：丢一件是事故，多一件是麻烦",
            "power fails at any moment: a lost document is a scandal, a doubled one a nuisance",
        ),
        cure=Words(
            "看失败的那一步：写之前先查，全部写完才算数，返回之前已落盘",
            "look at the step: look before you write, make it count at the end, have it stored before you return",
        ),
        play=death,
    ),
    Case(
        id="NET-01",
        title=Words("每一次提问都断一次线", "the line breaks before every question"),
        expected=_STORY,
        why=Words("乡镇的线路每天都断", "lines of townships break every day"),
        cure=Words("断线抛出 AdapterError，不要吞掉", "raise AdapterError when the line breaks; swallow nothing"),
        play=unreached,
    ),
    Case(
        id="NET-02",
        title=Words("每一次回答都丢一次（超时）", "every answer is lost once (a timeout)"),
        expected=_STORY,
        why=Words(
            "慢的办公系统：已经办了，回答却没等到", "a slow office has acted, and its answer did not come in time"
        ),
        cure=Words(
            "超时抛出 AdapterError；again 为真时先查再写",
            "raise AdapterError on a timeout; look before you write when `again` is set",
        ),
        play=answer_lost,
    ),
    Case(
        id="NET-03",
        title=Words("办公系统停机", "the office is down"),
        expected=Words(
            "停机时什么也不说成办好；恢复后一切补上",
            "nothing is said to be done meanwhile; afterwards everything is made up for",
        ),
        why=Words("办公系统每晚都会停机维护", "offices are down for maintenance every night"),
        cure=Words("不通时抛出 AdapterError", "raise AdapterError while it does not answer"),
        play=outage,
    ),
    Case(
        id="NET-04",
        title=Words("等待都有时限", "no wait is endless"),
        expected=Words("每次网络读取都有时限", "every read from a network has a limit"),
        why=Words("一个不回答的连接会让本单位永远停住", "one silent connection would stop the unit for ever"),
        cure=Words("给 HTTP 客户端设超时", "give your HTTP client a timeout"),
        play=patience,
    ),
    Case(
        id="DSK-01",
        title=Words("每一次写盘都失败一次", "every write fails once"),
        expected=_STORY,
        why=Words("磁盘会满，共享会断", "disks fill and shares go away"),
        cure=Words(
            "先写到临时名再改名；失败抛出 AdapterError",
            "write under another name, then rename; raise AdapterError on failure",
        ),
        play=disk,
    ),
)
