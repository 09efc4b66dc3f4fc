"""The loop: no step's failure stops another, failing ones back off, stopping is in order."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.errors import TransportError
from exchange.ports.pulse import pulse
from exchange.testing.clock import FakeClock
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from workers.runner import Runner, Step


class Loop:
    """A runner over a clock that only the test moves; `ran` is what ran, in order."""

    def __init__(self) -> None:
        self.clock, self.metrics, self.log = FakeClock(), RecordingMetrics(), RecordingLog()
        self.ran: list[str] = []
        self.steps: list[Step] = []

    def step(self, name: str, work: Callable[[], int] = lambda: 0, every: float = 0.0) -> Step:
        def run() -> int:
            self.ran.append(name)
            return work()

        step = Step(name=name, run=run, every_seconds=every)
        self.steps.append(step)
        return step

    def runner(self, idle_seconds: float = 0.0) -> Runner:
        return Runner("test", self.steps, self.clock, self.metrics, self.log, idle_seconds=idle_seconds)

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def loop() -> Loop:
    return Loop()


def fail_with(error: Exception) -> Callable[[], int]:
    def fail() -> int:
        raise error

    return fail


def test_steps_run_in_turn_and_what_they_did_is_summed_and_counted(loop: Loop) -> None:
    loop.step("a", lambda: 2)
    loop.step("b")
    loop.step("c", lambda: 3)
    assert loop.runner().round() == 5
    assert loop.ran == ["a", "b", "c"]
    assert loop.metrics.counted("yidi_worker_work_total", step="a") == 2
    assert loop.metrics.counted("yidi_worker_work_total", step="b") == 0
    loop.log.expect_quiet()


def test_a_step_at_intervals_waits_for_its_time(loop: Loop) -> None:
    loop.step("often")
    loop.step("seldom", every=30)
    runner = loop.runner()
    runner.round()
    loop.wait(29.9)
    runner.round()
    loop.wait(0.1)
    runner.round()
    assert loop.ran == ["often", "seldom", "often", "often", "seldom"]


def test_a_faster_pace_shortens_long_intervals_and_none_below_a_second(loop: Loop) -> None:
    loop.step("each second", every=1)
    loop.step("each minute", every=60)
    loop.step("each hour", every=3600)
    runner = Runner("test", loop.steps, loop.clock, loop.metrics, loop.log, pace=60)
    for _ in range(3):
        runner.round()
        loop.wait(1.0)
    assert loop.ran == ["each second", "each minute", "each hour", *(["each second", "each minute"] * 2)]


def test_a_round_that_found_little_lets_more_come_together_and_under_load_nobody_waits(loop: Loop) -> None:
    runner = loop.runner(idle_seconds=0.05)

    assert runner.pause_seconds(0) == 0.05
    assert 0 < runner.pause_seconds(1) < 0.05
    assert runner.pause_seconds(200) == 0


@pytest.mark.parametrize(
    ("error", "code"), [(TransportError("no broker"), "TRANSPORT"), (KeyError("title"), "BUG")], ids=["ours", "a bug"]
)
def test_a_failing_step_stops_no_other_and_is_counted_and_told(loop: Loop, error: Exception, code: str) -> None:
    loop.step("bad", fail_with(error))
    loop.step("good", lambda: 1)
    runner = loop.runner()
    assert runner.round() == 1
    assert loop.ran == ["bad", "good"]
    assert loop.metrics.counted("yidi_worker_failures_total", step="bad", code=code) == 1
    (line,) = loop.log.lines
    assert (line.level, line.event, line.fields["failures"]) == ("warning", "step_failed", 1)
    assert runner.faults() == {"bad": 1}


def test_a_failing_step_backs_off_up_to_half_a_minute(loop: Loop) -> None:
    loop.step("bad", fail_with(TransportError("no broker")))
    runner = loop.runner()
    waits = []
    for _ in range(12):
        runner.round()
        waits.append(round(loop.steps[0].due - loop.clock.monotonic(), 6))
        tried = len(loop.ran)
        loop.wait(waits[-1] - 0.01)
        runner.round()
        assert len(loop.ran) == tried
        loop.wait(0.02)
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits[-4:] == [30.0] * 4


def test_one_success_ends_the_backing_off(loop: Loop) -> None:
    def shaky() -> int:
        if len(loop.ran) < 3:
            raise TransportError("no broker")
        return 1

    loop.step("shaky", shaky)
    runner = loop.runner()
    for _ in range(3):
        runner.round()
        loop.wait(1)
    assert runner.faults() == {}
    assert loop.steps[0].due <= loop.clock.monotonic()


def test_the_end_of_a_process_is_not_a_failure_to_carry_on_from(loop: Loop) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    loop.step("work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loop.runner().round()


def test_stopping_finishes_the_step_in_hand_and_begins_no_other(loop: Loop) -> None:
    runners: list[Runner] = []

    def stop() -> int:
        runners[0].stop()
        loop.ran.append("and finished")
        return 1

    loop.step("last", stop)
    loop.step("never")
    runners.append(loop.runner())
    runners[0].run()
    assert loop.ran == ["last", "and finished"]


def test_it_goes_on_until_it_is_stopped(loop: Loop) -> None:
    runners: list[Runner] = []

    def count() -> int:
        if len(loop.ran) == 5:
            runners[0].stop()
        return len(loop.ran) % 2  # busy and idle in turn

    loop.step("count", count)
    runners.append(loop.runner())
    runners[0].run()
    assert len(loop.ran) == 5


def test_stop_wakes_an_idle_loop_from_another_thread(loop: Loop) -> None:
    came_round = threading.Event()

    def idle() -> int:
        came_round.set()
        return 0

    loop.step("idle", idle)
    runner = loop.runner(idle_seconds=3600)
    thread = threading.Thread(target=runner.run)
    thread.start()
    assert came_round.wait(10)
    runner.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_each_round_shows_that_the_worker_is_alive(loop: Loop) -> None:
    loop.step("idle")
    runner = loop.runner()
    loop.wait(7)
    runner.round()
    assert runner.last_round == loop.clock.monotonic() == 7
    seen = loop.metrics.last("yidi_worker_seen_timestamp_seconds", worker="test")
    assert seen == loop.clock.now().timestamp()


def test_a_step_that_takes_long_can_say_that_it_moves(loop: Loop) -> None:
    asked: list[float] = []

    def fetch() -> int:
        for _ in range(3):
            loop.wait(100)
            pulse()
            asked.append(runner.seconds_since_round())
        loop.wait(100)
        asked.append(runner.seconds_since_round())
        runner.stop()
        return 1

    loop.step("fetch", fetch)
    runner = loop.runner()
    runner.run()
    assert asked == [0, 0, 0, 100]


def test_a_pulse_outside_of_any_loop_does_nothing() -> None:
    thread = threading.Thread(target=pulse)
    thread.start()
    thread.join()


def test_what_must_not_wait_runs_within_a_step_that_takes_long(loop: Loop) -> None:
    def upload() -> int:
        for _ in range(6):
            loop.wait(30)
            pulse()
        runner.stop()
        return 1

    loop.step("other")
    loop.step("upload", upload)
    loop.step("present", every=60).meanwhile = True
    runner = loop.runner()
    runner.run()
    assert loop.ran == ["other", "upload", "present", "present", "present"]
