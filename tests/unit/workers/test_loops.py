"""Loops end in order: what takes work in, the steps in hand, the queues, the stores; and the log says so."""

import threading
from functools import partial

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
