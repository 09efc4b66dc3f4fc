"""The gate: pass, hold or refuse; and when it cannot look, nothing passes."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import pytest

from exchange.errors import FileMissingError, RefusedError, StorageError
from exchange.model.envelope import Declaration, Envelope, FileEntry
from exchange.services.secrecy.gate import check_secrecy, inspect_parts
from exchange.services.secrecy.plain_text import PlainText
from exchange.services.secrecy.rules import Decision
from tests.unit.services.hub_and_node import NOTICE, an_entry, an_envelope

CLEAN = "关于检查的通知\n各单位：\n".encode()
MARKED = "机密★1年\n关于检查的通知\n".encode()


def of(data: bytes, **changes: Any) -> tuple[Envelope, Callable[[FileEntry], BinaryIO]]:
    entry = an_entry(data, "附件.txt", media_type="text/plain")
    return an_envelope(files=(entry,), **changes), lambda _: io.BytesIO(data)


def test_a_clean_document_passes() -> None:
    assert check_secrecy(*of(CLEAN), PlainText()).decision is Decision.PASS


def test_a_marked_file_is_refused_and_the_refusal_quotes_nothing_of_it() -> None:
    with pytest.raises(RefusedError, match="SECRECY: ") as refusal:
        check_secrecy(*of(MARKED), PlainText())
    assert "机密" not in refusal.value.message
    assert "检查" not in refusal.value.message


def test_a_held_document_needs_a_named_reviewer_and_a_refused_one_none_can_help() -> None:
    held = replace(NOTICE, serial_number_of_copies="000001")
    reviewed = Declaration(name="张三", at=an_envelope().created, reviewed_by="王五")
    with pytest.raises(RefusedError, match="SECRECY_HOLD"):
        check_secrecy(*of(CLEAN, metadata=held), PlainText())
    assert check_secrecy(*of(CLEAN, metadata=held, declaration=reviewed), PlainText()).decision is Decision.HOLD
    with pytest.raises(RefusedError, match="SECRECY: "):
        check_secrecy(*of(MARKED, declaration=reviewed), PlainText())


def test_a_disk_that_cannot_be_read_is_an_error_and_no_pass() -> None:
    def fail() -> BinaryIO:
        raise OSError("input/output error")

    with pytest.raises(StorageError, match="not checked"):
        inspect_parts(NOTICE, None, [("附件.txt", "text/plain", fail)], PlainText())


def test_a_file_that_is_missing_is_an_error_and_no_pass() -> None:
    def missing(_: FileEntry) -> BinaryIO:
        raise FileMissingError("gone")

    envelope, _ = of(CLEAN)
    with pytest.raises(FileMissingError):
        check_secrecy(envelope, missing, PlainText())
