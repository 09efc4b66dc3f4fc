"""The parent: starts the exchange as a process of its own, shows its progress, kills it in the middle, starts it
again, reports.

Exit status 0 only if every act was done and every promise held. With `--json` the report is one JSON object on
standard output and progress goes to standard error.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from exchange.adapters.sheet import write_xlsx
from exchange.cli.demo.ending import ended_by_signals, undisturbed
from exchange.cli.demo.memory import peak_kib
from exchange.cli.demo.progress import Progress
from exchange.cli.demo.report import render
from exchange.cli.example import example_sheet
from exchange.cli.failure import fail

__all__ = ["run_demo"]

# Enough deliveries that no single batch holds them all: the kill must fall in the middle.
_DELIVERIES = 1270


def run_demo(units: int, keep: Path | None, *, on_servers: bool, as_json: bool) -> int:
    """Run the example county with `units` of its units, in one process or on servers; returns the exit status."""
    with ended_by_signals(), _directory(keep) as root:
        progress = Progress(sys.stderr if as_json else sys.stdout)
        started = time.monotonic()
        try:
            sheet = _filled_in_sheet(root)
            findings = (
                _play_on_servers(root, sheet, units, progress, keep)
                if on_servers
                else _play(root, sheet, units, progress)
            )
        finally:
            progress.close()
        findings["seconds"] = round(time.monotonic() - started, 1)
        if keep is not None:
            findings["kept"] = str(root)
        if as_json:
            print(json.dumps(findings, ensure_ascii=False, indent=2))
        else:
            render(findings, sys.stdout)
        return 0 if findings.get("ok") else 1


def _play_on_servers(root: Path, sheet: Path, units: int, progress: Progress, keep: Path | None) -> dict[str, object]:
    from exchange.cli.demo.servers import play_on_servers  # the one-process demo needs none of its rooms

    return play_on_servers(root, sheet, units, _dispatches(units), progress, keep=keep is not None)


def _filled_in_sheet(root: Path) -> Path:
    """The example county as the spreadsheet that its units would fill in."""
    with example_sheet().open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    sheet = root / "单位信息采集表.xlsx"
    write_xlsx(sheet, header, rows)
    return sheet


def _play(root: Path, sheet: Path, units: int, progress: Progress) -> dict[str, object]:
    data, evidence = root / "county", root / "evidence.zip"
    common = [
        "--data",
        str(data),
        "--sheet",
        str(sheet),
        "--units",
        str(units),
        "--dispatches",
        str(_dispatches(units)),
    ]
    notes: dict[str, object] = {}
    peak = 0
    killed: dict[str, object] | None = None
    with _started("first", common) as child:
        for step in _steps(child):
            if step["act"] == "notes":
                notes = {k: v for k, v in step.items() if k not in ("act", "done", "of")}
            elif step["act"] == "kill-me":
                peak = peak_kib(child.pid)
                child.send_signal(signal.SIGKILL)
                killed = {"delivered": step["done"], "of": step["of"], "pid": child.pid}
                progress.note("kill", f"{step['done']}/{step['of']}")
            else:
                progress.show(step)
            if step["act"] == "failed":
                break
        status = child.wait()
    if killed is None or status != -signal.SIGKILL:
        return {"ok": False, "failed": progress.failure or f"the exchange ended with status {status}", "notes": notes}
    findings: dict[str, object] = {"ok": False}
    with _started("second", [*common, "--notice", str(notes["notice"]), "--evidence", str(evidence)]) as child:
        for step in _steps(child):
            if step["act"] == "findings":
                findings = {k: v for k, v in step.items() if k not in ("act", "done", "of")}
            else:
                progress.show(step)
        status = child.wait()
    if status != 0:
        findings = {"ok": False, "failed": progress.failure or "the exchange ended before it could be examined"}
    own_peak = findings.get("peak_kib")
    findings["peak_kib"] = max(peak, own_peak if isinstance(own_peak, int) else 0)
    return {**findings, "notes": notes, "killed": killed, "units": units}


def _dispatches(units: int) -> int:
    """How many documents to all the others the second dispatch has."""
    return -(-_DELIVERIES // (units - 1))


@contextmanager
def _started(stage: str, arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """It ends with the block, in whatever way that is left."""
    child = subprocess.Popen(  # noqa: S603  # our own interpreter and module, and paths that the caller gave
        [sys.executable, "-m", "exchange.cli.demo.child", "--stage", stage, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def _steps(child: subprocess.Popen[str]) -> Iterator[dict[str, object]]:
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            yield json.loads(line)


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    """`keep` if it is new or empty, else a temporary directory that goes away."""
    if keep is None:
        root = Path(tempfile.mkdtemp(prefix="yidi-demo-"))
        try:
            yield root
        finally:
            with undisturbed():
                rmtree(root, ignore_errors=True)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise fail(
            "FILE_EXISTS", f"--keep {keep}：须是新的或空的目录", f"--keep {keep}: must be a new or empty directory"
        )
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()
