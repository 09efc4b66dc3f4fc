"""`yidi hub quarantine`: what the hub set aside, by cause, and one message of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exchange.cli.opened import desk
from exchange.ports.records import QuarantineRecord
from tests.unit.cli.commands import yidi

_NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def _aside(number: int, code: str = "SIG_VALUE", *, user: str = "520304-002", kept: bool = True) -> QuarantineRecord:
    return QuarantineRecord(
        digest=f"{number:02x}" * 32,
        document=b"<x/>" if kept else None,
        queue="work.normal",
        user=user,
        code=code,
        detail="",
        at=_NOON + timedelta(minutes=number),
    )


def _set_aside(data: Path, records: Sequence[QuarantineRecord]) -> None:
    with desk(data) as opened, opened.hub_store.begin() as session:
        session.quarantine(records)


def test_what_was_set_aside_is_listed_by_cause(data: Path) -> None:
    _set_aside(data, [_aside(1), _aside(2, user="520304-003"), _aside(3, "SECRECY", kept=False)])
    secrecy, signature = yidi("hub", "quarantine", "list", "--json", data=data).json

    assert set(secrecy) == {"code", "messages", "users", "first", "last"}
    assert (secrecy["code"], secrecy["messages"], secrecy["users"]) == ("SECRECY", 1, 1)
    assert (signature["code"], signature["messages"], signature["users"]) == ("SIG_VALUE", 2, 2)
    assert (signature["first"], signature["last"]) == (
        "2026-03-02T12:01:00.000+08:00",
        "2026-03-02T12:02:00.000+08:00",
    )
    assert "SIG_VALUE" in yidi("hub", "quarantine", "list", data=data).out


def test_nothing_set_aside_is_said(data: Path) -> None:
    assert "没有待处理的被隔离报文" in yidi("hub", "quarantine", "list", data=data).out


def test_one_message_is_shown_and_its_bytes_saved_for_the_owner_alone(data: Path, tmp_path: Path) -> None:
    _set_aside(data, [_aside(1), _aside(2)])
    saved = tmp_path / "message.xml"
    (shown,) = yidi("hub", "quarantine", "show", "0101", "--save", saved, "--json", data=data).json

    assert set(shown) == {
        "at",
        "code",
        "from",
        "from_name",
        "queue",
        "digest",
        "bytes",
        "detail",
        "settled",
        "settlement",
    }
    assert (shown["digest"], shown["from_name"], shown["bytes"]) == ("01" * 32, "乙镇", 4)
    assert saved.read_bytes() == b"<x/>"
    assert saved.stat().st_mode & 0o077 == 0


def test_saving_writes_over_nothing(data: Path, tmp_path: Path) -> None:
    _set_aside(data, [_aside(1)])
    there = tmp_path / "there"
    there.write_text("mine", encoding="utf-8")
    result = yidi("hub", "quarantine", "show", "0101", "--save", there, data=data)

    assert (result.code, there.read_text(encoding="utf-8")) == (1, "mine")
    assert "FILE_EXISTS" in result.err


def test_of_secret_matter_there_are_no_bytes_to_save(data: Path, tmp_path: Path) -> None:
    _set_aside(data, [_aside(3, "SECRECY", kept=False)])
    result = yidi("hub", "quarantine", "show", "0303", "--save", tmp_path / "secret", data=data)

    assert result.code == 1
    assert "FILE_MISSING" in result.err
    assert not (tmp_path / "secret").exists()


def test_a_digest_that_means_none_or_several_or_is_none_is_explained(data: Path) -> None:
    several = [_aside(1), replace(_aside(1), digest="0101" + "ff" * 30)]
    _set_aside(data, several)
    codes = {text: yidi("hub", "quarantine", "show", text, data=data).err for text in ("0101", "beef", "../x")}

    assert "AMBIGUOUS" in codes["0101"]
    assert "NOT_FOUND" in codes["beef"]
    assert "VALUE" in codes["../x"]
