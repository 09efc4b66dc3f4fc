"""Between any two pieces of much: a loop that moves or hashes a large file says that it moves, and learns that it is to
end.

Who runs the thread may listen: it raises `Stopping` when it was told to stop. What was done until then stays as if the
power had gone, and the next attempt goes on there; nothing may take it for an outcome. Where nobody listens, nothing
happens.

Not here: who listens (`workers.runner`).
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Stopping", "listening", "pieces", "pulse", "pulsed"]

_PIECE = 1 << 20


class Stopping(BaseException):
    """The thread is told to end, in the middle of something long. No error: who handles those must not handle it."""


class _Here(threading.local):
    """Of each thread its own."""

    listener: Callable[[], None] | None = None


_here = _Here()


def pulse() -> None:
    """Raises Stopping."""
    if _here.listener is not None:
        _here.listener()


@contextmanager
def listening(listener: Callable[[], None]) -> Iterator[None]:
    """`listener` is called at each pulse of this thread's."""
    before, _here.listener = _here.listener, listener
    try:
        yield
    finally:
        _here.listener = before


def pieces(stream: BinaryIO, size: int = _PIECE) -> Iterator[bytes]:
    """All of `stream` from where it stands, in pieces of `size` bytes at most, with a pulse between any two."""
    while piece := stream.read(size):
        yield piece
        if len(piece) == size:  # what is small is not left in the middle
            pulse()


def pulsed(stream: BinaryIO) -> BinaryIO:
    """`stream`, with a pulse between any two pieces that are read: for readers that know of none."""
    return io.BufferedReader(_Pulsed(stream), _PIECE)


class _Pulsed(io.RawIOBase):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._begun = stream, False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        room = memoryview(buffer)
        if self._begun:
            pulse()
        self._begun = True
        piece = self._stream.read(len(room))
        room[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def close(self) -> None:
        self._stream.close()
        super().close()
