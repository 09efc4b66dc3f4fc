"""What a node must know before it believes anything, and whether a directory may take the place of the one it
holds.

A node gets its anchor by hand or with its enrolment; all else it learns from directories signed by the
anchored key.

Limits: a new directory key or ledger key means a new anchor at every node. The dates of the anchored
certificate are not looked at: it is pinned, and merely carries the key.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from exchange.codec import directory as directory_codec
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.directory.snapshot import Directory
from exchange.errors import DirectoryError, InputError, NoteError, SignatureError, YidiError
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.note import VerifierKey, open_note
from exchange.model.unit import HubId, parse_hub_id
from exchange.ports.records import DirectoryRecord
from exchange.trust.certificates import signing_key
from exchange.trust.digest import sha256_hex
from exchange.trust.ledgerkey import verify
from exchange.trust.verify import check_digest, check_value

__all__ = ["Anchor", "open_checkpoint", "verify_directory"]

_CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """`directory_certificate`: DER, of the key that signs directories. `ledger_key`: a C2SP verifier key."""

    hub: HubId
    directory_certificate: bytes = field(repr=False)
    ledger_key: str

    def __post_init__(self) -> None:
        parse_hub_id(self.hub)
        signing_key(self.directory_certificate)
        VerifierKey.parse(self.ledger_key)

    def fields(self) -> dict[str, str]:
        """What `to_json` writes."""
        return {
            "hub": self.hub,
            "directory_certificate": base64.b64encode(self.directory_certificate).decode("ascii"),
            "ledger_key": self.ledger_key,
        }

    def to_json(self) -> str:
        return json.dumps(self.fields(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Anchor":
        """Raises InputError."""
        try:
            fields = json.loads(text)
            return cls(
                hub=HubId(fields["hub"]),
                directory_certificate=base64.b64decode(fields["directory_certificate"], validate=True),
                ledger_key=fields["ledger_key"],
            )
        except (KeyError, TypeError, AttributeError, ValueError, binascii.Error, YidiError) as error:
            raise InputError(
                "the anchor file is damaged; take it from the hub's administrator again", detail=repr(error)
            ) from error


def verify_directory(data: bytes, anchor: Anchor, now: datetime, held: DirectoryRecord | None) -> tuple[Directory, str]:
    """The directory in `data` and its digest, if it may replace `held` (or is the one held). On anything
    suspicious DirectoryError: keep the old one and raise the alarm."""
    # (1) signed by the anchored key: KeyInfo is not even a hint here
    directory = _opened(data, anchor)
    # (2) of this exchange and its ledger
    if directory.hub != anchor.hub:
        raise DirectoryError(f"the directory is of {directory.hub}, not {anchor.hub}", code="WRONG_HUB")
    if directory.ledger_key != anchor.ledger_key:
        raise DirectoryError("the directory names another ledger than the anchor", code="DIRECTORY_LEDGER_KEY")
    # (3) at or after the one held, on the same line of versions
    digest = sha256_hex(data)
    if held is not None:
        _check_succession(directory, digest, held)
    # (4) of this time
    if directory.issued > now + _CLOCK_SKEW:
        raise DirectoryError(f"issued in the future, at {directory.issued}", code="DIRECTORY_FUTURE")
    if now >= directory.expires:
        raise DirectoryError(f"the directory expired at {directory.expires}", code="DIRECTORY_EXPIRED")
    return directory, digest


def _opened(data: bytes, anchor: Anchor) -> Directory:
    try:
        document = parse_signed(data, DocumentKind.DIRECTORY)
        check_digest(document)
        check_value(document, signing_key(anchor.directory_certificate))
        directory = directory_codec.decode(document.body)
    except SignatureError as error:
        raise DirectoryError(
            "the directory is not signed by the exchange", code="DIRECTORY_SIGNATURE", detail=str(error)
        ) from error
    except YidiError as error:
        raise DirectoryError("not a directory", code="DIRECTORY_FORMAT", detail=str(error)) from error
    for key in (*directory.hub_keys, *(key for entry in directory.units for key in entry.keys)):
        if sha256_hex(key.certificate) != key.fingerprint:
            raise DirectoryError(f"key {key.fingerprint}: another certificate's", code="DIRECTORY_FORMAT")
    return directory


def _check_succession(directory: Directory, digest: str, held: DirectoryRecord) -> None:
    version, holding = directory.version, held.version
    if version < holding:
        raise DirectoryError(f"version {version} is older than {holding}, which is held", code="DIRECTORY_ROLLBACK")
    forked = version == holding and digest != held.digest
    if forked or (version == holding + 1 and directory.previous != held.digest):
        raise DirectoryError(
            f"version {version} does not continue version {holding}, which is held", code="DIRECTORY_FORK"
        )


def open_checkpoint(note: str, ledger_key: str) -> Checkpoint:
    """The checkpoint in `note`, signed by `ledger_key` about its own ledger. Raises NoteError."""
    key = VerifierKey.parse(ledger_key)
    checkpoint = Checkpoint.parse(open_note(note, key, verify))
    # A key may sign other notes, too; only those about the ledger of its own name are checkpoints of it.
    if checkpoint.origin != key.name:
        raise NoteError(f"checkpoint of {checkpoint.origin}, signed by {key.name}")
    return checkpoint
