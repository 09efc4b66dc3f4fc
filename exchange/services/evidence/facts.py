"""What an evidence package says, read out of its documents: for the readable report and for listings.

Read, not verified: every value here is a claim until `evidence_verify` says of the same bytes that they are good.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from exchange.codec.read import read_directory, read_envelope, read_receipt
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.directory.snapshot import Directory
from exchange.errors import PackageError
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.entry import InclusionProof
from exchange.ledger.manifest import receipt_member
from exchange.ledger.note import SignedNote
from exchange.ledger.package import EvidencePackage
from exchange.ledger.proofs import Statement
from exchange.model.envelope import Envelope
from exchange.model.fold import DeliveryState, fold
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.trust.digest import sha256_hex

__all__ = ["Facts", "Spoken", "directory_certificate", "read_checkpoint", "read_receipt", "signers_of", "states_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A receipt of the package, the member that holds it, and the ledger's line about it, if there is one."""

    member: str
    receipt: Receipt
    digest: str
    proof: InclusionProof | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`digest` is the envelope's. `states` has every recipient, in the envelope's order. `certificates` are
    fingerprints; `included` are the SHA-256 of the files that are in the package itself."""

    envelope: Envelope
    digest: str
    proof: InclusionProof | None
    receipts: tuple[Spoken, ...]
    states: Mapping[UnitCode, DeliveryState]
    directory: Directory
    directory_fingerprint: str
    certificates: tuple[str, ...]
    included: frozenset[str]
    checkpoint: Checkpoint
    exported: datetime

    @classmethod
    def of(cls, package: EvidencePackage) -> "Facts":
        """Raises whatever error says why a document cannot be read."""
        envelope = read_envelope(package.envelope)
        by_digest = {proof.entry.digest: proof for proof in package.proofs}
        receipts = tuple(_spoken(number, data, by_digest) for number, data in enumerate(package.receipts, start=1))
        checkpoint = read_checkpoint(package.checkpoint)
        digest = sha256_hex(package.envelope)
        return cls(
            envelope=envelope,
            digest=digest,
            proof=by_digest.get(digest),
            receipts=receipts,
            states=states_of(envelope, (spoken.receipt for spoken in receipts)),
            directory=read_directory(package.directory),
            directory_fingerprint=sha256_hex(directory_certificate(package.directory)),
            certificates=tuple(sorted(package.certificates)),
            included=frozenset(name for name, opener in package.files.items() if opener is not None),
            checkpoint=checkpoint,
            exported=Statement.of(checkpoint).at,
        )


def read_checkpoint(note: str) -> Checkpoint:
    return Checkpoint.parse(SignedNote.parse(note).text)


def directory_certificate(directory: bytes) -> bytes:
    """The certificate (DER) that came with a directory. A hint: only an anchor makes it more."""
    certificates = parse_signed(directory, DocumentKind.DIRECTORY).certificates
    if not certificates:
        raise PackageError("directory.xml: names no certificate")
    return certificates[0]


def states_of(envelope: Envelope, receipts: Iterable[Receipt]) -> dict[UnitCode, DeliveryState]:
    """What the receipts say together, for every recipient."""
    spoken = [receipt for receipt in receipts if receipt.subject is not None]
    everybody = [r for r in spoken if r.subject and r.subject.recipient is None]
    of_one: dict[UnitCode, list[Receipt]] = {recipient.unit: [] for recipient in envelope.recipients}
    for receipt in spoken:
        if receipt.subject and receipt.subject.recipient in of_one:
            of_one[receipt.subject.recipient].append(receipt)
    return {unit: fold([*everybody, *own]) for unit, own in of_one.items()}


def signers_of(package: EvidencePackage) -> dict[str, bytes]:
    """The certificates (DER) behind the signatures, by fingerprint: the directory's own and those it lists."""
    directory = read_directory(package.directory)
    own = directory_certificate(package.directory)
    named = {sha256_hex(own): own}
    documents = [(package.envelope, DocumentKind.ENVELOPE)]
    documents += [(receipt, DocumentKind.RECEIPT) for receipt in package.receipts]
    for data, kind in documents:
        for certificate in parse_signed(data, kind).certificates:
            fingerprint = sha256_hex(certificate)
            if fingerprint in directory.unit_keys or fingerprint in directory.hub_key:
                named[fingerprint] = certificate
    return named


def _spoken(number: int, data: bytes, by_digest: Mapping[str, InclusionProof]) -> Spoken:
    digest = sha256_hex(data)
    return Spoken(member=receipt_member(number), receipt=read_receipt(data), digest=digest, proof=by_digest.get(digest))
