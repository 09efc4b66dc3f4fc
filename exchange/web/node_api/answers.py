"""What several parts of the node's HTTP answer and take alike: pages, receipts, files, and a document to send.

Not here: what one of them alone has.
"""

from typing import Annotated, Any, Final

from fastapi import Path, Response
from pydantic import BaseModel, Field

from exchange.errors import RefusedError
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.programs import Place, Wanted
from exchange.services.node.submit import Submitted
from exchange.web.node_api.face import Found, NodeFace
from exchange.web.node_api.paging import place_of, word_of
from exchange.web.node_api.shapes import PageShape, listed_shape

__all__ = [
    "FILE",
    "SUBMISSION",
    "XML",
    "ReceiptIdOf",
    "Sha256",
    "SubmittedShape",
    "page_of",
    "send_receipt",
    "submitted_shape",
]

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]
ReceiptIdOf = Annotated[str, Path(pattern="^[0-9a-f-]{36}$", description="The receipt's id.")]

XML: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "XML", "content": {"application/xml": {"schema": {"type": "string"}}}}
}
_BINARY: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "全部 All of it", "content": _BINARY},
    206: {"description": "一段 A part of it", "content": _BINARY},
    304: {"description": "没有变化 As you have it"},
}


_FORM: Final = {
    "schema": {
        "type": "object",
        "required": ["document"],
        "properties": {
            "document": {"$ref": "#/components/schemas/Submission"},
            "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
    },
    "encoding": {"document": {"contentType": "application/json"}},
}
_EXAMPLE: Final = {
    "to": [{"to": "各镇乡"}, {"to": "520304-004", "role": "copy"}],
    "metadata": {"title": "关于做好防汛工作的通知", "document_type": "通知", "issued_number": "测府办〔2026〕12号"},
    "content": "请各镇做好防汛工作。",
    "declared_by": "张三",
    "reference": "OA-2026-000123",
}
SUBMISSION: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Submission"}, "example": _EXAMPLE},
            "multipart/form-data": _FORM,
        },
    }
}


class SubmittedShape(BaseModel):
    """The document is on stable storage and will reach each recipient, or its sender will be told why not."""

    id: str = Field(description="The tracking number.", examples=["3f2a9c01-7a0b-4c61-9f0e-6f1c1f6e53a5"])
    sender: str
    recipients: list[str]
    again: bool = Field(description="This reference had been submitted before: this is that document.")


def page_of(face: NodeFace, unit: UnitCode, box: Box, wanted: Wanted, after: str | None, limit: int) -> PageShape:
    place, directory = place_of(after), face.directory()
    with face.node.store.look() as session:
        listed = session.page(unit, box, wanted, place, limit + 1)
        locks = session.locks(unit, [record.key for record, _ in listed]) if box is Box.INBOX else {}
    now = face.node.clock.now()
    items = [listed_shape(directory, one, received=box is Box.INBOX) for one in listed[:limit]]
    for item, (record, _) in zip(items, listed, strict=False):
        lock = locks.get(record.key)
        item.locked_until = lock.until if lock is not None and now < lock.until else None
    more = len(listed) > limit
    last = listed[limit - 1][0] if more else None
    return PageShape(items=items, next=word_of(Place(last.received, last.key)) if last else None, limit=limit)


def send_receipt(face: NodeFace, found: Found, receipt_id: str) -> Response:
    """Raises RefusedError (NOT_FOUND)."""
    with face.node.store.look() as session:
        held = [one for one in session.receipts_of(found.unit, found.key) if one.id == receipt_id]
    if not held:
        raise RefusedError(f"there is no receipt {receipt_id}", code="NOT_FOUND")
    return Response(held[0].document, media_type="application/xml")


def submitted_shape(done: Submitted) -> SubmittedShape:
    return SubmittedShape(id=done.key.id, sender=done.key.sender, recipients=list(done.recipients), again=done.again)
