"""The file of a carry package, and what attackers and bad disks make of one: refused, and nothing is stored."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.codec.signed import DocumentKind
from exchange.errors import YidiError
from exchange.ledger.container import open_writer
from exchange.model.carry import DIRECTORY, ENVELOPES, RECEIPTS, Carry, CarryId, Part, Way, file_part, numbered_part
from exchange.services.carry.package import open_carry
from exchange.testing.keys import HUB
from exchange.trust.digest import sha256_hex
from exchange.trust.keys import SoftwareSigner
from exchange.trust.sign import sign_carry, sign_directory
from tests.unit.services.carried_world import Disk
from tests.unit.services.hub_and_node import (
    COUNTY,
    A,
    B,
    E,
    World,
    a_file,
    an_entry,
    an_envelope,
    directory_record,
    next_signer,
    signed,
)

BODY = b"%PDF-1.7 " + bytes(range(256)) * 40
MANIFEST = "manifest.xml"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def disk(world: World, tmp_path: Path) -> Disk:
    return Disk(world, tmp_path)


@pytest.fixture
def packed(world: World, disk: Disk) -> Path:
    """From A: a document to B with a file."""
    world.submit(B, files=[a_file(data=BODY)])
    return disk.from_node(A)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, contents: dict[str, bytes]) -> Path:
    with path.open("wb") as file, open_writer(file) as writer:
        for name, content in contents.items():
            writer.add(name, io.BytesIO(content))
    return path


def part(name: str, content: bytes) -> Part:
    return Part(name=name, size=len(content), sha256=sha256_hex(content))


def a_carry(contents: dict[str, bytes], **changes: object) -> Carry:
    values: dict[str, object] = {
        "id": CarryId("0b9f8e57-2d0a-4c3e-9c55-6a1f0f4e7d21"),
        "hub": HUB,
        "unit": A,
        "way": Way.TO_HUB,
        "made": World().clock.now(),
        "whole": True,
        "parts": tuple(part(name, content) for name, content in contents.items()),
    }
    return Carry(**values | changes)  # type: ignore[arg-type]


def forged(path: Path, contents: dict[str, bytes], signer: SoftwareSigner | None = None, **changes: object) -> Path:
    """A package as whoever has `signer` could make it; by default A."""
    manifest = sign_carry(a_carry(contents, **changes), signer or COUNTY.signers[A])
    return written(path, contents | {MANIFEST: manifest})


def refused(disk: Disk, path: Path) -> str:
    """The code with which the hub refuses it; nothing of it is stored."""
    before = disk.world.hub.counts()
    with pytest.raises(YidiError) as error:
        disk.to_hub(path)
    assert disk.world.hub.counts() == before
    assert list(disk.world.hub.files.digests()) == []
    assert disk.world.hub.files.sweep(disk.world.clock.now()) == 0
    return error.value.code


def test_a_package_is_private_and_holds_what_its_manifest_says(packed: Path, disk: Disk) -> None:
    assert packed.stat().st_mode & 0o777 == 0o600
    carry = disk.manifest(packed)
    assert (carry.hub, carry.unit, carry.way, carry.whole) == (HUB, A, Way.TO_HUB, True)
    contents = members(packed)
    assert {part.name: (part.size, part.sha256) for part in carry.parts} == {
        name: (len(content), sha256_hex(content)) for name, content in contents.items() if name != MANIFEST
    }
    assert contents[file_part(sha256_hex(BODY))] == BODY
    assert set(contents) == {MANIFEST, numbered_part(ENVELOPES, 1), file_part(sha256_hex(BODY))}


def test_a_package_appears_whole_or_not_at_all(world: World, disk: Disk) -> None:
    world.submit(B, files=[a_file(data=BODY)])

    def pulled_out(step: str, _sha256: str) -> None:
        if step == "open.before":
            raise OSError(5, "the disk does not answer")

    world.sending.files.hook = pulled_out
    with pytest.raises(YidiError) as error:
        disk.from_node(A)
    assert error.value.code == "PACKAGE_WRITE"
    assert list(disk.folder.iterdir()) == []


def test_the_folder_of_a_package_must_be_there(world: World, disk: Disk, tmp_path: Path) -> None:
    disk.folder = tmp_path / "gone"
    with pytest.raises(YidiError) as error:
        disk.from_node(A)
    assert error.value.code == "PACKAGE_WRITE"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_package_cut_short_anywhere_is_none(packed: Path, disk: Disk, share: float) -> None:
    whole = packed.read_bytes()
    short = disk.folder / "short"
    short.write_bytes(whole[: int(len(whole) * share)])
    assert refused(disk, short) == "PACKAGE"


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_bit_flipped_anywhere_stores_nothing_that_was_not_signed(
    packed: Path, disk: Disk, share: float, bit: int
) -> None:
    """Times and the like in the zip's own headers mean nothing; everything else is refused."""
    whole = bytearray(packed.read_bytes())
    whole[int(len(whole) * share)] ^= 1 << bit
    flipped = disk.folder / "flipped"
    flipped.write_bytes(whole)
    try:
        same = members(flipped) == members(packed)
    except Exception:  # noqa: BLE001  # whatever zipfile says of it
        same = False
    if not same:
        refused(disk, flipped)


@pytest.mark.parametrize("name", [numbered_part(ENVELOPES, 1), file_part(sha256_hex(BODY)), MANIFEST])
def test_a_member_that_is_missing_is_missed(packed: Path, disk: Disk, name: str) -> None:
    contents = members(packed)
    del contents[name]
    assert refused(disk, written(disk.folder / "less", contents)) == "PACKAGE"


@pytest.mark.parametrize("name", ["files/" + "0" * 64, "../../etc/cron.d/x", "/etc/passwd", "readme.txt", DIRECTORY])
def test_a_member_that_nobody_signed_for_is_refused(packed: Path, disk: Disk, name: str) -> None:
    assert refused(disk, written(disk.folder / "more", members(packed) | {name: b"x"})) == "PACKAGE"


@pytest.mark.parametrize("name", [numbered_part(ENVELOPES, 1), file_part(sha256_hex(BODY))])
def test_other_bytes_of_the_same_size_are_refused(packed: Path, disk: Disk, name: str) -> None:
    contents = members(packed)
    contents[name] = contents[name][:-1] + bytes([contents[name][-1] ^ 1])
    assert refused(disk, written(disk.folder / "other", contents)) == "PACKAGE"


def test_a_compressed_member_is_refused_before_it_is_read(packed: Path, disk: Disk) -> None:
    bomb = disk.folder / "bomb"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members(packed).items():
            archive.writestr(name, content)
        archive.writestr("files/" + "0" * 64, bytes(100_000_000))
    assert refused(disk, bomb) == "PACKAGE"


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 100, b"\0" * 10_000])
def test_what_is_no_zip_is_no_package(disk: Disk, content: bytes) -> None:
    (disk.folder / "odd").write_bytes(content)
    assert refused(disk, disk.folder / "odd") == "PACKAGE"


@pytest.mark.parametrize(
    "name", ["../x", "files/../../x", "envelopes/1.xml", "receipts/00001.xml/../x", "manifest.xml"]
)
def test_a_manifest_cannot_even_name_a_path(name: str) -> None:
    with pytest.raises(YidiError):
        part(name, b"x")


def test_a_manifest_names_each_part_once_and_files_by_their_digest() -> None:
    twice = part(numbered_part(ENVELOPES, 1), b"x")
    with pytest.raises(YidiError):
        a_carry({}, parts=(twice, twice))
    with pytest.raises(YidiError):
        Part(name=file_part("0" * 64), size=1, sha256=sha256_hex(b"x"))
    with pytest.raises(YidiError):
        a_carry({DIRECTORY: b"x"})
    with pytest.raises(YidiError):
        a_carry({}, way=Way.TO_UNIT)


SIGNED_WRONGLY: dict[str, tuple[Callable[[], SoftwareSigner], dict[str, object]]] = {
    "SIG_SENDER_MISMATCH": (lambda: COUNTY.signers[B], {}),
    "SIG_KEY_UNKNOWN": (lambda: next_signer(A, 7), {}),
    "WRONG_HUB": (lambda: COUNTY.signers[A], {"hub": "hub.520305"}),
    "SIG_SENDER_UNKNOWN": (lambda: COUNTY.signers[A], {"unit": "520304-999"}),
}


@pytest.mark.parametrize("code", SIGNED_WRONGLY)
def test_a_package_of_a_strangers_is_refused_by_name(disk: Disk, code: str) -> None:
    signer, changes = SIGNED_WRONGLY[code]
    contents = {numbered_part(ENVELOPES, 1): signed(an_envelope())}
    assert refused(disk, forged(disk.folder / "strange", contents, signer(), **changes)) == code


def test_a_package_that_the_hub_signed_for_a_unit_is_not_the_units(disk: Disk) -> None:
    contents = {DIRECTORY: directory_record().document, numbered_part(ENVELOPES, 1): signed(an_envelope())}
    path = forged(disk.folder / "hub", contents, COUNTY.hub, way=Way.TO_UNIT)
    assert refused(disk, path) == "CARRY_WAY"


@pytest.mark.parametrize(
    ("folder", "size"),
    [(ENVELOPES, DocumentKind.ENVELOPE.limits.size + 1), (RECEIPTS, DocumentKind.RECEIPT.limits.size + 1)],
)
def test_a_document_larger_than_documents_may_be_is_not_read(disk: Disk, folder: str, size: int) -> None:
    path = forged(disk.folder / "large", {numbered_part(folder, 1): bytes(size)})
    assert refused(disk, path) == "PACKAGE"


# What a unit packs with its own key is judged as what it sends with its own account.


def test_anothers_document_in_a_units_package_is_refused_and_gives_it_no_file(world: World, disk: Disk) -> None:
    entry = an_entry(BODY)
    document = signed(an_envelope(E, sender=B, files=(entry,)))
    contents = {numbered_part(ENVELOPES, 1): document, file_part(entry.sha256): BODY}
    result = disk.to_hub(forged(disk.folder / "stolen", contents))
    assert (result.documents, result.refused) == (0, 1)
    assert [code for code, _ in world.hub.quarantine()] == ["NOT_AUTHORISED"]
    assert not world.hub.files.has(entry.sha256)
    with world.hub.store.begin() as session:
        assert session.claimed(A, [entry.sha256]) == session.claimed(B, [entry.sha256]) == set()


def test_a_file_that_no_document_names_is_not_stored(world: World, disk: Disk) -> None:
    document = signed(an_envelope())
    contents = {numbered_part(ENVELOPES, 1): document, file_part(sha256_hex(BODY)): BODY}
    assert disk.to_hub(forged(disk.folder / "stray", contents)).new == 1
    assert list(world.hub.files.digests()) == []


def test_a_document_without_its_file_waits_for_the_next_package(world: World, disk: Disk) -> None:
    entry = an_entry(BODY)
    contents = {numbered_part(ENVELOPES, 1): signed(an_envelope(files=(entry,)))}
    result = disk.to_hub(forged(disk.folder / "bare", contents))
    assert (result.documents, result.refused, result.not_taken) == (0, 0, 1)
    contents[file_part(entry.sha256)] = BODY
    assert disk.to_hub(forged(disk.folder / "full", contents)).new == 1


def test_a_unit_may_not_know_a_file_by_its_digest_alone(world: World, disk: Disk) -> None:
    world.upload(BODY, B)  # the hub has it, from another
    entry = an_entry(BODY)
    contents = {numbered_part(ENVELOPES, 1): signed(an_envelope(files=(entry,)))}
    assert disk.to_hub(forged(disk.folder / "bare", contents)).not_taken == 1


def test_an_unfinished_upload_of_the_lines_is_finished_from_the_package(world: World, disk: Disk) -> None:
    key = world.submit(B, files=[a_file(data=BODY)])
    world.sending.line.left = 1
    world.sending.relay.relay()
    assert world.hub.said(key) == []
    assert disk.up(A).new == 1


def test_bytes_that_are_no_document_of_ours_are_set_aside(world: World, disk: Disk) -> None:
    contents = {numbered_part(ENVELOPES, 1): b"<html/>", numbered_part(RECEIPTS, 1): b"<p/>"}
    result = disk.to_hub(forged(disk.folder / "odd", contents))
    assert (result.documents, result.receipts, result.not_taken) == (0, 1, 1)
    assert len(world.hub.quarantine()) == 2


# A package for a unit


def to_b(
    disk: Disk, name: str, signer: SoftwareSigner = COUNTY.hub, directory: bytes = directory_record().document
) -> Path:
    contents = {DIRECTORY: directory, numbered_part(ENVELOPES, 1): signed(an_envelope())}
    return forged(disk.folder / name, contents, signer, unit=B, way=Way.TO_UNIT)


def test_only_the_hub_packs_for_a_unit(world: World, disk: Disk) -> None:
    for signer in (COUNTY.signers[B], COUNTY.signers[A], COUNTY.directory_signer):
        with pytest.raises(YidiError) as error:
            disk.to_node(to_b(disk, "forged", signer), world.receiving)
        assert error.value.code in {"SIG_SENDER_MISMATCH", "SIG_KEY_UNKNOWN"}
    assert world.receiving.counts()["inbox"] == 0
    assert disk.to_node(to_b(disk, "right"), world.receiving).new == 1


def test_a_directory_that_the_anchor_does_not_know_is_refused_with_all_that_came_with_it(
    world: World, disk: Disk
) -> None:
    forger = replace(COUNTY.directory, version=9)
    path = to_b(disk, "forged", directory=sign_directory(forger, COUNTY.hub))
    with pytest.raises(YidiError) as error:
        disk.to_node(path, world.receiving)
    assert error.value.code == "DIRECTORY_SIGNATURE"
    assert world.receiving.counts()["inbox"] == 0
    with world.receiving.store.begin() as session:
        assert session.directory_version() == 1


def test_a_file_in_a_package_is_read_from_any_place(world: World, disk: Disk) -> None:
    world.accepted(B, files=[a_file(data=BODY)])
    path = disk.from_hub(B)
    carry = disk.manifest(path)
    with open_carry(path) as package:
        told: list[tuple[int, int]] = []
        package.check(carry, Way.TO_UNIT, lambda done, of: told.append((done, of)))
        read = partial(package.read_file, sha256_hex(BODY))
        assert read(100, 50) + read(150, 50) + read(0, 10) == BODY[100:200] + BODY[:10]
        assert read(len(BODY), 10) == b""
        assert told[-1] == (sum(p.size for p in carry.parts),) * 2
