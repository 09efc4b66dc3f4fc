"""`yidi conformance` as a vendor uses it: what is listed, written, refused."""

import json
import re
from pathlib import Path

from exchange.conformance.trial import ADAPTER_CASES
from exchange.conformance.url.node_cases import CASES as NODE_CASES
from exchange.conformance.url.webhook import CASES as WEBHOOK_CASES
from tests.unit.cli.commands import yidi


def test_the_cases_are_listed() -> None:
    shown = yidi("conformance", "--list", "--json").json
    assert [one["id"] for one in shown] == [case.id for case in (*ADAPTER_CASES, *WEBHOOK_CASES, *NODE_CASES)]
    assert "重复交来只入一次" in yidi("conformance", "--list").out


def test_a_report_is_written_that_needs_nothing_from_outside(tmp_path: Path) -> None:
    done = yidi("conformance", "--adapter", "folder", "--case", "IN-02", "--case", "net-04", "--out", tmp_path)
    assert done.code == 0, done.err + done.out
    report = json.loads((tmp_path / "conformance-folder.json").read_text("utf-8"))
    assert report["format"] == "yidi-conformance/1"
    assert report["subject"] == {"kind": "adapter", "name": "folder"}
    assert (report["result"], report["complete"]) == ("passed", False)
    assert report["counts"] == {"passed": 1, "failed": 0, "not applicable": 1}
    assert {one["id"]: one["result"] for one in report["cases"]} == {"IN-02": "passed", "NET-04": "not applicable"}
    assert len(report["left_out"]) == len(ADAPTER_CASES) - 2
    page = (tmp_path / "conformance-folder.html").read_text("utf-8")
    assert "不能作为通过的证明" in page
    assert not re.search(r"(?:src|href)=|url\(|<script", page)


def test_a_failing_case_fails_the_command_and_says_what_was_seen(tmp_path: Path) -> None:
    settings = tmp_path / "office.toml"
    deep = "/".join(["x" * 60] * 4)  # too long for Windows to read what lies beneath
    (tmp_path / deep).mkdir(parents=True)
    settings.write_text(f'[offices.folder]\nroot = "{deep}"\n', encoding="utf-8")
    done = yidi("conformance", "--adapter", "folder", "--case", "CHK-01", "--settings", settings, "--out", tmp_path)
    assert done.code == 1
    assert "✗ CHK-01" in done.out
    assert "办法" in done.out
    report = json.loads((tmp_path / "conformance-folder.json").read_text("utf-8"))
    assert report["result"] == "failed"
    assert report["cases"][0]["seen"]


def test_wrong_use_is_one_line() -> None:
    for arguments, word in (
        ((), "USAGE"),
        (("--adapter", "folder", "--url", "http://localhost"), "USAGE"),
        (("--url", "http://localhost"), "USAGE"),
        (("--url", "http://localhost", "--secret-file", __file__), "SETTINGS"),
        (("--url", "http://localhost", "--secret-file", __file__, "--token-file", __file__), "USAGE"),
        (("--url", "http://localhost", "--token-file", "/nothing"), "SETTINGS"),
        (("--adapter", "nothing"), "ADAPTER_UNKNOWN"),
        (("--adapter", "folder", "--bench", "nothing"), "BENCH_UNKNOWN"),
        (("--adapter", "folder", "--case", "XX-99"), "NOT_FOUND"),
        (("--adapter", "folder", "--settings", "/nothing.toml"), "IO"),
    ):
        done = yidi("conformance", *arguments)
        assert done.code in (1, 2)
        assert word in done.err, done.err
        assert len(done.err.splitlines()) == 1


def test_settings_that_name_no_folder_are_refused(tmp_path: Path) -> None:
    settings = tmp_path / "office.toml"
    settings.write_text('[offices.folder]\nroot = "not-there"\n', encoding="utf-8")
    done = yidi("conformance", "--adapter", "folder", "--settings", settings)
    assert done.code == 1
    assert "SETTINGS" in done.err
    assert "no such folder" in done.err


def test_a_simulated_office_takes_no_settings_of_a_real_one(tmp_path: Path) -> None:
    settings = tmp_path / "office.toml"
    settings.write_text('[offices.seeyon]\nurl = "https://oa.local"\n', encoding="utf-8")
    done = yidi("conformance", "--adapter", "seeyon", "--settings", settings)
    assert done.code == 1
    assert "BENCH_UNKNOWN" in done.err
