"""One program of ours as a process: started, stopped in order, killed, halted; its output in a file. It ends when the
process that started it does, however that ends.

Not here: what the program does.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exchange.trial.watchdog import Watchdog

__all__ = ["Program", "cpu_seconds", "family_cpu_seconds", "family_kib", "peak_kib"]

_STOP_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Program:
    """`command` is run in a session of its own, so that Ctrl-C at a terminal is not for it. `environment` is what it
    gets beyond ours."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    starts: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _watchdog: Watchdog | None = None

    @property
    def pid(self) -> int | None:
        """None when it does not run."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    @property
    def status(self) -> int | None:
        """How it ended: its exit status, or the signal as a negative number; None while it runs or never ran."""
        return None if self._process is None else self._process.poll()

    def start(self, extra: Mapping[str, str] | None = None) -> None:
        """Does nothing while it runs. `extra`: further environment of this one start."""
        if self.pid is not None:
            return
        self.starts += 1
        self._ended()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and modules
                self.command,
                env={**os.environ, **self.environment, **(extra or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._watchdog = Watchdog(self._process.pid)

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float = _STOP_SECONDS) -> int | None:
        """Until it has ended; None when it did not in time."""
        if self._process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(seconds)
            self._ended()
            return status
        return None

    def stop(self) -> int | None:
        """In order; killed, and None, when that takes too long."""
        self.ask_to_stop()
        return self.ended()

    def ended(self) -> int | None:
        """Once it has been asked to stop: how it ended; killed, and None, when that takes too long."""
        status = self.wait()
        if status is None:
            self.kill()
        return status

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self.wait()

    def halt(self) -> None:
        """SIGSTOP: it stays, and does nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """On the processor since it was started, its threads together; 0 when it does not run."""
        return cpu_seconds(pid) if (pid := self.pid) is not None else 0.0

    def log_tail(self, lines: int = 20) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _ended(self) -> None:
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid) is not None:  # it may end at any moment
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def cpu_seconds(pid: int) -> float:
    """Of one process without its children; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """Of one process with all that it started: those that run, and those that ended and were waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    own = sum(map(int, fields[11:15])) / _TICKS
    return own + sum(family_cpu_seconds(child) for child in children(pid))


def children(pid: int) -> list[int]:
    """The processes that it started and that run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            found += map(int, task.read_text(encoding="ascii").split())
    return found


def family_kib(pid: int) -> int:
    """Memory of one process with all that it started, in KiB: each page shared out among those that map it (PSS)."""
    return _own_kib(pid) + sum(family_kib(child) for child in children(pid))


def peak_kib(pid: int) -> int:
    """The most memory that one process has had resident since it began, in KiB (VmHWM); 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _own_kib(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
