"""A document to send, as a program writes it: JSON that names files uploaded before, or a form with the files in it.

Not here: what makes it a document (`exchange.services.node.submit`).
"""

import io
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import BinaryIO, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.datastructures import UploadFile

from exchange.directory.snapshot import Directory
from exchange.errors import CorruptFileError, FileMissingError, InvalidValueError, RefusedError
from exchange.model.calendar import COUNTY_TIME, MOST_HOURS
from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import MAX_CONTENT, MAX_FILES, MAX_RECIPIENTS, FileRole, RecipientRole
from exchange.model.unit import UnitCode
from exchange.ports.office import Address, Draft, DraftFile
from exchange.services.node.node import Node
from exchange.services.node.submit import Submitted
from exchange.services.node.uploaded import UploadedFiles
from exchange.trust.digest import measure
from exchange.web.node_api.face import NodeFace
from exchange.web.node_api.shapes import AskedModel, Person, name_of

__all__ = ["AddressIn", "Given", "Submission", "addresses_of", "draft_of", "read_submission", "submit_given"]

_FORM: Final = "document"
_MEDIA_TYPES: Final = {"ofd": "application/ofd", "wps": "application/vnd.ms-works"}


class AddressIn(AskedModel):
    """To whom: the code or name of a unit or a group."""

    to: str = Field(min_length=1, max_length=100, examples=["各镇乡", "520304-002"])
    role: RecipientRole = RecipientRole.MAIN
    print_quota: int = Field(default=1, ge=0, le=9999, description="Copies with red head and seal.")
    paper: bool = Field(default=False, description="A paper copy goes, too.")


class MetadataIn(AskedModel):
    """The 18 elements. What is left out of issuer and date is the sender's name and today."""

    title: str = Field(min_length=1, max_length=500, examples=["关于做好防汛工作的通知"])
    document_type: str = Field(default="08", max_length=10, description="文种: code or name.", examples=["通知"])
    document_identifier: str | None = Field(default=None, max_length=200)
    issuer_identification: tuple[str, ...] = ()
    issuer_signatures: tuple[str, ...] = ()
    issued_date: date | None = None
    serial_number_of_copies: str | None = None
    security_class: str | None = None
    secrecy_period: str | None = None
    emergency_degree: EmergencyDegree | None = None
    issued_number: str | None = Field(default=None, examples=["测府办〔2026〕12号"])
    signers: tuple[str, ...] = ()
    main_receivers: tuple[str, ...] = Field(default=(), description="As printed. Empty: as addressed.")
    attachment_notes: tuple[str, ...] = ()
    annotation: str | None = None
    copy_receivers: tuple[str, ...] = ()
    printing_department: str | None = None
    printing_date: date | None = None
    release_level: str | None = None


class FileIn(AskedModel):
    """A file: a part `file` of the form with this file name, or one uploaded before, by its digest."""

    name: str = Field(min_length=1, max_length=200, examples=["通知.pdf"])
    role: FileRole = FileRole.ATTACHMENT
    media_type: str | None = Field(default=None, max_length=200)
    pages: int | None = Field(default=None, ge=1, le=100_000)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class Submission(AskedModel):
    """A document to send."""

    to: tuple[AddressIn, ...] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    metadata: MetadataIn
    kind: BusinessKind = BusinessKind.DOCUMENT
    content: str | None = Field(default=None, max_length=MAX_CONTENT, description="Short text instead of a file.")
    files: tuple[FileIn, ...] = Field(default=(), max_length=MAX_FILES)
    declared_by: Person = Field(description="Who declares that it is not classified 本件不涉密.", examples=["张三"])
    operator: str | None = Field(default=None, max_length=100, description="Who sends it; left out: `declared_by`.")
    reviewed_by: str | None = Field(default=None, max_length=100, description="Who looked again when it was held.")
    sign_within_hours: int | None = Field(default=None, ge=1, le=MOST_HOURS)
    handle_within_hours: int | None = Field(default=None, ge=1, le=MOST_HOURS)
    reply_required: bool = False
    in_reply_to: str | None = Field(default=None, max_length=36)
    supersedes: str | None = Field(default=None, max_length=36)
    reference: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The office's own id. The same one is one document, for ever.",
        examples=["OA-2026-000123"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A submission and the files that came with it, by name."""

    asked: Submission
    parts: dict[str, UploadFile]


async def read_submission(request: Request) -> Given:
    """A dependency. Raises RequestValidationError, RefusedError (HTTP_TYPE)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return Given(asked=_submission(await request.body()), parts={})
    if kind != "multipart/form-data":
        raise RefusedError("Content-Type: expected application/json or multipart/form-data", code="HTTP_TYPE")
    form = await request.form()  # within the bounds of whoever read it first (`once.py`)
    document = form.get(_FORM)
    if isinstance(document, UploadFile):  # a part of its own type is taken for a file
        document = (await document.read()).decode("utf-8", "replace")
    parts: dict[str, UploadFile] = {}
    for name, value in form.multi_items():
        if name != _FORM and isinstance(value, UploadFile):
            if value.filename in parts:
                raise InvalidValueError(f"files: two parts have the name {value.filename!r}", code="FILE_NAME")
            parts[value.filename or ""] = value
    return Given(asked=_submission((document or "").encode()), parts=parts)


def _submission(body: bytes) -> Submission:
    try:
        return Submission.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error


def submit_given(face: NodeFace, sender: UnitCode, given: Given, reference: str) -> Submitted:
    """Files that came along count in the unit's day, as uploads do, before any is stored. Raises as `draft_of` and
    `Submitter.submit`, AllowanceError and LimitError as `ProgramQuota`."""
    draft = draft_of(face.node, face.uploads, sender, given, reference)
    coming = sum(part.size or 0 for part in given.parts.values())
    if coming and face.submitter.before(draft) is None:  # whoever asks again sends nothing
        face.quota.check(sender, coming)
        face.quota.take(sender, coming)
    return face.submitter.submit(draft)


def draft_of(node: Node, uploads: UploadedFiles, sender: UnitCode, given: Given, reference: str) -> Draft:
    """What `exchange.services.node.submit` takes. Raises InvalidValueError, FileMissingError."""
    asked, directory = given.asked, node.verifier().directory
    return Draft(
        sender=sender,
        kind=asked.kind,
        to=addresses_of(asked.to),
        metadata=_metadata(asked, directory, sender, node.clock.now()),
        content=asked.content,
        files=tuple(_files(node, uploads, sender, given)),
        operator=asked.operator or asked.declared_by,
        declared_by=asked.declared_by,
        reviewed_by=asked.reviewed_by,
        sign_within_hours=asked.sign_within_hours,
        handle_within_hours=asked.handle_within_hours,
        reply_required=asked.reply_required,
        in_reply_to=asked.in_reply_to,
        supersedes=asked.supersedes,
        reference=asked.reference or reference,
    )


def addresses_of(given: tuple[AddressIn, ...]) -> tuple[Address, ...]:
    return tuple(Address(to=one.to, role=one.role, print_quota=one.print_quota, paper=one.paper) for one in given)


def _metadata(asked: Submission, directory: Directory, sender: UnitCode, now: datetime) -> Metadata:
    given, own = asked.metadata, name_of(directory, sender)
    values = {name: getattr(given, name) for name in MetadataIn.model_fields}
    local = now.astimezone(COUNTY_TIME)

    def printed(role: RecipientRole) -> tuple[str, ...]:
        return tuple(_printed(directory, one.to) for one in asked.to if one.role is role)

    return Metadata(
        **values
        | {
            "document_type": _document_type(given.document_type),
            "document_identifier": given.document_identifier
            or asked.reference
            or given.issued_number
            or f"{sender}-{local:%Y%m%d%H%M%S%f}",
            "issuer_identification": given.issuer_identification or (own,),
            "issuer_signatures": given.issuer_signatures or (own,),
            "issued_date": given.issued_date or local.date(),
            "main_receivers": given.main_receivers or printed(RecipientRole.MAIN),
            "copy_receivers": given.copy_receivers or printed(RecipientRole.COPY),
        }
    )


def _printed(directory: Directory, address: str) -> str:
    """What a document prints as its receiver: names, never codes."""
    group = directory.by_group.get(address)
    return group.name if group else name_of(directory, address)


def _document_type(text: str) -> DocumentType:
    for known in DocumentType:
        if text in (known.value, known.chinese):
            return known
    names = "、".join(known.chinese for known in DocumentType)
    raise InvalidValueError(f"document_type: {text!r} is none of {names}")


def _files(node: Node, uploads: UploadedFiles, sender: UnitCode, given: Given) -> list[DraftFile]:
    listed = {file.name for file in given.asked.files}
    if left := sorted(given.parts.keys() - listed):
        raise InvalidValueError(f"files: sent and not listed: {'、'.join(left[:5])}")
    return [_file(node, uploads, sender, given.parts.get(file.name), file) for file in given.asked.files]


def _file(node: Node, uploads: UploadedFiles, sender: UnitCode, part: UploadFile | None, file: FileIn) -> DraftFile:
    opener: Callable[[], BinaryIO]
    if part is not None:
        opener = partial(_again, part)
        with opener() as stream:
            if file.sha256 is not None and measure(stream).sha256 != file.sha256:
                raise CorruptFileError(f"files: {file.name} is not what its digest says")
    elif file.sha256 is not None:
        uploads.check(sender, file.sha256)
        opener = partial(node.files.open, file.sha256)
    else:
        raise FileMissingError(f"files: {file.name} came with no part and names no upload")
    guessed = mimetypes.guess_type(file.name)[0] or _MEDIA_TYPES.get(file.name.rpartition(".")[2].lower())
    media_type = file.media_type or guessed or "application/octet-stream"
    return DraftFile(role=file.role, name=file.name, media_type=media_type, open=opener, pages=file.pages)


class _View(io.RawIOBase):
    """A file read from its beginning, as often as it is opened; closing the view leaves the file open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is 3.12's
        self._file.seek(self._at)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._at
        self._at = self._file.seek(offset, io.SEEK_END) if whence == io.SEEK_END else offset
        return self._at


def _again(part: UploadFile) -> BinaryIO:
    return io.BufferedReader(_View(part.file))
