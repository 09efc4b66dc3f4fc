"""Two releases of ours side by side: this one, and the one before the hub's step 0004, as it ran.

`release_before.tar.xz` holds its packages and schemas, so that a checkout needs no history. It runs on the libraries of
this one. A later release is put in its place by `git archive REVISION exchange workers schemas | xz -9e`.
"""

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from exchange.trial.process import Program

__all__ = ["Release"]

_ROOT = Path(__file__).resolve().parent.parent.parent
_BEFORE = Path(__file__).with_name("release_before.tar.xz")
_QUICK = {"FLOOR_SECONDS": "0.2", "BASE_SECONDS": "0.5", "CAP_SECONDS": "4", "CONFIRMED_SECONDS": "3"}


@dataclass(frozen=True, slots=True)
class Release:
    """Commands and processes of the release whose packages lie in `source`."""

    source: Path

    @classmethod
    def this(cls) -> Self:
        return cls(_ROOT)

    @classmethod
    def before(cls, folder: Path) -> Self:
        """Unpacked into `folder`."""
        with tarfile.open(_BEFORE) as archive:
            archive.extractall(folder, filter="data")
        return cls(folder)

    def yidi(self, *arguments: str | Path) -> str:
        """What the command printed. It must succeed."""
        environment = {**os.environ, **self._environment()}
        done = subprocess.run(
            self._command(*arguments), capture_output=True, text=True, check=False, timeout=120, env=environment
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}{done.stdout}"
        return done.stdout

    def program(self, log: Path, *arguments: str | Path) -> Program:
        return Program(log.stem, self._command(*arguments), log, self._environment())

    def _command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "exchange.cli", *map(str, arguments)]

    def _environment(self) -> Mapping[str, str]:
        # Nothing is taken from the directory that the tests run in.
        timing = {f"YIDI_{side}_TIMING__RETRY__{k}": v for k, v in _QUICK.items() for side in ("HUB", "NODE")}
        return {"PYTHONPATH": str(self.source), "PYTHONSAFEPATH": "1", **timing}
