"""Evidence, ledger and envelopes: what verifies, and what a change of a byte does to the verdict."""

import sqlite3
from contextlib import closing
from pathlib import Path

from exchange.cli.opened import desk
from exchange.ports.node import Box
from tests.unit.cli.commands import yidi

Delivered = tuple[Path, str]


def envelope_of(data: Path) -> bytes:
    with desk(data) as opened, opened.node_store.begin() as session:
        ((unit, key),) = session.find(None, Box.SENT, "")
        return session.documents(Box.SENT, [(unit, key)])[(unit, key)].document


def test_evidence_is_exported_and_verifies_with_the_anchor(delivered: Delivered, tmp_path: Path) -> None:
    data, document = delivered
    out = tmp_path / "e.zip"
    exported = yidi("evidence", "export", document[:8], "--out", out, "--json", data=data)
    verified = yidi("evidence", "verify", out, "--anchor", data / "anchor.json", "--json")

    assert (exported.code, verified.code) == (0, 0), exported.err + verified.err
    assert set(verified.json) == {"file", "ok", "checks", "warnings"}
    assert set(verified.json["checks"][0]) == {"name_zh", "name_en", "ok", "detail"}
    assert (verified.json["ok"], verified.json["warnings"]) == (True, [])


def test_evidence_without_anchor_warns_loudly(delivered: Delivered, tmp_path: Path) -> None:
    data, document = delivered
    out = tmp_path / "e.zip"
    yidi("evidence", "export", document, "--out", out, data=data)

    assert "\n! " in yidi("evidence", "verify", out).out


def test_altered_evidence_is_refused(delivered: Delivered, tmp_path: Path) -> None:
    data, document = delivered
    out = tmp_path / "e.zip"
    yidi("evidence", "export", document, "--out", out, "--digests-only", data=data)
    raw = bytearray(out.read_bytes())
    raw[len(raw) // 2] ^= 1
    out.write_bytes(raw)
    result = yidi("evidence", "verify", out)

    assert result.code == 1
    assert result.err.startswith("错误 EVIDENCE: ")


def test_evidence_overwrites_nothing_unless_told(delivered: Delivered, tmp_path: Path) -> None:
    data, document = delivered
    out = tmp_path / "e.zip"
    out.write_bytes(b"mine")

    assert yidi("evidence", "export", document, "--out", out, data=data).err.startswith("错误 FILE_EXISTS: ")
    assert out.read_bytes() == b"mine"
    assert yidi("evidence", "export", document, "--out", out, "--force", data=data).code == 0


def test_the_ledger_verifies(delivered: Delivered) -> None:
    data, _ = delivered
    result = yidi("ledger", "verify", "--files", "--json", data=data)

    assert result.code == 0, result.err
    assert set(result.json) == {"ok", "restored", "checks", "archives_away"}
    assert set(result.json["checks"][0]) == {"promise", "check", "name_zh", "name_en", "examined", "findings"}
    assert {"TREE", "CHECKPOINTS", "FILES"} <= {one["check"] for one in result.json["checks"]}
    assert not list(data.glob(".verify-*"))


def test_a_rewritten_ledger_is_found_out(delivered: Delivered) -> None:
    data, _ = delivered
    with closing(sqlite3.connect(data / "hub" / "hub.sqlite")) as hub, hub:
        hub.execute("UPDATE entries SET digest = ? WHERE leaf = 0", ("ab" * 32,))
    result = yidi("ledger", "verify", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 LEDGER: ")
    assert "✗ P5" in result.out


def test_an_envelope_is_judged_as_of_its_acceptance(delivered: Delivered, tmp_path: Path) -> None:
    data, document = delivered
    path = tmp_path / "envelope.xml"
    path.write_bytes(envelope_of(data))
    assert yidi("hub", "units", "revoke", "甲局", "--yes", data=data).code == 0
    result = yidi("envelope", "verify", path, "--json", data=data)

    assert result.code == 0, result.err
    assert set(result.json) == {
        *("file", "ok", "id", "sender", "sender_name", "title", "recipients", "digest", "key", "directory_version"),
        "at",
    }
    assert (result.json["id"], result.json["sender_name"]) == (document, "甲局")
    assert "以交换中心受理时刻为准" in yidi("envelope", "verify", path, data=data).out


def test_a_changed_envelope_is_explained_in_words(delivered: Delivered, tmp_path: Path) -> None:
    data, _ = delivered
    path = tmp_path / "envelope.xml"
    path.write_bytes(envelope_of(data).replace("防汛".encode(), "抗旱".encode()))
    result = yidi("envelope", "verify", path, data=data)

    assert result.code == 1
    assert "签名之后内容被改动" in result.out
    assert result.err.startswith("错误 SIG_DIGEST: ")


def test_an_envelope_is_judged_by_a_directory_file_alone(delivered: Delivered, tmp_path: Path) -> None:
    data, _ = delivered
    envelope, snapshot = tmp_path / "envelope.xml", tmp_path / "directory.xml"
    envelope.write_bytes(envelope_of(data))
    with desk(data) as opened, opened.hub_store.begin() as session:
        record = session.directory()
    assert record is not None
    snapshot.write_bytes(record.document)
    result = yidi("envelope", "verify", envelope, "--directory", snapshot, data=tmp_path / "none")

    assert result.code == 0
    assert "没有信任锚" in result.out
