"""An archive file, judged off line: part by part, so that a month of any size can be.

(1) the file is whole, and its members are what the manifest says;
(2) the directories are the exchange's and follow each other;
(3) the checkpoint is signed by the ledger's key and states this very manifest;
(4) every entry stands at its place in the ledger that the checkpoint states;
(5) every document and receipt is the bytes that its entry names, signed by the key that its author had then;
(6) and says what its entry says, and was recorded in this month; none is there twice, none is missing.

Without an anchor the directory's key is the one in the file: as good as a fingerprint that somebody compares.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exchange.codec.read import read_directory
from exchange.errors import PackageError, YidiError
from exchange.ledger.archive import ArchiveFile, Manifest, Original, Part, open_archive, stated_digest
from exchange.ledger.checkpoint import Checkpoint
from exchange.ports.records import DirectoryRecord
from exchange.services.audit.ledger import History
from exchange.services.audit.report import Notebook
from exchange.services.evidence.facts import directory_certificate
from exchange.trust.anchor import Anchor, open_checkpoint
from exchange.trust.digest import sha256_hex

__all__ = ["ArchiveReport", "judge_parts", "verify_archive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReport:
    """What was found good. `fingerprint`: of the directory key that came with the file, when there was no anchor to
    hold it against."""

    manifest: Manifest
    checkpoint: Checkpoint
    fingerprint: str | None


def verify_archive(path: Path, anchor: Anchor | None = None) -> ArchiveReport:
    """Judge all of the file at `path`. Raises PackageError, naming what is wrong first."""
    with open_archive(path) as archive:
        for _ in judge_parts(archive, anchor):
            pass
        used = anchor or _own_anchor(archive)
        return ArchiveReport(
            manifest=archive.manifest,
            checkpoint=open_checkpoint(archive.checkpoint, used.ledger_key),
            fingerprint=None if anchor else sha256_hex(used.directory_certificate),
        )


def judge_parts(archive: ArchiveFile, anchor: Anchor | None) -> Iterator[Part]:
    """Each part of `archive` once it was found good; the whole is when this ends. Raises PackageError."""
    anchor = anchor or _own_anchor(archive)
    history = _history(archive, anchor)
    checkpoint = _checkpoint(archive, anchor)
    documents = receipts = 0
    order = _Order()
    for number in range(1, len(archive) + 1):
        part = archive.part(number)
        try:
            root = part.excerpt(checkpoint.size).root()
        except YidiError as error:
            raise PackageError(f"parts/{number:05}.json: {error.message}") from error
        if root != checkpoint.root:
            raise PackageError(f"parts/{number:05}.json: its entries lead to another root than the checkpoint's")
        for one in part.originals:
            _judge(one, archive.manifest, history)
        documents += sum(one.entry.kind == "ENVELOPE" for one in part.originals)
        receipts += sum(one.entry.kind == "RECEIPT" for one in part.originals)
        if not order.goes_on(part.originals[0].index, part.originals[-1].index):
            raise PackageError(f"parts/{number:05}.json: another order than the ledger's")
        yield part
    if (documents, receipts) != (archive.manifest.documents, archive.manifest.receipts):
        raise PackageError("manifest.json: counts other documents and receipts than there are")


class _Order:
    """Parts go up through the ledger, and may begin anew at its beginning once: so no place comes twice."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last, self._below = -1, False

    def goes_on(self, first: int, last: int) -> bool:
        if self._first is None:
            self._first = first
        elif first <= self._last:
            if self._below:
                return False
            self._below, self._last = True, -1
        goes_up = first > self._last
        self._last = last
        return goes_up and not (self._below and last >= self._first)


def _history(archive: ArchiveFile, anchor: Anchor) -> History:
    notebook = Notebook()
    records = [
        DirectoryRecord(version=one.version, digest=sha256_hex(one.document), document=one.document, stored=one.stored)
        for one in archive.snapshots()
    ]
    history = History(records, anchor, notebook)
    for findings in notebook.findings.values():
        raise PackageError(f"directories/: {findings[0]}")
    return history


def _checkpoint(archive: ArchiveFile, anchor: Anchor) -> Checkpoint:
    try:
        checkpoint = open_checkpoint(archive.checkpoint, anchor.ledger_key)
        stated = stated_digest(checkpoint)
    except YidiError as error:
        raise PackageError(f"checkpoint.txt: {error.message}") from error
    if stated != sha256_hex(archive.manifest.encode()):
        raise PackageError("checkpoint.txt: states another manifest than the file has")
    if archive.manifest.hub != anchor.hub:
        raise PackageError(f"manifest.json: of {archive.manifest.hub}, not {anchor.hub}")
    return checkpoint


def _judge(one: Original, manifest: Manifest, history: History) -> None:
    entry = one.entry
    what = f"{entry.kind} {entry.id}"
    if sha256_hex(one.document) != entry.digest:
        raise PackageError(f"{what}: has not the digest of its entry")
    if not manifest.start <= entry.recorded < manifest.end:
        raise PackageError(f"{what}: was not recorded in this month")
    try:
        said = _said(one, history)
    except YidiError as error:
        raise PackageError(f"{what}: {error}", detail=error.detail) from error
    if said != (entry.id, entry.sender, entry.envelope_id):
        raise PackageError(f"{what}: says other than its entry")


def _said(one: Original, history: History) -> tuple[str, str, str]:
    """Id, and the envelope's sender and id, as the verified bytes say."""
    data, at = one.document, one.entry.recorded
    if one.entry.kind == "ENVELOPE":
        envelope = history.judge(at, lambda verifier: verifier.envelope(data, at).envelope)
        return envelope.id, envelope.sender, envelope.id
    receipt = history.judge(at, lambda verifier: verifier.receipt(data, at).receipt)
    key = receipt.subject.envelope if receipt.subject else None
    return receipt.id, key.sender if key else "", key.id if key else ""


def _own_anchor(archive: ArchiveFile) -> Anchor:
    for snapshot in archive.snapshots():
        try:
            found = read_directory(snapshot.document)
            certificate = directory_certificate(snapshot.document)
        except YidiError as error:
            raise PackageError(f"directories/{snapshot.version}.xml: {error}") from error
        return Anchor(hub=found.hub, directory_certificate=certificate, ledger_key=found.ledger_key)
    raise PackageError("directories/: there is none to judge by")
