"""`yidi hub certificates`: who ends when, and who has none."""

from datetime import datetime, timedelta
from pathlib import Path

from exchange.wiring.system import SystemClock
from tests.unit.cli.commands import yidi


def test_every_active_unit_and_the_hub_stand_there_the_first_to_end_first(data: Path) -> None:
    listed = yidi("hub", "certificates", "--json", data=data).json

    assert {one["owner"] for one in listed} == {"hub", *(f"520304-00{n}" for n in range(1, 5))}
    assert all(set(one) == {"owner", "name", "fingerprint", "valid_to", "state"} for one in listed)
    assert [one["valid_to"] for one in listed] == sorted(one["valid_to"] for one in listed)
    units = {one["code"]: one["keys"] for one in yidi("hub", "units", "list", "--json", data=data).json}
    first = next(one for one in listed if one["owner"] == "520304-001")
    (key,) = units["520304-001"]
    assert (first["fingerprint"], first["valid_to"], first["state"]) == (key["fingerprint"], key["valid_to"], "good")


def test_who_lost_the_key_has_none_until_there_is_a_new_one(data: Path) -> None:
    assert yidi("hub", "units", "revoke", "甲局", "--yes", data=data).code == 0
    assert yidi("hub", "units", "revoke", "丙镇", "--deactivate", "--yes", data=data).code == 0
    listed = yidi("hub", "certificates", "--json", data=data).json
    assert {one["owner"]: one["state"] for one in listed}.items() >= {("520304-001", "none"), ("520304-002", "good")}
    assert listed[-1]["owner"] == "520304-001"
    assert "520304-003" not in {one["owner"] for one in listed}

    assert yidi("node", "enroll", "甲局", data=data).code == 0
    listed = yidi("hub", "certificates", "--json", data=data).json
    assert {one["owner"]: one["state"] for one in listed}["520304-001"] == "good"


def test_only_those_that_end_soon(data: Path) -> None:
    listed = yidi("hub", "certificates", "--json", data=data).json
    ends = sorted(datetime.fromisoformat(one["valid_to"]) for one in listed)
    days = (ends[0] - SystemClock().now()) // timedelta(days=1)

    assert yidi("hub", "certificates", "--within", str(days - 1), "--json", data=data).json == []
    shown = yidi("hub", "certificates", "--within", str(days - 1), data=data)
    assert "没有将到期的证书" in shown.out
    assert yidi("hub", "certificates", "--within", str(days + 1), "--json", data=data).json != []
