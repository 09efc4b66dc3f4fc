"""`yidi top`: sums over processes, rates between two looks, what waits, what is wrong; and how it is drawn."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from exchange.cli.watch.top import drawn
from exchange.cli.watch.top_frame import Alarm, Look, frame_of
from tests.unit.cli.commands import yidi
from tests.unit.cli.top_looks import AT, earlier, later, node, router


def test_counts_are_of_all_processes_and_rates_a_minute_between_looks() -> None:
    counted = frame_of(later(), earlier()).counted
    assert {name: total for name, (total, _) in counted.items()} == {
        "accepted": 1590,
        "refused": 4,
        "delivered": 101_000,
        "signed": 70_300,
    }
    rates = [rate for _, rate in counted.values()]
    assert rates == pytest.approx([90, 2, 11_000, 300])
    assert frame_of(later()).counted["accepted"] == (1590, None)


def test_a_node_tells_what_it_sent_and_commands_beside_it_too() -> None:
    looked = [(0, 4), (2, 5), (60, 7)]
    first, soon, then = (Look(at=AT + timedelta(seconds=s), processes={"node": node(sent)}) for s, sent in looked)
    assert frame_of(soon, first).counted == {"sent": (5, None), "received": (2, None)}
    assert frame_of(then, first).counted == {"sent": (7, 3.0), "received": (2, 0.0)}
    assert frame_of(then).unsigned == {}


def test_a_process_that_began_anew_makes_no_negative_rate() -> None:
    again = replace(earlier(), at=AT + timedelta(minutes=1), processes={"router-1": router(3)})
    assert frame_of(again, earlier()).counted["accepted"] == (3, 0.0)


def test_what_waits_has_its_depth_and_the_age_of_the_oldest() -> None:
    frame = frame_of(later())
    assert frame.waiting["deliveries_accepted"] == (254, 5400.0)
    assert frame.waiting["queue inbox"] == (254, None)
    assert frame.waiting["queue work.aside"] == (7, None)
    assert frame.units == {"here": 126, "silent": 2, "never": 0}
    assert frame.unsigned == {"unsigned": 44, "overdue": 1}


def test_without_prometheus_the_processes_own_alarms_and_silence_are_told() -> None:
    frame = frame_of(later())
    assert frame.alarms == (Alarm("sealer-1", "no answer"), Alarm("receipt_invalid", "SIG_WRAP ×2"))
    assert (frame.processes["sealer-1"], frame.from_prometheus) == (False, False)


def test_with_prometheus_its_alarms_are_told_alone() -> None:
    frame = frame_of(later(Alarm("YidiUnitSilent", "warning 520304-030")))
    assert (frame.alarms, frame.from_prometheus) == ((Alarm("YidiUnitSilent", "warning 520304-030"),), True)


def test_a_frame_is_drawn_with_all_of_it() -> None:
    console = Console(file=io.StringIO(), width=110, record=True)
    console.print(drawn(frame_of(later(), earlier())))
    shown = console.export_text()
    for words in (
        "● router-1",
        "失联",
        "126",
        "11000",
        "2 h",
        "✗ sealer-1",
        "队列 inbox",
        "receipt_invalid  SIG_WRAP ×2",
    ):
        assert words in shown


def test_an_exchange_that_does_not_run_is_one_frame_that_says_so(data: Path) -> None:
    shown = yidi("top", "--once", "--every", "0.1", data=data)
    assert (shown.code, "no answer" in shown.out) == (0, True)
    assert yidi("top", "--json", "--every", "0.1", data=data).json["alarms"]
    assert "NO_DATA" in yidi("top", "--once", data=data.parent / "none").err
