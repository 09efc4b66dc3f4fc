"""The directory that a store holds, the hub's or a node's, read again only when its version has changed.

What a store holds was signed or verified before it was stored, so its signature is not asked for again here.
"""

from typing import Protocol

from exchange.codec.read import read_directory
from exchange.directory.snapshot import Directory
from exchange.errors import DirectoryError
from exchange.ports.records import DirectoryRecord
from exchange.trust.verify import Verifier

__all__ = ["HoldsDirectory", "directory_of", "verifier_of"]


class HoldsDirectory(Protocol):
    """A session of either kind of store."""

    def directory(self) -> DirectoryRecord | None: ...
    def directory_version(self) -> int: ...


def verifier_of(session: HoldsDirectory, known: Verifier | None) -> Verifier:
    """The verifier under the directory held now: `known` while that has not changed. Raises DirectoryError when there
    is none."""
    if known is not None and known.directory.version == session.directory_version():
        return known
    return Verifier(directory_of(session.directory()))


def directory_of(record: DirectoryRecord | None) -> Directory:
    """Raises DirectoryError when there is none."""
    if record is None:
        raise DirectoryError("there is no directory here yet", code="DIRECTORY_MISSING")
    return read_directory(record.document)
