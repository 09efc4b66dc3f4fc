"""`yidi trace`: one document's way, out of logs and stores."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from exchange.telemetry import configure_log
from exchange.telemetry.metrics import make_metrics
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import send, yidi
from workers.machine import open_machine

TITLE = "关于防汛工作的通知"


@pytest.fixture(scope="module")
def worked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """A data directory, a document that was signed in it, and the log of the process that was at work."""
    data = Path(shutil.copytree(made, tmp_path_factory.mktemp("trace") / "data"))
    document, log = send(data), data.parent / "yidi.log"
    with log.open("w", encoding="utf-8") as file:
        machine = open_machine(Layout(data), make_metrics(), configure_log(file, process="up"))
        try:
            for _ in range(2):
                while sum(runner.round() for runner in machine.runners):
                    pass
                yidi("sign", document, "--unit", "乙镇", "--person", "李四", data=data)
        finally:
            machine.close()
    return data, document, log


def lanes(found: Any) -> list[tuple[str, str, str | None]]:
    return [(step["lane"], step["event"], step["said"]) for step in found["steps"]]


def test_the_log_alone_tells_the_whole_way(worked: tuple[Path, str, Path], tmp_path: Path) -> None:
    _, document, log = worked
    found = yidi("trace", document[:8], "--log", log, "--json", data=tmp_path / "none").json

    way = lanes(found)
    expected = [
        ("sender", "envelope_relayed", None),
        ("hub", "envelope_accepted", None),
        ("recipient", "envelope_delivered", None),
        ("hub", "receipt_recorded", "DELIVERED"),
        ("sender", "receipt_received", "DELIVERED"),
        ("hub", "receipt_recorded", "SIGNED"),
        ("sender", "receipt_received", "SIGNED"),
    ]
    places = iter(way)
    assert [step for step in expected if step not in places] == []
    assert found["seconds"] == pytest.approx(sum(step["after_seconds"] or 0 for step in found["steps"]))
    assert {step["process"] for step in found["steps"]} == {"up"}


def test_the_stores_add_what_no_log_has_and_nothing_twice(worked: tuple[Path, str, Path]) -> None:
    data, document, log = worked
    alone = yidi("trace", document, "--json", data=data).json
    both = yidi("trace", document, "--log", log, "--json", data=data).json

    assert ("sender", "envelope_submitted", None) in lanes(both)  # the command that sent it has no log
    receipts = [(step["lane"], step["receipt"]) for step in both["steps"] if step["receipt"]]
    assert len(receipts) == len(set(receipts))
    assert {step["process"] for step in alone["steps"]} == {"store"}
    assert {one for one in lanes(alone) if one[1] == "envelope_accepted"} == {("hub", "envelope_accepted", None)}


def test_a_picture_has_a_line_a_step_and_no_title(worked: tuple[Path, str, Path]) -> None:
    data, document, log = worked
    shown = yidi("trace", document, "--log", log, data=data).out

    assert "├──●──┤  受理并投递 envelope_accepted" in shown
    assert "├──┼──●  到达收文单位 envelope_delivered" in shown
    assert "回执登记 receipt_recorded 已签收 SIGNED 520304-002" in shown
    assert TITLE not in shown


def test_lines_of_a_journal_and_of_others_are_told_apart(worked: tuple[Path, str, Path], tmp_path: Path) -> None:
    _, document, log = worked
    lines = log.read_text(encoding="utf-8").splitlines()
    journal = tmp_path / "journal.json"
    wrapped = [json.dumps({"MESSAGE": line, "_PID": "1"}) for line in lines]
    others = ['{"MESSAGE": [1, 2]}', "Traceback (most", '{"event": 1}', '{"event": "x", "time": "soon"}', "[]", ""]
    journal.write_text("\n".join([*others, *wrapped]), encoding="utf-8")

    by_journal = yidi("trace", document, "--log", journal, "--json", data=tmp_path / "none").json
    assert by_journal == yidi("trace", document, "--log", log, "--json", data=tmp_path / "none").json


_JOURNALCTL = """#!/bin/sh
case "$*" in
*--all*) cat "$0.json" ;;
*) cut -c1-4096 "$0.json" ;;
esac
exec test -e "$0.json"
"""


def test_the_journal_of_this_machine_is_read_with_its_longest_lines(
    worked: tuple[Path, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, document, log = worked
    lines = log.read_text(encoding="utf-8").splitlines()
    long = json.dumps({**json.loads(lines[0]), "envelope": f"520304-001/{document}", "detail": "x" * 5000})
    program, journal = tmp_path / "journalctl", tmp_path / "journalctl.json"
    program.write_text(_JOURNALCTL)
    program.chmod(0o755)
    journal.write_text("\n".join(json.dumps({"MESSAGE": line}) for line in [*lines, long]), encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    by_journal = yidi("trace", document, "--journal", "--json", data=tmp_path / "none").json["steps"]
    by_log = yidi("trace", document, "--log", log, "--json", data=tmp_path / "none").json["steps"]
    assert [one for one in by_journal if "xxx" not in one["words"]][1:] == by_log[1:]
    assert len(by_journal) == len(by_log) + 1

    journal.unlink()
    assert "JOURNAL" in yidi("trace", document, "--journal", data=tmp_path / "none").err


def test_what_is_unknown_or_means_several_is_said_so(worked: tuple[Path, str, Path], tmp_path: Path) -> None:
    data, document, log = worked
    nothing = yidi("trace", "ffffffff", "--log", log, data=data)
    assert (nothing.code, "NOT_FOUND" in nothing.err) == (1, True)
    more = tmp_path / "more.log"
    line = {"time": "2026-11-26T08:00:00Z", "event": "x", "envelope": f"520304-009/{document[:8]}-0000"}
    more.write_text(json.dumps(line), encoding="utf-8")
    several = yidi("trace", document[:8], "--log", log, "--log", more, data=data)
    assert (several.code, "AMBIGUOUS" in several.err) == (1, True)
    assert "NO_DATA" in yidi("trace", document, data=tmp_path / "none").err
