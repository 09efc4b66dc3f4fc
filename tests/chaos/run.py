"""One run: a county under load, faults by a schedule, healing, rest, verdict.

The schedule follows from the seed alone; what exactly a fault hits depends on the moment, since processes are real.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.checker import verdict
from tests.chaos.county import WHOLE, ChaosCounty, Size, Undo
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.points import kill_at_every_point
from tests.chaos.volume import may_mount

__all__ = ["KEPT", "Outcome", "Setting", "every_fault", "every_point", "no_fault", "random_faults"]

Say = Callable[[str], None]
KEPT = "现场 everything of it: "  # what is before the directory that a failed run keeps


@dataclass(slots=True)
class Outcome:
    """`kept`: where everything of a failed run lies."""

    failures: list[str] = field(default_factory=list)
    documents: int = 0
    faults: int = 0
    kept: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is the same for every kind of run. `patience`: seconds until all must be at rest. `words`: only points or
    faults whose names hold one of these; each of these faults so many `times`."""

    seed: int
    patience: float = 300.0
    size: Size = WHOLE
    words: Sequence[str] = ()
    times: int = 1
    say: Say


def no_fault(setting: Setting) -> Outcome:
    """What goes wrong without any."""
    with _running(setting, documents=8, pause=0.2) as (_county, outcome):
        pass
    return outcome


def every_point(setting: Setting) -> Outcome:
    """Each kind of process dies once at each of its points."""
    with _running(setting, documents=1000, pause=0.8) as (county, outcome):
        missed = kill_at_every_point(county, setting.patience, setting.words)
        outcome.failures += [f"never reached: {point}" for point in missed]
        for clerk in county.clerks:  # the rest of their documents would prove nothing more
            county.held.add(clerk.name)
            clerk.stop()
    return outcome


def random_faults(setting: Setting, seconds: float) -> Outcome:
    """Faults drawn by the seed, one after another and over each other."""
    chance = random.Random(setting.seed)
    with _running(setting, documents=round(seconds), pause=0.5) as (county, outcome):
        _play(county, _draw(chance, seconds), outcome, setting.say)
    return outcome


def every_fault(setting: Setting) -> Outcome:
    """Each kind of fault once, in an order that the seed draws, two at a time."""
    chance, words = random.Random(setting.seed), setting.words
    faults = [one for one in _possible(setting.say) if not words or any(word in one.name for word in words)]
    faults *= setting.times
    chance.shuffle(faults)
    plan = [(2.0 + 2.0 * n, fault, chance.uniform(1.0, min(5.0, fault.longest))) for n, fault in enumerate(faults)]
    with _running(setting, documents=10 + round(len(faults) * 2), pause=0.5) as (county, outcome):
        _play(county, plan, outcome, setting.say)
    return outcome


def _possible(say: Say) -> list[Fault]:
    if left_out := [fault.name for fault in FAULTS if not fault.is_possible()]:
        say(f"此机做不到，未做 this machine cannot, left out: {', '.join(left_out)}")
    return [fault for fault in FAULTS if fault.is_possible()]


def _draw(chance: random.Random, seconds: float) -> list[tuple[float, Fault, float]]:
    plan, at, faults = [], 2.0, _possible(lambda _line: None)
    while at < seconds:
        fault = chance.choice(faults)
        plan.append((at, fault, chance.uniform(1.0, fault.longest)))
        at += chance.uniform(0.5, 4.0)
    return plan


def _play(county: ChaosCounty, plan: Sequence[tuple[float, Fault, float]], outcome: Outcome, say: Say) -> None:
    county.await_first_document()
    began = time.monotonic()
    ends: list[tuple[float, str, Undo]] = []
    for at, fault, lasts in plan:
        while (now := time.monotonic() - began) < at:
            _end(ends, now)
            county.tend()
            time.sleep(0.1)
        if any(name == fault.name for _, name, _ in ends):
            continue  # it is on already
        say(f"{now:6.1f} s  {fault.name}, {lasts:.1f} s")
        try:
            undo = fault.begin(county, county.chance)
        except Exception as error:  # noqa: BLE001  # another fault is in its way, which is no finding
            say(f"          {fault.name}: {type(error).__name__} {error}")
            continue
        outcome.faults += 1
        ends.append((time.monotonic() - began + lasts, fault.name, undo))
    while ends:
        _end(ends, time.monotonic() - began)
        county.tend()
        time.sleep(0.1)
    if not outcome.faults:
        outcome.failures.append("no fault was done, so nothing was shown")


def _end(ends: list[tuple[float, str, Undo]], now: float) -> None:
    for item in [one for one in ends if one[0] <= now]:
        ends.remove(item)
        try:
            item[2]()
        except Exception:  # noqa: BLE001  # the server it needs is down: tried again
            ends.append((now + 1.0, item[1], item[2]))


@contextmanager
def _running(setting: Setting, *, documents: int, pause: float) -> Iterator[tuple[ChaosCounty, Outcome]]:
    """The county at work; afterwards healed, at rest, and judged."""
    root = Path(tempfile.mkdtemp(prefix="yidi-chaos-"))
    outcome = Outcome()
    county = ChaosCounty(root, setting.seed, documents=documents, pause=pause, size=setting.size)
    try:
        if may_mount():
            county.mount_disks()
        county.found()
        county.start()
        for clerk in county.clerks:
            clerk.start()
        yield county, outcome
        setting.say("        治愈并等待 healing, and waiting for rest")
        still_open = county.settle(setting.patience, setting.say)
        outcome.failures += [f"still open {setting.patience:.0f} s after healing: {still_open}"] if still_open else []
        outcome.failures += verdict(county)
        outcome.documents = sum(line["act"] == "sent" for clerk in county.clerks for line in county.history(clerk.name))
        outcome.failures += _stopped(county)
        if outcome.failures:
            outcome.kept = Path(shutil.copytree(root, f"{root}-failed", symlinks=True))
            for server in (county.broker, county.database):
                shutil.copy(server.log, outcome.kept / f"{server.folder.name}.log")
    finally:
        county.close()
        shutil.rmtree(root, ignore_errors=True)


def _stopped(county: ChaosCounty) -> list[str]:
    county.stop()
    return [f"{one.name} ended with {one.status}: {one.log_tail(3)}" for one in county.programs() if one.status != 0]
