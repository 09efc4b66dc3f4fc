"""A copy of the source with one bug in it, and what must fail there."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.run import KEPT
from tests.zoo.bugs import PROCESSES, SIMULATION, Bug

__all__ = ["Catch", "hunt"]

_REPOSITORY = Path(__file__).resolve().parent.parent.parent
_COPIED = ("exchange", "workers", "tests", "schemas", "examples", "pyproject.toml")
_SEEDS = 150
_TIMEOUT_SECONDS = 120
_PROCESSES_SECONDS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """`by` is empty when the bug survived; `misfit` says why it could not be hunted at all. `seeds`: how many it
    took, 0 where none were needed."""

    bug: Bug
    by: str = ""
    misfit: str = ""
    seeds: int = 0


class _MisfitError(Exception):
    """The bug does not fit the source any more, or what should judge it cannot run."""


def hunt(bug: Bug) -> Catch:
    with tempfile.TemporaryDirectory(prefix="yidi-zoo-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            _copy(_REPOSITORY / name, copy / name)
        try:
            _insert(bug, copy / bug.file)
            if bug.judge.startswith(PROCESSES):
                return _run_processes(bug, copy)
            return _simulate(bug, copy) if bug.judge == SIMULATION else _test(bug, copy)
        except (_MisfitError, subprocess.TimeoutExpired) as error:
            return Catch(bug=bug, misfit=str(error))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(source, target)


def _insert(bug: Bug, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if text.count(bug.old) != 1:
        raise _MisfitError(f"its text stands {text.count(bug.old)} times in {bug.file}, not once")
    file.write_text(text.replace(bug.old, bug.new), encoding="utf-8")


def _simulate(bug: Bug, copy: Path) -> Catch:
    done = _run(copy, "-m", "tests.zoo.catch", str(_SEEDS))
    if done.returncode == 1 and "\t" in done.stdout:
        seeds, by, failure = done.stdout.strip().split("\t", 2)
        return Catch(bug=bug, by=f"{by}: {failure}", seeds=int(seeds))
    if done.returncode:
        raise _MisfitError(f"the simulation itself broke:\n{done.stderr[-2000:]}")
    return Catch(bug=bug)


def _test(bug: Bug, copy: Path) -> Catch:
    done = _run(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", bug.judge)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    if done.returncode == 1 and failed:
        return Catch(bug=bug, by=failed[0])
    if done.returncode:
        raise _MisfitError(f"{bug.judge} could not run:\n{done.stdout[-2000:]}")
    return Catch(bug=bug)


def _run_processes(bug: Bug, copy: Path) -> Catch:
    """On real servers: `judge` says what is done to them."""
    arguments = shlex.split(bug.judge.removeprefix(PROCESSES))
    command = ("-m", "tests.chaos", "--small", "--seed", "1", "--patience", "30", *arguments)
    done = _run(copy, *command, seconds=_PROCESSES_SECONDS)
    for line in done.stdout.splitlines():
        if KEPT in line:  # a caught bug is no failure that anybody will look into
            shutil.rmtree(line.partition(KEPT)[2], ignore_errors=True)
    broken = [line for line in done.stdout.splitlines() if line.startswith("违反 BROKEN")]
    told = [line for line in broken if bug.because in line]
    if done.returncode == 1 and told:
        return Catch(bug=bug, by=told[0])
    if done.returncode:
        said = "\n".join(broken) or f"the run itself broke:\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
        raise _MisfitError(f"nothing said {bug.because!r}:\n{said}")
    return Catch(bug=bug)


def _run(copy: Path, *arguments: str, seconds: float = _TIMEOUT_SECONDS) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
