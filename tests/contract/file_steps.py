"""Steps in the file system: what a piece of code makes, writes, renames or removes, as Python reports it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_steps"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link"}
_told: tuple[str, Callable[[str], None]] | None = None


@contextmanager
def file_steps(root: Path, reach: Callable[[str], None]) -> Iterator[None]:
    """Within it, `reach` is told before each change beneath `root`, and the change is not made if it raises."""
    global _told  # noqa: PLW0603  # an audit hook stays for ever, so it must be told where to look
    _told = (str(root), reach)
    try:
        yield
    finally:
        _told = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _told is None or not (event == "open" or event in _CHANGES):
        return
    root, reach = _told
    path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | Path) else ""
    if not path.startswith(root):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES):
        return
    reach(f"{event} {Path(path).name}")


sys.addaudithook(_hook)
