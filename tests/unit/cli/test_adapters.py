"""`yidi node adapters`: what is connected, and what does not fit; `yidi doctor` finds the same."""

from pathlib import Path

from tests.unit.cli.commands import yidi


def settings(data: Path, text: str) -> None:
    """Top-level settings come first in the file."""
    file = data / "yidi.toml"
    file.write_text(text + "\n" + file.read_text(encoding="utf-8"), encoding="utf-8")


def tables(data: Path, text: str) -> None:
    with (data / "yidi.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_the_listing_says_which_office_each_unit_has(data: Path) -> None:
    settings(data, 'office_of = { 520304-002 = "share", 520304-003 = "none" }')
    tables(data, f'\n[offices.share]\nadapter = "folder"\nroot = "{data.parent}"\n')
    found = yidi("node", "adapters", "list", "--json", data=data).json

    assert {one["unit"]: one["office"] for one in found["units"]} == {
        "520304-001": "folder",
        "520304-002": "share",
        "520304-003": "none",
        "520304-004": "folder",
    }
    assert "folder" in found["installed"]


def test_the_check_names_the_setting_and_says_what_to_do_and_doctor_does_too(data: Path) -> None:
    assert yidi("node", "adapters", "check", data=data).code == 0
    settings(data, 'office = "share"')
    tables(data, '\n[offices.share]\nadapter = "folder"\nroot = "gone"\n')

    result = yidi("node", "adapters", "check", "--json", data=data)
    (found,) = result.json
    assert result.code == 1
    assert found["where"] == "offices.share.root"
    assert str(data / "gone") in found["found"]
    findings = [one for one in yidi("doctor", "--json", data=data).json if one["check"] == "offices"]
    assert [one["level"] for one in findings] == ["failure"]
    assert "offices.share.root" in findings[0]["found"]


def test_a_table_that_no_unit_uses_is_a_mistake(data: Path) -> None:
    tables(data, '\n[offices.share]\nadapter = "folder"\n')
    result = yidi("node", "adapters", "check", data=data)

    assert result.code == 1
    assert "offices.share" in result.err
    assert "SETTINGS" in result.err


def test_the_schema_says_what_can_be_set(data: Path) -> None:
    assert set(yidi("node", "adapters", "schema", "folder").json["properties"]) == {
        "root",
        "settle_seconds",
        "patience_seconds",
    }
