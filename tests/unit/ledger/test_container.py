"""The zip of a package: everything in it is found, and nothing else can be."""

import io
import struct
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.errors import PackageError
from exchange.ledger.container import Member, open_member, open_reader, open_writer

MEMBERS = [("envelope.xml", b"<Envelope/>"), ("report.html", b"<h1/>" * 100)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.zip"
    with path.open("wb") as target, open_writer(target) as writer:
        for name, data in MEMBERS:
            writer.add(name, io.BytesIO(data))
    return path


def read(path: Path, *, total_bytes: int = 10**6, members: int = 20) -> list[tuple[str, bytes]]:
    with open_reader(path, total_bytes=total_bytes, members=members) as reader:
        return [(name, reader.read(name)) for name in reader.sizes]


def refusal(path: Path) -> str:
    with pytest.raises(PackageError) as caught:
        read(path)
    return caught.value.message


def directory_start(data: bytes | bytearray) -> int:
    """Where the last member's end and the directory's start meet, as the end record says."""
    return int.from_bytes(data[-6:-2], "little")


def test_members_read_back_in_the_order_they_were_written(path: Path) -> None:
    assert read(path) == MEMBERS


def test_members_state_no_time_and_no_owner(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert (info.create_system, info.external_attr >> 16) == (3, 0o100644)


def test_a_member_is_measured_without_being_held(path: Path) -> None:
    with open_reader(path, total_bytes=10**6, members=20) as reader:
        assert reader.measure("report.html").size == 500
        assert reader.measure("envelope.xml") == Member(sha256=sha256(b"<Envelope/>").hexdigest(), size=11)


def test_a_member_can_be_opened_as_a_stream_of_its_own(path: Path) -> None:
    with open_member(path, "envelope.xml") as source:
        assert source.read(4) == b"<Env"
    with pytest.raises(PackageError, match=r"other\.xml"):
        open_member(path, "other.xml")


def test_size_and_number_of_members_are_bounded(path: Path) -> None:
    size = path.stat().st_size
    assert read(path, total_bytes=size, members=2) == MEMBERS
    with pytest.raises(PackageError, match=f"at most {size - 1}"):
        read(path, total_bytes=size - 1)
    with pytest.raises(PackageError, match="more than 1 members"):
        read(path, members=1)


def test_a_directory_swollen_by_comments_is_refused_before_it_is_read(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.infolist()[0].comment = b"x" * 60_000
        archive.comment = b"rewrite the directory"
        archive.comment = b""
    assert "more than 20 members" in refusal(path)


def test_compressed_members_are_refused_so_that_none_can_be_a_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.html", b"0" * 10_000)
    assert refusal(path) == "report.html: is compressed; members are stored as they are"


@pytest.mark.parametrize(("field", "value"), [(10, 8), (10, 99), (20, 10), (24, 12), (24, 10**9)])
def test_a_member_that_says_it_unpacks_to_something_else_is_refused(path: Path, field: int, value: int) -> None:
    data = bytearray(path.read_bytes())
    place = directory_start(data) + field  # APPNOTE.TXT 4.3.12: method, compressed and uncompressed size
    data[place : place + (2 if field == 10 else 4)] = value.to_bytes(2 if field == 10 else 4, "little")
    path.write_bytes(data)
    assert refusal(path) == "envelope.xml: is compressed; members are stored as they are"


def test_an_encrypted_member_is_refused(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[directory_start(data) + 8] |= 1
    path.write_bytes(data)
    assert refusal(path) == "envelope.xml: is encrypted"


def test_a_symbolic_link_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("report.html")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, b"/etc/passwd")
    assert refusal(path) == "report.html: is not a plain file"


def test_a_name_that_is_there_twice_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("envelope.xml", b"<Other/>")
    assert refusal(path) == "envelope.xml: is there twice"


@pytest.mark.parametrize("name", [b"report.\x00tml", b"rep\xc3\xb6rt.htm"])
def test_a_name_that_tools_read_differently_is_refused(path: Path, name: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(b"report.html", name))
    assert "read differently" in refusal(path)


def test_a_directory_that_names_members_otherwise_than_their_headers_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"envelope.xml", b"Envelope.xml", 1))
    assert refusal(path) == "envelope.xml: cannot be read"


def test_bytes_before_the_first_member_are_refused(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n" * 10 + path.read_bytes())
    assert "something is hidden" in refusal(path)


def test_a_member_that_the_directory_does_not_list_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in [MEMBERS[0], ("hidden.xml", b""), MEMBERS[1]]:
            archive.writestr(name, data)
        archive.filelist.pop(1)
    assert refusal(path).startswith("envelope.xml: overlaps the next member, or something is hidden")


def test_bytes_between_the_last_member_and_the_directory_are_refused(path: Path) -> None:
    data = path.read_bytes()
    start = directory_start(data)
    moved = (start + 40).to_bytes(4, "little")
    path.write_bytes(data[:start] + bytes(40) + data[start:-6] + moved + data[-2:])
    assert refusal(path).startswith("report.html: overlaps the next member, or something is hidden")


def test_a_member_within_another_is_refused(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(*MEMBERS[0])
        [info] = archive.infolist()
    whole = inner.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("report.html", whole[: directory_start(whole)])
        info.header_offset = 30 + len("report.html")
        archive.filelist.append(info)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("envelope.xml") == b"<Envelope/>"  # an ordinary reader has no objection
    assert refusal(path).startswith("report.html: overlaps the next member")


@pytest.mark.parametrize("tail", [b"\x00", b"trust me", b"PK\x05\x06"])
def test_bytes_after_the_end_are_refused(path: Path, tail: bytes) -> None:
    path.write_bytes(path.read_bytes() + tail)
    assert "does not end" in refusal(path)


def test_a_comment_is_refused_even_if_it_is_cut_off(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"trust me"
    assert "does not end" in refusal(path)
    path.write_bytes(path.read_bytes().removesuffix(b"trust me"))
    assert "does not end" in refusal(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "other").write_bytes(data)
    assert refusal(tmp_path / "other").startswith("other: ")


def test_a_path_without_a_readable_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.zip") == "nowhere.zip: is not a readable package: No such file or directory"
    refusal(tmp_path)


def test_a_zip64_directory_is_read_and_bounded_too(path: Path) -> None:
    data = path.read_bytes()
    plain, end = data[:-22], data[-22:]
    count, length, offset = struct.unpack("<HLL", end[10:20])

    def write(count: int, length: int, offset: int, signature: bytes = b"PK\x06\x06") -> Path:
        record = struct.pack("<4sQ2H2L4Q", signature, 44, 45, 45, 0, 0, count, count, length, offset)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(plain), 1)
        path.write_bytes(plain + record + locator + end)
        return path

    assert read(write(count, length, offset)) == MEMBERS
    assert "more than 20 members" in refusal(write(10**6, length, offset))
    assert "more than 20 members" in refusal(write(count, 10**9, offset))
    refusal(write(count, length, offset + 1))
    assert "zip64 end record" in refusal(write(count, length, offset, b"XXXX"))
