"""`yidi doctor`: each sickness is found, and named with its cure."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from exchange.cli.doctor import flow as checks_flow
from exchange.cli.doctor import hub as checks_hub
from exchange.cli.doctor import place as checks_place
from exchange.cli.doctor.checks import Finding, Level, Patient, examine, fine
from exchange.cli.doctor.hub import HubPatient
from exchange.cli.doctor.logins import hub_kept_out, unit_kept_out
from exchange.cli.doctor.servers import apart
from exchange.errors import StorageError, TransportError
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.node import HandoverRecord
from exchange.storage import open_node_store
from exchange.transport.rabbit_state import BrokerState, QuorumQueue
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import refuse, send, yidi
from tests.unit.services.hub_and_node import an_envelope

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


def test_a_check_that_cannot_go_on_goes_by_the_name_of_its_findings() -> None:
    class WithoutDatabase:
        @property
        def hub_store(self) -> HubStore:
            raise StorageError("lost or refused", code="STORAGE_LOST")

    (found,) = examine(cast(HubPatient, WithoutDatabase()), [checks_flow.hub_quarantine])
    assert (found.check, found.found) == ("quarantine", "STORAGE_LOST: 数据库没有应答，或不认口令")
    assert found.cure == "先解决上面的 database"


def test_a_unit_that_was_closed_needs_no_key(data: Path) -> None:
    yidi("hub", "units", "revoke", "甲局", "--yes", "--deactivate", data=data)
    assert "certificates" not in sick(data)


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


def test_a_document_that_its_office_has_no_room_for(data: Path) -> None:
    with closing(open_node_store(Layout(data).node_database())) as store, store.begin() as session:
        unit, *_ = session.units()
        record = HandoverRecord(unit=unit, envelope=an_envelope().key, due=datetime.now(UTC), fault="FILES_DIR")
        session.add_handovers([record])
    found = sick(data)["offices"]

    assert (found.level, "1 件进不了办公系统：FILES_DIR" in found.found) == (Level.FAILURE, True)
    assert "files_dir" in found.cure


def test_a_document_that_its_office_refused_and_nobody_signed(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    refuse(data, document)
    found = sick(data)["offices"]

    assert (found.level, "2 件办公系统不收" in found.found) == (Level.WARNING, True)
    assert "yidi show" in found.cure


def test_what_cannot_be_looked_at_is_a_finding_too(data: Path) -> None:
    (data / "anchor.json").write_text("{}", encoding="utf-8")

    assert sick(data)["directory"].level is Level.FAILURE


@pytest.mark.parametrize(
    ("code", "cure"),
    [("STORAGE_LOST", "database"), ("HTTP_SIG_TIME", "chrony"), ("NOT_AUTHORISED", "hub enroll"), ("ELSE", "这一项")],
)
def test_what_keeps_a_check_from_going_on_has_its_own_cure(data: Path, code: str, cure: str) -> None:
    def fails(_patient: Patient) -> Iterator[Finding]:
        yield fine("before", "")
        raise TransportError("it does not answer", code=code)

    with patient(data) as one:
        _, finding = examine(one, [fails])
    assert cure in finding.cure


class Broker:
    """What is at the broker, look after look."""

    place = SimpleNamespace(management=lambda: "http://127.0.0.1:15672")

    def __init__(self, *looks: dict[str, bool]) -> None:
        """Each: queue -> whether its leader tells."""
        self._looks = iter(looks)

    @cached_property
    def broker(self) -> BrokerState:
        told = next(self._looks).items()
        queues = (QuorumQueue(name=name, members=("a",), online=("a",), told=tells) for name, tells in told)
        return BrokerState(release="3.10", nodes=(), queues=tuple(queues))


def test_queues_that_were_just_made_are_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_hub, "_TOLD_SECONDS", 0)
    new = Broker({"work.normal": True, "inbox.1": False}, {"work.normal": True, "inbox.1": True})
    lost = Broker(*[{"work.normal": True} | {f"inbox.{n}": False for n in range(128)}] * 2)
    [well] = checks_hub.queues(cast(HubPatient, new))
    [sick] = checks_hub.queues(cast(HubPatient, lost))
    assert (well.level, sick.level) == (Level.OK, Level.FAILURE)
    assert "128 个队列没有主节点：inbox.0、inbox.1" in sick.found
    assert "delete_queue inbox.0" in sick.cure


@pytest.mark.parametrize(("ahead", "words"), [(-1200.0, "慢 1200.0 秒"), (7.5, "快 7.5 秒"), (-0.01, "一致")])
def test_a_clock_is_said_to_be_fast_or_slow(ahead: float, words: str) -> None:
    assert words in apart("数据库", ahead)


_REFUSED = "AMQPConnectorSocketConnectError: ConnectionRefusedError(111, 'Connection refused')"
_LIMIT = "NOT_ALLOWED - connection refused for user '520304-002': user connection limit (4) is reached"
_LOGIN = "ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL"


@pytest.mark.parametrize(
    ("why", "words", "of_unit", "of_hub"),
    [
        (_LIMIT, "连接已用满", "等一分钟", "close_all_user_connections yidi-hub"),
        (_LOGIN, "被拒绝", "yidi hub provision", "yidi hub provision"),
        (_REFUSED, "没有应答", "broker.url", "systemctl start rabbitmq-server"),
        ("last exception - gaierror(-2, 'Name or service not known')", "解析不到", "broker.url", "rabbit.urls"),
        ("SSLCertVerificationError(1, 'certificate verify failed')", "不被信任", "tls/ca.pem", "yidi hub tls"),
    ],
)
def test_who_does_not_get_in_is_told_why_and_what_helps_against_that(
    why: str, words: str, of_unit: str, of_hub: str
) -> None:
    unit, hub = unit_kept_out(UnitCode("520304-002"), why), hub_kept_out(why, "yidi hub provision")
    for finding, cure in ((unit, of_unit), (hub, of_hub)):
        assert (finding.level, words in finding.found, cure in finding.cure) == (Level.FAILURE, True, True)
        assert why not in finding.found
        assert ("provision" in finding.cure) == (why is _LOGIN)


def test_what_nobody_has_words_for_is_told_as_it_was_said() -> None:
    assert "never heard of" in unit_kept_out(UnitCode("520304-002"), "never heard of").found
