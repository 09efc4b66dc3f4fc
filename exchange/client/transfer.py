"""Files to and from a node, each going on where it was cut; what comes down is hashed before it is believed.

Not here: everything else that is asked (`exchange.client.node`).
"""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2

from exchange.client.errors import NodeError, refusal
from exchange.client.pace import pause

__all__ = ["Transfer"]

# Read from the disk at once, and sent in one request: a gigabyte in pieces of one MiB would be too many for a minute.
_PIECE: Final = 1024 * 1024
_REQUEST: Final = 64 * _PIECE
_TUS: Final = {"Tus-Resumable": "1.0.0"}


class Transfer:
    """`http` knows the node's address and the token. `tries`: how often in a row nothing may move."""

    def __init__(self, http: httpx2.Client, tries: int) -> None:
        self._http, self._tries = http, tries

    def upload(self, path: Path, params: dict[str, str]) -> str:
        """Returns its SHA-256, by which a document names it."""
        sha256, size = _measured(path)
        metadata = f"sha256 {base64.b64encode(sha256.encode()).decode('ascii')}"
        fields = _TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata}
        failures = reached = 0
        while True:
            try:
                begun = _checked(self._http.post("/api/v1/uploads", headers=fields, params=params))
                offset, where = int(begun.headers["upload-offset"]), begun.headers["location"]
                failures = 0 if offset > reached else failures
                reached = offset
                while offset < size:
                    reached = offset = self._send(path, where, offset, min(_REQUEST, size - offset))
                    failures = 0
                return sha256
            except (httpx2.HTTPError, NodeError) as error:
                failures += 1
                _wait_or_give_up(error, failures, self._tries)

    def fetch(self, path: str, params: dict[str, str], sha256: str, target: Path) -> None:
        """Into `target`, which is there as a whole or not at all; what was cut waits beside it."""
        part, failures = target.with_name(target.name + ".part"), 0
        while True:
            held = part.stat().st_size if part.exists() else 0
            try:
                self._receive(path, params, part, held)
                break
            except (httpx2.HTTPError, NodeError) as error:
                moved = part.exists() and part.stat().st_size > held
                failures = 0 if moved else failures + 1
                _wait_or_give_up(error, failures, self._tries)
        if _measured(part)[0] != sha256:
            part.unlink()
            raise NodeError(0, {"code": "FILE_CORRUPT", "detail": f"{target}: not the bytes that were signed"})
        part.replace(target)

    def _send(self, path: Path, where: str, offset: int, count: int) -> int:
        about = {"Upload-Offset": str(offset), "Content-Length": str(count)}
        fields = _TUS | about | {"Content-Type": "application/offset+octet-stream"}
        answer = self._http.patch(where, content=_pieces(path, offset, count), headers=fields)
        return int(_checked(answer).headers["upload-offset"])

    def _receive(self, path: str, params: dict[str, str], part: Path, held: int) -> None:
        fields = {"Range": f"bytes={held}-"} if held else {}
        with self._http.stream("GET", path, params=params, headers=fields) as answer:
            if answer.status_code == 416:
                return  # all of it is here
            if not answer.is_success:
                answer.read()
                _checked(answer)
            with part.open("ab" if answer.status_code == 206 else "wb") as file:
                for piece in answer.iter_raw():
                    file.write(piece)


def _pieces(path: Path, offset: int, count: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while count and (piece := file.read(min(count, _PIECE))):
            count -= len(piece)
            yield piece


def _measured(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
        return found.hexdigest(), file.tell()


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if not answer.is_success:
        raise refusal(answer)
    return answer


def _wait_or_give_up(error: Exception, failures: int, tries: int) -> None:
    """Raises NodeError unless trying again may help. What moved goes on at once."""
    if isinstance(error, NodeError):
        if error.status not in (409, 429, 503) or failures >= tries:
            raise error
    elif failures >= tries:
        raise NodeError(0, {"code": "UNREACHABLE", "detail": repr(error)}) from error
    if failures:
        pause(failures, error)
