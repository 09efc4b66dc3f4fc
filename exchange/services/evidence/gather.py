"""Evidence: from one document's number, everything that proves who sent, accepted, received, signed, returned or
recalled it and when, in one file.

Read from the hub's store in one transaction, then verified like anybody's package: the verdict comes with it.

Not here: the judging (`evidence_verify`), the readable page (`evidence_report`). Limits: REFUSED receipts about other
bytes that came under the same id are no part of this document's history and stay out, as do documents refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from exchange.codec.read import read_directory
from exchange.errors import RefusedError
from exchange.ledger import merkle
from exchange.ledger.entry import InclusionProof, LedgerEntry
from exchange.ledger.package import EvidencePackage, write
from exchange.ledger.proofs import ConsistencyProof, Statement
from exchange.model.envelope import EnvelopeKey
from exchange.ports.files import Files
from exchange.ports.hub import HubSession, HubStore, SealedCheckpoint
from exchange.ports.records import DocumentRecord, ReceiptRecord
from exchange.ports.time import Clock
from exchange.services.archive.shelf import Shelf
from exchange.services.evidence.facts import Facts, read_checkpoint, read_receipt, signers_of
from exchange.services.evidence.report import render
from exchange.services.evidence.verify import EvidenceReport, verify
from exchange.trust.anchor import Anchor
from exchange.trust.digest import sha256_hex

__all__ = ["EvidenceExporter", "gather"]

SignNote = Callable[[str], str]


class EvidenceExporter:
    def __init__(
        self,
        store: HubStore,
        files: Files,
        clock: Clock,
        sign_note: SignNote,
        anchor: Anchor,
        shelf: Shelf | None = None,
    ) -> None:
        """`sign_note`: checkpoint body -> signed note with the hub's ledger key, as the sealer has it. `anchor`: what
        the package must verify under. `shelf`: where archived bytes are."""
        self._store, self._files, self._clock = store, files, clock
        self._sign_note, self._anchor, self._shelf = sign_note, anchor, shelf or Shelf()

    def export(self, key: EnvelopeKey, path: Path, *, with_files: bool = True) -> EvidenceReport:
        """Write the package about one document to `path`, and say what its verification says. Raises RefusedError
        (NOT_FOUND, NOT_SEALED, ARCHIVED), PackageError, FileMissingError."""
        now = self._clock.now()
        package = gather(self._store, self._files, key, self._sign_note, now, with_files=with_files, shelf=self._shelf)
        write(package, path)
        return verify(path, self._anchor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the store holds about the document, in the ledger's order."""

    document: DocumentRecord
    receipts: tuple[ReceiptRecord, ...]
    directory: bytes
    checkpoint: SealedCheckpoint
    proofs: tuple[InclusionProof, ...]
    consistency: tuple[ConsistencyProof, ...]


def gather(
    store: HubStore,
    files: Files,
    key: EnvelopeKey,
    sign_note: SignNote,
    now: datetime,
    *,
    with_files: bool = True,
    shelf: Shelf | None = None,
) -> EvidencePackage:
    """The package about one document as of `now`. Without `with_files` it names the files by digest alone."""
    with store.begin() as session:
        found = _find(session, key, shelf or Shelf())
    statement = Statement.over(now, (proof.entry for proof in found.proofs), sha256_hex(found.directory))
    latest = replace(read_checkpoint(found.checkpoint.note), extensions=(statement.line(),))
    package = EvidencePackage(
        envelope=found.document.document,
        receipts=tuple(record.document for record in found.receipts),
        files={digest: partial(files.open, digest) if with_files else None for digest in found.document.files},
        directory=found.directory,
        certificates={},
        checkpoint=sign_note(latest.body()),
        proofs=found.proofs,
        consistency=found.consistency,
        report="",
    )
    package = replace(package, certificates=signers_of(package))
    return replace(package, report=render(Facts.of(package)))


def _find(session: HubSession, key: EnvelopeKey, shelf: Shelf) -> _Found:
    document = session.documents([key]).get(key)
    directory, checkpoint = session.directory(), session.checkpoint()
    if document is None or directory is None:
        raise RefusedError(f"没有编号为 {key} 的已受理公文 / no accepted document has this number", code="NOT_FOUND")
    document, receipts = _whole(document, session.receipts_of(key), shelf)
    spoken = {record.digest: (record, read_receipt(record.document)) for record in receipts}
    about = {d: pair for d, pair in spoken.items() if pair[1].subject and pair[1].subject.digest == document.digest}
    entries = {entry.digest: (index, entry) for index, entry in session.entries_of(key)}
    sealed = [
        (entries[digest][0], entries[digest][1])
        for digest in (document.digest, *about)
        if digest in entries and entries[digest][0] is not None
    ]
    waiting = 1 + len(about) - len(sealed)
    if waiting or checkpoint is None:
        raise RefusedError(
            f"还有 {waiting} 条记录尚未封存，请稍候一秒再试 / {waiting} records are not sealed yet: wait a second",
            code="NOT_SEALED",
        )
    node = cache(session.tree_node)  # neighbours share most of their way to the root
    proofs = sorted((_proof(entry, index, checkpoint.size, node) for index, entry in sealed), key=_place)
    voids = read_directory(directory.document).voids
    given = [
        earlier
        for _, receipt in about.values()
        if receipt.checkpoint is not None
        and not voids((earlier := read_checkpoint(receipt.checkpoint)).size, receipt.at)
    ]
    return _Found(
        document=document,
        receipts=tuple(about[proof.entry.digest][0] for proof in proofs if proof.entry.digest in about),
        directory=directory.document,
        checkpoint=checkpoint,
        proofs=tuple(proofs),
        consistency=tuple(
            ConsistencyProof(size=size, path=tuple(merkle.consistency_proof(size, checkpoint.size, node)))
            for size in sorted({earlier.size for earlier in given})
        ),
    )


def _whole(
    document: DocumentRecord, receipts: list[ReceiptRecord], shelf: Shelf
) -> tuple[DocumentRecord, list[ReceiptRecord]]:
    """Both with the bytes that were archived. Raises RefusedError (ARCHIVED) naming the files that are not here."""
    envelope, spoken = shelf.document(document), [(one, shelf.receipt(one)) for one in receipts]
    away = {*(() if envelope is not None else document.archived)}
    away.update(name for one, data in spoken if data is None for name in one.archived)
    if away or envelope is None:
        names = "、".join(sorted(away))
        raise RefusedError(
            f"签名原件已存档，在文件 {names} 中，此处没有；取回后用 --archive 指定 / "
            f"the signed bytes were archived in {', '.join(sorted(away))}, which is not here: name it with --archive",
            code="ARCHIVED",
        )
    return replace(document, document=envelope), [
        replace(one, document=data) for one, data in spoken if data is not None
    ]


def _proof(entry: LedgerEntry, index: int | None, size: int, node: merkle.NodeReader) -> InclusionProof:
    assert index is not None
    return InclusionProof(entry=entry, index=index, path=tuple(merkle.inclusion_proof(index, size, node)))


def _place(proof: InclusionProof) -> int:
    return proof.index
