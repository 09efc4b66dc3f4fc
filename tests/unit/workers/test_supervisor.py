"""Workers that die come back, ever later; all are stopped in order."""

import itertools
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta

from exchange.testing.clock import FakeClock
from exchange.testing.metrics import RecordingLog
from workers.supervisor import Supervisor


@dataclass
class FakeProcess:
    name: str
    pid: int
    ended: list[str]
    status: int | None = None
    deaf: bool = False

    def poll(self) -> int | None:
        return self.status

    def terminate(self) -> None:
        self.ended.append(f"terminate {self.name}")

    def kill(self) -> None:
        self.ended.append(f"kill {self.name}")
        self.deaf = False

    def wait(self, timeout: float | None = None) -> int:
        if self.deaf:
            raise subprocess.TimeoutExpired(self.name, timeout or 0)
        self.ended.append(f"ended {self.name}")
        return 0


@dataclass
class Hall:
    """Every process that was ever started, and what was done to end them."""

    started: list[FakeProcess] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def spawn(self, name: str, number: int) -> FakeProcess:
        self.started.append(FakeProcess(f"{name}-{number}", 100 + len(self.started), self.ended))
        return self.started[-1]


PLAN = [("sealer", 1), ("router", 2), ("web", 1)]


def supervise(hall: Hall, clock: FakeClock, log: RecordingLog | None = None) -> Supervisor:
    supervisor = Supervisor(PLAN, hall.spawn, clock, log or RecordingLog())
    supervisor.look()
    return supervisor


def test_as_many_are_started_as_planned_and_a_second_look_starts_no_more() -> None:
    hall = Hall()
    supervisor = supervise(hall, FakeClock())
    supervisor.look()
    assert [one.name for one in hall.started] == ["sealer-1", "router-1", "router-2", "web-1"]
    assert supervisor.pids() == {"sealer-1": 100, "router-1": 101, "router-2": 102, "web-1": 103}


def test_one_that_died_is_started_again_and_the_others_are_left_alone() -> None:
    hall, clock = Hall(), FakeClock()
    supervisor = supervise(hall, clock)
    hall.started[1].status = -9
    supervisor.look()
    assert "router-1" not in supervisor.pids()
    clock.advance(timedelta(seconds=1))
    supervisor.look()
    assert [one.name for one in hall.started[4:]] == ["router-1"]


def test_one_that_dies_again_and_again_is_started_ever_later_but_within_half_a_minute() -> None:
    hall, clock = Hall(), FakeClock()
    supervisor = supervise(hall, clock)
    waits = []
    for _ in range(10):
        count = len(hall.started)
        next(one for one in reversed(hall.started) if one.name == "web-1").status = 1
        waits.append(0.0)
        supervisor.look()
        while len(hall.started) == count:
            clock.advance(timedelta(seconds=0.25))
            waits[-1] += 0.25
            supervisor.look()
    assert waits[0] <= 1.0
    assert waits == sorted(waits)
    assert waits[-1] == 30.0


def test_one_that_ran_well_for_a_while_is_started_again_at_once() -> None:
    hall, clock = Hall(), FakeClock()
    supervisor = supervise(hall, clock)
    for _ in range(6):
        clock.advance(timedelta(seconds=61))
        next(one for one in reversed(hall.started) if one.name == "web-1").status = 1
        supervisor.look()
        clock.advance(timedelta(seconds=0.5))
        supervisor.look()
        assert "web-1" in supervisor.pids()


def test_what_takes_work_in_is_stopped_first_and_the_sealer_last() -> None:
    hall, log = Hall(), RecordingLog()
    supervise(hall, FakeClock(), log).stop()
    stopped = [line.fields["worker"] for line in log.lines if line.event == "worker_stopped"]
    assert stopped == ["web-1", "router-1", "router-2", "sealer-1"]
    assert hall.ended == [
        "terminate web-1",
        "ended web-1",
        "terminate router-1",
        "terminate router-2",
        "ended router-1",
        "ended router-2",
        "terminate sealer-1",
        "ended sealer-1",
    ]


def test_one_that_does_not_end_is_killed() -> None:
    hall, log = Hall(), RecordingLog()
    supervisor = supervise(hall, FakeClock(), log)
    hall.started[3].deaf = True
    supervisor.stop()
    assert log.events("warning") == ["worker_killed"]
    assert hall.ended[:3] == ["terminate web-1", "kill web-1", "ended web-1"]


def test_one_whose_loops_are_stuck_for_minutes_is_killed_and_started_again() -> None:
    hall, clock, log = Hall(), FakeClock(), RecordingLog()
    supervisor = Supervisor(PLAN, hall.spawn, clock, log, moves=lambda name, number: (name, number) != ("router", 2))
    supervisor.look()
    for _ in range(4 * 60):
        clock.advance(timedelta(seconds=1))
        supervisor.end_stuck()
    assert set(hall.ended) == {"kill router-2"}
    assert "worker_stuck" in log.events("alarm")


def test_one_that_answers_late_now_and_then_is_left_alone() -> None:
    hall, clock = Hall(), FakeClock()
    answers = itertools.cycle([False, False, False, True])
    supervisor = Supervisor([("router", 1)], hall.spawn, clock, RecordingLog(), moves=lambda _n, _k: next(answers))
    supervisor.look()
    for _ in range(1200):
        clock.advance(timedelta(seconds=1))
        supervisor.end_stuck()
    assert hall.ended == []
