"""What the hub needs beside documents: its directory, enrolments and quarantine, and how long the urgent wait."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, func, select

from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode
from exchange.ports.hub import EnrolmentRecord
from exchange.ports.records import DirectoryRecord, QuarantineCause, QuarantineRecord
from exchange.storage import tables_hub as tables
from exchange.storage.hub_tallies import Tallies
from exchange.storage.rows import (
    DIRECTORY,
    QUARANTINE,
    Row,
    directory_record,
    directory_values,
    from_time,
    optional_from_time,
    optional_to_time,
    quarantine_record,
    quarantine_values,
    to_time,
)
from exchange.storage.transaction import columns

__all__ = ["Trouble"]

# What a recipient has or may still get without being late.
_EXPECTED = [state.value for state in TransportState if not state.settled or state is TransportState.DELIVERED]
_UNSIGNED = [state.value for state in BusinessState if state < BusinessState.SIGNED]
_ENROLMENT = ("unit", "code_sha256", "expires", "used")
_ONE = ("digest", "queue", "broker_user")
_QUARANTINED = columns(tables.quarantine, (*QUARANTINE, "settled", "settlement"))


class Trouble(Tallies):
    def directory(self) -> DirectoryRecord | None:
        return self._newest_directory(tables.directories)

    def directory_version(self) -> int:
        return self._directory_version(tables.directories)

    def directories_in_force(self, start: datetime, end: datetime) -> list[DirectoryRecord]:
        stored = tables.directories.c.stored
        before = select(func.max(tables.directories.c.version)).where(stored < to_time(start)).scalar_subquery()
        since = tables.directories.c.version >= func.coalesce(before, 0)
        ordered = select(*columns(tables.directories, DIRECTORY)).where(since, stored <= to_time(end))
        return [directory_record(row) for row in self._sql.rows(ordered.order_by(tables.directories.c.version))]

    def directories(self) -> list[DirectoryRecord]:
        ordered = select(*columns(tables.directories, DIRECTORY)).order_by(tables.directories.c.version)
        return [directory_record(row) for row in self._sql.rows(ordered)]

    def add_directory(self, record: DirectoryRecord) -> None:
        self._sql.add(tables.directories, DIRECTORY, [directory_values(record)])

    def enrolment(self, unit: UnitCode) -> EnrolmentRecord | None:
        of_unit = select(*columns(tables.enrolments, _ENROLMENT)).where(tables.enrolments.c.unit == unit)
        row = self._sql.first(of_unit.with_for_update())
        if row is None:
            return None
        code, expires, used = row[1:]
        return EnrolmentRecord(unit=unit, code_sha256=code, expires=from_time(expires), used=optional_from_time(used))

    def save_enrolment(self, record: EnrolmentRecord) -> None:
        """It takes the place of the unit's former one."""
        self._sql.run(delete(tables.enrolments).where(tables.enrolments.c.unit == record.unit))
        values = (record.unit, record.code_sha256, to_time(record.expires), optional_to_time(record.used))
        self._sql.add(tables.enrolments, _ENROLMENT, [values])

    def quarantine(self, records: Sequence[QuarantineRecord]) -> None:
        """The same bytes from the same user in the same queue are kept once."""
        rows = sorted(map(quarantine_values, records))
        keys = [(None, None, digest, queue, user) for digest, _, queue, user, *_ in rows]
        opened = self._sql.change(tables.quarantine, ("settled", "settlement"), keys, key=_ONE, filled="settled")
        self._tally({"quarantined": opened + self._sql.add_new(tables.quarantine, QUARANTINE, rows)})

    def quarantined(self, limit: int) -> list[QuarantineRecord]:
        """Newest first."""
        newest = select(*_QUARANTINED).order_by(tables.quarantine.c.no.desc()).limit(limit)
        return [_quarantined(row) for row in self._sql.rows(newest)]

    def quarantine_causes(self) -> list[QuarantineCause]:
        kept = tables.quarantine.c
        last = func.max(kept.at)
        sums = (func.count(), func.count(kept.broker_user.distinct()), func.min(kept.at), last)
        open_ones = select(kept.code, *sums).where(kept.settled.is_(None))
        grouped = open_ones.group_by(kept.code).order_by(last.desc(), kept.code)
        return [
            QuarantineCause(code=code, messages=messages, users=users, first=from_time(first), last=from_time(latest))
            for code, messages, users, first, latest in self._sql.rows(grouped)
        ]

    def quarantined_as(self, digest_or_prefix: str, limit: int) -> list[QuarantineRecord]:
        kept = tables.quarantine.c
        # As for ids of documents: a digest holds only what sorts before a tilde, and a range can use the key.
        these = select(*_QUARANTINED).where(kept.digest >= digest_or_prefix, kept.digest < digest_or_prefix + "~")
        ordered = these.order_by(kept.digest, kept.queue, kept.broker_user).limit(limit)
        return [_quarantined(row) for row in self._sql.rows(ordered)]

    def open_quarantine(self, code: str | None, after: int, limit: int) -> list[tuple[int, QuarantineRecord]]:
        kept = tables.quarantine.c
        open_ones = select(kept.no, *_QUARANTINED).where(kept.settled.is_(None), kept.no > after)
        if code is not None:
            open_ones = open_ones.where(kept.code == code)
        return [(row[0], _quarantined(row[1:])) for row in self._sql.rows(open_ones.order_by(kept.no).limit(limit))]

    def settle_quarantine(self, record: QuarantineRecord, at: datetime, settlement: str) -> bool:
        row = (to_time(at), settlement, record.digest, record.queue, record.user)
        settled = self._sql.change(tables.quarantine, ("settled", "settlement"), [row], key=_ONE, empty="settled")
        self._tally({"quarantined": -settled})
        return bool(settled)

    def count_failure(self, digest: str) -> int:
        return self._count_failure(tables.failures, digest)

    def oldest_unsigned_urgent(self) -> datetime | None:
        deliveries, documents = tables.deliveries.c, tables.documents.c
        of_delivery = (documents.envelope_id == deliveries.envelope_id) & (documents.sender == deliveries.sender)
        oldest = select(func.min(documents.received)).select_from(tables.deliveries.join(tables.documents, of_delivery))
        # Both by name, so that the index leads past all that was signed.
        waiting = deliveries.transport.in_(_EXPECTED) & deliveries.business.in_(_UNSIGNED)
        row = self._sql.first(oldest.where(waiting, documents.urgent))
        return None if row is None else optional_from_time(row[0])


def _quarantined(row: Row) -> QuarantineRecord:
    *kept, settled, settlement = row
    return replace(quarantine_record(kept), settled=optional_from_time(settled), settlement=settlement)
