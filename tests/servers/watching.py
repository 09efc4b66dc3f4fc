"""Prometheus over an exchange, Alertmanager behind it, and Chromium over its pages, all from Debian's packages."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exchange.trial.servers import free_port

__all__ = ["DEPLOYED", "Prometheus", "alertmanager", "photographed", "prometheus"]

_SECONDS = 180.0
DEPLOYED = Path(__file__).parents[2] / "deploy/prometheus"


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The series of a query at this moment."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def until(self, expression: str, right: Callable[[list[dict[str, Any]]], bool], seconds: float = _SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not right(found := self.ask(expression)):
            assert time.monotonic() < deadline, f"{expression} is {found}"
            time.sleep(0.5)


@contextmanager
def prometheus(
    folder: Path,
    discovered: str,
    static: Mapping[str, str],
    *,
    port: int,
    rules: Path = DEPLOYED / "yidi-alerts.yml",
    manager: str = "",
) -> Iterator[Prometheus]:
    """As `deploy/prometheus/prometheus.yml` has it, but every second. `discovered`: URL of the hub's targets. `static`:
    instance -> address. `manager`: URL of the Alertmanager that hears of alerts, each second once more."""
    fixed = [{"targets": [address], "labels": {"instance": instance}} for instance, address in static.items()]
    found = [{"url": discovered, "refresh_interval": "1s"}]
    settings: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "yidi", "http_sd_configs": found, "static_configs": fixed},
            {"job_name": "yidi-units", "metrics_path": "/metrics/units", "http_sd_configs": found},
        ],
    }
    if manager:
        targets = [{"targets": [manager.removeprefix("http://")]}]
        settings["alerting"] = {"alertmanagers": [{"static_configs": targets}]}
    (folder / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")  # which is YAML, too
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    command += ["--rules.alert.resend-delay=1s"]
    url = f"http://127.0.0.1:{port}"
    with _running([*command, f"--web.listen-address=127.0.0.1:{port}"], folder / "prometheus.log", f"{url}/-/ready"):
        yield Prometheus(url)


@contextmanager
def alertmanager(folder: Path, told: str, *, interval: str = "1s") -> Iterator[str]:
    """Its URL. It runs our file, told to hurry, and tells `told`, a URL, what happens."""
    text = (DEPLOYED / "alertmanager.yml").read_text(encoding="utf-8")
    for old, new in (("http://127.0.0.1:9095/", told), ("group_wait: 30s", "group_wait: 2s"),
                     ("group_interval: 5m", f"group_interval: {interval}")):  # fmt: skip
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "alertmanager.yml").write_text(text, encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    command = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", "--cluster.listen-address="]
    command += [f"--storage.path={folder}/alerts", f"--web.listen-address={url.removeprefix('http://')}"]
    with _running(command, folder / "alertmanager.log", f"{url}/-/ready"):
        yield url


def photographed(url: str, picture: Path | None, width: int, height: int) -> str:
    """The page as Chromium has it when its scripts have drawn, and a picture of it if wanted."""
    profile = tempfile.mkdtemp(prefix="yidi-chromium-")
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        f"--user-data-dir={profile}", f"--window-size={width},{height}", "--virtual-time-budget=8000", "--lang=zh-CN",
    ]  # fmt: skip
    try:
        if picture is not None:
            _run([*command, f"--screenshot={picture}", url])
        return _run([*command, "--dump-dom", url])
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@contextmanager
def _running(command: list[str], log: Path, ready: str) -> Iterator[None]:
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            deadline = time.monotonic() + _SECONDS
            while not _answers(ready):
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
