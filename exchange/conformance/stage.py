"""One play: an adapter under the real services of a node, its office behind a bench, and a county around it.

The adapter lives in lives: `restart` ends one and begins the next, as a process would. What it raises stops at the
services, as on a node; the node's log tells, when a case fails.

Not here: what is played.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

from exchange.conformance.bench import Bench, Written
from exchange.conformance.case import expect
from exchange.conformance.county import PEER, UNIT, County
from exchange.conformance.outward import Outward
from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, OfficeAdapter, OfficeDecision
from exchange.services.handover import Officer
from exchange.services.office_decide import OfficeDecider

__all__ = ["FILES", "Commits", "Died", "Stage"]

FILES: Final = {"通知.pdf": b"%PDF-1.7 notice", "名单.xlsx": b"PK list"}
_WRITES: Final = ("add_", "save_", "told")
_ROUNDS: Final = 12  # more than any play needs with one fault in it
_EVENTS: Final = {event.chinese: event for event in Event} | {event.value: event for event in Event}

_T = TypeVar("_T")
Within = Callable[[], AbstractContextManager[None]]


class Died(BaseException):
    """The process ends there and then."""


@dataclass
class Stage:
    """`open_adapter`: a new life of it. `fault`: is told of each step, and raises what happens there. `patience`:
    seconds that a real office is given for what a simulated one does at once. `chosen`: of the steps of a story, those
    at which something is to break."""

    bench: Bench
    open_adapter: Callable[[], OfficeAdapter]
    outward: Outward
    another: Callable[[], AbstractContextManager["Stage"]]
    patience: float = 0.0
    chosen: Callable[[Sequence[int]], Sequence[int]] = list
    fault: Callable[[str], None] | None = None
    steps: list[str] = field(default_factory=list)
    county: County = field(default_factory=County)

    def __post_init__(self) -> None:
        self._born()

    # lives

    def _born(self) -> None:
        self.adapter = self.open_adapter()
        if self.adapter.office_calls is not None:
            self.bench.connect(self.adapter.office_calls.take)
        watched = _Watched(self.adapter, self._within)
        ours = self.county.ours

        def office(unit: UnitCode) -> OfficeAdapter | None:
            return watched if unit == UNIT else None

        self.officer = Officer(ours.node, office, ours.submitter)
        self.decider = OfficeDecider(ours.node, office, ours.decider)

    def restart(self) -> None:
        self.close()
        self._born()

    def close(self) -> None:
        with suppress(Exception):  # it is gone either way
            self.adapter.close()

    @contextmanager
    def _within(self) -> Iterator[None]:
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
        expect(self.county.ours.counts()["untold"], 0, "办公系统没有收下的回执 receipts that the office did not take")

    def hand_over_of(self, key: EnvelopeKey, *, again: bool = False) -> HandOver:
        """What the node gives the adapter."""
        return self.county.hand_over(key, again=again)

    def receipts(self, key: EnvelopeKey) -> list[tuple[Receipt, bytes]]:
        found = self.county.ours
        return list(zip(found.receipts(key), (one.document for one in found.records(key)), strict=True))

    def drafts(self, title: str) -> list[Draft]:
        """What the adapter gives, looked at and told nothing."""
        return [one for one in self.adapter.collect(UNIT) if one.metadata.title == title]

    def complaints(self) -> list[str]:
        """The last that the node's log says of the adapter."""
        lines = [line for line in self.county.ours.log.lines if line.level != "info"]
        return [f"{line.event} {line.fields}" for line in lines[-3:]]


@dataclass
class Commits:
    """Tells before and after each commit that writes something."""

    reach: Callable[[str], None]
    wrote: str = ""

    def __call__(self, step: str) -> None:
        if step == "begin":
            self.wrote = ""
        elif step.startswith(_WRITES):
            self.wrote = step
        elif step.startswith("commit-") and self.wrote:
            self.reach(f"{step} of {self.wrote}")


class _Watched(OfficeAdapter):
    """The adapter, watched while it is asked."""

    def __init__(self, inner: OfficeAdapter, within: Within) -> None:
        self._inner, self._within = inner, within

    def hand_over(self, item: HandOver) -> str:
        with self._within():
            return self._inner.hand_over(item)

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        with self._within():
            self._inner.tell(unit, receipt, document)

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        return self._each(lambda: self._inner.collect(unit))

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        with self._within():
            self._inner.sent(unit, reference, key)

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        with self._within():
            self._inner.refused(unit, reference, code, message)

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        return self._each(lambda: self._inner.decisions(unit, held))

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        with self._within():
            self._inner.decided(unit, reference, fault)

    def _each(self, ask: Callable[[], Iterable[_T]]) -> Iterator[_T]:
        with self._within():
            found = iter(ask())
        while True:
            with self._within():
                try:
                    one = next(found)
                except StopIteration:
                    return
            yield one


def _sizes(files: Mapping[str, bytes]) -> list[tuple[str, int]]:
    return sorted((name, len(data)) for name, data in files.items())
