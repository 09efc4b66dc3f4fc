"""A throw-away Debian under a systemd of its own: services start, stop, and say that they are ready."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Booted", "boot"]

_BOOT = """
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$LAYER/upper,workdir=$LAYER/work" "$LAYER/root"
exec systemd-nspawn --quiet --boot --directory="$LAYER/root" --machine=yidi-packages --register=no --keep-unit \
  --private-network --console=pipe
"""
_SECONDS = 120.0


class Booted:
    """Commands in it, as root. `root`: its root directory, from here."""

    def __init__(self, leader: int) -> None:
        self._enter = [
            "nsenter",
            "--all",
            f"--target={leader}",
            "--",
            "/usr/bin/env",
            "-i",
            "HOME=/root",
            "LANG=C.UTF-8",
        ]
        self._enter += [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND=noninteractive",
        ]
        self.root = Path(f"/proc/{leader}/root")

    def __call__(self, *command: str, fails: bool = False) -> str:
        done = self._run(*command)
        assert (done.returncode != 0) == fails, f"{command}: {done.stdout}"
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        return self._run(*command).returncode == 0

    def until(self, *command: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while (done := self._run(*command)).returncode:
            assert time.monotonic() < deadline, f"{command}: {done.stdout}"
            time.sleep(0.5)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._enter, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, timeout=600,
        )  # fmt: skip


@contextmanager
def boot(lower: str, layer: Path) -> Iterator[Booted]:
    """`lower`: root directory of a Debian that has systemd. What is written goes into `layer`."""
    for name in ("upper", "work", "root"):
        (layer / name).mkdir()
    environment = {"LOWER": lower, "LAYER": str(layer), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "0"  # a kernel with the groups of before
    log = layer / "console.log"
    with log.open("wb") as console:
        command = ["unshare", "--mount", "--propagation=slave", "sh", "-ec", _BOOT]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            yield Booted(_leader(process, log))
        finally:
            process.terminate()  # asks the systemd in it to power off
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _leader(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The process that is 1 inside, once it answers."""
    deadline = time.monotonic() + _SECONDS
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while True:
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        with suppress(OSError):
            for child in children.read_text().split():
                ask = ["nsenter", "--all", f"--target={child}", "--", "systemctl", "is-system-running"]
                said = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
                if said in {"running", "degraded"}:
                    return int(child)
        time.sleep(0.5)
