"""What was signed, byte for byte, of a document that was sent or received: itself, its receipts, and all of it in one
file with the signed directory. Each verifies by itself with any XML signature tool and the directory's keys.

Not here: the package with the ledger's proofs, which is the hub's (`yidi evidence export`).
"""

import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from exchange.ports.node import Box
from exchange.web.node_api.answers import XML, ReceiptIdOf, send_receipt
from exchange.web.node_api.face import BASE, Found, NodeFace, look
from exchange.web.node_api.page import errors

__all__ = ["add_originals"]

_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "zip",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_IN_MEMORY: Final = 4 * 1024 * 1024
_PIECE: Final = 256 * 1024


def add_originals(router: APIRouter, face: NodeFace, box: Box, name: str, reading: Any) -> None:
    """Under `name` of the interface. `reading`: the dependency that finds the document, for who may read that box."""
    one = f"{BASE}/{name}/{{document_id}}"

    @router.get(
        f"{one}/envelope",
        summary="签名原文 The signed document, byte for byte",
        description="Any XML signature tool verifies it. Scope `read`.",
        responses=errors(404, 409) | XML,
        response_class=Response,
        tags=[name],
    )
    def envelope(found: Found = reading) -> Response:
        return Response(look(face, box, found).document, media_type="application/xml")

    @router.get(
        f"{one}/evidence",
        summary="本机所持凭证 All that this node holds of it",
        description="A zip of the signed document, every signed receipt and the signed directory, byte for byte. The "
        "package with the ledger's proofs is made at the hub. Scope `read`.",
        responses=errors(404, 409) | _ZIP,
        response_class=Response,
        tags=[name],
    )
    def evidence(found: Found = reading) -> Response:
        return _send_evidence(face, box, found)

    @router.get(
        f"{one}/receipts/{{receipt_id}}",
        summary="签名回执 A signed receipt, byte for byte",
        description="Scope `read`.",
        responses=errors(404, 409) | XML,
        response_class=Response,
        tags=[name],
    )
    def receipt(receipt_id: ReceiptIdOf, found: Found = reading) -> Response:
        return send_receipt(face, found, receipt_id)


def _send_evidence(face: NodeFace, box: Box, found: Found) -> Response:
    with face.node.store.look() as session:
        document = session.documents(box, [(found.unit, found.key)])[(found.unit, found.key)]
        receipts, directory = session.receipts_of(found.unit, found.key), session.directory()
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # `_pieces` closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("envelope.xml", document.document)
        for receipt in receipts:
            package.writestr(f"receipts/{receipt.event.value}-{receipt.id}.xml", receipt.document)
        if directory is not None:
            package.writestr("directory.xml", directory.document)
    name = f'attachment; filename="{found.key.id}.zip"'
    return StreamingResponse(_pieces(file), headers={"Content-Disposition": name}, media_type="application/zip")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
