"""Replay: what was set aside is judged once more, as if it came now, and whoever is done with a message settles it.

It goes through the same router or acknowledger, under the broker's account that it first came from: replaying gives
nobody's word to somebody else. What cannot help is not tried:

    SECRET      of secret matter nothing but the digest was kept
    ANSWERED    it was refused with a signature, and that answer stands for these bytes for ever: the unit sends anew
    OURS        the hub's own, or from an account that the broker did not name; the hub repeats its own by itself
    MOMENTARY   it was said for the moment, and another one was said since
    UNREADABLE  it does not say what it is

So what is left is what the program stumbled over, what a queue gave up, and receipts that were judged wrongly: when
the cause is mended, replaying brings it in. Each message and the act about it are settled in one transaction after it
was judged. If the process dies between, it is still open, and judging it once more finds a duplicate.
"""

from enum import StrEnum
from functools import partial

from exchange.codec.kind import DocumentKind, root_tag
from exchange.codec.read import read_receipt
from exchange.codec.signed import claimed_id
from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.receipt import ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.ports.hub import HubSession
from exchange.ports.records import QuarantineRecord
from exchange.ports.transport import Delivered
from exchange.services.carry.package import Taken
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.services.intake import look_again
from exchange.topology import inbox_queue

__all__ = ["Hindrance", "Outcome", "Replayer"]


class Hindrance(StrEnum):
    SECRET = "secret"  # noqa: S105  # no password
    ANSWERED = "answered"
    OURS = "ours"
    MOMENTARY = "momentary"
    UNREADABLE = "unreadable"


class Outcome(StrEnum):
    TAKEN = "taken"  # recorded now, or known already
    REFUSED = "refused"  # and answered so
    OPEN = "open"  # set aside again, or not to be judged yet
    CLOSED = "closed"  # without being done again


class Replayer:
    def __init__(self, hub: Hub, router: Router, acknowledger: Acknowledger) -> None:
        self._hub, self._router, self._acknowledger = hub, router, acknowledger

    def hindrance(self, record: QuarantineRecord) -> Hindrance | None:
        """Why judging it once more cannot help, or None."""
        document = record.document
        if document is None:
            return Hindrance.SECRET
        if not record.user or record.queue.startswith(inbox_queue(UnitCode(""))):
            return Hindrance.OURS
        if _root(document) == DocumentKind.RECEIPT.root:
            return _of_receipt(document)
        if _root(document) != DocumentKind.ENVELOPE.root or claimed_id(document) is None:
            return Hindrance.UNREADABLE
        with self._hub.store.begin() as session:
            return Hindrance.ANSWERED if session.refusals([_answer(record)]) else None

    def replay(self, record: QuarantineRecord, operator: Operator) -> Outcome:
        """Judge it once more. Only what has no hindrance. Raises StorageError: then it is as open as before."""
        assert record.document is not None
        message = Delivered(tag=1, queue=record.queue, body=record.document, user=record.user)
        is_receipt = _root(record.document) == DocumentKind.RECEIPT.root
        serve = self._acknowledger.acknowledge if is_receipt else self._router.route
        look_again(partial(serve, [message], Taken()))
        with self._hub.store.begin() as session:
            outcome = _outcome(session, record)
            self._close(session, record, operator, "quarantine replay", outcome)
        return outcome

    def settle(self, record: QuarantineRecord, operator: Operator) -> None:
        """Close it without doing it again."""
        with self._hub.store.begin() as session:
            self._close(session, record, operator, "quarantine settle", Outcome.CLOSED)

    def _close(
        self, session: HubSession, record: QuarantineRecord, operator: Operator, verb: str, outcome: Outcome
    ) -> None:
        now = self._hub.clock.now()
        if outcome is not Outcome.OPEN:
            session.settle_quarantine(record, now, outcome.value)
        session.add_acts([operator.act(now, verb, record.digest, outcome.value)])


def _of_receipt(document: bytes) -> Hindrance | None:
    try:
        return None if read_receipt(document).event.of_document else Hindrance.MOMENTARY
    except YidiError:
        return Hindrance.UNREADABLE


def _outcome(session: HubSession, record: QuarantineRecord) -> Outcome:
    """What became of it, by the store."""
    assert record.document is not None
    claimed = claimed_id(record.document) or ""
    if _root(record.document) == DocumentKind.RECEIPT.root:
        held = session.receipt_digests([ReceiptId(claimed)]).get(ReceiptId(claimed))
    else:
        key = EnvelopeKey(UnitCode(record.user), EnvelopeId(claimed))
        held = session.digests([key]).get(key)
        if session.refusals([_answer(record)]):
            return Outcome.REFUSED
    return Outcome.TAKEN if held == record.digest else Outcome.OPEN


def _answer(record: QuarantineRecord) -> tuple[UnitCode, str]:
    return UnitCode(record.user), record.digest


def _root(document: bytes) -> str | None:
    tag = root_tag(document)
    return None if tag is None else tag[0]
