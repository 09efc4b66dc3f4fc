"""Plain text files, read for the secrecy gate: UTF-8 with or without a mark, UTF-16 with one, GB18030.

A `TextSource`. Every other kind of file is NOT_LOOKED_AT. Limits: only the first 256 KiB of a file are read.
"""

import codecs
from collections.abc import Callable
from typing import BinaryIO

from exchange.ports.text import NOT_LOOKED_AT, FileText

__all__ = ["PlainText"]

MAX_BYTES = 256 * 1024
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class PlainText:
    def lines(self, name: str, media_type: str, open_file: Callable[[], BinaryIO]) -> FileText:
        """The lines of a text/plain file, or of one so named; None if it is in no encoding that we know."""
        if media_type != "text/plain" and not name.casefold().endswith(".txt"):
            return NOT_LOOKED_AT
        with open_file() as file:
            raw = _read(file, MAX_BYTES + 1)
        text = _decode(raw[:MAX_BYTES], whole=len(raw) <= MAX_BYTES)
        return None if text is None else text.splitlines()


def _read(file: BinaryIO, limit: int) -> bytes:
    parts, left = [], limit
    while left and (part := file.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _decode(raw: bytes, *, whole: bool) -> str | None:
    """`raw` as text. What is not `whole` may end within a character."""
    marked = [encoding for mark, encoding in _MARKS.items() if raw.startswith(mark)]
    for encoding in marked or ["utf-8", "gb18030"]:
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(raw, final=whole)
        except UnicodeDecodeError:
            continue
        # Nearly any bytes are characters in GB18030, but no text holds a NUL.
        return None if "\x00" in text else text
    return None
