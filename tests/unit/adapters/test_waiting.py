"""What may lie in an outbox, and what is refused unopened."""

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from tests.unit.adapters.offices import FILES, MANIFEST, UNIT, Office, received


def members(**extra: bytes) -> dict[str, bytes]:
    return {"manifest.json": json.dumps(MANIFEST, ensure_ascii=False).encode(), **FILES, **extra}


def put_zip(office: Office, name: str, entries: dict[str, bytes]) -> Path:
    path = office.outbox / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in entries.items():
            archive.writestr(member, data)
    return path


def settle(office: Office) -> int:
    """Collect until nothing changes any more; returns how many drafts wait."""
    list(office.adapter.collect(UNIT))
    office.seconds += 5
    return len(list(office.adapter.collect(UNIT)))


@pytest.mark.parametrize("prefix", ["", "防火通知/"])
def test_a_zip_is_sent_like_a_folder(office: Office, prefix: str) -> None:
    put_zip(office, "防火通知.zip", {prefix + name: data for name, data in members().items()})
    assert settle(office) == 1
    (draft,) = office.adapter.collect(UNIT)
    assert draft.metadata.document_identifier == f"{UNIT}-防火通知"
    for _ in range(2):
        with draft.files[0].open() as file:
            assert file.read() == FILES["通知.pdf"]
            assert file.seek(0) == 0


def test_names_in_a_zip_of_windows_are_understood(office: Office) -> None:
    raw = {name.encode("gbk") if index else name.encode(): data for index, (name, data) in enumerate(members().items())}
    with zipfile.ZipFile(office.outbox / "a.zip", "w") as archive:
        for name, data in raw.items():
            info = zipfile.ZipInfo("x" * len(name))
            archive.writestr(info, data)
    packed = (office.outbox / "a.zip").read_bytes()
    for name in raw:  # the same lengths in the same order: local headers first, then the directory
        packed = _replace_name(packed, b"x" * len(name), name)
    (office.outbox / "a.zip").write_bytes(packed)
    assert settle(office) == 1


def _replace_name(packed: bytes, old: bytes, new: bytes) -> bytes:
    for signature, offset in ((b"PK\x03\x04", 30), (b"PK\x01\x02", 46)):
        at = packed.find(signature)
        while packed[at + offset : at + offset + len(old)] != old or packed[at + offset + len(old) :][:1] == b"x":
            at = packed.index(signature, at + 1)
        packed = packed[: at + offset] + new + packed[at + offset + len(old) :]
    return packed


@pytest.mark.parametrize(
    "name", ["../通知.pdf", "/etc/通知.pdf", "a/b/通知.pdf", "..\\通知.pdf", "C:\\x\\通知.pdf", "a//b", "./x", ".."]
)
def test_a_zip_that_points_elsewhere_is_refused(office: Office, name: str) -> None:
    put_zip(office, "坏.zip", members(**{name: b"x"}))
    assert settle(office) == 0
    assert "路径不合规" in office.reason("坏.zip")


def test_a_zip_bomb_is_refused_unopened(office: Office) -> None:
    put_zip(office, "大.zip", members(**{"zeros.bin": bytes(64 * 1024 * 1024)}))
    assert settle(office) == 0
    assert "展开后过大" in office.reason("大.zip")


def test_a_zip_with_a_link_is_refused(office: Office) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(office.outbox / "链.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert settle(office) == 0
    assert "符号链接" in office.reason("链.zip")


def test_a_zip_still_growing_waits(office: Office) -> None:
    path = put_zip(office, "a.zip", members())
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert settle(office) == 0
    assert path.exists()
    path.write_bytes(whole)
    assert settle(office) == 1


def test_a_zip_whose_bytes_are_damaged_waits_and_is_then_refused(office: Office) -> None:
    path = put_zip(office, "a.zip", members())
    whole = bytearray(path.read_bytes())
    at = whole.index(b"manifest.json") + len("manifest.json") + 20
    whole[at] ^= 0xFF
    path.write_bytes(whole)
    assert settle(office) == 0
    office.seconds += 1000
    list(office.adapter.collect(UNIT))
    assert "损坏" in office.reason("a.zip")


def test_an_encrypted_zip_is_refused(office: Office) -> None:
    path = put_zip(office, "a.zip", members())
    packed = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.find(signature)
        while at >= 0:
            packed[at + offset] |= 1
            at = packed.find(signature, at + 1)
    path.write_bytes(packed)
    assert settle(office) == 0
    assert "已加密" in office.reason("a.zip")


def test_links_are_refused_wherever_they_stand(office: Office, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (office.outbox / "链").symlink_to(office.put("真").rename(tmp_path / "elsewhere"))
    folder = office.put("通知")
    (folder / "名单.xlsx").unlink()
    (folder / "名单.xlsx").symlink_to(secret)
    assert settle(office) == 0
    assert "符号链接" in office.reason("链")
    assert "符号链接" in office.reason("通知")
    assert secret.read_text() == "secret"


def test_a_file_replaced_by_a_link_after_collecting_is_not_followed(office: Office, tmp_path: Path) -> None:
    folder = office.put("通知")
    (draft,) = office.adapter.collect(UNIT)
    (folder / "通知.pdf").unlink()
    (folder / "通知.pdf").symlink_to("/etc/hostname")
    with pytest.raises(Exception, match="outbox"):
        draft.files[0].open()


def test_a_named_pipe_keeps_nobody_waiting(office: Office) -> None:
    folder = office.put("通知")
    (folder / "名单.xlsx").unlink()
    os.mkfifo(folder / "名单.xlsx")
    assert list(office.adapter.collect(UNIT)) == []
    assert "不是普通文件" in office.reason("通知")


def test_folders_within_are_refused(office: Office) -> None:
    (office.put("通知") / "附件").mkdir()
    assert list(office.adapter.collect(UNIT)) == []
    assert "下级文件夹" in office.reason("通知")


def test_names_in_gbk_on_the_share_are_understood(office: Office) -> None:
    folder = office.put("x", files={"通知.pdf": b"x"})
    os.rename(os.fsencode(folder / "通知.pdf"), os.fsencode(folder) + "/通知.pdf".encode("gbk"))  # noqa: PTH104 - bytes
    (folder / "名单.xlsx").write_bytes(b"y")
    os.rename(os.fsencode(folder), os.fsencode(office.outbox) + "/防火".encode("gbk"))  # noqa: PTH104 - bytes
    (draft,) = office.adapter.collect(UNIT)
    assert draft.metadata.document_identifier == f"{UNIT}-防火"
    with draft.files[0].open() as file:
        assert file.read() == b"x"
    office.adapter.sent(UNIT, str(draft.reference), received().key)
    assert (office.home / "done" / "防火").is_dir()


def test_names_that_nobody_can_read_are_refused(office: Office) -> None:
    folder = office.put("通知")
    (folder / os.fsdecode(b"\xff\xff\xff.pdf")).touch()
    assert list(office.adapter.collect(UNIT)) == []
    assert "清单中没有列出文件" in office.reason("通知")


def test_what_a_desktop_leaves_behind_is_no_file_of_the_document(office: Office) -> None:
    folder = office.put("通知")
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "~$名单.xlsx"):
        (folder / name).touch()
    (draft,) = office.adapter.collect(UNIT)
    assert len(draft.files) == 2


def test_a_loose_file_in_the_outbox_is_sent_back_with_advice(office: Office) -> None:
    (office.outbox / "通知.pdf").write_bytes(b"%PDF")
    assert settle(office) == 0
    office.seconds += 1000
    list(office.adapter.collect(UNIT))
    assert "请把文件放入一个文件夹" in office.reason("通知.pdf")
