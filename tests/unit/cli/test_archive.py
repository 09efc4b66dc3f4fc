"""`yidi hub archive`, `yidi archive verify`, and what other commands say of bytes that were archived."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from exchange.storage import SqlHubStore
from exchange.testing.keys import HUB
from exchange.testing.stores import contents, file_node_store
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import yidi
from tests.unit.services.archived_hub import settled_document
from tests.unit.services.hub_and_node import COUNTY, World

FILE = "hub.520304-2026-03.archive.zip"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory whose hub has one old, settled document, and that document's id."""
    world = World()
    key = settled_document(world)
    layout = Layout(tmp_path_factory.mktemp("old") / "data")
    keys = layout.hub_keys(layout.make(HUB, "测试县公文交换中心"))
    keys.save("ledger", COUNTY.ledger.key)
    for owner, signer in (("directory", COUNTY.directory_signer), ("hub", COUNTY.hub)):
        keys.save(owner, signer._key, signer.certificate)  # noqa: SLF001  # no signer but a test's is asked for it
    keys.save("authority", COUNTY.keys.authority.key, COUNTY.keys.authority.certificate)
    assert isinstance(world.hub.store.inner, SqlHubStore)
    (layout.hub / "hub.sqlite").write_bytes(contents(world.hub.store.inner))
    file_node_store(layout.node / "node.sqlite").close()
    layout.anchor_file.write_text(COUNTY.anchor.to_json(), encoding="utf-8")
    layout.settings_file.write_text(f'hub = "{HUB}"\n[archive]\nkeep_months = 4\n', encoding="utf-8")
    return layout.root, key.id


@pytest.fixture
def old(prepared: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    data, document = prepared
    return Path(shutil.copytree(data, tmp_path / "data")), document


def test_a_month_is_archived_listed_and_verified(old: tuple[Path, str], tmp_path: Path) -> None:
    data, _ = old
    done = yidi("hub", "archive", data=data)
    assert done.code == 0, done.err
    assert f"2026-03 已存档：{data / 'archive' / FILE}，公文 1 件，回执 3 份" in done.out
    assert "没有到期可存档的月份" in yidi("hub", "archive", data=data).out

    (listed,) = yidi("hub", "archive", "--list", "--json", data=data).json
    assert (listed["file"], listed["month"], listed["documents"], listed["receipts"]) == (FILE, "2026-03", 1, 3)
    assert FILE in yidi("hub", "archive", "--list", data=data).out
    copy = shutil.copy(data / "archive" / FILE, tmp_path)
    verified = yidi("archive", "verify", copy, "--anchor", data / "anchor.json")
    assert verified.code == 0, verified.err
    assert "核验通过" in verified.out
    assert yidi("archive", "verify", copy, "--json").json["unanchored_fingerprint"]


def test_other_commands_say_where_the_bytes_are_and_take_them_from_there(old: tuple[Path, str], tmp_path: Path) -> None:
    data, document = old
    assert yidi("hub", "archive", "--json", data=data).json["archived"][0]["file"] == FILE
    assert [one["file"] for one in yidi("hub", "status", "--json", data=data).json["archives"]] == [FILE]
    assert FILE in yidi("hub", "status", data=data).out
    (event,) = yidi("hub", "audit", "--json", data=data).json
    assert (event["code"], FILE in event["detail"]) == ("ARCHIVED", True)
    whole = yidi("ledger", "verify", "--json", data=data).json
    assert (whole["ok"], whole["archives_away"]) == (True, {})

    away = tmp_path / "away"
    shutil.move(data / "archive", away)
    said = yidi("ledger", "verify", data=data)
    assert (said.code, f"份原件已存档，在 {FILE}，此处没有" in said.out) == (0, True)
    assert yidi("ledger", "verify", "--archive", away, "--json", data=data).json["archives_away"] == {}
    assert "不在此处" in yidi("hub", "archive", "--list", data=data).out
    export = ("evidence", "export", document, "--digests-only", "--out", tmp_path / "evidence.zip")
    failed = yidi(*export, data=data)
    assert (failed.code, f"签名原件已存档，在文件 {FILE} 中" in failed.err) == (1, True)
    exported = yidi(*export, "--archive", away / FILE, data=data)
    assert exported.code == 0, exported.err


def test_a_damaged_file_is_refused_with_what_is_wrong(old: tuple[Path, str], tmp_path: Path) -> None:
    data, _ = old
    yidi("hub", "archive", data=data)
    content = bytearray((data / "archive" / FILE).read_bytes())
    content[content.index(b"<Receipt") + 30] ^= 1
    (tmp_path / "spoilt.zip").write_bytes(content)
    result = yidi("archive", "verify", tmp_path / "spoilt.zip", "--anchor", data / "anchor.json")
    assert result.code == 1
    assert "错误 ARCHIVE: " in result.err
    assert "parts/00001.bin" in result.err
    (tmp_path / "other.zip").write_text("no zip")
    assert "未通过核验" in yidi("archive", "verify", tmp_path / "other.zip").err


def test_archive_files_are_in_a_backup_whole_and_come_back_with_it(old: tuple[Path, str], tmp_path: Path) -> None:
    data, document = old
    yidi("hub", "archive", data=data)
    (data / "archive" / f".{FILE}.x.part").write_bytes(b"being written")
    done = yidi("hub", "backup", "--out", tmp_path / "backup", "--secrets", tmp_path / "secrets", data=data)
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "backup" / "archive").iterdir()] == [FILE]
    again = tmp_path / "again"
    restored = yidi(
        "hub", "restore", tmp_path / "backup", "--secrets", tmp_path / "secrets", "--reason", "磁盘损坏", data=again
    )
    assert restored.code == 0, restored.err
    assert yidi("ledger", "verify", "--json", data=again).json["archives_away"] == {}
    out = tmp_path / "evidence.zip"
    assert yidi("evidence", "export", document, "--digests-only", "--out", out, data=again).code == 0


def test_what_is_not_settled_is_named(old: tuple[Path, str]) -> None:
    data, document = old
    with sqlite3.connect(data / "hub" / "hub.sqlite") as connection:
        connection.execute("UPDATE deliveries SET remind = 1")
    result = yidi("hub", "archive", data=data)
    assert (result.code, document in result.out, "2026-03 暂不存档" in result.out) == (0, True, True)
    assert not (data / "archive").exists()
