"""Loops end in order: what takes work in, the steps in hand, the queues, the stores; and the log says so."""

import threading
from functools import partial

import pytest

from exchange.testing.clock import FakeClock
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from workers.loops import End, Loops
from workers.runner import Runner, Step


def test_what_takes_work_in_is_closed_while_the_loops_still_turn_and_the_stores_after_all_have_ended() -> None:
    happened: list[str] = []
    log, clock = RecordingLog(), FakeClock()
    stepping, closed, stepped = (threading.Event() for _ in range(3))

    def step() -> int:
        stepping.set()
        if closed.is_set() and "step" not in happened:
            happened.append("step")
            stepped.set()
        return 0

    def close_door() -> None:
        happened.append("door")
        closed.set()
        assert stepped.wait(60)  # the loops go on meanwhile

    def runner(name: str) -> Runner:
        return Runner(name, [Step(name="a.step", run=step)], clock, RecordingMetrics(), log, idle_seconds=0.001)

    def end(what: str) -> End:
        return End(what, partial(happened.append, what))

    loops = Loops([runner("one"), runner("two")], [end("queues")], log, doors=[End("programs", close_door)])
    loops.join(runner("three"), end("store"))
    thread = threading.Thread(target=loops.run)
    thread.start()
    assert stepping.wait(60)
    loops.stop()
    loops.stop()
    thread.join()
    assert happened == ["door", "step", "queues", "store"]
    told = [fields["what"] for _, event, fields in log.lines if event == "stopped"]
    assert told == ["programs", "loops", "queues", "store"]


def test_what_was_opened_is_closed_though_nothing_ever_ran() -> None:
    happened: list[str] = []
    ends = [End(what, partial(happened.append, what)) for what in ("queues", "store")]
    Loops([], ends, RecordingLog(), doors=[End("programs", partial(happened.append, "programs"))]).close()
    assert happened == ["programs", "queues", "store"]


def test_what_cannot_be_closed_keeps_nothing_else_open() -> None:
    closed: list[str] = []

    def fail() -> None:
        raise ValueError("a bug of an adapter's")

    log = RecordingLog()
    Loops([], [End("offices", fail), End("store", partial(closed.append, "store"))], log).close()
    assert closed == ["store"]
    assert [fields["what"] for _, event, fields in log.lines if event == "not_closed"] == ["offices"]


def test_a_loop_that_waits_for_somebody_who_does_not_answer_is_left_there_with_all_that_it_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.loops._PATIENCE_SECONDS", 0.05)
    closed: list[str] = []
    log, asked, answered = RecordingLog(), threading.Event(), threading.Event()

    def ask() -> int:
        asked.set()
        return int(answered.wait(60))

    steps = {"office": Step(name="a.question", run=ask), "node": Step(name="a.step", run=lambda: 0)}
    runners = [Runner(name, [step], FakeClock(), RecordingMetrics(), log) for name, step in steps.items()]
    loops = Loops(runners, [End("store", partial(closed.append, "store"))], log)
    thread = threading.Thread(target=loops.run)
    thread.start()
    assert asked.wait(60)
    loops.stop()
    thread.join()
    assert not answered.is_set()
    assert closed == []
    assert [fields for _, event, fields in log.lines if event == "loop_left"] == [{"worker": "office"}]
    answered.set()


def test_what_breaks_a_loop_ends_the_others_and_is_raised() -> None:
    clock, broken = FakeClock(), Runner("broken", [], FakeClock(), RecordingMetrics(), RecordingLog())

    def fail() -> int:
        raise KeyError("a bug of the runner's own")

    broken.round = fail  # type: ignore[method-assign]  # no step can do that
    well = Runner("well", [], clock, RecordingMetrics(), RecordingLog())
    with pytest.raises(KeyError):
        Loops([well, broken], [], RecordingLog()).run()
