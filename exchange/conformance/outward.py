"""What an adapter does outside of its process, as Python itself reports it: questions over sockets, statements on
SQLite, changes of files.

    before a question goes out     `reach("question ...")`
    when its answer has come       `reach("answer ...")`: the office has acted, and nobody here knows it yet
    before a file is changed       `reach("rename ...")`
    after a statement              `reach("statement ...")`

Whatever `reach` raises is raised there: the death of the process, or the failure of a line. Only the thread that
watches is watched, and only within `watching`.

Not here: what is made of it.

Limits: a library that talks past Python's sockets (libpq, ODBC) is not seen; its bench has `watch`.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

__all__ = ["LineCutError", "Outward"]

Reach = Callable[[str], None]

_SENDS: Final = frozenset({"send", "sendall", "sendmsg", "write"})
_READS: Final = frozenset({"recv", "recv_into", "read"})
_STATEMENTS: Final = frozenset({"execute", "executemany", "executescript", "commit"})
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES: Final = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link"})


class LineCutError(ConnectionResetError):
    """Raised before a question, it cuts the question's line instead."""


@dataclass
class Outward:
    """`roots`: folders beneath which files count. `patient`: what a socket waited for without any limit."""

    roots: Sequence[Path] = ()
    patient: list[str] = field(default_factory=list)
    questions: int = 0
    _asked: bool = False

    @contextmanager
    def watching(self, reach: Reach) -> Iterator[None]:
        global _told  # noqa: PLW0603  # an audit hook stays for ever, so it must be told where to look
        self._asked, before = False, sys.getprofile()
        _told = (tuple(str(root) for root in self.roots), reach)

        def profile(_frame: FrameType, event: str, function: Any) -> None:
            if event == "c_call":
                self._calls(function, reach)
            elif event == "c_return":
                self._returned(function, reach)

        sys.setprofile(profile)
        try:
            yield
        finally:
            sys.setprofile(before)
            _told = None

    def _calls(self, function: Any, reach: Reach) -> None:
        if (name := function.__name__) in _SENDS and _is_line(function):
            if not self._asked:
                self._asked = True
                self.questions += 1
                _ask(function, reach)
        elif name in _READS and _is_line(function) and _never_ends(function):
            self.patient.append(name)

    def _returned(self, function: Any, reach: Reach) -> None:
        name = function.__name__
        if name in _READS and self._asked and _is_line(function):
            self._asked = False
            with _dying(function):
                reach("answer")
        elif name in _STATEMENTS and type(function.__self__).__module__ == "sqlite3":
            reach("statement")


@contextmanager
def _dying(function: Any) -> Iterator[None]:
    """A dead process has no sockets, whatever a library would still do with its own."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        _socket_of(function).close()
        raise


def _ask(function: Any, reach: Reach) -> None:
    try:
        with _dying(function):
            reach("question")
    except LineCutError:
        _socket_of(function).shutdown(socket.SHUT_RDWR)  # for good: what is sent or read next fails by itself


def _is_line(function: Any) -> bool:
    """Whether it is a socket's own, bare or below TLS."""
    owner = function.__self__
    return isinstance(owner, socket.socket) or type(owner).__name__ == "_SSLSocket"


def _never_ends(function: Any) -> bool:
    return _socket_of(function).gettimeout() is None


def _socket_of(function: Any) -> socket.socket:
    """Also of one below TLS."""
    owner = function.__self__
    found = getattr(owner, "owner", owner)
    assert isinstance(found, socket.socket)
    return found


_told: tuple[tuple[str, ...], Reach] | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _told is None or not (event == "open" or event in _CHANGES):
        return
    roots, reach = _told
    path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | Path) else ""
    if not path.startswith(roots):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES):
        return
    reach(f"{event.removeprefix('os.')} {Path(path).name}")


sys.addaudithook(_hook)
