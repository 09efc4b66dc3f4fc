"""S2.3 and S2.4: who is on line; and an outage of which one command tells all units, and which loses nothing."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from exchange.model.calendar import COUNTY_TIME
from exchange.model.unit import Unit
from exchange.ports.office import Address
from tests.scenarios.documents import notice
from tests.scenarios.stage import Stage, wait

_DOWN, _BACK = "今日停机升级，急件改走纸质", "系统已恢复"


def test_all_units_are_told_of_an_outage_and_what_is_sent_meanwhile_arrives_after_it(
    stage: Stage, office: Unit, townships: list[Unit], units: list[Unit]
) -> None:
    [told] = json.loads(stage.hub("notice", _DOWN, "--kind", "outage", "--operator", "王芳", "--json"))
    enrolled = [unit.code for unit in units if stage.directory().by_code[unit.code].keys]
    assert told["units"] == len(enrolled)
    wait("every unit is told", lambda: all(stage.told(unit) == [_DOWN] for unit in enrolled))
    wait("the hub knows it", lambda: json.loads(stage.hub("notice", "--json"))[0]["confirmed"] == len(enrolled))

    stage.halt()
    key = stage.submit(notice(office, [Address(to="各镇乡")]))
    stage.resume()
    wait("it is there", lambda: all(key in stage.inbox(unit.code) for unit in townships))
    stage.hub("notice", _BACK, "--kind", "resumed", "--to", "各镇乡")
    wait("townships are told", lambda: all(stage.told(unit.code) == [_BACK] for unit in townships))

    assert stage.told(office.code) == [_DOWN]
    acts = json.loads(stage.hub("acts", "--limit", "2", "--json"))
    assert [act["verb"] for act in acts] == ["notice resumed", "notice outage"]
    assert stage.broken_promises() == []


@pytest.mark.long_on_servers
def test_the_hub_knows_whose_node_is_on_line_and_was_how_much_of_the_working_hours(
    stage: Stage, units: list[Unit], tmp_path: Path
) -> None:
    enrolled = {unit.code for unit in units if stage.directory().by_code[unit.code].keys}

    def here() -> set[str]:
        found = json.loads(stage.hub("online", "--json"))["units"]
        return {one["unit"] for one in found if one["state"] in {"here", "troubled"}}

    wait("every node has said so", lambda: here() == enrolled)
    heard = datetime.now(COUNTY_TIME)
    today = heard.date().isoformat()
    # Only a minute that has passed counts.
    wait("the minute has passed", lambda: datetime.now(COUNTY_TIME).minute != heard.minute)

    def attended(*period: str) -> dict[str, Any]:
        told = stage.hub("presence", *period, "--also", today, "--hours", "00:00-23:59", "--json")
        return {one["unit"]: one for one in json.loads(told)["units"]}

    day, month = attended("--from", today, "--to", today), attended("--month", today[:7])
    assert day.keys() == month.keys() == enrolled
    for unit, one in day.items():
        assert 0 < one["minutes"] <= one["working_minutes"], unit
        assert [(of["day"], of["minutes"] > 0) for of in one["days"]] == [(today, True)]
        assert month[unit]["minutes"] >= one["minutes"]
        assert today in {of["day"] for of in month[unit]["days"]}
    sheet = tmp_path / "在线情况.csv"
    stage.hub("presence", "--from", today, "--to", today, "--also", today, "--out", str(sheet))
    assert today in sheet.read_text("utf-8-sig").splitlines()[0]
