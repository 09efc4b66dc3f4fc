"""Who has which file of the hub's, and which nobody has any more."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter

from sqlalchemy import delete, exists, select

from exchange.model.unit import UnitCode
from exchange.ports.holdings import Waiting
from exchange.storage import tables_hub as tables
from exchange.storage.rows import from_time, optional_to_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Holdings"]

_CLAIM = ("unit", "digest")
_HELD_CLAIMS = select(*columns(tables.claims, _CLAIM)).with_for_update(read=True, key_share=True)

_LOCKED_CLAIMS = select(*columns(tables.claims, _CLAIM)).order_by(*columns(tables.claims, _CLAIM)).with_for_update()

_CLAIMED = select(tables.claims.c.digest).distinct()
_NAMED = select(tables.document_files.c.sha256).distinct()
_IN_OWN = exists().where(
    tables.document_files.c.sha256 == tables.claims.c.digest, tables.document_files.c.sender == tables.claims.c.unit
)


class Holdings(Session):
    def lock_file(self, sha256: str) -> None:
        # SQLite has one writer, and every transaction of a hub's is one.
        if self._sql.backend != "sqlite":
            key = int(sha256[:16], 16) - (1 << 63)
            self._sql.command(f"SELECT pg_advisory_xact_lock({key})")

    def add_claims(self, unit: UnitCode, digests: Iterable[str]) -> None:
        self._sql.add_new(tables.claims, _CLAIM, [(unit, digest) for digest in digests])

    def claimed(self, unit: UnitCode, digests: Iterable[str]) -> set[str]:
        asked = [(digest,) for digest in digests]
        uploaded = select(tables.claims.c.digest).where(tables.claims.c.unit == unit)
        sent_to = (
            select(tables.document_files.c.sha256)
            .join(
                tables.deliveries,
                (tables.deliveries.c.envelope_id == tables.document_files.c.envelope_id)
                & (tables.deliveries.c.sender == tables.document_files.c.sender),
            )
            .where(tables.deliveries.c.recipient == unit)
            .distinct()
        )
        return {
            *(digest for (digest,) in self._sql.rows_of(uploaded, [tables.claims.c.digest], asked)),
            *(digest for (digest,) in self._sql.rows_of(sent_to, [tables.document_files.c.sha256], asked)),
        }

    def hold_claims(self, keys: Iterable[tuple[UnitCode, str]]) -> set[tuple[UnitCode, str]]:
        rows = self._sql.rows_of(_HELD_CLAIMS, columns(tables.claims, _CLAIM), keys)
        return {(unit, digest) for unit, digest in rows}

    def drop_claims(self, keys: Iterable[tuple[UnitCode, str]]) -> None:
        asked = set(keys)
        key = columns(tables.claims, _CLAIM)
        # Waits for who holds them; the next statement then sees what that one has recorded.
        list(self._sql.rows_of(_LOCKED_CLAIMS, key, sorted(asked)))
        self._sql.run_for(delete(tables.claims).where(~_IN_OWN), key, asked)
        self.give_up(digest for _, digest in asked)

    def waiting_claims(self, now: datetime, limit: int) -> list[Waiting]:
        claims = tables.claims.c
        come = select(claims.unit, claims.digest, claims.due, _IN_OWN).where(claims.due <= to_time(now))
        return [
            Waiting(unit=UnitCode(unit), sha256=digest, due=from_time(due) if due else None, named=bool(named))
            for unit, digest, due, named in self._sql.rows(come.order_by(claims.due).limit(limit))
        ]

    def wait_for(self, claims: Mapping[tuple[UnitCode, str], datetime | None]) -> None:
        rows = [(optional_to_time(due), *key) for key, due in sorted(claims.items(), key=itemgetter(0))]
        self._sql.change(tables.claims, ("due",), rows, key=_CLAIM)

    def unclaimed(self, digests: Iterable[str]) -> set[str]:
        asked = {(digest,) for digest in digests}
        claimed = self._sql.rows_of(_CLAIMED, [tables.claims.c.digest], asked)
        named = self._sql.rows_of(_NAMED, [tables.document_files.c.sha256], asked)
        return {digest for (digest,) in asked - {tuple(row) for row in (*claimed, *named)}}

    def give_up(self, digests: Iterable[str]) -> int:
        return self._sql.add_new(tables.unneeded, ("digest",), {(digest,) for digest in digests})

    def unneeded(self, limit: int) -> list[str]:
        waiting = select(tables.unneeded.c.digest).order_by(tables.unneeded.c.digest).limit(limit)
        return [digest for (digest,) in self._sql.rows(waiting)]

    def take_unneeded(self, sha256: str) -> bool:
        self.lock_file(sha256)
        self._sql.run(delete(tables.unneeded).where(tables.unneeded.c.digest == sha256))
        # After the lock: what another has claimed before it let go of it is seen.
        return bool(self.unclaimed([sha256]))
