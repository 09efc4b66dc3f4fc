"""`yidi doctor`: each sickness is found, and named with its cure."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange.cli import checks_flow, checks_place
from exchange.cli.checks import Finding, Level, Patient, examine
from exchange.cli.checks_node import refused_login
from exchange.model.unit import UnitCode
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import send, yidi

ALL = (*checks_place.CHECKS, *checks_flow.CHECKS)


@contextmanager
def patient(data: Path, *, later: timedelta = timedelta(0), free_bytes: int = 1 << 40) -> Iterator[Patient]:
    with closing(Patient(Layout(data), now=datetime.now(UTC) + later, free_bytes=free_bytes)) as one:
        yield one


def sick(data: Path, *, later: timedelta = timedelta(0), free_bytes: int = 1 << 40) -> dict[str, Finding]:
    """What is not well, but for the process that no unit test starts."""
    with patient(data, later=later, free_bytes=free_bytes) as one:
        found = list(examine(one, ALL))
    assert all(finding.cure for finding in found if finding.level is not Level.OK)
    return {f.check: f for f in found if f.level is not Level.OK and f.check != "process"}


def test_a_sound_exchange_has_no_findings(delivered: tuple[Path, str]) -> None:
    data, _ = delivered
    assert sick(data) == {}


def test_an_exchange_that_does_not_run_fails_with_the_command_that_starts_it(data: Path) -> None:
    result = yidi("doctor", "--json", data=data)

    assert result.code == 1
    (failed,) = [one for one in result.json if one["level"] == "failure"]
    assert set(failed) == {"check", "level", "found", "cure"}
    assert failed["check"] == "process"
    assert failed["cure"].endswith(f"yidi up --data {data}")


def test_doctor_without_an_exchange_is_one_line(tmp_path: Path) -> None:
    result = yidi("doctor", data=tmp_path)

    assert result.code == 1
    assert result.err.startswith("错误 NO_DATA: ")
    assert result.out == ""


def test_keys_that_others_may_enter(data: Path) -> None:
    (data / "hub" / "keys").chmod(0o755)

    found = sick(data)
    assert (set(found), found["modes"].level) == ({"modes"}, Level.FAILURE)
    assert found["modes"].cure == f"chmod 700 {data / 'hub' / 'keys'}"


@pytest.mark.parametrize(("free", "level"), [(1 << 29, Level.FAILURE), (2 << 30, Level.WARNING)])
def test_a_disk_that_fills(data: Path, free: int, level: Level) -> None:
    found = sick(data, free_bytes=free)

    assert (set(found), found["disk"].level) == ({"disk"}, level)


def test_another_passphrase(data: Path) -> None:
    (data / "secrets" / "passphrase").write_text("x" * 40 + "\n", encoding="ascii")

    assert sick(data)["keys"].level is Level.FAILURE


def test_a_damaged_database(data: Path) -> None:
    (data / "node" / "node.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)

    assert sick(data)["databases"].level is Level.FAILURE


def test_a_database_of_a_newer_release(data: Path) -> None:
    with closing(sqlite3.connect(data / "hub" / "hub.sqlite")) as hub, hub:
        hub.execute("UPDATE schema_version SET version_num = 'hub_9999'")

    assert "hub_9999" in sick(data)["databases"].found


def test_looking_makes_no_database_where_there_was_none(data: Path) -> None:
    (data / "node" / "node.sqlite").unlink()
    with patient(data) as one:
        (_, found) = examine(one, (checks_place.databases,))

    assert found.level is Level.FAILURE
    assert not (data / "node" / "node.sqlite").exists()


def test_a_clock_that_went_back(data: Path) -> None:
    assert sick(data, later=-timedelta(hours=1))["clock"].level is Level.FAILURE


@pytest.mark.parametrize(("days", "level"), [(25, Level.WARNING), (31, Level.FAILURE)])
def test_a_directory_that_expires(data: Path, days: int, level: Level) -> None:
    found = sick(data, later=timedelta(days=days))

    assert (set(found), found["directory"].level) == ({"directory"}, level)


def test_a_node_that_holds_an_older_directory(data: Path) -> None:
    assert yidi("hub", "groups", "add", "x", "某", "--member", "甲局", data=data).code == 0

    assert sick(data)["directory"].level is Level.WARNING


def test_a_hub_that_was_restored_from_an_old_backup(data: Path) -> None:
    old = (data / "hub" / "hub.sqlite").read_bytes()
    yidi("hub", "groups", "add", "x", "某", "--member", "甲局", data=data)
    yidi("node", "status", data=data)
    for path in (data / "hub").glob("hub.sqlite-*"):
        path.unlink()
    (data / "hub" / "hub.sqlite").write_bytes(old)

    assert sick(data)["directory"].level is Level.FAILURE


@pytest.mark.parametrize(("days", "level"), [(1080, Level.WARNING), (1100, Level.FAILURE)])
def test_certificates_that_expire(data: Path, days: int, level: Level) -> None:
    found = sick(data, later=timedelta(days=days))["certificates"]

    assert found.level is level
    assert found.cure.startswith("yidi node enroll --renew 520304-001")


def test_a_document_that_nobody_takes(data: Path) -> None:
    send(data)
    assert "outbox" not in sick(data)

    assert sick(data, later=timedelta(minutes=11))["outbox"].level is Level.FAILURE


def test_an_office_folder_that_is_gone(data: Path) -> None:
    (data / "offices").rename(data / "elsewhere")
    with patient(data) as one:
        (found,) = examine(one, (checks_place.offices,))

    assert found.level is Level.FAILURE


def test_what_cannot_be_looked_at_is_a_finding_too(data: Path) -> None:
    (data / "anchor.json").write_text("{}", encoding="utf-8")

    assert sick(data)["directory"].level is Level.FAILURE


@pytest.mark.parametrize(
    ("why", "cure"),
    [
        ("NOT_ALLOWED - connection refused for user '520304-002': user connection limit (4) is reached", "等一分钟"),
        ("ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL", "yidi hub provision"),
    ],
)
def test_a_unit_without_a_connection_left_is_not_sent_to_have_its_key_looked_at(why: str, cure: str) -> None:
    finding = refused_login(UnitCode("520304-002"), why)
    assert (finding.level, why in finding.found, cure in finding.cure) == (Level.FAILURE, True, True)
    assert ("provision" in finding.cure) == (cure == "yidi hub provision")
