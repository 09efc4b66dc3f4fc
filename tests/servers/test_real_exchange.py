"""A hub and two nodes as processes of their own, on RabbitMQ, PostgreSQL and HTTPS: what docs/install.md tells.

Real in every part: commands as a person types them, TLS, certificates, accounts; a worker is killed on the way.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.telemetry.trace_ids import trace_id
from exchange.trial.servers import RabbitServer, free_port
from tests.integration.collector import Collector, collector

SENDER, RECIPIENT = "520304-001", "520304-002"
UNITS = f"code,name,category,level\n{SENDER},甲局,government,county\n{RECIPIENT},乙镇,township,township\n"
SECONDS = 30.0

Command = Callable[..., str]


def yidi(*arguments: str | Path) -> str:
    """What the command printed. It must succeed."""
    command = [sys.executable, "-m", "exchange.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{arguments}: {done.stderr}{done.stdout}"
    return done.stdout


@contextmanager
def running(log: Path, *arguments: str | Path) -> Iterator[int]:
    """The command as a process, ended in order; its output goes to `log`."""
    command = [sys.executable, "-m", "exchange.cli", *map(str, arguments)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            yield process.pid
        finally:
            process.terminate()
            assert process.wait(30) == 0, log.read_text()


def until(found: Callable[[], object], *logs: Path, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        told = "\n".join(f"{log.name}: {log.read_text()[-3000:]}" for log in logs)
        assert time.monotonic() < deadline, f"did not happen in {seconds} s\n{told}"
        time.sleep(0.2)


def worker_pid(hub_pid: int, name: str) -> int | None:
    """The process of one worker, by its command line: the hub started it."""
    children = Path(f"/proc/{hub_pid}/task/{hub_pid}/children").read_text().split()
    for child in map(int, children):
        line = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if name.encode() in line:
            return child
    return None


def scraped(hub: Path) -> str:
    """What Prometheus gets from the hub's clock."""
    url = (hub / "run" / "clock-1.url").read_text().strip()
    paths = ("/metrics", "/metrics/units")
    return "".join(urllib.request.urlopen(url + path, timeout=30).read().decode() for path in paths)


def taken_and_open(broker: RabbitServer) -> bool:
    """Whether a router holds a document that it has not acknowledged."""
    return "work.normal\t1" in broker.rabbitmqctl("list_queues", "name", "messages_unacknowledged")


def found_hub(hub: Path, broker: RabbitServer, database: str, yidi: Command = yidi) -> str:
    """`hub init` and the broker's TLS as it says; returns the hub's URL."""
    url = f"https://127.0.0.1:{free_port()}"
    account = f"amqp://yidi-hub@127.0.0.1:{broker.port}/%2F"
    management = private(hub.with_name("management.url"), f"http://guest:guest@127.0.0.1:{broker.management_port}")
    private(hub.with_name("database.url"), database)
    servers = ("--database", f"@{hub.with_name('database.url')}", "--broker", account, "--management", f"@{management}")
    yidi("hub", "init", "--data", hub, *servers, "--url", url, "--broker-tls", f"127.0.0.1:{broker.tls_port}")
    with (broker.folder / "rabbitmq.conf").open("a") as settings:
        settings.write((hub / "tls" / "rabbitmq.conf").read_text())
    broker.restart()
    return url


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return path


def enroll(hub: Path, node: Path, unit: str, *trust: str | Path, yidi: Command = yidi) -> None:
    (told,) = json.loads(yidi("hub", "enroll", unit, "--data", hub, "--json"))
    yidi("node", "enroll", "--data", node, *trust, "--unit", unit, "--code", told["code"])


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that every process is told of."""
    with collector("canary-token") as server:
        monkeypatch.setenv("YIDI_TRACES__ENDPOINT", server.url)
        monkeypatch.setenv("YIDI_TRACES__HEADERS_FILE", str(private(tmp_path / "headers", "x-token: canary-token")))
        yield server


def assert_traced(traced: Collector, envelope: str) -> None:
    way = [
        ("yidi-node", "envelope_relayed"),
        ("yidi-router-1", "envelope_accepted"),
        ("yidi-node", "envelope_delivered"),
        ("yidi-acknowledger-1", "receipt_recorded"),
        ("yidi-node", "receipt_received"),
    ]

    def went() -> bool:
        """Each step somewhere after the one before it."""
        steps = iter((one.service, one.name) for one in traced.spans(trace_id(envelope)))
        return all(step in steps for step in way)

    until(went)
    for secret in ("值班", "通知.txt", "王芳", "李四", "canary"):
        assert secret.encode() not in traced.raw


@pytest.mark.timeout(480)  # a loaded machine; a minute on an idle one
def test_a_document_with_a_file_goes_from_node_to_node_though_the_router_is_killed(
    tmp_path: Path, broker: RabbitServer, database: str, traced: Collector
) -> None:
    hub, sender, recipient = (tmp_path / name for name in ("hub", "sender", "recipient"))
    logs = {name: tmp_path / f"{name}.log" for name in ("hub", "sender", "recipient")}
    units, body, saved = tmp_path / "units.csv", tmp_path / "通知.txt", tmp_path / "saved"
    units.write_text(UNITS, encoding="utf-8")
    body.write_bytes("请各单位加强值班。\n".encode() * 100_000)
    url = found_hub(hub, broker, database)
    yidi("hub", "units", "import", units, "--data", hub)
    with running(logs["hub"], "hub", "run", "--data", hub) as hub_pid:
        until(lambda: (hub / "run" / "web-1.url").exists() and worker_pid(hub_pid, "router"), logs["hub"])
        trust = ("--hub", url, "--ca", hub / "tls" / "ca.pem")
        yidi("node", "init", "--data", sender, *trust)
        enroll(hub, sender, SENDER)
        enroll(hub, recipient, RECIPIENT, *trust)  # in one go
        with (
            running(logs["sender"], "node", "run", "--data", sender),
            running(logs["recipient"], "node", "run", "--data", recipient),
        ):
            # (1) the router has the document in its hands when it dies, and has done nothing with it
            router = worker_pid(hub_pid, "router")
            assert router is not None
            os.kill(router, signal.SIGSTOP)
            sent = json.loads(
                yidi(
                    "send", "--data", sender, "--from", SENDER, "--to", RECIPIENT, "--title", "关于加强值班的通知",
                    "--body", body, "--declared-by", "王芳", "--json",
                )
            )  # fmt: skip
            number = sent["id"]
            until(lambda: taken_and_open(broker), *logs.values())
            os.kill(router, signal.SIGKILL)
            # (2) it arrives whole, is signed for, and the sender sees that
            inbox: Callable[[], object] = lambda: number in yidi("inbox", "--data", recipient, "--json")  # noqa: E731
            until(inbox, *logs.values())
            yidi("show", number, "--data", recipient, "--unit", RECIPIENT, "--save", saved)
            assert [path.read_bytes() for path in saved.rglob("通知.txt")] == [body.read_bytes()]
            yidi("sign", number, "--data", recipient, "--unit", RECIPIENT, "--person", "李四")
            until(lambda: "SIGNED" in yidi("track", number, "--data", sender, "--json"), *logs.values())
            assert worker_pid(hub_pid, "router") not in {None, router}
            # (3) both units are there, as they say themselves, and nothing of it waits at the broker
            wanted = (
                "yidi_broker_alarms 0.0",
                'yidi_hub_units{presence="here"} 2.0',
                'yidi_broker_messages{queue="dead"} 0.0',
                'yidi_broker_consumers{queue="inbox"} 2.0',
                'yidi_broker_consumers{queue="work.presence"} 1.0',
                'yidi_broker_nodes{state="running"} 1.0',
                'yidi_broker_nodes{state="down"} 0.0',
                f'yidi_unit_here{{unit="{SENDER}"}} 1.0',
            )
            # The gauges of units are read every half minute.
            until(lambda: set(wanted) <= set(scraped(hub).splitlines()), *logs.values(), seconds=90.0)
            linted = subprocess.run(
                ["promtool", "check", "metrics"],
                input=scraped(hub), capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert linted.stdout + linted.stderr == ""
            there = json.loads(yidi("hub", "online", "--data", hub, "--json"))["units"]
            assert {(one["unit"], one["office"], one["office_fault"]) for one in there} == {
                (SENDER, "folder", None), (RECIPIENT, "folder", None)
            }  # fmt: skip
            until(lambda: "work.presence\t0" in broker.rabbitmqctl("list_queues", "name", "messages"), *logs.values())
            assert "yidi-presence" in broker.rabbitmqctl("list_queues", "name", "policy")
            # (4) all processes put what they did into one trace, and nothing of what the document says
            assert_traced(traced, f"{SENDER}/{number}")
            # (5) and the hub's books hold all of it
            counts = json.loads(yidi("hub", "status", "--data", hub, "--json"))
            assert counts["ledger"]["size"] >= 4, counts
            checked = json.loads(yidi("ledger", "verify", "--data", hub, "--files", "--json"))
            assert checked["ok"]
            assert counts["workers"] == dict.fromkeys(
                ("acknowledger-1", "clock-1", "router-1", "sealer-1", "web-1"), True
            )
