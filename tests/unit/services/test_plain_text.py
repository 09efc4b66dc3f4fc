"""Plain text as the secrecy gate reads it."""

import io
from typing import BinaryIO

import pytest

from exchange.ports.text import NOT_LOOKED_AT, FileText
from exchange.services.secrecy.plain_text import MAX_BYTES, PlainText


def lines(raw: bytes, name: str = "通知.txt", media_type: str = "text/plain") -> FileText:
    return PlainText().lines(name, media_type, lambda: io.BytesIO(raw))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_the_encodings_in_use_are_read(encoding: str) -> None:
    assert lines("机密★1年\r\n各镇乡：\n".encode(encoding)) == ["机密★1年", "各镇乡："]


def test_other_kinds_are_not_even_opened() -> None:
    def refuse() -> BinaryIO:
        raise AssertionError("opened")

    assert PlainText().lines("通知.pdf", "application/pdf", refuse) is NOT_LOOKED_AT


def test_a_name_is_enough_to_be_looked_at() -> None:
    assert lines(b"abc", "A.TXT", "application/octet-stream") == ["abc"]
    assert lines(b"abc", "A", "text/plain") == ["abc"]


@pytest.mark.parametrize("raw", [b"\xff\xff\xff", b"PK\x03\x04\x00\x00", b"\xef\xbb\xbf\xff", b"\x81"])
def test_what_is_no_text_cannot_be_read(raw: bytes) -> None:
    assert lines(raw) is None


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_of_a_long_file_the_beginning_is_read_even_if_it_ends_within_a_character(encoding: str) -> None:
    for shift in range(3):
        raw = b"x" * shift + "密".encode(encoding) * MAX_BYTES
        found = lines(raw)
        assert isinstance(found, list)
        assert set(found[0]) <= {"x", "密"}
        assert len(found[0].encode(encoding)) in range(MAX_BYTES - 3, MAX_BYTES + 1)


def test_a_file_that_gives_its_bytes_in_drops_is_read_whole() -> None:
    class Drops(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 2))

    assert PlainText().lines("a.txt", "text/plain", lambda: Drops("机密".encode())) == ["机密"]


def test_an_empty_file_has_no_lines() -> None:
    assert lines(b"") == []
