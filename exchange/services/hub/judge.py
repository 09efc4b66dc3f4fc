"""Judge: may this envelope, sent by this account, enter? Signature, account, recipients, files, secrecy.

Not here: what the hub has said to the same bytes before, quotas, and recording (`route`).
"""

from dataclasses import dataclass
from datetime import datetime

from exchange.codec.signed import claimed_id
from exchange.errors import (
    CorruptFileError,
    FileMissingError,
    KeyNotYetValidError,
    RefusedError,
    StorageError,
    YidiError,
)
from exchange.model.envelope import Envelope, EnvelopeId, EnvelopeKey, FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.text import TextSource
from exchange.ports.transport import Delivered
from exchange.services.hub.hub import Hub
from exchange.services.hub.take_back import find_accepted
from exchange.services.secrecy.gate import check_secrecy
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import VerifiedEnvelope, Verifier

__all__ = ["Claim", "Judge", "Judged"]

Claim = tuple[UnitCode, str]
"""A unit's, on a file by its digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message's outcome: `verified` when it may enter, else why not. `secret`: claims of files that must not
    stay here."""

    message: Delivered
    digest: str
    verified: VerifiedEnvelope | None = None
    error: YidiError | None = None
    secret: frozenset[Claim] = frozenset()

    @property
    def envelope(self) -> Envelope:
        assert self.verified is not None
        return self.verified.envelope

    @property
    def key(self) -> EnvelopeKey | None:
        """What a message is, or claims to be in its broker user's name: whose key is in doubt is answered, not
        believed."""
        if self.verified is not None:
            return self.verified.envelope.key
        claimed = claimed_id(self.message.body)
        return EnvelopeKey(UnitCode(self.message.user), EnvelopeId(claimed)) if claimed and self.message.user else None

    @property
    def claims(self) -> frozenset[Claim]:
        """What a good envelope's files rest on."""
        return _claims(self.verified) if self.verified else frozenset()


@dataclass(frozen=True, slots=True)
class Judge:
    """`texts` reads what files say, for marks of secrecy."""

    hub: Hub
    texts: TextSource

    def judge(self, message: Delivered, verifier: Verifier, now: datetime) -> Judged:
        digest = sha256_hex(message.body)
        verified = None
        try:
            verified = verifier.envelope(message.body, now)
            self._check_policy(message, verified.envelope, verifier)
        except StorageError:
            raise
        except YidiError as error:
            if (again := self._as_of_then(message, digest, verifier, error)) is not None:
                return again
            if error.retryable:
                # Not an answer: the sender's outbox is still open and its relay will look what is missing.
                self.hub.log.warning("envelope_not_ready", code=error.code, digest=digest)
            secret = _claims(verified) if verified and error.code.startswith("SECRECY") else frozenset[Claim]()
            return Judged(message=message, digest=digest, error=error, secret=secret)
        return Judged(message=message, digest=digest, verified=verified)

    def _as_of_then(self, message: Delivered, digest: str, verifier: Verifier, error: YidiError) -> Judged | None:
        """What the hub had accepted before it was restored is judged as of that time, also when it would refuse it
        today. None when it had not."""
        if error.retryable or not verifier.directory.restorings:
            return None
        accepted = find_accepted(self.hub.store, message.body, digest)
        if accepted is None:
            return None
        try:
            verified = verifier.envelope(message.body, accepted.at, may_have_left=True)
            _check_account(message, verified.envelope)
            self._check_files(verified.envelope)
        except StorageError:
            raise
        except YidiError as fault:
            # A key that was enrolled after the backup: known again one day, or never. No answer could be right.
            self.hub.log.warning("envelope_not_ready", code=fault.code, digest=digest)
            later = KeyNotYetValidError("accepted before the hub was restored, and not to be verified now")
            return Judged(message=message, digest=digest, error=fault if fault.retryable else later)
        return Judged(message=message, digest=digest, verified=verified)

    def _check_policy(self, message: Delivered, envelope: Envelope, verifier: Verifier) -> None:
        # (1) three witnesses name one unit: the broker's account, the signature's key, the envelope
        _check_account(message, envelope)
        # (2) every recipient is known and active
        unknown = [r.unit for r in envelope.recipients if not verifier.directory.is_active(r.unit)]
        if unknown:
            raise RefusedError(
                f"not in the directory: {', '.join(unknown[:10])}{' ...' if len(unknown) > 10 else ''}",
                code="UNKNOWN_RECIPIENT",
            )
        # (3) the files are here, uploaded by this very sender, and still what was signed
        self._check_files(envelope)
        # (4) nothing classified travels, whatever the sender's node let through
        check_secrecy(envelope, lambda file: self.hub.files.open(file.sha256), self.texts)

    def _check_files(self, envelope: Envelope) -> None:
        digests = {file.sha256 for file in envelope.files}
        if digests:
            with self.hub.store.begin() as session:
                missing = digests - session.claimed(envelope.sender, digests)
            for file in envelope.files:
                if file.sha256 in missing:
                    raise FileMissingError(f"file {file.sha256} was not uploaded by {envelope.sender}")
                self._check_file(file)

    def _check_file(self, file: FileEntry) -> None:
        try:
            self.hub.files.check(file)
        except CorruptFileError as error:
            if self.hub.files.has(file.sha256):
                raise  # the blob is right, the sender's entry is not
            # Our disk spoilt it and it was set aside: the sender still has it and is asked for it again.
            self.hub.log.alarm("file_corrupt_at_hub", digest=file.sha256, code=error.code)
            raise FileMissingError(f"file {file.sha256} must be uploaded again") from error


def _claims(verified: VerifiedEnvelope) -> frozenset[Claim]:
    return frozenset((verified.envelope.sender, file.sha256) for file in verified.envelope.files)


def _check_account(message: Delivered, envelope: Envelope) -> None:
    if message.user != envelope.sender:
        raise RefusedError(
            f"the broker's user is not the sender {envelope.sender}",
            code="NOT_AUTHORISED",
            detail=f"user {message.user}",
        )
