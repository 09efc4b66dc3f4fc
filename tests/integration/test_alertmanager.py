"""The example for Alertmanager, judged by its own amtool and by Alertmanager itself: one message when something begins,
one when it is over, and none for what follows from it."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docs.make_metrics import alerts
from tests.servers.alarms.told import BEGINS, OVER, Notification, receiver, turns
from tests.servers.watching import DEPLOYED, alertmanager

Told = tuple[str, list[Notification]]
CONFIG = DEPLOYED / "alertmanager.yml"
SECONDS = 60


@pytest.fixture
def told() -> Iterator[Told]:
    with receiver() as heard:
        yield heard


@pytest.fixture
def manager(tmp_path: Path, told: Told) -> Iterator[str]:
    with alertmanager(tmp_path, told[0]) as url:
        yield url


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


def post(url: str, names: list[tuple[str, str]], *, over: bool = False) -> None:
    """`names`: alert and instance, of the job yidi, as Prometheus would say it when they begin; what began long ago
    would be told at once, with nothing known yet of its cause."""
    now = datetime.now(UTC)
    ends = {"endsAt": now.isoformat()} if over else {"endsAt": (now + timedelta(hours=1)).isoformat()}
    body = [
        {"labels": {"alertname": name, "instance": instance, "job": "yidi"},
         "startsAt": now.isoformat(), **ends}
        for name, instance in names
    ]  # fmt: skip
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/api/v2/alerts", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10):
        pass


def test_amtool_takes_the_file() -> None:
    done = subprocess.run(["amtool", "check-config", CONFIG], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_that_the_file_names_is_one() -> None:
    known = {rule.name for rule in alerts()}
    for matcher in re.findall(r'alertname(?:=~|=|!=)"([^"]+)"', CONFIG.read_text(encoding="utf-8")):
        for one in matcher.split("|"):
            assert any(re.fullmatch(one, name) for name in known), one


def names(told: Told) -> list[str]:
    """Alerts that people were told of, a message each."""
    return [one.alert for one in told[1]]


def test_a_broker_that_is_down_is_told_once_and_nothing_that_follows_from_it(manager: str, told: Told) -> None:
    causes = [("YidiBrokerRefuses", instance) for instance in ("router", "node-1", "node-2")]
    follows = [("YidiAcceptSlow", "router"), ("YidiOutboxStuck", "node-1"), ("YidiOutboxStuck", "node-2")]
    post(manager, causes + follows)
    until(lambda: bool(told[1]))
    time.sleep(4)  # as long as two groups would take
    post(manager, follows, over=True)
    post(manager, causes, over=True)
    until(lambda: len(told[1]) > 1)
    time.sleep(4)
    assert names(told) == ["YidiBrokerRefuses"] * 2
    assert {alarm.name: its for alarm, its in turns(told[1]).items()} == {
        f"YidiBrokerRefuses {instance}": [BEGINS, OVER] for _, instance in causes
    }


def test_a_process_that_is_down_silences_itself_and_nobody_else(manager: str, told: Told) -> None:
    post(manager, [("YidiDown", "node-1"), ("YidiDiskFilling", "node-1"), ("YidiDiskFilling", "node-2")])
    until(lambda: len(told[1]) == 2)
    assert {alarm.name for alarm in turns(told[1])} == {"YidiDiskFilling node-2", "YidiDown node-1"}


@pytest.mark.parametrize("cause", ["YidiBrokerRefuses", "YidiWorkerNotSeen", "YidiStepFailing", "YidiDiskFull"])
def test_trouble_at_one_node_hides_nothing_of_another_nor_of_the_county(manager: str, told: Told, cause: str) -> None:
    elsewhere = [("YidiOutboxStuck", "node-7"), ("YidiNoCheckpoint", "clock"), ("YidiServiceLevelFastBurn", "")]
    post(manager, [(cause, "node-1"), *elsewhere])
    until(lambda: len(told[1]) == 4)
    assert set(names(told)) == {cause, *(name for name, _ in elsewhere)}
