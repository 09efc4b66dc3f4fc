"""Submit: a draft becomes a signed envelope in this node's store, or is refused before anything was stored.

Only the commit makes a promise: when `submit` returns, envelope, files, one delivery per recipient and the outbox
row are on stable storage. What several threads submit at once shares a transaction. Publishing is the relay's work,
later, as often as it takes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.directory.address import Expansion, expand
from exchange.directory.snapshot import Directory
from exchange.errors import ConflictError, DirectoryError, FileMissingError, InvalidValueError, RefusedError
from exchange.model.calendar import MOST_HOURS
from exchange.model.envelope import Declaration, Envelope, EnvelopeKey, FileEntry, check_file_name, parse_envelope_id
from exchange.model.fold import DeliveryState
from exchange.model.unit import UnitCode
from exchange.ports.node import Box, NodeSession, OutboxKind, OutboxRow
from exchange.ports.office import Draft, DraftFile
from exchange.ports.pulse import pieces
from exchange.ports.records import DeliveryKey, DeliveryRecord, DocumentRecord
from exchange.ports.text import TextSource
from exchange.services.node.node import Node, check_hosted
from exchange.services.secrecy.gate import apply_verdict, inspect_parts
from exchange.services.together import Together
from exchange.topology import Lane
from exchange.trust.digest import measure
from exchange.trust.sign import sign_envelope
from exchange.trust.verify import VerifiedEnvelope

__all__ = ["Submitted", "Submitter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What the caller may rely on from now on. `again`: this reference had been submitted before."""

    key: EnvelopeKey
    recipients: tuple[UnitCode, ...]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """Signed, verified as others will, and to be stored."""

    verified: VerifiedEnvelope
    reference: str | None
    at: datetime

    @property
    def sender(self) -> UnitCode:
        return self.verified.envelope.sender


class Submitter:
    """For any number of threads."""

    def __init__(self, node: Node, texts: TextSource) -> None:
        self._node = node
        self._texts = texts
        self._storing = Together(self._store)

    def preview(self, draft: Draft) -> Expansion:
        """Whom the addresses reach, as a clerk sees it before sending."""
        return expand(self._node.verifier().directory, draft.sender, draft.to)

    def before(self, draft: Draft) -> Submitted | None:
        """The answer to the same reference, if it was submitted already."""
        with self._node.store.look() as session:
            return _before(session, draft)

    def submit(self, draft: Draft) -> Submitted:
        """Raises RefusedError, InvalidValueError, LimitError (nothing was stored), DirectoryError, KeyStoreError,
        CertificateError (nor could anything be), or StorageError (nothing was promised)."""
        node = self._node
        now = node.clock.now()
        with node.store.look() as session:
            check_hosted(session, draft.sender)
            if (before := _before(session, draft)) is not None:
                return before
            verifier = node.verifier_in(session)
        self._check_directory(verifier.directory, draft.sender, now)
        expansion = expand(verifier.directory, draft.sender, draft.to)
        for file in draft.files:
            check_file_name(file.name)
        # The gate looks before the first byte is copied: of refused material nothing may stay behind.
        parts = [(file.name, file.media_type, file.open) for file in draft.files]
        apply_verdict(inspect_parts(draft.metadata, draft.content, parts, self._texts), draft.reviewed_by)
        measured = [(file, _entry(file)) for file in draft.files]
        envelope = self._envelope(draft, verifier.directory, expansion, tuple(entry for _, entry in measured), now)
        document = sign_envelope(envelope, node.keys(draft.sender))
        # What we would refuse from others we do not send: this also catches a key that the directory no longer
        # gives us.
        verified = verifier.envelope(document, now)
        try:
            self._keep(_Ready(verified=verified, reference=draft.reference, at=now), measured)
        except ConflictError:
            # Somebody was faster with the same reference: their answer is ours.
            if (before := self.before(draft)) is None:
                raise
            return before
        node.metrics.count("yidi_node_submitted_total")
        node.log.info("envelope_submitted", envelope=str(envelope.key), recipients=len(envelope.recipients))
        return Submitted(key=envelope.key, recipients=tuple(r.unit for r in envelope.recipients))

    @staticmethod
    def _check_directory(directory: Directory, sender: UnitCode, now: datetime) -> None:
        if now >= directory.expires:
            raise DirectoryError(
                f"the directory held (version {directory.version}) expired {directory.expires:%Y-%m-%d}: "
                "reach the hub to get a newer one",
                code="DIRECTORY_EXPIRED",
            )
        if sender not in directory.by_code:
            raise DirectoryError(
                f"the directory held (version {directory.version}) does not name {sender} yet",
                code="SIG_SENDER_UNKNOWN",
            )
        if not directory.is_active(sender):
            raise RefusedError(f"unit {sender} is not active in the directory", code="NOT_AUTHORISED")

    def _envelope(
        self, draft: Draft, directory: Directory, expansion: Expansion, files: tuple[FileEntry, ...], now: datetime
    ) -> Envelope:
        def within(hours: int | None) -> datetime | None:
            if hours is not None and not 0 < hours <= MOST_HOURS:
                raise InvalidValueError(f"deadline: {hours} hours is not between 1 and {MOST_HOURS}")
            return None if hours is None else now + timedelta(hours=hours)

        return Envelope(
            id=parse_envelope_id(self._node.ids.new()),
            hub=self._node.hub,
            kind=draft.kind,
            sender=draft.sender,
            recipients=expansion.recipients,
            groups=expansion.groups,
            directory_version=directory.version,
            created=now,
            sign_by=within(draft.sign_within_hours),
            handle_by=within(draft.handle_within_hours),
            reply_required=draft.reply_required,
            in_reply_to=parse_envelope_id(draft.in_reply_to) if draft.in_reply_to else None,
            supersedes=parse_envelope_id(draft.supersedes) if draft.supersedes else None,
            declaration=Declaration(name=draft.declared_by, at=now, reviewed_by=draft.reviewed_by),
            operator=draft.operator,
            metadata=draft.metadata,
            content=draft.content,
            files=files,
        )

    def _keep(self, ready: _Ready, measured: Sequence[tuple[DraftFile, FileEntry]]) -> None:
        """Files first, then the commit that names them. Once more when one that lay here already expired in between."""
        try:
            self._keep_once(ready, measured)
        except FileMissingError:
            self._keep_once(ready, measured)

    def _keep_once(self, ready: _Ready, measured: Sequence[tuple[DraftFile, FileEntry]]) -> None:
        for file, entry in measured:
            self._keep_file(ready.sender, file, entry)
        self._storing.do(ready)

    def _keep_file(self, owner: UnitCode, file: DraftFile, entry: FileEntry) -> None:
        files, chunk_bytes = self._node.files, self._node.timing.chunk_bytes
        if not files.has(entry.sha256):
            offset = files.received(owner, entry.sha256)
            with file.open() as stream:
                stream.seek(offset)
                for chunk in pieces(stream, chunk_bytes):
                    offset = files.append(owner, entry.sha256, offset, chunk)
            files.complete(owner, entry.sha256, entry.size)
        files.check(entry)

    def _store(self, batch: Sequence[_Ready]) -> None:
        with self._node.store.begin() as session:
            # Whoever deletes files is a writer, too: what is here now stays, for a document names it.
            self._node.check_files(one.verified.envelope for one in batch)
            session.add_documents(Box.SENT, [(one.sender, _document(one)) for one in batch])
            session.add_deliveries_of_units([(one.sender, record) for one in batch for record in _deliveries(one)])
            session.add_outbox([_outbox_row(one) for one in batch])
            for one in batch:
                if one.reference is not None:
                    session.add_reference(one.sender, one.reference, one.verified.envelope.key)


def _before(session: NodeSession, draft: Draft) -> Submitted | None:
    """The answer given to the same reference before: pressing send twice sends once."""
    key = None if draft.reference is None else session.by_reference(draft.sender, draft.reference)
    if key is None:
        return None
    recipients = tuple(record.key.recipient for record in session.deliveries(draft.sender, key))
    return Submitted(key=key, recipients=recipients, again=True)


def _document(ready: _Ready) -> DocumentRecord:
    envelope = ready.verified.envelope
    return DocumentRecord(
        key=envelope.key,
        digest=ready.verified.digest,
        document=ready.verified.document,
        received=ready.at,
        title=envelope.metadata.title,
        urgent=envelope.urgent,
        files=tuple(file.sha256 for file in envelope.files),
    )


def _deliveries(ready: _Ready) -> Iterator[DeliveryRecord]:
    envelope = ready.verified.envelope
    for recipient in envelope.recipients:
        yield DeliveryRecord(
            key=DeliveryKey(envelope.key, recipient.unit),
            state=DeliveryState(),
            digest=ready.verified.digest,
            sign_by=envelope.sign_by,
        )


def _outbox_row(ready: _Ready) -> OutboxRow:
    envelope = ready.verified.envelope
    return OutboxRow(
        unit=envelope.sender,
        kind=OutboxKind.ENVELOPE,
        id=envelope.id,
        digest=ready.verified.digest,
        lane=Lane.URGENT if envelope.urgent else Lane.NORMAL,
        due=ready.at,
        envelope=envelope.key,
        document=ready.verified.document,
    )


def _entry(file: DraftFile) -> FileEntry:
    with file.open() as stream:
        found = measure(stream)
    return FileEntry(
        role=file.role,
        name=file.name,
        media_type=file.media_type,
        size=found.size,
        sha256=found.sha256,
        sm3=found.sm3,
        pages=file.pages,
    )
