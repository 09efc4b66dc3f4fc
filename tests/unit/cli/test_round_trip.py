"""`yidi doctor --round-trip`: a document goes there and back, and what holds it up is named."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.cli.doctor.checks import Finding, Level
from exchange.cli.doctor.round_trip import Trip, round_trip
from exchange.cli.opened import desk
from exchange.errors import YidiError
from tests.unit.cli.commands import deliver, yidi


def travel(
    data: Path, run: Callable[[], None], *, to: str = "乙镇", sender: str | None = None, patience: float = 60
) -> Finding:
    """`run`: what the exchange does while the doctor waits."""
    trip = Trip(to=to, sender=sender, person="张三", patience=timedelta(seconds=patience))
    with desk(data) as opened:
        (found,) = round_trip(opened, trip, sleep=lambda _: run())
    assert (found.check, bool(found.cure)) == ("round-trip", found.level is not Level.OK)
    return found


def test_there_and_back(data: Path) -> None:
    found = travel(data, lambda: deliver(data))

    assert found.level is Level.OK
    assert found.found.startswith("甲局 → 乙镇：")
    (row,) = yidi("track", "--json", data=data).json
    (delivery,) = yidi("track", row["id"], "--json", data=data).json["recipients"]
    assert (delivery["transport"], delivery["business"]) == ("DELIVERED", "RECALLED")


def test_a_unit_of_this_node_is_not_tried_from_itself(data: Path) -> None:
    assert travel(data, lambda: deliver(data), to="甲局").found.startswith("乙镇 → 甲局：")
    assert travel(data, lambda: deliver(data), sender="丁办").found.startswith("丁办 → 乙镇：")


def test_an_exchange_that_does_not_run_leaves_nothing_behind_when_it_does(data: Path) -> None:
    found = travel(data, lambda: None, patience=0.01)

    assert (found.level, "未得到交换中心受理" in found.found) == (Level.FAILURE, True)
    deliver(data)
    (row,) = yidi("track", "--json", data=data).json
    (delivery,) = yidi("track", row["id"], "--json", data=data).json["recipients"]
    assert delivery["business"] == "RECALLED"


def test_what_the_hub_refuses_is_quoted(data: Path) -> None:
    with (data / "yidi.toml").open("a", encoding="utf-8") as settings:
        settings.write('[quota]\ndocuments_per_day_of = {"520304-001" = 0}\n')

    found = travel(data, lambda: deliver(data, "quota"))
    assert found.level is Level.FAILURE
    assert "不予受理：QUOTA: 今日发文限额" in found.found


def test_a_recall_that_waits_for_a_person_is_named(data: Path) -> None:
    with (data / "yidi.toml").open("a", encoding="utf-8") as settings:
        settings.write("[node_timing]\nrecall_until_signed = false\n")

    found = travel(data, lambda: deliver(data), patience=0.5)
    assert found.level is Level.FAILURE
    assert "已送达，但撤回未得答复（撤回中）" in found.found


def test_who_is_not_there_is_an_error_before_anything_is_sent(data: Path) -> None:
    with pytest.raises(YidiError, match="戊局"):
        travel(data, lambda: None, to="戊局")
    assert yidi("track", "--json", data=data).json == []


def test_a_round_trip_has_a_person_who_answers_for_it(data: Path) -> None:
    result = yidi("doctor", "--round-trip", "乙镇", data=data)

    assert (result.code, "--person" in result.err) == (2, True)
