"""`yidi hub online` and `yidi hub presence`: who is there, and who was."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from exchange.model.calendar import COUNTY_TIME
from exchange.model.unit import UnitCode
from exchange.telemetry import configure_log, make_metrics
from exchange.wiring.layout import Layout
from exchange.wiring.rooms import open_stores
from exchange.wiring.system import SystemClock
from tests.unit.cli.commands import yidi
from workers import attendant
from workers.machine import open_machine

MINUTE = timedelta(minutes=1)


def heard_all_of(data: Path, unit: str, day: datetime) -> None:
    hub, node = open_stores(Layout(data))
    with hub.begin() as session:
        for minute in range(24 * 60):
            session.add_minute([UnitCode(unit)], day + minute * MINUTE)
    hub.close()
    node.close()


def say_so(data: Path) -> None:
    """As a running exchange does every minute: its units say that they are there, and the hub hears it."""
    metrics = make_metrics()
    log = configure_log(metrics=metrics)
    machine = open_machine(Layout(data), metrics, log)
    try:
        assert machine.node.presenter.present() == 4
        for step in attendant.steps(machine.hub.attendant, machine.transport):
            step.run()
    finally:
        machine.close()


def test_who_was_never_heard_and_then_who_is_there(data: Path) -> None:
    before = yidi("hub", "online", "--json", data=data).json
    assert (before["here"], before["silent"]) == (0, 4)
    assert {one["state"] for one in before["units"]} == {"never"}

    say_so(data)
    after = yidi("hub", "online", "--json", data=data).json
    assert (after["here"], after["silent"]) == (4, 0)
    one = after["units"][0]
    assert one["state"] in {"here", "troubled"}  # the disk of this machine may be full
    assert abs(one["clock_ahead_seconds"]) < 60
    assert one["disk_size_bytes"] >= one["disk_free_bytes"] > 0
    assert one["version"]
    shown = yidi("hub", "online", data=data)
    assert "在线 4，不在线 0" in shown.out
    assert "甲局" in shown.out
    assert yidi("hub", "online", "--silent", "--json", data=data).json["units"] == []


def test_a_month_in_working_hours_and_as_a_spreadsheet(data: Path, tmp_path: Path) -> None:
    today = SystemClock().now().astimezone(COUNTY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(today - n * timedelta(days=1)).date() for n in (3, 2, 1)]
    heard_all_of(data, "520304-002", today - timedelta(days=2))
    also = [part for day in days for part in ("--also", day.isoformat())]
    period = ("--from", days[0].isoformat(), "--to", days[-1].isoformat(), *also, "--hours", "8:30-12:00, 14:30-17:30")
    told = yidi("hub", "presence", *period, "--json", data=data).json
    assert told["working_days"] == 3
    last = told["units"][-1]
    assert (last["unit"], last["minutes"], last["working_minutes"]) == ("520304-002", 390, 3 * 390)
    assert [day["minutes"] for day in last["days"]] == [0, 390, 0]
    assert last["days_never_on_line"] == 2
    assert {one["minutes"] for one in told["units"][:-1]} == {0}

    shown = yidi("hub", "presence", *period, data=data)
    assert "33.3%" in shown.out
    for name in ("在线.xlsx", "在线.csv"):
        assert yidi("hub", "presence", *period, "--out", tmp_path / name, data=data).code == 0
    rows = [list(row) for row in load_workbook(tmp_path / "在线.xlsx").active.values]  # type: ignore[union-attr]
    assert rows[0][-3:] == [day.isoformat() for day in days]
    assert rows[-1][0] == "520304-002"
    assert rows[-1][-3:] == [0, 1, 0]
    with (tmp_path / "在线.csv").open(encoding="utf-8-sig", newline="") as file:
        saved = list(csv.reader(file))
    assert len(saved) == len(rows) == 5
    assert saved[-1][-3:] == ["0.0", "1.0", "0.0"]


def test_without_options_it_is_this_month_up_to_today(data: Path) -> None:
    told = yidi("hub", "presence", "--json", data=data).json
    today = SystemClock().now().astimezone(COUNTY_TIME).date()
    assert (told["from"], told["to"]) == (today.replace(day=1).isoformat(), today.isoformat())


@pytest.mark.parametrize(
    "wrong",
    [
        ("--month", "2026-13"),
        ("--month", "2026-11", "--from", "2026-11-01"),
        ("--month", "2199-01"),
        ("--from", "2026-11-02", "--to", "2026-11-01"),
        ("--from", "2020-01-01", "--to", "2026-01-01"),
        ("--from", "gestern"),
        ("--hours", "9-17"),
        ("--hours", "12:00-08:00"),
        ("--hours", "25:00-26:00"),
        ("--except", "x"),
        ("--out", "在线.doc"),
    ],
)
def test_what_is_no_period_is_said_in_one_line(data: Path, wrong: tuple[str, ...]) -> None:
    result = yidi("hub", "presence", *wrong, data=data)
    assert result.code == 1
    assert "PERIOD" in result.err
    assert len(result.err.splitlines()) <= 2
