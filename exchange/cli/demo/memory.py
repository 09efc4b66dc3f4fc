"""How much memory a process has had at most. Not here: what is made of it."""

from pathlib import Path

__all__ = ["peak_kib"]


def peak_kib(pid: int) -> int:
    """The largest resident size the process has had, as the kernel counts it."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
