"""All that a node holds of a document, in one file: the signed document, every signed receipt, the signed directory,
byte for byte. Each verifies by itself with any XML signature tool and the directory's keys.

Not here: the package with the ledger's proofs, which is the hub's (`yidi evidence export`).
"""

import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Final

from fastapi import Response
from fastapi.responses import StreamingResponse

from exchange.ports.node import Box
from exchange.web.node_api.face import Found, NodeFace

__all__ = ["EVIDENCE_WORDS", "ZIP", "send_evidence"]

EVIDENCE_WORDS: Final = (
    "A zip of the signed document, every signed receipt and the signed directory, byte for byte. The package with the "
    "ledger's proofs is made at the hub. Scope `read`."
)
ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "zip",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_IN_MEMORY: Final = 4 * 1024 * 1024
_PIECE: Final = 256 * 1024


def send_evidence(face: NodeFace, box: Box, found: Found) -> Response:
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
