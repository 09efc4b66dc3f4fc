"""A one-machine exchange as its users meet it: the real command, in processes of its own, stopped and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

YIDI = (sys.executable, "-c", "from exchange.cli import main; main()")
UNITS = """code,name,category,level
520304-001,甲局,government,county
520304-002,乙镇,township,township
520304-003,丙镇,township,township
"""
SILENT_MAILBOX = """
office = "none"
office_of = {{ 520304-002 = "mail" }}

[offices.mail]
address = "yidi@county.example"
mailboxes = {{ 520304-002 = "jia@county.example" }}
smtp = {{ host = "127.0.0.1", port = {port}, security = "none", user = "yidi", password_file = "secrets/mail" }}
imap = {{ host = "127.0.0.1", port = {port}, security = "none", user = "yidi", password_file = "secrets/mail" }}
"""
_PATIENCE_SECONDS = 30.0


class Office:
    """A person at a shell with one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [*YIDI, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def environment(self) -> dict[str, str]:
        return {**os.environ, "YIDI_DATA": str(self.data)}

    @contextmanager
    def up(self, log: Path) -> Iterator[None]:
        """A running exchange; stopped by SIGTERM, in order."""
        with log.open("ab") as file:
            process = subprocess.Popen([*YIDI, "up"], stdout=file, stderr=file, env=self.environment())
        try:
            wait_for(lambda: process.poll() is not None or self.json("hub", "status")["running"])
            assert process.poll() is None, log.read_text(encoding="utf-8")
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE_SECONDS) == 0
        finally:
            process.kill()
            process.wait()

    def tracked(self, document: str) -> Any:
        return self.json("track", document)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "data")
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    office.run("hub", "init", "--name", "测试县公文交换中心")
    office.run("hub", "units", "import", tmp_path / "units.csv")
    office.run("node", "enroll", "--all")
    return office


@pytest.mark.timeout(180)
def test_a_document_goes_out_is_signed_and_proven_and_outlives_a_restart(office: Office, tmp_path: Path) -> None:
    body, evidence, log = tmp_path / "通知.txt", tmp_path / "证据.zip", tmp_path / "up.log"
    body.write_text("请各镇做好防汛工作。\n", encoding="utf-8")
    sending = ("send", "--from", "甲局", "--to", "各镇乡", "--title", "关于防汛工作的通知", "--urgency", "特急")

    # Accepted while nothing runs: it waits, and is not lost.
    before = office.json(*sending, "--declared-by", "张三")["id"]
    assert office.tracked(before)["delivered"] == 0

    with office.up(log):
        document = office.json(*sending, "--body", body, "--declared-by", "张三")["id"]
        wait_for(lambda: office.tracked(before)["delivered"] == office.tracked(document)["delivered"] == 2)
        assert office.run("show", document, "--unit", "乙镇", "--save", tmp_path / "saved")
        assert (tmp_path / "saved" / "通知.txt").read_bytes() == body.read_bytes()
        office.run("sign", document, "--unit", "乙镇", "--person", "李四")
        office.run("reject", document, "-u", "丙镇", "-p", "王五", "--reason", "WRONG_UNIT", "--text", "非本镇职责")
        wait_for(lambda: not office.tracked(document)["open"])
        tracked = office.tracked(document)
        assert {one["name"]: one["business"] for one in tracked["recipients"]} == {"乙镇": "SIGNED", "丙镇": "REJECTED"}
        assert "已签收 SIGNED 1/2" in office.run("track", document)
        office.run("evidence", "export", document, "--out", evidence)
        office.run("ledger", "verify", "--files")
        office.run("doctor")
        office.run("up", code=1)  # a second one over the same data is refused

    assert not (office.data / "web.url").exists()
    office.run("evidence", "verify", evidence, "--anchor", office.data / "anchor.json")
    assert office.tracked(document) == tracked

    with office.up(log):
        assert office.tracked(document) == tracked
        office.run("sign", before, "--unit", "乙镇", "--person", "李四")
        wait_for(lambda: office.tracked(before)["signed"] == 1)
    office.run("ledger", "verify", "--files")


@pytest.mark.timeout(180)
def test_an_office_that_does_not_answer_keeps_nobody_from_stopping(office: Office, tmp_path: Path) -> None:
    (office.data / "secrets" / "mail").write_text("password", encoding="utf-8")
    log = tmp_path / "up.log"
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as asked:
        with (office.data / "yidi.toml").open("a", encoding="utf-8") as settings:
            settings.write(SILENT_MAILBOX.format(port=silent.getsockname()[1]))
        silent.settimeout(_PATIENCE_SECONDS)
        with office.up(log):
            asked.enter_context(silent.accept()[0])
    assert '"loop_left"' in log.read_text(encoding="utf-8")
