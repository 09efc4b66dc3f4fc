"""The envelope: everything a sender signs about one document and where it goes.

Not here: its XML (`exchange.codec`), its signature (`exchange.trust`), what happened to it (`exchange.model.receipt`).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from exchange.errors import InvalidValueError, LimitError
from exchange.model.document import BusinessKind, Metadata
from exchange.model.text import check_line, check_text
from exchange.model.unit import HubId, UnitCode, parse_hub_id, parse_unit_code

__all__ = [
    "MAX_CONTENT",
    "MAX_FILES",
    "MAX_RECIPIENTS",
    "Declaration",
    "Envelope",
    "EnvelopeId",
    "EnvelopeKey",
    "FileEntry",
    "FileRole",
    "Recipient",
    "RecipientRole",
    "parse_envelope_id",
]

EnvelopeId = NewType("EnvelopeId", str)

MAX_RECIPIENTS = 4000
MAX_FILES = 100
MAX_CONTENT = 20_000
MAX_FILE_SIZE = 4 * 1024**3

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,100}", re.ASCII)
_GROUP_ID = re.compile(r"[A-Za-z0-9-]{1,60}", re.ASCII)
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.ASCII)
_FORBIDDEN_IN_NAME = frozenset('/\\:*?"<>|')


def parse_envelope_id(text: str) -> EnvelopeId:
    """Return `text`, a lower-case UUID in its canonical form, or raise `InvalidValueError`."""
    if not _UUID.fullmatch(text):
        raise InvalidValueError(f"id {text[:60]!r}: expected a lower-case UUID", code="ENVELOPE_ID")
    return EnvelopeId(text)


@dataclass(frozen=True, slots=True, order=True)
class EnvelopeKey:
    """What an envelope is known by everywhere: the same id from two senders names two documents."""

    sender: UnitCode
    id: EnvelopeId

    def __str__(self) -> str:
        return f"{self.sender}/{self.id}"


class RecipientRole(StrEnum):
    MAIN = "main"
    COPY = "copy"

    @property
    def chinese(self) -> str:
        return "主送" if self is RecipientRole.MAIN else "抄送"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One unit addressed. `print_quota`: copies it may print with red head and seal. `paper`: a paper copy goes too."""

    unit: UnitCode
    role: RecipientRole = RecipientRole.MAIN
    print_quota: int = 1
    paper: bool = False

    def __post_init__(self) -> None:
        parse_unit_code(self.unit)
        if not 0 <= self.print_quota <= 9999:
            raise InvalidValueError(f"recipient {self.unit}: print quota {self.print_quota} is not within 0 to 9999")


class FileRole(StrEnum):
    BODY = "body"
    ATTACHMENT = "attachment"
    OTHER = "other"

    @property
    def chinese(self) -> str:
        return {"body": "正文", "attachment": "附件", "other": "其他"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file beside the envelope, by digest. `name` is for display and never becomes a path of ours."""

    role: FileRole
    name: str
    media_type: str
    size: int
    sha256: str
    sm3: str
    pages: int | None = None

    def __post_init__(self) -> None:
        check_file_name(self.name)
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise InvalidValueError(f"file {self.name}: media type {self.media_type!r} is not type/subtype")
        if not 0 <= self.size <= MAX_FILE_SIZE:
            raise LimitError(f"file {self.name}: {self.size} bytes, at most {MAX_FILE_SIZE} are allowed", code="SIZE")
        if not _SHA256.fullmatch(self.sha256) or not _SHA256.fullmatch(self.sm3):
            raise InvalidValueError(f"file {self.name}: digests must be 64 lower-case hexadecimal digits")
        if self.pages is not None and not 1 <= self.pages <= 100_000:
            raise InvalidValueError(f"file {self.name}: {self.pages} pages is not within 1 to 100000")


def check_file_name(name: str) -> str:
    """Return `name` if any system could store and show it as it is, or raise `InvalidValueError` (code FILE_NAME)."""
    try:
        check_line("file name", name, 200)
    except InvalidValueError as error:
        raise InvalidValueError(error.message, code="FILE_NAME") from error
    fault = None
    if len(name.encode()) > 255:
        fault = "longer than 255 bytes"
    elif found := _FORBIDDEN_IN_NAME.intersection(name):
        fault = f"holds {min(found)!r}"
    elif name != name.strip() or name.endswith(".") or name.startswith(".."):
        fault = "begins or ends with a space or a dot"
    elif _RESERVED.fullmatch(name):
        fault = "is a reserved device name"
    elif unicodedata.normalize("NFC", name) != name:
        fault = "is not in Unicode NFC"
    if fault:
        raise InvalidValueError(f"file name {name!r}: {fault}", code="FILE_NAME")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """本件不涉密: who declared, when, and who looked again when the gate held the document for a person."""

    name: str
    at: datetime
    reviewed_by: str | None = None

    def __post_init__(self) -> None:
        check_line("declaration name", self.name, 100)
        if self.reviewed_by is not None:
            check_line("declaration reviewer", self.reviewed_by, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the sender signs. Times are aware UTC, in whole milliseconds. `extensions` are canonical XML elements,
    kept and signed."""

    id: EnvelopeId
    hub: HubId
    kind: BusinessKind
    sender: UnitCode
    recipients: tuple[Recipient, ...]
    groups: tuple[str, ...] = ()
    directory_version: int
    created: datetime
    sign_by: datetime | None = None
    handle_by: datetime | None = None
    reply_required: bool = False
    in_reply_to: EnvelopeId | None = None
    supersedes: EnvelopeId | None = None
    declaration: Declaration
    operator: str
    metadata: Metadata
    content: str | None = None
    files: tuple[FileEntry, ...] = ()
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        parse_envelope_id(self.id)
        parse_hub_id(self.hub)
        parse_unit_code(self.sender)
        if not all(_GROUP_ID.fullmatch(group) for group in self.groups):
            raise InvalidValueError("groups: expected group ids of ASCII letters, digits and '-', at most 60")
        if not 0 <= self.directory_version < 10**12:
            raise InvalidValueError(f"directory version {self.directory_version}: not one")
        check_line("operator", self.operator, 100)
        for related in (self.in_reply_to, self.supersedes):
            if related is not None:
                parse_envelope_id(related)
        if self.content is not None:
            check_text("content", self.content, MAX_CONTENT)
        self._check_recipients()
        self._check_files()

    def _check_recipients(self) -> None:
        if not self.recipients:
            raise InvalidValueError("recipients: at least one is required")
        if len(self.recipients) > MAX_RECIPIENTS:
            raise LimitError(f"recipients: {len(self.recipients)}, at most {MAX_RECIPIENTS} are allowed")
        units = [recipient.unit for recipient in self.recipients]
        if len(set(units)) != len(units):
            raise InvalidValueError("recipients: a unit stands there twice")
        if self.sender in units:
            raise InvalidValueError(f"recipients: the sender {self.sender} cannot receive its own document")
        mains = sum(recipient.role is RecipientRole.MAIN for recipient in self.recipients)
        if self.metadata.document_type == "0B" and mains != 1:
            raise InvalidValueError(f"请示 goes to exactly one main receiver, not {mains}")

    def _check_files(self) -> None:
        if len(self.files) > MAX_FILES:
            raise LimitError(f"files: {len(self.files)}, at most {MAX_FILES} are allowed")
        names = [file.name.casefold() for file in self.files]
        if len(set(names)) != len(names):
            raise InvalidValueError("files: two have the same name")

    @property
    def key(self) -> EnvelopeKey:
        return EnvelopeKey(self.sender, self.id)

    @property
    def urgent(self) -> bool:
        degree = self.metadata.emergency_degree
        return degree is not None and degree.urgent_lane
