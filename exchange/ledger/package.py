"""The evidence package: everything somebody needs to judge one document without any access to the exchange.

    envelope.xml              the signed envelope, byte for byte
    receipts/00001.xml ...    every receipt, byte for byte
    files/<sha256>            the files, or only their digests
    directory.xml             the signed directory snapshot that gives the units their keys
    certificates/<fp>.crt     certificates, by fingerprint
    checkpoint.txt            the signed note that states the ledger's size and root, and what was exported
    proofs.json               ledger entries with their places and audit paths, and consistency proofs
    report.html               what it all means, for people
    manifest.json             name, digest and size of each of the above

Not here: any judgement. A package that reads back whole is complete and undamaged, no more: the signatures,
the fingerprints, the proofs and the note are for the reader to verify, and the report is a convenience that
proves nothing. Files are never held in memory.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from exchange.errors import PackageError, ProofError
from exchange.ledger import manifest as names
from exchange.ledger.container import Member, Reader, Writer, faults_of, new_file, open_member, open_reader, open_writer
from exchange.ledger.entry import InclusionProof
from exchange.ledger.manifest import Manifest
from exchange.ledger.proofs import ConsistencyProof, decode_proofs, encode_proofs

__all__ = ["EvidencePackage", "FileOpener", "PackageLimits", "read", "write"]

FileOpener = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePackage:
    """What a package holds.

    `files` maps SHA-256 (hex) to a way to open the file, or to None where the package has only the digest.
    `certificates` maps SHA-256 fingerprints (hex) to PEM or DER, as it came.
    """

    envelope: bytes
    receipts: tuple[bytes, ...]
    files: Mapping[str, FileOpener | None]
    directory: bytes
    certificates: Mapping[str, bytes]
    checkpoint: str
    proofs: tuple[InclusionProof, ...]
    consistency: tuple[ConsistencyProof, ...] = ()
    report: str

    def open_file(self, sha256: str) -> BinaryIO:
        """Open a file that the package includes. The caller closes it.

        Limits: `read` checked its bytes; whoever cannot be sure that nobody changed the package since checks
        them again.
        """
        opener = self.files.get(sha256)
        if opener is None:
            raise PackageError(f"{names.file_member(sha256)}: is not in the package")
        return opener()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLimits:
    """What `read` is willing to look at. Documents are all members but files; they are read into memory."""

    total_bytes: int = 16 * 1024**3
    file_bytes: int = 4 * 1024**3
    documents_bytes: int = 256 * 1024**2
    members: int = 20_000


def write(package: EvidencePackage, target_path: Path) -> None:
    """Write the package to `target_path`, whole and synced or not at all. Equal packages give equal bytes."""
    with new_file(target_path) as target, open_writer(target) as writer:
        _write_members(package, writer)


def read(path: Path, *, limits: PackageLimits | None = None) -> EvidencePackage:
    """Return the package at `path`, or raise `PackageError` naming the member and what is wrong with it."""
    limits = limits or PackageLimits()
    # (1) the zip is sound, bounded, and holds nothing but its members
    with open_reader(path, total_bytes=limits.total_bytes, members=limits.members) as reader:
        receipts = names.check_members(reader.sizes)  # (2) every member is known, none is missing
        _check_sizes(reader, limits)  # (3) before a byte of them is read
        manifest = Manifest.parse(reader.read(names.MANIFEST))
        _check_digests(reader, manifest)  # (4) each member is what the manifest and its name say
        files: dict[str, FileOpener | None] = dict.fromkeys(manifest.digest_only)
        for sha256 in names.file_digests(reader.sizes):
            files[sha256] = partial(open_member, path, names.file_member(sha256))
        proofs, consistency = _read_proofs(reader)  # (5) and reads as what it should be
        return EvidencePackage(
            envelope=reader.read(names.ENVELOPE),
            receipts=tuple(reader.read(names.receipt_member(number)) for number in range(1, receipts + 1)),
            files=files,
            directory=reader.read(names.DIRECTORY),
            certificates={
                fingerprint: reader.read(names.certificate_member(fingerprint))
                for fingerprint in names.fingerprints(reader.sizes)
            },
            checkpoint=_read_text(reader, names.CHECKPOINT),
            proofs=proofs,
            consistency=consistency,
            report=_read_text(reader, names.REPORT),
        )


def _write_members(package: EvidencePackage, writer: Writer) -> None:
    sources = {name: partial(io.BytesIO, content) for name, content in _documents(package)}
    included = {digest: opener for digest, opener in package.files.items() if opener is not None}
    openers: dict[str, Callable[[], BinaryIO]] = {
        **sources,
        **{names.file_member(digest): opener for digest, opener in included.items()},
    }
    names.check_members([*openers, names.MANIFEST])
    members: dict[str, Member] = {}
    for name in sorted(openers):
        with faults_of(name), openers[name]() as source:
            members[name] = writer.add(name, source)
    for digest in included:
        _check_file(digest, members)
    digest_only = tuple(sorted(digest for digest, opener in package.files.items() if opener is None))
    manifest = Manifest(members=members, digest_only=digest_only)
    writer.add(names.MANIFEST, io.BytesIO(manifest.encode()))


def _documents(package: EvidencePackage) -> Iterator[tuple[str, bytes]]:
    yield names.ENVELOPE, package.envelope
    for number, receipt in enumerate(package.receipts, start=1):
        yield names.receipt_member(number), receipt
    yield names.DIRECTORY, package.directory
    for fingerprint, certificate in package.certificates.items():
        yield names.certificate_member(fingerprint), certificate
    yield names.CHECKPOINT, package.checkpoint.encode()
    yield names.PROOFS, encode_proofs(package.proofs, package.consistency)
    yield names.REPORT, package.report.encode()


def _check_sizes(reader: Reader, limits: PackageLimits) -> None:
    files = {names.file_member(digest) for digest in names.file_digests(reader.sizes)}
    for name in sorted(files):
        if reader.sizes[name] > limits.file_bytes:
            raise PackageError(f"{name}: {reader.sizes[name]} bytes, at most {limits.file_bytes} are allowed")
    documents = 0
    for name in sorted(reader.sizes.keys() - files):
        documents += reader.sizes[name]
        if documents > limits.documents_bytes:
            raise PackageError(f"{name}: more than {limits.documents_bytes} bytes of documents up to here")


def _check_digests(reader: Reader, manifest: Manifest) -> None:
    present = reader.sizes.keys() - {names.MANIFEST}
    for name in sorted(present ^ manifest.members.keys()):
        raise PackageError(f"{name[:200]}: is {'not in the manifest' if name in present else 'missing'}")
    for name in sorted(present):
        if reader.measure(name) != manifest.members[name]:
            raise PackageError(f"{name}: differs from the manifest")
    for sha256 in names.file_digests(present):
        _check_file(sha256, manifest.members)


def _check_file(sha256: str, members: Mapping[str, Member]) -> None:
    name = names.file_member(sha256)
    if members[name].sha256 != sha256:
        raise PackageError(f"{name}: has not the digest that is its name")


def _read_text(reader: Reader, name: str) -> str:
    with faults_of(name, "is not UTF-8 text"):
        return reader.read(name).decode()


def _read_proofs(reader: Reader) -> tuple[tuple[InclusionProof, ...], tuple[ConsistencyProof, ...]]:
    try:
        return decode_proofs(reader.read(names.PROOFS))
    except ProofError as error:
        raise PackageError(f"{names.PROOFS}: {error.message}", detail=error.detail) from error
