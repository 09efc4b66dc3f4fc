"""`yidi bench` measures everything and says so in one shape. What it measures is no business of a test."""

import json

from tests.scenarios.commands import yidi


def test_a_tiny_measurement_has_every_part() -> None:
    done = yidi("bench", "--units", "4", "--documents", "1", "--json")

    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert set(measured) == {"machine", "end_to_end", "router", "commits", "messages", "memory_kib"}
    assert {"cores", "cpu", "python", "load", "sync_ms"} <= set(measured["machine"])
    assert measured["end_to_end"]["deliveries"] == 3
    assert set(measured["end_to_end"]["bare"]) == {"total", "sign", "verify", "commit"}
    assert [one["recipients"] for one in measured["router"]] == [1, 3, 3]
    for one in measured["router"]:
        assert {"whole", "verify", "sign", "commit", "publish", "unavoidable_share", "aim"} <= set(one)
    for batching in (measured["commits"], measured["messages"]):
        assert set(batching) == {"single_per_second", "batched_per_second", "batch", "gain"}
    assert {"units", "one_rss", "one_pss", "all_rss", "all_pss", "per_unit"} <= set(measured["memory_kib"])


def test_people_get_tables_in_their_language() -> None:
    chinese = yidi("bench", "--units", "3", "--documents", "1")

    assert chinese.returncode == 0, chinese.stderr
    assert "这是测量，不是测试" in chinese.stdout
    assert "路由进程" in chinese.stdout
