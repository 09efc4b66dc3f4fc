"""Links by which an office fetches files from a node by itself.

A link is a random name that nobody can guess, kept here as its digest, and ends at a time; most, when the whole file
was fetched. Not here: HTTP (`exchange.web.node_api.offices`), the files themselves.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from exchange.adapters.share import faults_as_adapter_errors, keep_private

__all__ = ["FileLinks", "Link"]

_OVER_SECONDS: Final = 3600  # how long one that is over is still kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link gives: a file, by its digest, under a name. `once`: until the whole of it was fetched, else whenever
    it is asked for, as people do."""

    sha256: str
    media_type: str
    name: str = ""
    once: bool = True


class FileLinks:
    """One office's, in a folder of the node's that outlives it. May be used by several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def give(self, link: Link, *, until: datetime) -> str:
        """The secret end of its address. Those whose time is long over are forgotten. Raises AdapterError."""
        token = secrets.token_urlsafe(32)
        held = json.dumps({"sha256": link.sha256, "type": link.media_type, "name": link.name, "once": link.once})
        with faults_as_adapter_errors("links"):
            self._forget()
            keep_private(self._folder / f"{_digest(token)}.{int(until.timestamp())}", held.encode())
        return token

    def follow(self, token: str) -> Link | None:
        """None for one that was never given, is over or was used."""
        found = self._held(token)
        if found is None or datetime.now(UTC).timestamp() >= int(found.suffix[1:]):
            return None
        try:
            held = json.loads(found.read_bytes())
        except FileNotFoundError:  # used meanwhile
            return None
        return Link(
            sha256=held["sha256"], media_type=held["type"], name=held.get("name", ""), once=held.get("once", True)
        )

    def end(self, token: str) -> None:
        """The whole was fetched."""
        if (link := self.follow(token)) is not None and link.once and (found := self._held(token)) is not None:
            found.unlink(missing_ok=True)

    def _held(self, token: str) -> Path | None:
        found = self._folder.glob(f"{_digest(token)}.*")
        return next((path for path in found if path.suffix[1:].isdecimal()), None)

    def _forget(self) -> None:
        over = datetime.now(UTC).timestamp() - _OVER_SECONDS
        for path in self._folder.glob("*.*"):
            if path.suffix[1:].isdecimal() and int(path.suffix[1:]) < over:
                path.unlink(missing_ok=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
