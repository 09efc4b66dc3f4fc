"""The package: what goes in comes out, and nothing that was altered, added, taken away or disguised does."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.errors import FileMissingError, PackageError
from exchange.ledger import package
from exchange.ledger.container import Member
from exchange.ledger.entry import InclusionProof, LedgerEntry
from exchange.ledger.manifest import Manifest, encode_json
from exchange.ledger.package import EvidencePackage, PackageLimits
from exchange.ledger.proofs import ConsistencyProof

ATTACHMENT = b"%PDF-1.7 attachment" * 1000
DIGEST = sha256(ATTACHMENT).hexdigest()
ABSENT = sha256(b"kept at home").hexdigest()
FINGERPRINT = sha256(b"certificate").hexdigest()

PROOF = InclusionProof(
    entry=LedgerEntry(
        kind="ENVELOPE",
        sender="520304-001",
        envelope_id="0f8fad5b-d9cb-469f-a165-70867728950e",
        id="0f8fad5b-d9cb-469f-a165-70867728950e",
        digest=sha256(b"<Envelope/>").hexdigest(),
        recorded=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    ),
    index=41,
    path=(b"\x01" * 32, b"\x02" * 32),
)
PACKAGE = EvidencePackage(
    envelope=b"<Envelope/>",
    receipts=(b"<Receipt>2</Receipt>", b"<Receipt>1</Receipt>"),
    files={DIGEST: lambda: io.BytesIO(ATTACHMENT), ABSENT: None},
    directory=b"<Directory/>",
    certificates={FINGERPRINT: b"-----BEGIN CERTIFICATE-----\r\n"},
    checkpoint="hub\n0\n...\n",
    proofs=(PROOF,),
    consistency=(ConsistencyProof(size=7, path=(b"\x03" * 32,)),),
    report="<h1>存证报告</h1>\r\n",
)
MEMBERS = [
    f"certificates/{FINGERPRINT}.crt",
    "checkpoint.txt",
    "directory.xml",
    "envelope.xml",
    f"files/{DIGEST}",
    "proofs.json",
    "receipts/00001.xml",
    "receipts/00002.xml",
    "report.html",
    "manifest.json",
]
EVIDENCE = [name for name in MEMBERS if name != "manifest.json"]

Contents = list[tuple[str, bytes]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "evidence.zip"
    package.write(PACKAGE, target)
    return target


def contents_of(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def rebuild(path: Path, contents: Contents, *, manifest: bool = False, compression: int = zipfile.ZIP_STORED) -> None:
    """Write `contents` as a zip; with `manifest`, one that lists them truthfully: what a forger would do."""
    if manifest:
        members = {
            name: Member(sha256=sha256(data).hexdigest(), size=len(data))
            for name, data in contents
            if name != "manifest.json"
        }
        contents = [(name, data) for name, data in contents if name != "manifest.json"]
        contents.append(("manifest.json", Manifest(members=members, digest_only=(ABSENT,)).encode()))
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in contents:
            archive.writestr(name, data)


def refusal(path: Path, limits: PackageLimits | None = None) -> str:
    with pytest.raises(PackageError) as caught:
        package.read(path, limits=limits)
    return caught.value.message


# ------------------------------------------------------------------------------------------- round trip


def test_what_was_written_reads_back_byte_for_byte(path: Path) -> None:
    read = package.read(path)
    assert replace(read, files={}) == replace(PACKAGE, files={})
    assert read.files.keys() == PACKAGE.files.keys()
    with read.open_file(DIGEST) as source:
        assert source.read() == ATTACHMENT


def test_a_file_that_is_not_included_cannot_be_opened(path: Path) -> None:
    read = package.read(path)
    assert read.files[ABSENT] is None
    for digest in (ABSENT, "0" * 64):
        with pytest.raises(PackageError, match=digest):
            read.open_file(digest)


def test_a_package_without_receipts_files_and_proofs_is_one(tmp_path: Path) -> None:
    bare = replace(PACKAGE, receipts=(), files={}, certificates={}, proofs=(), consistency=())
    package.write(bare, tmp_path / "bare.zip")
    assert package.read(tmp_path / "bare.zip") == bare


def test_the_members_are_those_of_the_format_in_fixed_order(path: Path) -> None:
    assert [name for name, _ in contents_of(path)] == MEMBERS


def test_the_same_package_gives_the_same_bytes_wherever_the_order_of_its_mappings_differs(path: Path) -> None:
    other = path.with_name("other.zip")
    package.write(replace(PACKAGE, files={ABSENT: None, DIGEST: PACKAGE.files[DIGEST]}), other)
    assert other.read_bytes() == path.read_bytes()


def test_an_ordinary_zip_tool_finds_the_package_sound(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


# ------------------------------------------------------------------------------------------------ writing


class Endless(io.RawIOBase):
    """A file made as it is read, too large for memory, that remembers the largest bite taken."""

    def __init__(self, size: int) -> None:
        self.left, self.largest = size, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size >= 0  # never all at once
        self.largest = max(self.largest, size)
        taken = min(size, self.left)
        self.left -= taken
        return bytes(taken)


def test_a_large_file_is_streamed_in_and_out(tmp_path: Path) -> None:
    size = 48 * 1024 * 1024
    digest = sha256(bytes(size)).hexdigest()
    source = Endless(size)
    package.write(replace(PACKAGE, files={digest: lambda: cast("BinaryIO", source)}), tmp_path / "large.zip")
    assert source.largest <= 1024 * 1024
    read = package.read(tmp_path / "large.zip", limits=PackageLimits(documents_bytes=100_000))
    with read.open_file(digest) as stream:
        assert len(stream.read(1000)) == 1000


def missing() -> BinaryIO:
    raise FileMissingError("gone")


def unreadable() -> BinaryIO:
    raise PermissionError("not yours")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (
            {"files": {DIGEST: lambda: io.BytesIO(b"other")}},
            PackageError,
            f"files/{DIGEST}: has not the digest",
        ),
        ({"files": {DIGEST: missing}}, FileMissingError, "gone"),
        ({"files": {DIGEST: unreadable}}, PackageError, f"files/{DIGEST}: cannot be read"),
        ({"files": {"../../etc/passwd": lambda: io.BytesIO(b"")}}, PackageError, "etc/passwd"),
        ({"files": {"../../etc/passwd": None}}, PackageError, "digest_only"),
        ({"certificates": {"not hex": b""}}, PackageError, "not hex"),
        ({"report": "\ud800"}, PackageError, "evidence.zip: cannot be written"),
    ],
)
def test_what_could_not_be_read_back_is_not_written_and_leaves_nothing_behind(
    tmp_path: Path, change: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        package.write(replace(PACKAGE, **change), tmp_path / "evidence.zip")  # type: ignore[arg-type]  # wrong on purpose
    assert list(tmp_path.iterdir()) == []


def test_a_failed_writing_leaves_the_package_that_was_there(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(FileMissingError):
        package.write(replace(PACKAGE, files={DIGEST: missing}), path)
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"evidence\.zip: cannot be written"):
        package.write(PACKAGE, tmp_path / "nowhere" / "evidence.zip")


# ---------------------------------------------------------------------------------------------- tampering


@pytest.mark.parametrize("name", EVIDENCE)
def test_an_altered_member_is_refused_by_name(path: Path, name: str) -> None:
    rebuild(path, [(each, data + b" " if each == name else data) for each, data in contents_of(path)])
    assert refusal(path) == f"{name}: differs from the manifest"


@pytest.mark.parametrize("name", EVIDENCE)
def test_a_member_altered_without_a_change_of_length_is_refused_by_name(path: Path, name: str) -> None:
    altered = [(each, bytes([data[0] ^ 1]) + data[1:] if each == name else data) for each, data in contents_of(path)]
    rebuild(path, altered)
    assert refusal(path) == f"{name}: differs from the manifest"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_removed_member_is_refused_by_name(path: Path, name: str) -> None:
    rebuild(path, [(each, data) for each, data in contents_of(path) if each != name])
    assert refusal(path) == f"{name}: is missing"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_there_twice_is_refused_by_name(path: Path, name: str) -> None:
    contents = contents_of(path)
    twice = [*contents, *((each, data) for each, data in contents if each == name)]
    with pytest.warns(UserWarning, match="Duplicate"):
        rebuild(path, twice)
    assert refusal(path) == f"{name}: is there twice"


@pytest.mark.parametrize("name", EVIDENCE)
@pytest.mark.parametrize("manifest", [False, True])
def test_a_renamed_member_is_refused(path: Path, name: str, manifest: bool) -> None:
    renamed = [(f"x{each}" if each == name else each, data) for each, data in contents_of(path)]
    rebuild(path, renamed, manifest=manifest)
    assert name in refusal(path)


@pytest.mark.parametrize(
    "name",
    [
        "../envelope.xml",
        "/etc/passwd",
        "C:\\evil.exe",
        "files/../envelope.xml",
        "files/evil.exe",
        f"files/{DIGEST.upper()}",
        f"files/{'0' * 63}",
        f"files/{'0' * 64}.exe",
        f"files/{'0' * 64}\n",
        "receipts/00000.xml",
        "receipts/3.xml",
        "ENVELOPE.XML",
        "envelope.xml ",
        "./envelope.xml",
        "readme.txt",
        "files/",
        "信封.xml",
    ],
)
@pytest.mark.parametrize("manifest", [False, True])
def test_a_member_with_any_other_name_is_refused(path: Path, name: str, manifest: bool) -> None:
    added = [(each, data) for each, data in contents_of(path) if each != "manifest.json"]
    members = [*added, (name, b"")]
    if not manifest:
        members += [each for each in contents_of(path) if each[0] == "manifest.json"]
    rebuild(path, members, manifest=manifest)
    refusal(path)


@pytest.mark.parametrize("name", ["receipts/00003.xml", f"files/{'0' * 64}", f"certificates/{'0' * 64}.crt"])
def test_an_added_member_that_the_manifest_does_not_list_is_refused_by_name(path: Path, name: str) -> None:
    rebuild(path, [*contents_of(path), (name, b"more")])
    assert refusal(path) == f"{name}: is not in the manifest"


def test_a_gap_between_receipts_is_refused_even_if_the_manifest_is_rewritten(path: Path) -> None:
    contents = [(name.replace("00002", "00003"), data) for name, data in contents_of(path)]
    rebuild(path, contents, manifest=True)
    assert refusal(path) == "receipts/00002.xml: is missing"


def test_a_file_must_have_the_digest_that_is_its_name_even_if_the_manifest_is_rewritten(path: Path) -> None:
    contents = [(name, b"other" if name.startswith("files/") else data) for name, data in contents_of(path)]
    rebuild(path, contents, manifest=True)
    assert refusal(path) == f"files/{DIGEST}: has not the digest that is its name"


@pytest.mark.parametrize("name", ["checkpoint.txt", "report.html"])
def test_text_that_is_not_utf_8_is_refused_by_name(path: Path, name: str) -> None:
    rebuild(path, [(each, b"\xff" if each == name else data) for each, data in contents_of(path)], manifest=True)
    assert refusal(path) == f"{name}: is not UTF-8 text"


GOOD_PROOF = {"index": 41, "leaf": PROOF.entry.leaf().decode(), "path": ["01" * 32]}


def proofs_of(inclusion: object) -> bytes:
    return encode_json({"consistency": [], "inclusion": [inclusion]})


@pytest.mark.parametrize(
    "proofs",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",  # without the newline at the end
        encode_json({}),
        encode_json(None),
        encode_json([]),
        encode_json({"consistency": []}),
        encode_json({"consistency": [], "inclusion": [], "more": []}),
        encode_json({"consistency": [{"path": [], "size": -1}], "inclusion": []}),
        encode_json({"consistency": [{"path": ["01"], "size": 1}], "inclusion": []}),
        proofs_of(1),
        proofs_of({}),
        proofs_of(GOOD_PROOF | {"more": 1}),
        proofs_of(GOOD_PROOF | {"index": -1}),
        proofs_of(GOOD_PROOF | {"index": True}),
        proofs_of(GOOD_PROOF | {"index": "41"}),
        proofs_of(GOOD_PROOF | {"index": 41.0}),
        proofs_of(GOOD_PROOF | {"path": ["01" * 31]}),
        proofs_of(GOOD_PROOF | {"path": ["AB" * 32]}),
        proofs_of(GOOD_PROOF | {"path": ["01" * 32] * 131}),
        proofs_of(GOOD_PROOF | {"path": None}),
        proofs_of(GOOD_PROOF | {"leaf": "kind ENVELOPE\n"}),
        proofs_of(GOOD_PROOF | {"leaf": 7}),
        proofs_of(GOOD_PROOF).replace(b'"index"', b'"index": 40, "index"'),
        proofs_of(GOOD_PROOF).replace(b"41", b"1" * 5000),
    ],
)
def test_proofs_that_are_not_proofs_are_refused_by_name(path: Path, proofs: bytes) -> None:
    contents = [(name, proofs if name == "proofs.json" else data) for name, data in contents_of(path)]
    rebuild(path, contents, manifest=True)
    assert refusal(path).startswith("proofs.json: ")


@pytest.mark.parametrize(
    "alter",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b" ",
        lambda raw: raw.replace(b"yidi-evidence/1", b"yidi-evidence/2"),
        lambda raw: raw.replace(b'"format"', b'"Format"'),
        lambda raw: raw.replace(b'"members"', b'"Members"'),
        lambda raw: raw.replace(b'"size": ', b'"size": -'),
        lambda raw: raw.replace(b'"size": 11', b'"size": 11.0'),
        lambda raw: raw.replace(b'"size": 11', b'"size": "11"'),
        lambda raw: raw.replace(b'"size": 11', b'"size": true'),
        lambda raw: raw.replace(b'"size": 11', b'"extra": 0, "size": 11'),
        lambda raw: raw.replace(b'"size": 11', b'"size": 12, "size": 11'),
        lambda raw: raw.replace(DIGEST.encode(), DIGEST.upper().encode()),
        lambda raw: raw.replace(ABSENT.encode(), DIGEST.encode()),
        lambda raw: raw.replace(f'"{ABSENT}"'.encode(), f'"{ABSENT}", "{ABSENT}"'.encode()),
        lambda raw: raw.replace(f'"{ABSENT}"'.encode(), b"7"),
        lambda raw: raw.replace(b"envelope.xml", b"nothing.xml"),
        lambda raw: raw.decode().encode("utf-16"),
        lambda raw: b"[" * 100_000,
        lambda raw: b"null\n",
        lambda raw: b'{"members": [], "digest_only": []}\n',
    ],
)
def test_a_manifest_written_any_other_way_is_refused(path: Path, alter: Callable[[bytes], bytes]) -> None:
    contents = contents_of(path)
    raw = dict(contents)["manifest.json"]
    assert alter(raw) != raw
    rebuild(path, [(name, alter(data) if name == "manifest.json" else data) for name, data in contents])
    assert refusal(path).startswith(("manifest.json: ", "envelope.xml: ", "nothing.xml: "))


# --------------------------------------------------------------------------------------- limits and damage


def test_a_package_larger_than_allowed_is_refused_before_it_is_opened(path: Path) -> None:
    size = path.stat().st_size
    package.read(path, limits=PackageLimits(total_bytes=size))
    assert "at most" in refusal(path, PackageLimits(total_bytes=size - 1))


def test_a_file_larger_than_allowed_is_refused_by_name(path: Path) -> None:
    package.read(path, limits=PackageLimits(file_bytes=len(ATTACHMENT)))
    assert f"files/{DIGEST}: " in refusal(path, PackageLimits(file_bytes=len(ATTACHMENT) - 1))


def test_documents_are_bounded_together_for_they_are_held_in_memory(path: Path) -> None:
    documents = sum(len(data) for name, data in contents_of(path) if not name.startswith("files/"))
    package.read(path, limits=PackageLimits(documents_bytes=documents))
    assert "documents" in refusal(path, PackageLimits(documents_bytes=documents - 1))


def test_the_number_of_members_is_bounded_before_the_directory_is_read(path: Path) -> None:
    package.read(path, limits=PackageLimits(members=len(MEMBERS)))
    assert "more than 9 members" in refusal(path, PackageLimits(members=len(MEMBERS) - 1))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_package_damaged_anywhere_is_refused_or_reads_back_the_same(path: Path, data: st.DataObject) -> None:
    original = path.read_bytes()
    place = data.draw(st.integers(0, len(original) - 1) | st.integers(len(original) - 2000, len(original) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
    changed = {
        "flip": lambda: (
            original[:place] + bytes([original[place] ^ data.draw(st.integers(1, 255))]) + original[place + 1 :]
        ),
        "cut": lambda: original[:place],
        "insert": lambda: original[:place] + data.draw(st.binary(min_size=1, max_size=40)) + original[place:],
        "drop": lambda: original[:place] + original[place + 1 :],
    }[kind]()
    damaged = path.with_name("damaged.zip")
    damaged.write_bytes(changed)
    try:
        read = package.read(damaged)
    except PackageError:
        return
    # Times, versions and permissions of members are the only bytes that nothing depends on.
    assert replace(read, files={}) == replace(PACKAGE, files={})
    with read.open_file(DIGEST) as source:
        assert source.read() == ATTACHMENT
