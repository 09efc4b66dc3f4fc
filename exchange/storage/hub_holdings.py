"""Who has which file of the hub's, and which nobody has any more."""

from collections.abc import Iterable

from sqlalchemy import delete, exists, select

from exchange.model.unit import UnitCode
from exchange.storage import tables_hub as tables
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Holdings"]

_CLAIM = ("unit", "digest")
_HELD_CLAIMS = select(*columns(tables.claims, _CLAIM)).with_for_update(read=True, key_share=True)

_LOCKED_CLAIMS = select(*columns(tables.claims, _CLAIM)).order_by(*columns(tables.claims, _CLAIM)).with_for_update()


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
        files = tables.document_files.c
        in_own = exists().where(files.sha256 == tables.claims.c.digest, files.sender == tables.claims.c.unit)
        self._sql.run_for(delete(tables.claims).where(~in_own), key, asked)
        self._sql.add_new(tables.unneeded, ("digest",), {(digest,) for _, digest in asked})

    def unneeded(self, limit: int) -> list[str]:
        waiting = select(tables.unneeded.c.digest).order_by(tables.unneeded.c.digest).limit(limit)
        return [digest for (digest,) in self._sql.rows(waiting)]

    def take_unneeded(self, sha256: str) -> bool:
        self.lock_file(sha256)
        # After the lock: what another has claimed before it let go of it is seen.
        claims, files, unneeded = tables.claims, tables.document_files, tables.unneeded
        claimed = self._sql.first(select(claims.c.unit).where(claims.c.digest == sha256).limit(1))
        named = self._sql.first(select(files.c.sender).where(files.c.sha256 == sha256).limit(1))
        self._sql.run(delete(unneeded).where(unneeded.c.digest == sha256))
        return claimed is None and named is None
