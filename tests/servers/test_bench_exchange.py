"""`yidi bench exchange` measures everything on real servers and says so in one shape. What it measures is no business
of a test."""

import json
import subprocess
import sys

import pytest

PROCESSES = {
    *("web-1", "router-1", "acknowledger-1", "clock-1", "sealer-1", "node-1", "node-2"),
    *("rabbitmq", "postgresql"),
}


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "exchange.cli", "bench", "exchange", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_tiny_measurement_has_every_part() -> None:
    sizes = ("--rate", "1:6", "--rate", "4:2", "--backlog", "5", "--probes", "2", "--half-seconds", "1")
    done = bench("--quick", *sizes, "--units", "5", "--units", "9", "--ledger", "300", "--json")

    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert {"machine", "nodes", "units", "seconds", "accepted_per_second", "peer"} <= set(measured)
    assert [(run["recipients"], run["documents"]) for run in measured["deliveries"]] == [(1, 6), (4, 2)]
    for run in measured["deliveries"]:
        assert {"per_second", "cpu_us", "per_second_and_core", "aim_per_second"} <= set(run)
        assert set(run["cpu_seconds"]) == PROCESSES | {"sender"}
    for latency in measured["latency_ms"].values():
        assert {"load", "probes", "p50_ms", "p95_ms", "p99_ms"} <= set(latency)
        assert latency["probes"] >= 2
    assert measured["backlog"]["documents"] == 5
    assert {"accept_seconds", "catch_up_seconds", "caught_up_per_second"} <= set(measured["backlog"])
    assert set(measured["memory_kib"]) == PROCESSES
    assert all(kib > 0 for kib in measured["memory_kib"].values())
    assert [one["size"] for one in measured["growth"]["units"]] == [5, 9]
    assert [one["size"] for one in measured["growth"]["ledger"]] == [300]
    assert [one["routers"] for one in measured["routers"]] == [1, 2]
    assert all(one["per_second"] > 0 for one in measured["routers"])
    parts = measured["parts"]
    assert set(parts["raw_us"]) == {
        *("sign_envelope", "sign_receipt", "verify_envelope", "verify_receipt"),
        *("broker", "commit_postgresql", "commit_sqlite"),
    }
    assert all(part["client"] > 0 for part in parts["raw_us"].values())
    for one in parts["sums"]:
        assert {"sign_us", "verify_us", "commit_us", "broker_us", "sum_us", "whole_us", "share"} <= set(one)


def test_a_rate_that_is_none_is_told_before_anything_starts() -> None:
    done = bench("--rate", "16")

    assert done.returncode != 0
    assert "--rate 16" in done.stderr
    assert "Traceback" not in done.stderr
