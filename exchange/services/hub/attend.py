"""Attend: which units are there, by what they say of themselves.

A PRESENT counts if, in this order:

1. it is a receipt that the unit signed with a key that is in force, and its broker account sent it;
2. it says what a PRESENT says, within its bounds;
3. it was said within five minutes of now, as a signed request is believed no longer;
4. it was said later than the last one that counted: the same or an older one again moves nothing.

Then the unit is there from now on for five minutes, and this minute is noted. Of several from one account in a batch
the last alone is looked at, so that a backlog costs little and a flood less. What is forged is an alarm; what is only
late is counted. No ledger entry: a presence is said for the moment (docs/decisions/041-presences-are-not-recorded.md).

Limits: whoever stops a unit's line also stops its presences, and nothing here tells that from a node that is off.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from exchange.errors import CertificateError, NotAuthorisedError, ReceiptInvalidError, StorageError, YidiError
from exchange.model.events import Event
from exchange.model.presence import Presence
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubSession
from exchange.ports.presence import HERE_WITHIN, PresenceRecord
from exchange.ports.transport import Consumer, Delivered
from exchange.services.hub.hub import Hub
from exchange.services.intake import judge_each, serve_apart, tags
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import Verifier

__all__ = ["Attendant"]

BELIEVED_WITHIN = timedelta(minutes=5)


class _Outcome(StrEnum):
    HEARD = "heard"
    LATE = "late"  # it waited in a queue, or the node's clock is behind
    EARLY = "early"  # the node's clock is ahead
    AGAIN = "again"  # not later than the last one that counted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    unit: UnitCode
    at: datetime
    presence: Presence


class Attendant:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def attend(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        """Handle one batch; returns how many units were heard. Raises StorageError, with nothing acknowledged, when the
        store cannot take it."""
        return serve_apart(
            batch,
            lambda part: self._attend(part, consumer),
            lambda message, error: self._hub.stumble(message, error, consumer),
        )

    def _attend(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        hub = self._hub
        now, verifier = hub.clock.now(), hub.verifier()
        last = {message.user: message for message in batch}
        intake = judge_each(
            list(last.values()),
            lambda message: self._judge(message, verifier, now),
            self._count_failure,
            hub.timing.poison_attempts,
        )
        said = [one for one in intake.judged if one is not None]
        with hub.store.begin() as session:
            for message, code in intake.poison:
                hub.set_aside_poison(session, message, code, now)
            outcomes = self._take(session, said, now)
        self._tell(zip(said, outcomes, strict=True), now)
        again = tags(intake.again)
        consumer.reject(again, requeue=True)
        consumer.ack([message.tag for message in batch if message.tag not in again])
        return outcomes.count(_Outcome.HEARD)

    def _judge(self, message: Delivered, verifier: Verifier, now: datetime) -> _Said | None:
        hub = self._hub
        try:
            receipt = verifier.receipt(message.body, now).receipt  # (1)
            if receipt.event is not Event.PRESENT or receipt.actor.unit is None:
                raise ReceiptInvalidError("a receipt of another kind among the presences")
            if receipt.actor.unit != message.user:
                raise ReceiptInvalidError(
                    "the broker's user is not the unit that speaks", detail=f"user {message.user}"
                )
            presence = Presence.read(receipt.attributes)  # (2)
        except StorageError:
            raise
        except YidiError as error:
            hub.metrics.count("yidi_attendant_invalid_total", code=error.code)
            # Said every minute, what passes with time by itself would drown every other alarm.
            digest, user = sha256_hex(message.body), message.user
            if isinstance(error, CertificateError | NotAuthorisedError):
                hub.log.warning("presence_invalid", code=error.code, user=user, digest=digest, detail=error.detail)
            else:
                hub.log.alarm("presence_invalid", code=error.code, user=user, digest=digest, detail=error.detail)
            return None
        return _Said(unit=receipt.actor.unit, at=receipt.at, presence=presence)

    def _take(self, session: HubSession, said: Sequence[_Said], now: datetime) -> list[_Outcome]:
        known = session.lock_presences(one.unit for one in said)
        outcomes = [_outcome(one, known.get(one.unit), now) for one in said]
        heard = [one for one, outcome in zip(said, outcomes, strict=True) if outcome is _Outcome.HEARD]
        session.save_presences([_record(one, known.get(one.unit), now) for one in heard])
        session.add_minute([one.unit for one in heard], now)
        return outcomes

    def _tell(self, judged: Iterable[tuple[_Said, _Outcome]], now: datetime) -> None:
        """Counted one by one, told in the log by kind: a backlog of a whole county is one line."""
        passed_over: Counter[_Outcome] = Counter()
        example: dict[_Outcome, _Said] = {}
        for one, outcome in judged:
            self._hub.metrics.count("yidi_attendant_presences_total", outcome=outcome.value)
            if outcome is not _Outcome.HEARD:
                passed_over[outcome] += 1
                example.setdefault(outcome, one)
        for outcome, count in passed_over.items():
            one = example[outcome]
            off = int((one.at - now).total_seconds())
            self._hub.log.info(
                "presences_passed_over", outcome=outcome.value, units=count, unit=one.unit, seconds_ahead=off
            )

    def _count_failure(self, message: Delivered) -> int:
        with self._hub.store.begin() as session:
            return session.count_failure(sha256_hex(message.body))


def _outcome(one: _Said, known: PresenceRecord | None, now: datetime) -> _Outcome:
    if one.at < now - BELIEVED_WITHIN:  # (3)
        return _Outcome.LATE
    if one.at > now + BELIEVED_WITHIN:
        return _Outcome.EARLY
    if known is not None and one.at <= known.said:  # (4)
        return _Outcome.AGAIN
    return _Outcome.HEARD


def _record(one: _Said, known: PresenceRecord | None, now: datetime) -> PresenceRecord:
    # Never back: another clock may have heard it a moment later than this one's.
    heard = now if known is None else max(now, known.heard)
    since = known.since if known is not None and heard - known.heard <= HERE_WITHIN else heard
    return PresenceRecord(unit=one.unit, said=one.at, heard=heard, since=since, presence=one.presence)
