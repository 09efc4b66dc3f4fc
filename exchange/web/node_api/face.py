"""What the node's HTTP is made of, and what every part of it asks for.

Not here: where any of it comes from (`workers.programs`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Query

from exchange.adapters.links import FileLinks
from exchange.codec.read import read_envelope, read_receipt
from exchange.directory.snapshot import Directory
from exchange.errors import FileMissingError, RefusedError
from exchange.model.envelope import EnvelopeKey, FileEntry, parse_envelope_id
from exchange.model.program import Scope
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.office import OfficeCalls
from exchange.ports.telemetry import Log
from exchange.services.node.confirm import Confirmer
from exchange.services.node.decide import Decider
from exchange.services.node.mark import Marker
from exchange.services.node.node import Node
from exchange.services.node.program_quota import ProgramQuota
from exchange.services.node.recall import Recaller
from exchange.services.node.reissue import Reissuer
from exchange.services.node.submit import Submitter
from exchange.services.node.tell_programs import Webhooks
from exchange.services.node.tokens import Tokens
from exchange.services.node.uploaded import UploadedFiles
from exchange.settings import NodeApi
from exchange.web.node_api.door import Caller, Door, UnitOf
from exchange.web.node_api.shapes import DocumentShape, document_shape

__all__ = ["BASE", "Found", "Held", "NodeFace", "key_in", "look", "received", "sent"]

BASE: Final = "/api/v1"

DocumentId = Annotated[
    str,
    Path(
        pattern="^[0-9a-f-]{36}$",
        description="The envelope's id.",
        examples=["3f2a9c01-7a0b-4c61-9f0e-6f1c1f6e53a5"],
    ),
]
SenderOf = Annotated[
    str | None,
    Query(alias="sender", max_length=20, description="Code of the sender, in case two senders chose the same id."),
]


def _none(name: str) -> None:  # as it is asked
    """For a node whose offices do nothing by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFace:
    """`links`, `calls`: of an office, by the name of its table."""

    node: Node
    submitter: Submitter
    decider: Decider
    recaller: Recaller
    confirmer: Confirmer
    marker: Marker
    reissuer: Reissuer
    tokens: Tokens
    uploads: UploadedFiles
    quota: ProgramQuota
    webhooks: Webhooks
    log: Log
    settings: NodeApi
    links: Callable[[str], FileLinks | None] = _none
    calls: Callable[[str], OfficeCalls | None] = _none

    def directory(self) -> Directory:
        return self.node.verifier().directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A document as its unit holds it."""

    document: bytes
    shape: DocumentShape
    files: dict[str, FileEntry]

    def file(self, sha256: str) -> FileEntry:
        """Raises FileMissingError."""
        if sha256 not in self.files:
            raise FileMissingError(f"the document has no file {sha256[:64]}")
        return self.files[sha256]


def key_in(face: NodeFace, unit: UnitCode, box: Box, document_id: str, sender: str | None = None) -> EnvelopeKey:
    """Raises RefusedError (NOT_FOUND, AMBIGUOUS), InvalidValueError (ENVELOPE_ID)."""
    wanted = parse_envelope_id(document_id)
    with face.node.store.look() as session:
        found = [key for _, key in session.find(unit, box, wanted) if sender in (None, key.sender)]
    if not found:
        verb = "received" if box is Box.INBOX else "sent"
        raise RefusedError(f"{unit} has {verb} no document {document_id}", code="NOT_FOUND")
    if len(found) > 1:
        names = ", ".join(key.sender for key in found)
        raise RefusedError(f"{document_id} came from several senders, say which: {names}", code="AMBIGUOUS")
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document that is there, as a program asked for it."""

    caller: Caller
    unit: UnitCode
    key: EnvelopeKey


def sent(face: NodeFace, door: Door, scope: Scope) -> Callable[..., Found]:
    """A dependency: the document of the path, which the caller's unit sent."""
    admitted = door.needing(scope)

    def find(document_id: DocumentId, unit: UnitOf = None, caller: Caller = Depends(admitted)) -> Found:
        owner = caller.one_unit(unit)
        return Found(caller=caller, unit=owner, key=key_in(face, owner, Box.SENT, document_id))

    return find


def received(face: NodeFace, door: Door, scope: Scope) -> Callable[..., Found]:
    """A dependency: the document of the path, which the caller's unit received."""
    admitted = door.needing(scope)

    def find(
        document_id: DocumentId, unit: UnitOf = None, sender: SenderOf = None, caller: Caller = Depends(admitted)
    ) -> Found:
        owner = caller.one_unit(unit)
        return Found(caller=caller, unit=owner, key=key_in(face, owner, Box.INBOX, document_id, sender))

    return find


def look(face: NodeFace, box: Box, found: Found) -> Held:
    """All that its unit holds of it."""
    unit, key = found.unit, found.key
    with face.node.store.look() as session:
        record = session.documents(box, [(unit, key)])[(unit, key)]
        deliveries = session.deliveries(unit, key)
        receipts = session.receipts_of(unit, key)
    envelope = read_envelope(record.document)
    return Held(
        document=record.document,
        shape=document_shape(
            face.directory(), envelope, record.digest, deliveries, [read_receipt(one.document) for one in receipts]
        ),
        files={file.sha256: file for file in envelope.files},
    )
