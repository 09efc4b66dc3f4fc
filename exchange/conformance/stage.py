"""One play: an adapter under the real services of a node, its office behind a bench, and a county around it.

The adapter lives in lives: `restart` ends one and begins the next, as a process would. What it raises stops at the
services, as on a node; the node's log tells, when a case fails.

Not here: what is played.
"""

import io
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from exchange.conformance.bench import Bench, Written
from exchange.conformance.case import NotApplicableError, expect
from exchange.conformance.county import PEER, UNIT, County
from exchange.conformance.outward import Outward
from exchange.conformance.watched import Commits, Torn, WatchedAdapter
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, OfficeAdapter, OfficeCalls, OfficeDecision
from exchange.services.node.handover import Officer
from exchange.services.node.office_decide import OfficeDecider

__all__ = ["FILES", "Died", "Stage"]

FILES: Final = {"通知.pdf": b"%PDF-1.7 notice", "名单.xlsx": b"PK list"}
_ROUNDS: Final = 12  # more than any play needs with one fault in it
_EVENTS: Final = {event.chinese: event for event in Event} | {event.value: event for event in Event}


class Died(BaseException):
    """The process ends there and then."""


@dataclass
class Stage:
    """`open_adapter`: a new life of it. `fault`: is told of each step, and raises what happens there. `patience`:
    seconds that a real office is given for what a simulated one does at once. `chosen`: of the steps of a story, those
    at which something is to break. `watched`: whether steps are looked for, which makes everything slow."""

    bench: Bench
    outward: Outward
    another: Callable[[], AbstractContextManager["Stage"]]
    patience: float = 0.0
    chosen: Callable[[Sequence[int]], Sequence[int]] = list
    open_adapter: Callable[[], OfficeAdapter] | None = None
    watched: bool = False
    fault: Callable[[str], None] | None = None
    steps: list[str] = field(default_factory=list)
    county: County = field(default_factory=County)

    def __post_init__(self) -> None:
        self._born()

    # lives

    def _born(self) -> None:
        assert self.open_adapter is not None
        self.adapter = self.open_adapter()
        if self.adapter.office_calls is not None:
            self.bench.connect(self.adapter.office_calls.take)
        watched = WatchedAdapter(self.adapter, self._within)
        ours = self.county.ours

        def office(unit: UnitCode) -> OfficeAdapter | None:
            return watched if unit == UNIT else None

        self.officer = Officer(ours.node, office, ours.submitter)
        self.decider = OfficeDecider(ours.node, office, ours.decider)

    def restart(self) -> None:
        self.close()
        self._born()

    @property
    def may_die(self) -> bool:
        """Whether the kit can end the process on trial."""
        return True

    def let_go(self) -> None:
        """What a failed play left undone must not stand in another's way, where they share an office."""
        if self.patience:
            self.rest()

    def close(self) -> None:
        with suppress(Exception):  # it is gone either way
            self.adapter.close()

    @contextmanager
    def _within(self) -> Iterator[None]:
        if not self.watched:
            yield
            return
        watch = self.bench.watch(self._reach) or self.outward.watching(self._reach)
        with watch:
            yield

    def _reach(self, step: str) -> None:
        self.steps.append(step)
        if self.fault is not None:
            self.fault(step)

    # what goes on

    def look(self) -> int:
        """Every step of a node's office loop, once."""
        done, ours = 0, self.county.ours
        self.bench.attend()
        for number in range(4):
            ours.watch = Commits(self._reach)
            try:
                done += (self.officer.collect, self.officer.hand_over, self.officer.tell, self.decider.take)[number]()
            except Died:
                done += 1
                self.restart()
            finally:
                ours.unwatch()
        self.county.settle()
        self.county.pass_time(timedelta(seconds=30))
        return done

    def until(self, is_so: Callable[[], bool]) -> bool:
        """Go on until it is so, or until nothing more is to be expected."""
        end = time.monotonic() + self.patience
        rounds = 0
        while not is_so():
            if rounds >= _ROUNDS and time.monotonic() >= end:
                return False
            self.look()
            rounds += 1
            if self.patience and rounds > 2:
                time.sleep(0.5)
        return True

    def rest(self, rounds: int = 3) -> None:
        """Nothing is expected to happen."""
        for _ in range(rounds):
            self.look()

    # what the adapter says and does when it is asked alone

    def check(self) -> list[str]:
        return [f"{one.where}: {one.found}（{one.cure}）" for one in self.adapter.check([UNIT])]

    def calls(self) -> OfficeCalls:
        """Raises NotApplicableError."""
        calls = self.adapter.office_calls
        if calls is None:
            raise NotApplicableError("办公系统不主动通知 this office does not call by itself (settings: calls)")
        return calls

    def taken(self, key: EnvelopeKey) -> str:
        """The office's id of a document that it takes now. Raises AdapterError."""
        return self.adapter.hand_over(self.hand_over_of(key))

    def taken_thrice(self, key: EnvelopeKey) -> list[str]:
        """The office's id each time, the last time after a restart."""
        first = self.taken(key)
        again = self.adapter.hand_over(self.hand_over_of(key, again=True))
        self.restart()
        return [first, again, self.adapter.hand_over(self.hand_over_of(key, again=True))]

    def torn(self, key: EnvelopeKey) -> bool:
        """Whether the document was taken though its files break off half-way."""
        item = self.hand_over_of(key)
        broken = replace(item, open_file=lambda digest: io.BufferedReader(Torn(item.open_file(digest))))
        with suppress(Exception):  # whichever it is: it was not taken
            self.adapter.hand_over(broken)
            return True
        return False

    def taken_again(self, key: EnvelopeKey) -> None:
        self.adapter.hand_over(self.hand_over_of(key, again=True))

    def offered(self, title: str) -> list[str]:
        """References of what the office gives to be sent, looked at and told nothing."""
        return [one.reference or "" for one in self.drafts(title)]

    def sent_and_died(self, title: str) -> None:
        """The node has it, and the process dies before the office hears so."""
        self.until(lambda: bool(self.drafts(title)))
        for draft in self.adapter.collect(UNIT):
            if draft.metadata.title == title:
                self.county.ours.submitter.submit(draft)
        self.restart()

    def decisions_offered(self, key: EnvelopeKey) -> list[str]:
        """References of what people did with this document, looked at and told nothing."""
        return [one.reference for one in self._decisions(key)]

    def decided_and_died(self, key: EnvelopeKey) -> None:
        """Signed, and the process dies before the office hears so."""
        self.until(lambda: bool(self._decisions(key)))
        for decision in self._decisions(key):
            self.county.ours.decider.of_office(UNIT, decision)
        self.restart()

    def _decisions(self, key: EnvelopeKey) -> list[OfficeDecision]:
        with self.county.ours.store.look() as session:
            record = session.handover(UNIT, key)
        external = (record.external_id if record else None) or ""
        held = [InOffice(key=key, office_id=external, state=BusinessState.UNSIGNED)]
        return [one for one in self.adapter.decisions(UNIT, lambda: held) if one.key == key]

    def tell_again(self, key: EnvelopeKey) -> None:
        """Every receipt that the office was told of the document."""
        for receipt, document in self.receipts(key):
            if key.sender == UNIT or receipt.event.for_recipients_office:
                self.adapter.tell(UNIT, receipt, document)

    def tell_backwards(self, key: EnvelopeKey) -> None:
        """Every receipt of the document, the newest first."""
        for receipt, document in sorted(self.receipts(key), key=lambda pair: pair[0].at, reverse=True):
            self.adapter.tell(UNIT, receipt, document)

    def is_all_told(self) -> bool:
        return not self.county.ours.counts()["untold"]

    def open_ends(self, key: EnvelopeKey) -> dict[str, tuple[object, object]]:
        """What the node still has to do with the office, and how much that must be."""
        counts = self.county.ours.counts()
        return {
            "未完成的入库 open hand-overs": (counts["handovers_open"], 0),
            "未告知的回执 untold receipts": (counts["untold"], 0),
        }

    def outage(self) -> AbstractContextManager[object] | None:
        return self.bench.outage()

    # what people and others do

    @staticmethod
    def title(about: str = "开展安全检查") -> str:
        return f"关于{about}的通知（{secrets.token_hex(4)}）"

    def arrive(self, title: str, files: Mapping[str, bytes] = FILES) -> EnvelopeKey:
        """A document of the peer's is at the node, and the office does not have it yet."""
        key = self.county.send(title, files)
        self.county.settle()
        return key

    def imported(self, title: str, files: Mapping[str, bytes] = FILES) -> EnvelopeKey:
        """The same, and the office has it."""
        key = self.arrive(title, files)
        self.until(lambda: self.is_imported(key))
        self.expect_received(title, files)
        return key

    def put_out(self, title: str, files: Mapping[str, bytes] = FILES, *, to: str = PEER) -> None:
        self.bench.put_out(Written(title=title, files=files, unit=UNIT, to=to))

    def sent(self, title: str, files: Mapping[str, bytes] = FILES) -> EnvelopeKey:
        """Somebody in the office sends it, and the peer has it."""
        self.put_out(title, files)
        self.until(lambda: bool(self.at_peer(title)) and not self.bench.waiting(title))
        return self.expect_sent(title, files)

    # what is so

    def is_imported(self, key: EnvelopeKey) -> bool:
        return "IMPORTED" in self.county.ours.said(key)

    def at_peer(self, title: str) -> list[tuple[EnvelopeKey, dict[str, bytes]]]:
        return self.county.peer_inbox(title)

    def shown(self, key: EnvelopeKey, title: str) -> list[str]:
        return sorted(_EVENTS[word].value if word in _EVENTS else word for word in self.bench.shown(key, title))

    def expect_received(self, title: str, files: Mapping[str, bytes] = FILES, count: int = 1) -> None:
        found = self.bench.received(title)
        expect(len(found), count, "办公系统里的件数 documents in the office")
        for one in found:
            expect(_sizes(one), _sizes(files), "办公系统里的文件 files in the office")
            expect(dict(one), dict(files), "文件内容 contents of the files")

    def expect_sent(self, title: str, files: Mapping[str, bytes] = FILES) -> EnvelopeKey:
        """Exactly one, whole; returns its key."""
        found = self.at_peer(title)
        expect(len(found), 1, "收文单位收到的件数 documents that the recipient has")
        key, got = found[0]
        expect(_sizes(got), _sizes(files), "收文单位收到的文件 files that the recipient has")
        expect(got, dict(files), "文件内容 contents of the files")
        return key

    def expect_shown(self, key: EnvelopeKey, title: str, wanted: Iterable[str]) -> None:
        expect(self.shown(key, title), sorted(wanted), "办公系统显示的回执 receipts that the office shows")

    def expect_done(self, title: str) -> None:
        expect(self.bench.waiting(title), 0, "办公系统里无人处理的件数 left waiting in the office")

    def expect_nothing_untold(self) -> None:
        expect(self.is_all_told(), True, "办公系统收下了每张回执 the office took every receipt")

    def hand_over_of(self, key: EnvelopeKey, *, again: bool = False) -> HandOver:
        """What the node gives the adapter."""
        return self.county.hand_over(key, again=again)

    def receipts(self, key: EnvelopeKey) -> list[tuple[Receipt, bytes]]:
        found = self.county.ours
        return list(zip(found.receipts(key), (one.document for one in found.records(key)), strict=True))

    def drafts(self, title: str) -> list[Draft]:
        """What the adapter gives, looked at and told nothing; a second time when people may have been asked first."""
        for _ in range(2):
            if found := [one for one in self.adapter.collect(UNIT) if one.metadata.title == title]:
                return found
            self.bench.attend()
        return []

    def complaints(self) -> list[str]:
        """The last that the node's log says of the adapter."""
        lines = [line for line in self.county.ours.log.lines if line.level != "info"]
        return [f"{line.event} {line.fields}" for line in lines[-3:]]


def _sizes(files: Mapping[str, bytes]) -> list[tuple[str, int]]:
    return sorted((name, len(data)) for name, data in files.items())
