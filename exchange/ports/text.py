"""The text inside a document's files, as far as somebody can read it: what the secrecy gate looks at."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import BinaryIO, Literal, Protocol

__all__ = ["NOT_LOOKED_AT", "FileText", "TextSource", "Unseen"]


class Unseen(Enum):
    """Nobody here reads this kind of file; unlike a file that should be readable and is not."""

    NOT_LOOKED_AT = "not looked at"


NOT_LOOKED_AT: Literal[Unseen.NOT_LOOKED_AT] = Unseen.NOT_LOOKED_AT

# Lines in reading order; None for a kind known to carry text when it cannot be read (a scan, say).
FileText = Sequence[str] | None | Literal[Unseen.NOT_LOOKED_AT]


class TextSource(Protocol):
    def lines(self, name: str, media_type: str, open_file: Callable[[], BinaryIO]) -> FileText:
        """The file's text, line by line from the top of page one. A kind that is not read is not opened."""
        ...
