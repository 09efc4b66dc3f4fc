"""`yidi node pack`, `unpack`, `yidi hub pack`, `unpack`: a document goes its whole way on a disk."""

import stat
from pathlib import Path

import pytest

from tests.unit.cli.commands import send, yidi

SENDER, RECIPIENT = "520304-001", "520304-002"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.fixture
def sent(data: Path, tmp_path: Path) -> str:
    """甲局's document to 乙镇, with a file, which nothing has carried anywhere yet."""
    body = tmp_path / "通知.txt"
    body.write_text("请各镇做好防汛工作。\n", encoding="utf-8")
    return send(data, "--body", body)


def packed(side: str, unit: str, data: Path, disk: Path) -> Path:
    result = yidi(side, "pack", unit, "--out", disk, "--json", data=data)
    assert result.code == 0, result.err
    (one,) = result.json
    return Path(one["file"])


def unpacked(side: str, path: Path, data: Path) -> dict[str, int]:
    result = yidi(side, "unpack", path, "--json", data=data)
    assert result.code == 0, result.err
    (one,) = result.json
    return {name: one[name] for name in ("documents", "new", "refused", "not_taken", "receipts")}


def states(document: str, data: Path) -> set[str]:
    return {one["transport"] for one in yidi("track", document, "--json", data=data).json["deliveries"]}


def test_a_document_and_its_receipts_go_by_disk_alone(sent: str, data: Path, disk: Path) -> None:
    up = packed("node", SENDER, data, disk)
    assert unpacked("hub", up, data) == {"documents": 1, "new": 1, "refused": 0, "not_taken": 0, "receipts": 0}
    down = packed("hub", "乙镇", data, disk)
    assert unpacked("node", down, data)["new"] == 1
    assert sent in yidi("inbox", "--unit", "乙镇", "--json", data=data).out
    yidi("sign", sent, "--unit", "乙镇", "--person", "李四", data=data)
    back = packed("node", RECIPIENT, data, disk)
    assert unpacked("hub", back, data)["receipts"] >= 2  # DELIVERED, SIGNED
    home = packed("hub", SENDER, data, disk)
    assert unpacked("node", home, data)["receipts"] >= 3  # ACCEPTED before them
    assert "SIGNED" in yidi("track", sent, "--json", data=data).out


def test_what_was_brought_twice_is_known_again(sent: str, data: Path, disk: Path) -> None:
    up = packed("node", SENDER, data, disk)
    assert unpacked("hub", up, data)["new"] == 1
    assert unpacked("hub", up, data) == {"documents": 1, "new": 0, "refused": 0, "not_taken": 0, "receipts": 0}
    assert yidi("hub", "status", "--json", data=data).json["counts"]["documents"] == 1


def test_packing_makes_one_private_file_for_each_unit_and_overwrites_none(sent: str, data: Path, disk: Path) -> None:
    for _ in range(2):
        assert yidi("node", "pack", "--out", disk, data=data).code == 0
    found = sorted(path.name for path in disk.iterdir())
    assert len(found) == 8
    assert {name[:10] for name in found} == {f"520304-00{number}" for number in range(1, 5)}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in disk.iterdir())


def test_a_damaged_package_is_refused_and_the_others_are_taken(sent: str, data: Path, disk: Path) -> None:
    good, bad = packed("node", SENDER, data, disk), packed("node", RECIPIENT, data, disk)
    torn = bytearray(bad.read_bytes())
    torn[len(torn) // 2] ^= 1
    bad.write_bytes(torn)
    result = yidi("hub", "unpack", bad, good, "--json", data=data)
    assert result.code == 1
    assert [one["new"] for one in result.json] == [1]
    assert bad.name in result.err
    assert "Traceback" not in result.err


def test_a_package_that_goes_the_other_way_says_so_and_nothing_is_stored(sent: str, data: Path, disk: Path) -> None:
    up = packed("node", SENDER, data, disk)
    result = yidi("node", "unpack", up, data=data)
    assert result.code == 1
    assert up.name in result.err
    assert yidi("hub", "status", "--json", data=data).json["counts"]["documents"] == 0


def test_a_folder_that_is_not_there_is_said(data: Path, disk: Path) -> None:
    result = yidi("node", "pack", "--out", disk / "nowhere", data=data)
    assert result.code == 1
    assert "NO_FOLDER" in result.err


def test_a_person_reads_a_line_for_each_package(sent: str, data: Path, disk: Path) -> None:
    shown = yidi("node", "pack", SENDER, "--out", disk, data=data).out.splitlines()
    assert shown[0].split("\t")[:3] == ["文件", "公文", "回执"]
    assert shown[1].split("\t")[1] == "1"
