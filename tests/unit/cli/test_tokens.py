"""`yidi node tokens`: shown once, listed, revoked."""

from pathlib import Path

from tests.unit.cli.commands import yidi


def test_a_token_is_shown_once_and_listed_without_its_secret(data: Path) -> None:
    made = yidi("node", "tokens", "new", "办公系统", "--unit", "乙镇", "--scope", "read", "--days", "30", data=data)
    text = made.out.splitlines()[0]
    assert (made.code, text.startswith("yidi_")) == (0, True)
    assert "[api] port" in made.out  # the interface is off until somebody turns it on
    listed = yidi("node", "tokens", "list", data=data).out
    assert text.split("_")[1] in listed
    assert text.split("_", 2)[2] not in listed
    assert "有效" in listed


def test_a_revoked_token_stays_in_the_list(data: Path) -> None:
    made = yidi("node", "tokens", "new", "办公系统", "--json", data=data).json
    assert made["scopes"] == ["read"]
    assert yidi("node", "tokens", "revoke", made["id"], data=data).code == 0
    (listed,) = yidi("node", "tokens", "list", "--json", data=data).json
    assert listed["revoked"] is not None
    assert "digest" not in listed
    assert "token" not in listed


def test_a_unit_of_another_node_and_an_unknown_token_are_refused(data: Path) -> None:
    assert yidi("node", "tokens", "new", "x", "--unit", "无此局", data=data).code == 1
    assert "NOT_FOUND" in yidi("node", "tokens", "revoke", "00000000", data=data).err
    assert yidi("node", "tokens", "new", "x", "--scope", "everything", data=data).code == 2
