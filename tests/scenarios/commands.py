"""The command `yidi` as people start it: a process of its own."""

import subprocess
import sys
from pathlib import Path

__all__ = ["PROGRAM", "yidi"]

PROGRAM = (sys.executable, "-c", "from exchange.cli import main; main()")


def yidi(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=150, check=False)
