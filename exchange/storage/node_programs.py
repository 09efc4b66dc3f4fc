"""Programs beside a node: their tokens, the answers they were given, what they hold, and what happened since.

Not here: documents and receipts themselves (`node_documents`, `node_receipts`).
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, and_, delete, exists, func, select, tuple_, update

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.program import Scope, Token
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.programs import Answer, Listed, Lock, Occurrence, Place, Tally, Wanted
from exchange.storage import tables_node as tables
from exchange.storage.node_documents import Documents
from exchange.storage.rows import (
    DOCUMENT,
    NOTICE,
    RECEIPT,
    Row,
    envelope_key,
    from_time,
    notice_record,
    optional_from_time,
    optional_to_time,
    receipt_record,
    to_time,
)
from exchange.storage.transaction import columns

__all__ = ["Programs"]


def _its_own(table: Table) -> ColumnElement[bool]:
    return and_(table.c.unit == tables.happened.c.unit, table.c.receipt_id == tables.happened.c.receipt_id)


_TOKEN = ("id", "name", "digest", "scopes", "units", "created", "expires", "revoked", "used")
_TOKENS = select(*columns(tables.tokens, _TOKEN))

_ANSWER = ("token", "key", "digest", "at", "status", "body")
_LOCK = ("unit", "envelope_id", "sender", "token", "until")
_LOCKS = select(*columns(tables.locks, _LOCK))
_DOCUMENTS = select(*columns(tables.documents, ("unit", *DOCUMENT)))
_NAMED = select(tables.document_files.c.sha256).distinct()
_RECEIPT, _NOTICE = columns(tables.receipts, RECEIPT), columns(tables.notices, NOTICE)
_HAPPENED = select(tables.happened.c.no, tables.happened.c.unit, *_RECEIPT, *_NOTICE).select_from(
    tables.happened.outerjoin(tables.receipts, _its_own(tables.receipts)).outerjoin(
        tables.notices, _its_own(tables.notices)
    )
)


class Programs(Documents):
    def add_token(self, token: Token) -> None:
        values = (
            *(token.id, token.name, token.digest),
            *(" ".join(sorted(token.scopes)), " ".join(token.units)),
            to_time(token.created),
            *(optional_to_time(at) for at in (token.expires, token.revoked, token.used)),
        )
        self._sql.add(tables.tokens, _TOKEN, [values])

    def token(self, token_id: str) -> Token | None:
        row = self._sql.first(_TOKENS.where(tables.tokens.c.id == token_id))
        return None if row is None else _token(row)

    def tokens(self) -> list[Token]:
        return [_token(row) for row in self._sql.rows(_TOKENS.order_by(tables.tokens.c.created, tables.tokens.c.id))]

    def revoke_token(self, token_id: str, at: datetime) -> None:
        self._sql.change(tables.tokens, ("revoked",), [(to_time(at), token_id)], key=("id",), empty="revoked")

    def use_token(self, token_id: str, at: datetime) -> None:
        self._sql.change(tables.tokens, ("used",), [(to_time(at), token_id)], key=("id",))

    def begin_answer(self, answer: Answer) -> Answer | None:
        values = (answer.token, answer.key, answer.digest, to_time(answer.at), answer.status, answer.body)
        if self._sql.add_new(tables.answers, _ANSWER, [values]):
            return None
        answers = tables.answers.c
        row = self._sql.first(
            select(*columns(tables.answers, _ANSWER)).where(answers.token == answer.token, answers.key == answer.key)
        )
        assert row is not None
        token, key, digest, at, status, body = row
        return Answer(token=token, key=key, digest=digest, at=from_time(at), status=status, body=body)

    def finish_answer(self, token: str, key: str, status: int, body: bytes) -> None:
        self._sql.change(tables.answers, ("status", "body"), [(status, body, token, key)], key=("token", "key"))

    def drop_answer(self, token: str, key: str) -> None:
        answers = tables.answers.c
        self._sql.run(delete(tables.answers).where(answers.token == token, answers.key == key))

    def drop_answers(self, before: datetime) -> None:
        self._sql.run(delete(tables.answers).where(tables.answers.c.at < to_time(before)))

    def page(self, unit: UnitCode, box: Box, wanted: Wanted, after: Place | None, limit: int) -> list[Listed]:
        documents = tables.documents.c
        found = _chosen(_DOCUMENTS.where(documents.unit == unit, documents.box == box.value), wanted)
        if after is not None:
            place = (to_time(after.received), after.envelope.id, after.envelope.sender)
            # The first condition is the index's, the second parts those of the same moment.
            found = found.where(
                documents.received <= place[0],
                tuple_(documents.received, documents.envelope_id, documents.sender) < place,
            )
        newest = found.order_by(documents.received.desc(), documents.envelope_id.desc(), documents.sender.desc())
        return self._listed(unit, box, self._sql.rows(newest.limit(limit)))

    def tallies(self, unit: UnitCode, box: Box, since: datetime, until: datetime) -> list[Tally]:
        documents, deliveries = tables.documents.c, tables.deliveries.c
        both = tables.documents.join(
            tables.deliveries,
            (deliveries.unit == documents.unit)
            & (deliveries.envelope_id == documents.envelope_id)
            & (deliveries.sender == documents.sender),
        )
        waited = deliveries.signed_at - deliveries.delivered_at
        took = func.count(waited), func.coalesce(func.sum(waited), 0)
        counted = select(deliveries.transport, deliveries.business, func.count(), *took).select_from(both)
        of_time = counted.where(
            documents.unit == unit,
            documents.box == box.value,
            documents.received >= to_time(since),
            documents.received < to_time(until),
        )
        return [
            Tally(
                transport=TransportState(transport),
                business=BusinessState(business),
                count=count,
                signed=signed,
                waited=total / 1_000_000,
            )
            for transport, business, count, signed, total in self._sql.rows(
                of_time.group_by(deliveries.transport, deliveries.business).order_by(
                    deliveries.transport, deliveries.business
                )
            )
        ]

    def locks(self, unit: UnitCode, envelopes: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, Lock]:
        wanted = [(unit, key.id, key.sender) for key in envelopes]
        rows = self._sql.rows_of(_LOCKS, columns(tables.locks, ("unit", "envelope_id", "sender")), wanted)
        found = [
            Lock(unit=owner, envelope=envelope_key(sender, envelope_id), token=token, until=from_time(until))
            for owner, envelope_id, sender, token, until in rows
        ]
        return {lock.envelope: lock for lock in found}

    def put_lock(self, lock: Lock) -> None:
        self.drop_lock(lock.unit, lock.envelope)
        key = lock.envelope
        self._sql.add(tables.locks, _LOCK, [(lock.unit, key.id, key.sender, lock.token, to_time(lock.until))])

    def drop_lock(self, unit: UnitCode, envelope: EnvelopeKey) -> None:
        locks = tables.locks.c
        self._sql.run(
            delete(tables.locks).where(
                locks.unit == unit, locks.envelope_id == envelope.id, locks.sender == envelope.sender
            )
        )

    def add_upload(self, unit: UnitCode, sha256: str, size: int, at: datetime) -> None:
        """One that is there stays as it is, but for its time."""
        self._sql.add_new(tables.uploads, ("unit", "sha256", "size", "at"), [(unit, sha256, size, to_time(at))])
        self.renew_upload(unit, sha256, at)

    def uploaded(self, unit: UnitCode, sha256: str) -> datetime | None:
        uploads = tables.uploads.c
        row = self._sql.first(select(uploads.at).where(uploads.unit == unit, uploads.sha256 == sha256))
        return None if row is None else from_time(row[0])

    def renew_upload(self, unit: UnitCode, sha256: str, at: datetime) -> None:
        uploads = tables.uploads.c
        renewed = update(tables.uploads).where(uploads.unit == unit, uploads.sha256 == sha256)
        self._sql.run(renewed.values(at=to_time(at)))

    def forget_uploads(self, sha256: str) -> None:
        self._sql.run(delete(tables.uploads).where(tables.uploads.c.sha256 == sha256))

    def unneeded_files(self, digests: Iterable[str], before: datetime) -> set[str]:
        asked = {(digest,) for digest in digests}
        wanted = select(tables.uploads.c.sha256).where(tables.uploads.c.at >= to_time(before))
        named = self._sql.rows_of(_NAMED, [tables.document_files.c.sha256], asked)
        held = self._sql.rows_of(wanted, [tables.uploads.c.sha256], asked)
        return {digest for (digest,) in asked - {tuple(row) for row in (*named, *held)}}

    def occurrences(self, after: int, units: Iterable[UnitCode], limit: int) -> list[Occurrence]:
        happened, at = tables.happened.c, len(RECEIPT)
        later = _HAPPENED.where(happened.no > after, happened.unit.in_(list(units))).order_by(happened.no)
        return [
            Occurrence(
                number=number,
                unit=unit,
                receipt=receipt_record(values[:at]) if values[0] is not None else notice_record(values[at:]),
            )
            for number, unit, *values in self._sql.rows(later.limit(limit))
        ]

    def last_occurrence(self) -> int:
        row = self._sql.first(select(func.max(tables.happened.c.no)))
        return int(row[0] or 0) if row else 0


def _chosen(found: Select[tuple[object, ...]], wanted: Wanted) -> Select[tuple[object, ...]]:
    documents, deliveries, handovers = tables.documents.c, tables.deliveries.c, tables.handovers.c
    if wanted is Wanted.ALL:
        return found
    end = BusinessState.SIGNED if wanted is Wanted.UNSIGNED else BusinessState.RETURNED
    own = exists().where(
        deliveries.unit == documents.unit,
        deliveries.envelope_id == documents.envelope_id,
        deliveries.sender == documents.sender,
        deliveries.recipient == documents.unit,
        deliveries.business < end.value,
    )
    if wanted is Wanted.UNSIGNED:
        return found.where(own)
    taken = exists().where(
        handovers.unit == documents.unit,
        handovers.envelope_id == documents.envelope_id,
        handovers.sender == documents.sender,
        handovers.external_id != "",
    )
    return found.where(own, ~taken)


def _token(row: Row) -> Token:
    token_id, name, digest, scopes, units, created, *times = row
    expires, revoked, used = map(optional_from_time, times)
    return Token(
        id=token_id,
        name=name,
        digest=digest,
        scopes=frozenset(map(Scope, scopes.split())),
        units=tuple(map(UnitCode, units.split())),
        created=from_time(created),
        expires=expires,
        revoked=revoked,
        used=used,
    )
