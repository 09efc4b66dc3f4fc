"""`yidi hub init` as a person meets it: questions at a terminal, on real servers that are wrong first, then right."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from exchange.transport.rabbit_management import Management
from exchange.trial.servers import PostgresServer, RabbitServer, free_port

SECONDS = 60.0
DATABASE_PASSWORD, ADMIN_PASSWORD = "a b/c:d@e", "admin: 密"


class Terminal:
    """One command with a terminal of its own: what it showed, and keys pressed."""

    def __init__(self, *arguments: str | Path) -> None:
        self.shown = self.transcript = ""
        self.pid, self._end = pty.fork()
        if not self.pid:
            os.execv(sys.executable, [sys.executable, "-m", "exchange.cli", *map(str, arguments)])

    def answer(self, question: str, keys: str = "") -> None:
        """Wait for the question, then type. What was shown before is forgotten."""
        self.until(question)
        self.shown = ""
        os.write(self._end, f"{keys}\n".encode())

    def secret(self, question: str, keys: str) -> None:
        """The same, once the terminal shows no keys any more."""
        self.until(question)
        deadline = time.monotonic() + SECONDS
        while termios.tcgetattr(self._end)[3] & termios.ECHO:
            assert time.monotonic() < deadline, "what is typed is shown"
            time.sleep(0.02)
        self.answer(question, keys)

    def until(self, text: str) -> None:
        deadline = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, f"never showed {text!r}:\n{self.shown}"
            if select.select([self._end], [], [], 0.5)[0]:
                try:
                    self._read()
                except OSError:  # it ended
                    assert text in self.shown, self.shown

    def _read(self) -> None:
        read = os.read(self._end, 65536).decode(errors="replace")
        self.shown += read
        self.transcript += read

    def finish(self) -> int:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                if select.select([self._end], [], [], 0.2)[0]:
                    self._read()
            except OSError:
                break
        os.close(self._end)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def broker() -> Iterator[RabbitServer]:
    with RabbitServer(management=True, plugins=["rabbitmq_auth_mechanism_ssl"]) as server:
        management = Management(f"http://127.0.0.1:{server.management_port}", "guest", "guest")
        management.put("users", "yidi-admin", body={"password": ADMIN_PASSWORD, "tags": "administrator"})
        management.put("users", "clerk", body={"password": "clerk", "tags": "management"})
        yield server


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """Whose user yidi needs its password, as PostgreSQL comes."""
    with PostgresServer() as server:
        with psycopg.connect(server.url(), autocommit=True) as session:
            session.execute(f"CREATE ROLE yidi LOGIN PASSWORD '{DATABASE_PASSWORD}'")
            session.execute("CREATE DATABASE yidi OWNER yidi")
            session.execute("CREATE DATABASE taken OWNER yidi")
            session.execute("CREATE DATABASE closed")
            rules = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            (server.folder / "data" / "pg_hba.conf").write_text(rules)
            session.execute("SELECT pg_reload_conf()")
        with psycopg.connect(server.url("taken"), autocommit=True) as session:
            session.execute("CREATE TABLE payroll (name text)")
        yield server


@pytest.mark.timeout(300)
def test_a_person_is_told_what_is_wrong_with_each_answer_until_it_is_right(
    tmp_path: Path, broker: RabbitServer, postgres: PostgresServer
) -> None:
    data = tmp_path / "hub"
    person = Terminal("hub", "init", "--data", data)
    person.answer("建立正式的交换中心？", "y")
    person.answer("交换中心标识 [hub.520304]")
    person.answer("交换中心名称", "播州区公文交换中心")

    def database(port: int, name: str, password: str) -> None:
        person.answer("主机", "127.0.0.1")
        person.answer("端口", str(port))
        person.answer("数据库", name)
        person.answer("用户", "yidi")
        person.secret("口令（不显示）", password)

    database(silent := free_port(), "yidi", DATABASE_PASSWORD)
    person.until(f"127.0.0.1:{silent} 无应答")
    database(postgres.port, "yidi", "wrong")
    person.until("用户 yidi 或其口令不对")
    person.until("createuser --pwprompt yidi")
    database(postgres.port, "nowhere", DATABASE_PASSWORD)
    person.until("没有数据库 nowhere")
    person.until("createdb --encoding UTF8 --template template0 --owner yidi nowhere")
    database(postgres.port, "taken", DATABASE_PASSWORD)
    person.until("不是空的，有 1 张表（payroll）")
    database(postgres.port, "closed", DATABASE_PASSWORD)
    person.until("用户 yidi 不能在其中建表")
    database(postgres.port, "yidi", DATABASE_PASSWORD)
    person.until("✓ PostgreSQL")

    name_broker(person, broker, silent)
    assert not data.exists()
    person.answer("主机")
    person.answer("端口", str(broker.port))
    person.answer("用户")
    person.answer("虚拟主机")
    person.answer("节点访问交换中心的地址", "https://hub.example:8443")
    person.answer("节点访问 RabbitMQ 的地址", "broker.example:5671")
    person.answer("开始建立？")
    assert person.finish() == 0, person.shown
    assert "yidi hub units import" in person.shown
    assert DATABASE_PASSWORD not in person.transcript
    assert ADMIN_PASSWORD not in person.transcript
    assert "yidi-hub" in broker.rabbitmqctl("list_users")
    assert json_of("hub", "status", "--data", data)["directory"]["version"] == 1

    # The same database cannot be a second hub's.
    again = run("hub", "init", "--data", tmp_path / "second", "--broker", f"amqp://yidi-hub@127.0.0.1:{broker.port}/%2F",
                "--database", f"@{data / 'secrets' / 'database'}")  # fmt: skip
    assert again.returncode == 1
    assert "数据库 yidi 已属于一个交换中心" in again.stderr
    assert not (tmp_path / "second").exists()


def name_broker(person: Terminal, broker: RabbitServer, silent: int) -> None:
    """Wrong in each way first; ends before the hub's own account is right."""

    def management(port: int, user: str, password: str) -> None:
        person.answer("地址", f"http://127.0.0.1:{port}")
        person.answer("管理员用户", user)
        person.secret("口令（不显示）", password)

    management(silent, "yidi-admin", ADMIN_PASSWORD)
    person.until("rabbitmq-plugins enable rabbitmq_management")
    management(broker.management_port, "yidi-admin", "wrong")
    person.until("RabbitMQ 用户 yidi-admin 或其口令不对")
    management(broker.management_port, "clerk", "clerk")
    person.until("rabbitmqctl set_user_tags clerk administrator")
    management(broker.management_port, "yidi-admin", ADMIN_PASSWORD)
    person.until("✓ RabbitMQ")
    person.answer("主机")
    person.answer("端口", str(silent))
    person.answer("用户")
    person.answer("虚拟主机")
    person.until(f"127.0.0.1:{silent} 无应答")


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "exchange.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


def json_of(*arguments: str | Path) -> dict[str, dict[str, int]]:
    made: dict[str, dict[str, int]] = json.loads(run(*arguments, "--json").stdout)
    return made


@pytest.mark.timeout(120)
def test_without_a_terminal_everything_wrong_is_said_at_once_and_nothing_is_made(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    data, secret = tmp_path / "hub", tmp_path / "database.url"
    with RabbitServer(management=True) as bare:  # without the plug-in for certificates
        bare.rabbitmqctl("set_disk_free_limit", "100000GB")
        management = tmp_path / "management.url"
        for path, text in (
            (secret, postgres.url("nowhere")),
            (management, f"http://guest:guest@127.0.0.1:{bare.management_port}"),
        ):
            path.touch(mode=0o600)
            path.write_text(text + "\n")
        done = run(
            "hub", "init", "--data", data, "--database", f"@{secret}", "--management", f"@{management}",
            "--broker", f"amqp://yidi-hub@127.0.0.1:{free_port()}/%2F",
        )  # fmt: skip
    assert done.returncode == 1
    for told in (
        "没有数据库 nowhere", "rabbitmq-plugins enable rabbitmq_auth_mechanism_ssl", "disk", "无应答", "SERVERS",
    ):  # fmt: skip
        assert told in done.stderr, done.stderr
    assert not data.exists()
    missing = run("hub", "init", "--data", data, "--database", f"@{secret}")
    assert missing.returncode == 2
    assert re.search("--database.*--broker", missing.stderr)
