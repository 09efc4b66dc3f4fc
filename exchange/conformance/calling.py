"""One play of an office that calls the node: its program on the node's face, REST or SOAP, with the office behind a
bench. The counterpart of `stage`, for the same cases.

The node, its county and the office are there once, for all plays, as in real life. What breaks, breaks where the
program meets the node: at its sockets (`outward`), or at the gate.

Not here: how the node's face is served (whoever runs the kit brings it: `Serve`).
"""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from exchange.client import NodeError
from exchange.conformance.bench import CalledNode, Program
from exchange.conformance.case import FailedError, NotApplicableError
from exchange.conformance.county import UNIT, County, Member
from exchange.conformance.gate import CONFIRM, DECIDE, FILES, SEND, Asked, Gate, Trouble
from exchange.conformance.outward import LineCutError
from exchange.conformance.stage import Died, Stage
from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.office import OfficeCalls

__all__ = ["CallingStage", "Face", "Serve"]

_TROUBLE: Final = (OSError, NodeError, YidiError)  # what a program may meet, and does not take for done


class Face(Protocol):
    """The served node. `at`: where, with a token of all scopes."""

    at: CalledNode

    def tell(self) -> None:
        """Its programs, by webhooks, what they were not told yet."""
        ...

    def tell_again(self, *, backwards: bool) -> int:
        """All that they were ever told, whatever they answer; returns how many that were."""
        ...


Serve = Callable[[Member, Gate, str], AbstractContextManager[Face]]
"""The last: the origin that may be told by webhooks, or nothing."""


@dataclass(kw_only=True)
class CallingStage(Stage):
    face: Face
    gate: Gate
    county: County

    def _born(self) -> None:
        self.program: Program | None = self.bench.program(self.face.at)

    def let_go(self) -> None:
        if self.program is not None:
            self.fault = None
            self.rest()

    def close(self) -> None:
        if self.program is not None:
            with suppress(Exception):  # it is gone either way
                self.program.close()
            self.program = None

    # what goes on

    def look(self) -> int:
        clock = self.county.clock
        clock.advance(max(datetime.now(UTC), clock.now()) - clock.now())  # signatures are of this time
        self.gate.watch = self._meet if self.watched and self.program is None else None
        self.bench.attend()
        self.face.tell()
        if self.program is None:
            time.sleep(min(0.1, self.patience))  # it goes on by itself
        else:
            self._run(self.program)
        self.county.settle()
        return 1

    def _run(self, program: Program) -> None:
        log = self.county.ours.log
        try:
            with self._within():
                program.look()
        except Died:
            self.restart()
        except _TROUBLE as error:
            log.warning("program_failed", code=getattr(error, "code", "LINE"), detail=str(error))
        except Exception as error:  # noqa: BLE001  # it is anybody's code
            log.warning("program_failed", code="BUG", detail=repr(error))

    def _meet(self, _asked: Asked) -> Trouble:
        """Of a program elsewhere the kit sees questions alone."""
        try:
            self._reach("question")
            self._reach("answer")
        except LineCutError:
            return "before"
        except TimeoutError:
            return "after"
        return ""

    @property
    def may_die(self) -> bool:
        return self.program is not None

    # what cases do and see

    def check(self) -> list[str]:
        return [] if self.program is None else list(self.program.check())

    def calls(self) -> OfficeCalls:
        raise NotApplicableError(
            "推送给它的程序另测：--url --secret-file；its webhook receiver is tried by --url --secret-file"
        )

    def taken(self, key: EnvelopeKey) -> str:
        self.until(lambda: self.is_imported(key))
        with self.county.ours.store.look() as session:
            record = session.handover(UNIT, key)
        if record is None or not record.external_id:
            raise FailedError("没有确认入库 it was not confirmed")
        return record.external_id

    def taken_thrice(self, key: EnvelopeKey) -> list[str]:
        """The node does not hear that it was."""
        with self.gate.keeping("before", CONFIRM) as asked:
            for number in range(3):
                if number == 2:
                    self.restart()
                self.until(lambda number=number: len(_of(asked, key.id)) > number)  # type: ignore[misc]
        found = [value for one in _of(asked, key.id) for value in one.values("external_id", "externalId")]
        self.taken(key)
        return found

    def torn(self, key: EnvelopeKey) -> bool:
        with self.gate.keeping("short", FILES) as asked:
            self.until(lambda: bool(asked))
            self.look()
        return self.is_imported(key)

    def taken_again(self, key: EnvelopeKey) -> None:
        self.taken(key)

    def offered(self, title: str) -> list[str]:
        return [value for one in self._sends(title) for value in one.values("reference")]

    def _sends(self, title: str) -> list[Asked]:
        with self.gate.keeping("before", SEND) as asked:
            self.look()
        return [one for one in asked if title in one.values("title")]

    def sent_and_died(self, title: str) -> None:
        with self.gate.keeping("after", SEND) as asked:
            self.until(lambda: any(title in one.values("title") for one in asked))
        self.restart()

    def decisions_offered(self, key: EnvelopeKey) -> list[str]:
        with self.gate.keeping("before", DECIDE) as asked:
            self.look()
        return [_deed(one) for one in _of(asked, key.id)]

    def decided_and_died(self, key: EnvelopeKey) -> None:
        with self.gate.keeping("after", DECIDE) as asked:
            self.until(lambda: bool(_of(asked, key.id)))
        self.restart()

    def tell_again(self, key: EnvelopeKey) -> None:
        """Whoever asks by himself is told nothing twice, and asks again."""
        self.face.tell_again(backwards=False)
        self.look()

    def tell_backwards(self, key: EnvelopeKey) -> None:
        if not self.face.tell_again(backwards=True):
            raise NotApplicableError("它自己来问，先后不会颠倒 it asks by itself, and sees them in order")
        self.look()

    def is_all_told(self) -> bool:
        """Nobody keeps account of what an office has asked for."""
        return True

    def open_ends(self, key: EnvelopeKey) -> dict[str, tuple[object, object]]:
        return {"已入OA imported": (self.is_imported(key), True)}

    def outage(self) -> AbstractContextManager[object]:
        """The node's: of an office that calls it is the node that does not answer."""
        return self.bench.outage() or self.gate.keeping("before")


def _of(asked: Iterable[Asked], document: str) -> list[Asked]:
    return [one for one in asked if document in one.path or document in one.values("id")]


def _deed(asked: Asked) -> str:
    return asked.key or "".join(asked.values("reference"))
