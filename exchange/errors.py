"""The one tree of errors, and what each tells to whom.

Every error carries a stable `code` (it goes into receipts, logs and metrics), whether trying again can help, a
message that a peer may read, and a private `detail` that only the log may hold. Expected endings of a use case are
values, not errors; see `Outcome` classes beside the services.

Not here: the reason codes of the domain (`exchange.model.receipt.Reason`), which people read. `reason` maps an
error onto one of them.
"""

from datetime import datetime
from traceback import extract_tb
from typing import ClassVar

__all__ = [
    "AdapterError",
    "AllowanceError",
    "CertificateError",
    "ConflictError",
    "CorruptFileError",
    "DirectoryError",
    "EnrolmentError",
    "FileMissingError",
    "InputError",
    "InvalidValueError",
    "KeyNotYetValidError",
    "KeyStoreError",
    "LimitError",
    "NotAuthorisedError",
    "NoteError",
    "PackageError",
    "ProofError",
    "ReceiptInvalidError",
    "RefusedError",
    "SignatureError",
    "StorageError",
    "TransportError",
    "XmlError",
    "YidiError",
    "loggable",
]


class YidiError(Exception):
    """Root of the tree.

    `message` is safe to show to a peer; `detail` is for the log alone. `code` may be given to name one fault within
    a class
    (`SIG_WRAP` within `SignatureError`).
    """

    code: str = "ERROR"
    reason: str = "OPERATOR"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InvalidValueError(YidiError, ValueError):
    """A value breaks a rule of the domain; the message names the field, the value and the rule."""

    code = "VALUE"
    reason = "FORMAT"


class InputError(YidiError):
    """A person's file or argument is wrong; the message says what, where and what to do."""

    code = "INPUT"
    reason = "FORMAT"


class RefusedError(YidiError):
    """A request is refused before anything was stored; `code` is a domain reason such as SECRECY or SIZE."""

    code = "REFUSED"


class LimitError(YidiError):
    code = "LIMIT"
    reason = "SIZE"


class AllowanceError(LimitError):
    """What a unit, or its programs, may upload in a day is used up. `until`: when the next day begins."""

    code = "UPLOAD_QUOTA"
    retryable = True

    def __init__(self, message: str, *, until: datetime, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.until = until


class XmlError(YidiError):
    """The bytes are not a document of ours: encoding, DTD, limits, profile or schema."""

    code = "XML"
    reason = "SCHEMA"


class SignatureError(YidiError):
    """The signature's shape, algorithm, digest, value or key is wrong."""

    code = "SIGNATURE"
    reason = "SIGNATURE"


class CertificateError(YidiError):
    """A certificate is expired, revoked, unusable, or not the directory's; `reason` follows from which of them."""

    code = "CERT"
    reason = "SIGNATURE"

    def __init__(self, message: str, *, code: str | None = None, detail: str = "") -> None:
        super().__init__(message, code=code, detail=detail)
        self.reason = _CERTIFICATE_REASONS.get(self.code, self.reason)


class KeyNotYetValidError(CertificateError):
    """A key whose time has not come, by the clock of whoever judges it: it will, or the clock will be set right."""

    code = "CERT_NOT_YET"
    retryable = True


_CERTIFICATE_REASONS = {
    "CERT_EXPIRED": "CERT_EXPIRED",
    "CERT_NOT_YET": "CERT_EXPIRED",
    "CERT_REVOKED": "CERT_REVOKED",
}


class NotAuthorisedError(YidiError):
    """A good signature, perhaps, but its author has no say here: an inactive unit, another exchange."""

    code = "NOT_AUTHORISED"
    reason = "NOT_AUTHORISED"


class DirectoryError(YidiError):
    """A directory snapshot is unsigned, older than the one held, expired or inconsistent."""

    code = "DIRECTORY"
    reason = "NOT_AUTHORISED"


class EnrolmentError(YidiError):
    code = "ENROLMENT"
    reason = "NOT_AUTHORISED"


class KeyStoreError(YidiError):
    code = "KEYSTORE"


class ReceiptInvalidError(YidiError):
    """A receipt that does not bind what it speaks of, or whose author may not say it."""

    code = "RECEIPT_INVALID"
    reason = "NOT_AUTHORISED"


class ConflictError(YidiError):
    """The same id with other bytes: a security event, never an overwrite."""

    code = "CONFLICT"
    reason = "CONFLICT"


class FileMissingError(YidiError):
    """A blob that a document names is not there (yet)."""

    code = "FILE_MISSING"
    reason = "INCOMPLETE"
    retryable = True


class CorruptFileError(YidiError):
    """A blob's bytes do not have the digest that was signed."""

    code = "FILE_CORRUPT"
    reason = "INCOMPLETE"


class StorageError(YidiError):
    """The database or disk did not take it: full, locked, lost."""

    code = "STORAGE"
    reason = "STORAGE"
    retryable = True


class TransportError(YidiError):
    code = "TRANSPORT"
    reason = "STORAGE"
    retryable = True


class AdapterError(YidiError):
    """An office system did not take the document. Retried unless `code` is OA_REJECTED."""

    code = "ADAPTER_DOWN"
    reason = "ADAPTER_DOWN"
    retryable = True


class ProofError(YidiError):
    """A Merkle proof does not lead to the root it claims."""

    code = "PROOF"


class NoteError(YidiError):
    """A signed note is malformed or not signed by the key asked for."""

    code = "NOTE"


class PackageError(YidiError):
    """An evidence package is incomplete, altered or not one."""

    code = "PACKAGE"


_PLACES = 3


def loggable(error: BaseException) -> str:
    """What the log may hold of `error`, beside its code. Of ours the detail. Of an office's nothing: its answer may
    quote a document. Of what nobody foresaw its kind and where it came from: its words may quote one, too."""
    if isinstance(error, AdapterError):
        return ""
    if isinstance(error, YidiError):
        return error.detail
    said = f" {error.errno} {error.strerror}" if isinstance(error, OSError) else ""
    frames = extract_tb(error.__traceback__)[-_PLACES:]
    places = " < ".join(f"{_place(frame.filename)}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__}{said}" + (f" at {places}" if places else "")


def _place(path: str) -> str:
    return "/".join(path.split("/")[-2:])
