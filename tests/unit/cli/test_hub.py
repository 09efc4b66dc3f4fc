"""`yidi hub`: making an exchange, its state, one-time codes, what was set aside."""

from pathlib import Path

from exchange.cli.opened import desk
from exchange.ports.records import QuarantineRecord
from tests.unit.cli.commands import yidi


def test_init_makes_an_exchange_that_others_cannot_read(tmp_path: Path) -> None:
    data = tmp_path / "new"
    result = yidi("hub", "init", "--id", "hub.520304", "--name", "测试中心", data=data)

    assert result.code == 0
    assert str(data / "secrets" / "passphrase") in result.out
    for path in (data / "secrets", data / "hub" / "keys", data / "secrets" / "passphrase"):
        assert path.stat().st_mode & 0o077 == 0


def test_init_twice_is_refused_and_changes_nothing(data: Path) -> None:
    before = (data / "anchor.json").read_bytes()
    result = yidi("hub", "init", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 EXISTS: ")
    assert (data / "anchor.json").read_bytes() == before


def test_init_never_writes_over_the_keys_of_an_exchange_that_lost_its_settings(data: Path) -> None:
    (data / "yidi.toml").unlink()
    before = {path.name: path.read_bytes() for path in (data / "hub" / "keys").iterdir()}
    result = yidi("hub", "init", data=data)

    assert result.code == 1
    assert "yidi.toml" in result.err
    assert {path.name: path.read_bytes() for path in (data / "hub" / "keys").iterdir()} == before


def test_status_has_stable_keys(data: Path) -> None:
    status = yidi("hub", "status", "--json", data=data).json

    assert set(status) == {
        *("hub", "running", "web", "workers", "directory", "ledger", "restored", "archives", "counts", "node"),
    }
    assert set(status["directory"]) == {"version", "issued", "expires", "units", "enrolled", "groups"}
    assert (status["hub"], status["running"], status["web"]) == ("hub.520304", False, None)
    assert (status["directory"]["units"], status["directory"]["enrolled"]) == (4, 4)


def test_status_is_plain_lines_when_nobody_looks_at_a_terminal(data: Path) -> None:
    assert "交换中心\thub.520304\n" in yidi("hub", "status", data=data).out


def test_enroll_shows_a_new_code_each_time(data: Path) -> None:
    first = yidi("hub", "enroll", "520304-002", "甲局", "--json", data=data).json
    again = yidi("hub", "enroll", "520304-002", "甲局", "--json", data=data).json

    assert [set(one) for one in first] == [{"unit", "code"}] * 2
    assert [one["unit"] for one in first] == ["520304-002", "520304-001"]
    assert {one["code"] for one in first}.isdisjoint(one["code"] for one in again)


def test_enroll_of_an_unknown_unit_suggests_the_nearest(data: Path) -> None:
    result = yidi("hub", "enroll", "甲局局", data=data)

    assert result.code == 1
    assert "是否为 甲局" in result.err


def test_audit_shows_what_was_set_aside(data: Path) -> None:
    with desk(data) as opened:
        at = opened.node.node.clock.now()
        bad = QuarantineRecord(
            digest="ab" * 32,
            document=b"<x/>",
            queue="work.normal",
            user="520304-002",
            code="SIG_VALUE",
            detail="",
            at=at,
        )
        with opened.hub_store.begin() as session:
            session.quarantine([bad])
    (found,) = yidi("hub", "audit", "--json", data=data).json

    assert set(found) == {"at", "where", "code", "from", "queue", "digest", "bytes_kept", "detail"}
    assert (found["where"], found["code"], found["from"], found["bytes_kept"]) == (
        "hub",
        "SIG_VALUE",
        "520304-002",
        True,
    )
    assert "SIG_VALUE" in yidi("hub", "audit", data=data).out
