"""Telling programs: one POST to where a program wants it."""

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Poster"]


class Poster(Protocol):
    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Follows no redirect. Raises TransportError when there is none."""
        ...
