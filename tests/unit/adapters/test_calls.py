"""What an office sends by itself: whose it is, and what becomes of it."""

import time
from pathlib import Path
from typing import Any

import pytest

from exchange.adapters.calls import Bell, CallRules, GuardedCalls, Letterbox
from exchange.adapters.registry import Place
from exchange.errors import InputError, LimitError, NotAuthorisedError, StorageError
from exchange.ports.office import OfficeCall
from exchange.trust.webhook import signature

SECRET = "a-secret-of-the-office"
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = 1_800_000_000


def guarded(folder: Path, secret: str = SECRET, **rules: Any) -> tuple[GuardedCalls, list[bytes]]:
    (folder / "secret").write_text(secret + "\n", encoding="utf-8")
    table = {"secret_file": "secret", "addresses": ["10.1.2.3", "10.9.0.0/16", "fd00::/8"]}
    kept: list[bytes] = []
    place = Place(name="town", data=folder, offices=folder)
    return GuardedCalls(CallRules.model_validate(table | rules), place, kept.append, now=lambda: AT), kept


def a_call(token: str = "", body: bytes = b"{}", **fields: str) -> OfficeCall:
    return OfficeCall(token=token, fields={name.replace("_", "-"): text for name, text in fields.items()}, body=body)


def signed(body: bytes, *, at: int = AT, secret: str = SIGNING) -> OfficeCall:
    by = f"v1,old {signature(secret, 'n1', at, body)}"
    return a_call(body=body, webhook_id="n1", webhook_timestamp=str(at), webhook_signature=by)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("10.1.2.3", True),
        ("10.9.200.1", True),
        ("fd00::7", True),
        ("10.1.2.4", False),
        ("testclient", False),
        ("", False),
    ],
)
def test_only_addresses_in_the_settings_may_call(tmp_path: Path, address: str, admitted: bool) -> None:
    assert guarded(tmp_path)[0].admits(address) is admitted


def test_the_secret_is_the_files_without_its_end_of_line(tmp_path: Path) -> None:
    calls, kept = guarded(tmp_path)
    calls.take(a_call(SECRET, b"look"))
    assert kept == [b"look"]


@pytest.mark.parametrize("token", ["", SECRET + "x", SECRET[:-1], "é"])
def test_any_other_secret_is_refused_and_nothing_kept(tmp_path: Path, token: str) -> None:
    calls, kept = guarded(tmp_path)
    with pytest.raises(NotAuthorisedError):
        calls.take(a_call(token))
    assert kept == []


def test_a_signed_call_needs_no_secret_in_it(tmp_path: Path) -> None:
    calls, kept = guarded(tmp_path, SIGNING, signed=True)
    calls.take(signed(b"look"))
    assert kept == [b"look"]


@pytest.mark.parametrize(
    "call",
    [
        a_call(SIGNING),
        signed(b"look", at=AT - 301),
        signed(b"look", at=AT + 301),
        signed(b"look", secret="whsec_AAAA"),
        OfficeCall(token="", fields=signed(b"look").fields, body=b"other"),
        a_call(webhook_id="n1", webhook_timestamp="now", webhook_signature="v1,"),
    ],
    ids=["not signed", "too old", "too new", "another secret", "another body", "no time"],
)
def test_what_is_not_signed_so_is_refused(tmp_path: Path, call: OfficeCall) -> None:
    calls, kept = guarded(tmp_path, SIGNING, signed=True)
    with pytest.raises(NotAuthorisedError):
        calls.take(call)
    assert kept == []


@pytest.mark.parametrize(
    ("secret", "rules"),
    [("short", {}), ("秘" * 30, {}), (SECRET, {"signed": True}), ("whsec_not base64 at all!", {"signed": True})],
)
def test_a_secret_that_is_none_is_found_at_the_start(tmp_path: Path, secret: str, rules: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"offices\.town\.calls\.secret_file"):
        guarded(tmp_path, secret, **rules)


@pytest.mark.parametrize(("later", "rings"), [(0.0, True), (19.9, True), (20.1, False)])
def test_a_bell_rings_a_while_and_not_longer(later: float, rings: bool) -> None:
    times = iter([5.0, 5.0 + later])
    bell = Bell(lambda: next(times))
    assert not bell.is_ringing
    bell.ring()
    assert bell.is_ringing is rings


def test_letters_outlive_the_process_in_the_order_they_came(tmp_path: Path) -> None:
    Letterbox(tmp_path / "box").put(b"second by its digest, first by time")
    time.sleep(0.001)
    Letterbox(tmp_path / "box").put(b"a")
    box = Letterbox(tmp_path / "box")
    assert [one.body for one in box.letters()] == [b"second by its digest, first by time", b"a"]
    box.drop(box.letters()[0].id)
    box.drop("never there")
    assert [one.body for one in Letterbox(tmp_path / "box").letters()] == [b"a"]


def test_the_same_letter_twice_is_one(tmp_path: Path) -> None:
    box = Letterbox(tmp_path / "box")
    box.put(b"a")
    box.put(b"a")
    assert len(box.letters()) == 1


def test_a_letterbox_does_not_fill_the_disk(tmp_path: Path) -> None:
    box = Letterbox(tmp_path / "box", most=2)
    for body in (b"a", b"b", b"a"):
        box.put(body)
    with pytest.raises(LimitError):
        box.put(b"c")


def test_a_letter_that_cannot_be_kept_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError):
        Letterbox(tmp_path / "box").put(b"a")
