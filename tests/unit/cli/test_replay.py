"""`yidi hub quarantine replay` and `settle`, and `yidi hub acts`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.cli.opened import desk
from exchange.ports.records import QuarantineRecord
from exchange.trust.digest import sha256_hex
from tests.unit.cli.commands import deliver, send, yidi

_NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
_BUG = "BUG KeyError"


def _aside(document: bytes | None, code: str = _BUG, user: str = "520304-001") -> QuarantineRecord:
    return QuarantineRecord(
        digest=sha256_hex(document or b""),
        document=document,
        queue="work.normal",
        user=user,
        code=code,
        detail="",
        at=_NOON,
    )


def _set_aside(data: Path, records: Sequence[QuarantineRecord]) -> None:
    with desk(data) as opened, opened.hub_store.begin() as session:
        session.quarantine(records)


def _sent(data: Path) -> QuarantineRecord:
    """A document that a unit signed, as a hub with a bug would have set it aside."""
    send(data)
    with desk(data) as opened, opened.node_store.begin() as session:
        [row] = session.due_outbox(datetime(2100, 1, 1, tzinfo=UTC), 10)
    return _aside(row.document)


def test_what_a_bug_set_aside_is_replayed_and_recorded_and_arrives(data: Path) -> None:
    record = _sent(data)
    _set_aside(data, [record, _aside(None, "SECRECY")])
    listed = yidi("hub", "quarantine", "list", "--cause", _BUG, "--json", data=data).json
    assert [(one["digest"], one["hindrance"]) for one in listed] == [(record.digest, None)]

    arguments = ("--all", "--rate", "100/s", "--reason", "已升级", "--operator", "王芳", "--json")
    done = yidi("hub", "quarantine", "replay", *arguments, data=data)
    assert done.code == 0, done.err
    assert sorted(one["outcome"] for one in done.json) == ["secret", "taken"]
    act, *_ = yidi("hub", "acts", "--json", data=data).json
    assert set(act) == {"no", "at", "account", "operator", "verb", "target", "reason", "outcome"}
    assert (act["operator"], act["verb"], act["reason"]) == ("王芳", "quarantine replay", "已升级")
    assert act["target"] == record.digest
    assert act["account"]
    assert [one["code"] for one in yidi("hub", "quarantine", "list", "--json", data=data).json] == ["SECRECY"]
    deliver(data)
    assert "关于防汛工作的通知" in yidi("inbox", "--unit", "乙镇", data=data).out


def test_settling_one_cause_leaves_the_others_open(data: Path) -> None:
    _set_aside(data, [_aside(b"1"), _aside(b"2"), _aside(b"3", "SIG_VALUE")])
    done = yidi("hub", "quarantine", "settle", "--cause", _BUG, "--reason", "已请其重发", data=data)

    assert (done.code, "2\t已了结" in done.out) == (0, True), done.err
    assert [one["code"] for one in yidi("hub", "quarantine", "list", "--json", data=data).json] == ["SIG_VALUE"]
    assert "quarantine settle" in yidi("hub", "acts", data=data).out
    assert yidi("hub", "status", "--json", data=data).json["counts"]["quarantined"] == 1


def test_acts_are_read_page_by_page(data: Path) -> None:
    _set_aside(data, [_aside(b"%d" % number) for number in range(5)])
    yidi("hub", "quarantine", "settle", "--all", "--reason", "x", data=data)
    first = yidi("hub", "acts", "--limit", "3", "--json", data=data).json
    rest = yidi("hub", "acts", "--before", str(first[-1]["no"]), "--json", data=data).json

    assert [act["no"] for act in first + rest] == list(range(10, 0, -1))  # five are of the founding
    assert len({act["target"] for act in first + rest if act["verb"] == "quarantine settle"}) == 5


def test_a_hub_where_nobody_did_anything_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert yidi("hub", "init", data=data).code == 0
    assert "还没有操作记录" in yidi("hub", "acts", data=data).out
    assert "没有待处理的报文" in yidi("hub", "quarantine", "settle", "--all", "--reason", "x", data=data).out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--reason", "x"), "USAGE"),
        (("--reason", "x", "--all", "--cause", "SIG_VALUE"), "USAGE"),
        (("--reason", " ", "--all"), "VALUE"),
        (("--reason", "x", "--all", "--rate", "0/s"), "VALUE"),
        (("--reason", "x", "beef"), "NOT_FOUND"),
        (("--reason", "x", "../x"), "VALUE"),
    ],
)
def test_what_was_asked_wrongly_is_explained(data: Path, arguments: tuple[str, ...], code: str) -> None:
    result = yidi("hub", "quarantine", "replay", *arguments, data=data)

    assert (result.code, code in result.err) == (1, True)
