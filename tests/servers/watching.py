"""Prometheus over an exchange, and Chromium over its pages, both from Debian's packages."""

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

__all__ = ["Prometheus", "photographed", "prometheus"]

_SECONDS = 60.0
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
def prometheus(folder: Path, discovered: str, static: Mapping[str, str], *, port: int) -> Iterator[Prometheus]:
    """As `deploy/prometheus/prometheus.yml` has it, but every second. `discovered`: URL of the hub's targets. `static`:
    instance -> address."""
    fixed = [{"targets": [address], "labels": {"instance": instance}} for instance, address in static.items()]
    found = [{"url": discovered, "refresh_interval": "1s"}]
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(DEPLOYED / "yidi-alerts.yml")],
        "scrape_configs": [
            {"job_name": "yidi", "http_sd_configs": found, "static_configs": fixed},
            {"job_name": "yidi-units", "metrics_path": "/metrics/units", "http_sd_configs": found},
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")  # which is YAML, too
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    url = f"http://127.0.0.1:{port}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + _SECONDS
            while not _answers(f"{url}/-/ready"):
                assert time.monotonic() < deadline, (folder / "prometheus.log").read_text()
                time.sleep(0.1)
            yield Prometheus(url)
        finally:
            process.terminate()
            process.wait(30)


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


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
