"""Where a node learns of a newer directory. What it gets is untrusted until the anchored directory key has been
checked."""

from typing import Protocol

__all__ = ["DirectoryFeed"]


class DirectoryFeed(Protocol):
    def newer(self, version: int) -> bytes | None:
        """The hub's latest snapshot if its version is above `version`, else None. Raises TransportError."""
        ...
