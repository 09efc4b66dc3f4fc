"""The hub's files over HTTP: tus 1.0 up, Range down. A cut costs only what was on the line.

Not here: hashing what came; whoever stores it does (`exchange.services.node.fetch`).
"""

import base64
from typing import Final

from exchange.errors import StorageError, TransportError
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.remote.client import HubClient

__all__ = ["HttpFileExchange"]

_TUS: Final = {"Tus-Resumable": "1.0.0"}
_ATTEMPTS: Final = 3


class HttpFileExchange:
    """Implements `exchange.ports.files.FileExchange`. What the hub refuses is raised as it is within one process."""

    def __init__(self, client: HubClient) -> None:
        self._client = client

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        metadata = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode('ascii')}"
            for key, value in (("sha256", entry.sha256), ("sm3", entry.sm3))
        )
        headers = _TUS | {"Upload-Length": str(entry.size), "Upload-Metadata": metadata}
        return _offset(self._client.ask("POST", "/v1/files", unit=unit, headers=headers).headers.get("upload-offset"))

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        try:
            return self._send(unit, entry, offset, chunk)
        except TransportError as error:
            if error.code != "HUB_CUT":
                raise
            return self._resume(unit, entry, offset, chunk, error)

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        """Fewer bytes than asked for when the line was cut: the next call goes on from there."""
        if limit <= 0:
            return b""
        headers = {"Range": f"bytes={offset}-{offset + limit - 1}"}
        answer = self._client.ask("GET", f"/v1/files/{sha256}", unit=unit, headers=headers, partial=True)
        if answer.status == 416:
            return b""  # at its end, or an empty file
        if answer.status != 206 or not answer.headers.get("content-range", "").startswith(f"bytes {offset}-"):
            raise TransportError("the hub sent another part of the file", code="HUB_STRANGE")
        return answer.body[:limit]

    def _send(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        path = f"/v1/uploads/{entry.sha256}.{entry.size}.{entry.sm3}"
        headers = _TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        answer = self._client.ask("PATCH", path, unit=unit, headers=headers, body=chunk, again=False)
        return _offset(answer.headers.get("upload-offset"))

    def _resume(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes, cut: TransportError) -> int:
        """Go on from wherever the hub stands, as long as every attempt brings it further or it may yet be writing."""
        end, reached, left = offset + len(chunk), offset, _ATTEMPTS
        while left:
            held = self.offset(unit, entry)
            if held == end:
                return held
            if not reached <= held < end:
                break  # another upload of the same file goes on, or the hub gave this one up
            left = _ATTEMPTS if held > reached else left - 1
            reached = held
            try:
                return self._send(unit, entry, held, chunk[held - offset :])
            except TransportError as error:
                if error.code != "HUB_CUT":
                    raise
                cut = error
            except StorageError as error:
                if error.code != "OFFSET":
                    raise
        raise cut


def _offset(field: str | None) -> int:
    if field is None or not field.isascii() or not field.isdigit():
        raise TransportError("the hub did not say how much it has", code="HUB_STRANGE")
    return int(field)
