"""Envelope <-> its canonical body (namespace `urn:yidi:envelope:1`, `schemas/envelope-1.xsd`).

Not here: the signature around a body (`signed.py`), files (`exchange.ports.files`).
"""

from exchange.codec.canonical import attribute, element, moment, optional
from exchange.codec.extension import read_extensions, write_extensions
from exchange.codec.kind import DocumentKind
from exchange.codec.metadata import read_metadata, write_metadata
from exchange.codec.reader import Fields, read_body
from exchange.errors import XmlError
from exchange.model.document import BusinessKind
from exchange.model.envelope import (
    Declaration,
    Envelope,
    EnvelopeId,
    FileEntry,
    FileRole,
    Recipient,
    RecipientRole,
)
from exchange.model.unit import HubId, UnitCode

__all__ = ["decode", "encode"]

_ROLES = {role.value: role for role in RecipientRole}


def encode(envelope: Envelope) -> bytes:
    """The body to sign: exclusive C14N, so the same envelope always gives the same bytes."""
    content = envelope.content
    return "".join(
        (
            f'<Envelope xmlns="{DocumentKind.ENVELOPE.namespace}" Id="e-{envelope.id}" version="1">',
            _write_exchange(envelope),
            write_metadata(envelope.metadata),
            optional("Content", content),
            _write_manifest(envelope.files),
            write_extensions(envelope.extensions),
            "</Envelope>",
        )
    ).encode()


def _write_exchange(envelope: Envelope) -> str:
    sign_by, handle_by = envelope.sign_by, envelope.handle_by
    declaration = envelope.declaration
    groups = "".join([element("Group", group) for group in envelope.groups])
    return "".join(
        (
            "<Exchange>",
            element("EnvelopeId", envelope.id),
            element("Hub", envelope.hub),
            element("Kind", envelope.kind.value),
            element("Sender", envelope.sender),
            _write_recipients(envelope.recipients),
            f"<Groups>{groups}</Groups>" if groups else "",
            f"<DirectoryVersion>{envelope.directory_version}</DirectoryVersion>",
            element("Created", moment(envelope.created)),
            optional("SignBy", None if sign_by is None else moment(sign_by)),
            optional("HandleBy", None if handle_by is None else moment(handle_by)),
            element("ReplyRequired", "true" if envelope.reply_required else "false"),
            optional("InReplyTo", envelope.in_reply_to),
            optional("Supersedes", envelope.supersedes),
            "<Declaration>",
            element("DeclaredBy", declaration.name),
            element("DeclaredAt", moment(declaration.at)),
            optional("ReviewedBy", declaration.reviewed_by),
            "</Declaration>",
            element("Operator", envelope.operator),
            "</Exchange>",
        )
    )


def _write_recipients(recipients: tuple[Recipient, ...]) -> str:
    written = [
        f'<Recipient paper="{"true" if to.paper else "false"}" printQuota="{to.print_quota}" role="{to.role.value}">'
        f"{to.unit}</Recipient>"
        for to in recipients
    ]
    return f"<Recipients>{''.join(written)}</Recipients>"


def _write_manifest(files: tuple[FileEntry, ...]) -> str:
    if not files:
        return ""
    return f"<Manifest>{''.join([_write_file(file) for file in files])}</Manifest>"


def _write_file(file: FileEntry) -> str:
    return "".join(
        (
            f'<File role="{attribute(file.role.value)}">',
            element("Name", file.name),
            element("MediaType", file.media_type),
            f"<Size>{file.size}</Size>",
            element("Sha256", file.sha256),
            element("Sm3", file.sm3),
            "" if file.pages is None else f"<Pages>{file.pages}</Pages>",
            "</File>",
        )
    )


def decode(body: bytes) -> Envelope:
    """Read a body. Raises XmlError (code of the rule broken, or SCHEMA) and LimitError."""
    return read_body(body, DocumentKind.ENVELOPE, _read)


def _read(fields: Fields, id_in_root: str) -> Envelope:
    exchange = fields.fields("Exchange")
    id_ = exchange.text("EnvelopeId")
    if id_ != id_in_root:
        raise XmlError("Envelope: its Id is not 'e-' and its EnvelopeId", code="SCHEMA")
    declaration = exchange.fields("Declaration")
    return Envelope(
        id=EnvelopeId(id_),
        hub=HubId(exchange.text("Hub")),
        kind=BusinessKind(exchange.text("Kind")),
        sender=UnitCode(exchange.text("Sender")),
        recipients=_read_recipients(exchange.fields("Recipients")),
        groups=_read_groups(exchange),
        directory_version=int(exchange.text("DirectoryVersion")),
        created=exchange.moment("Created"),
        sign_by=exchange.optional_moment("SignBy"),
        handle_by=exchange.optional_moment("HandleBy"),
        reply_required=exchange.flag("ReplyRequired"),
        in_reply_to=_optional_id(exchange.optional("InReplyTo")),
        supersedes=_optional_id(exchange.optional("Supersedes")),
        declaration=Declaration(
            name=declaration.text("DeclaredBy"),
            at=declaration.moment("DeclaredAt"),
            reviewed_by=declaration.optional("ReviewedBy"),
        ),
        operator=exchange.text("Operator"),
        metadata=read_metadata(fields.fields("Metadata")),
        content=fields.optional("Content"),
        files=_read_files(fields),
        extensions=read_extensions(fields.many("Extensions")),
    )


def _optional_id(text: str | None) -> EnvelopeId | None:
    return None if text is None else EnvelopeId(text)


def _read_groups(exchange: Fields) -> tuple[str, ...]:
    return tuple(group for groups in exchange.each("Groups") for group in groups.texts("Group"))


def _read_recipients(recipients: Fields) -> tuple[Recipient, ...]:
    return tuple(
        [
            Recipient(
                unit=UnitCode(node.text or ""),
                role=_ROLES[node.get("role", "")],
                print_quota=int(node.get("printQuota", "")),
                paper=node.get("paper") == "true",
            )
            for node in recipients.many("Recipient")
        ]
    )


def _read_files(fields: Fields) -> tuple[FileEntry, ...]:
    return tuple(_read_file(file) for manifest in fields.each("Manifest") for file in manifest.each("File"))


def _read_file(file: Fields) -> FileEntry:
    pages = file.optional("Pages")
    return FileEntry(
        role=FileRole(file.element.get("role", "")),
        name=file.text("Name"),
        media_type=file.text("MediaType"),
        size=int(file.text("Size")),
        sha256=file.text("Sha256"),
        sm3=file.text("Sm3"),
        pages=None if pages is None else int(pages),
    )
