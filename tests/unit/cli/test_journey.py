"""`yidi hub journey`: one document as the hub saw it."""

from pathlib import Path

from tests.unit.cli.commands import deliver, yidi


def test_a_journey_has_each_recipient_and_all_that_was_recorded_in_order(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    signed = yidi("sign", document, "--unit", "乙镇", "--person", "李四", data=data)
    assert signed.code == 0, signed.err
    deliver(data)
    found = yidi("hub", "journey", document[:8], "--json", data=data).json

    assert (found["id"], found["sender_name"], found["title"]) == (document, "甲局", "关于防汛工作的通知")
    states = {one["name"]: (one["transport"], one["business"], one["signed_by"]) for one in found["recipients"]}
    assert states["乙镇"] == ("DELIVERED", "SIGNED", "李四")
    assert states["丙镇"][0] == "DELIVERED"
    assert states["丙镇"][2] is None
    events = [one["event"] for one in found["steps"]]
    assert events[0] == "ACCEPTED"
    assert events.count("DELIVERED") == 2
    assert [one["person"] for one in found["steps"] if one["event"] == "SIGNED"] == ["李四"]
    assert [one["recorded"] for one in found["steps"]] == sorted(one["recorded"] for one in found["steps"])


def test_every_step_names_its_place_in_the_ledger_once_it_is_sealed(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    found = yidi("hub", "journey", document, "--json", data=data).json
    places = [found["ledger"], *(one["ledger"] for one in found["steps"])]

    assert None not in places
    assert len(set(places)) == len(places)


def test_a_person_reads_it_in_one_view(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    shown = yidi("hub", "journey", document, data=data).out

    assert shown.startswith("关于防汛工作的通知\n")
    assert "乙镇\t已送达 DELIVERED" in shown
    assert "ACCEPTED" in shown


def test_a_document_that_the_hub_has_not_is_explained(data: Path) -> None:
    result = yidi("hub", "journey", "ffff", data=data)

    assert result.code == 1
    assert "NOT_FOUND" in result.err
    assert "yidi hub audit" in result.err
