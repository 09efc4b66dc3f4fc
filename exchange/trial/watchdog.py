"""What a program started ends with it, also when it is killed and cannot see to that itself.

A shell waits at the other end of a pipe: when whoever holds this end is gone, it kills the group of processes and
removes their folder. Not here: ending them in order, which their owner does (`servers`, `process`).
"""

import contextlib
import subprocess
from pathlib import Path

__all__ = ["Watchdog"]

# A line: it is not needed any more. The end of the pipe: nobody is left.
_WATCH = 'read -r line && exit; kill -s KILL -- "-$1"; [ -z "$2" ] || rm -rf -- "$2"'


class Watchdog:
    """Over the process group `group`, and `folder` if it is to go, too. `dismiss` it once the group has ended."""

    def __init__(self, group: int, folder: Path | None = None) -> None:
        self._shell = subprocess.Popen(  # noqa: S603  # fixed, but for a number and a folder of ours
            ["/bin/sh", "-c", _WATCH, "sh", str(group), str(folder or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        assert self._shell.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._shell.stdin as line:
            line.write(b"\n")
        self._shell.wait()
