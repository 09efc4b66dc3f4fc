"""Measures everything in one run and shows it."""

import json
import tempfile
from pathlib import Path

from exchange.cli.bench.batches import measure_commits, measure_messages
from exchange.cli.bench.county import County, found_county
from exchange.cli.bench.flow import measure_flow
from exchange.cli.bench.machine import machine_facts
from exchange.cli.bench.memory import measure_memory
from exchange.cli.bench.report import Measured, render, value_of
from exchange.cli.bench.routing import RoutingCost, measure_routing
from exchange.cli.bench.spent import least
from exchange.cli.output import progress
from exchange.telemetry import configure_log, make_metrics
from workers.garbage import collect_seldom

__all__ = ["run_bench"]

# (recipients, envelopes): a letter, a notice to the townships, one to the whole county.
_CASES = ((1, 300), (16, 100), (127, 30))
_ROUNDS = 3


def run_bench(units: int, documents: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="yidi-bench-") as name:
        folder = Path(name)
        measured = _measure(folder, units, documents)
    if as_json:
        print(json.dumps(value_of(measured), ensure_ascii=False, indent=2))
    else:
        render(measured)


def _measure(folder: Path, units: int, documents: int) -> Measured:
    facts = machine_facts(folder)
    with (folder / "log").open("w", encoding="utf-8") as stream:
        log = configure_log(stream=stream)
        county = found_county(folder / "county", units, log)
        collect_seldom()  # as every process of an exchange does
        with progress("端到端", "end to end") as say:
            flow = measure_flow(county, documents, folder, say)
        with progress("路由进程", "router") as say:
            cases = [(min(recipients, units - 1), count) for recipients, count in _CASES]
            routing = []
            for number, (recipients, count) in enumerate(cases, 1):
                routing.append(_best(county, recipients, min(count, documents * 50), folder))
                say(number, len(cases))
        with progress("批量与逐条", "batches"):
            commits, messages = measure_commits(folder, county), measure_messages(county)
        with progress("内存", "memory"):
            memory = measure_memory(folder, units, log)
    return Measured(machine=facts, flow=flow, routing=routing, commits=commits, messages=messages, memory=memory)


def _best(county: County, recipients: int, count: int, folder: Path) -> RoutingCost:
    rounds = [measure_routing(county, recipients, count, folder, make_metrics()) for _ in range(_ROUNDS)]
    return RoutingCost(
        recipients=recipients,
        envelopes=count,
        whole=least([one.whole for one in rounds]),
        verify=least([one.verify for one in rounds]),
        sign=least([one.sign for one in rounds]),
        commit=least([one.commit for one in rounds]),
        publish=least([one.publish for one in rounds]),
    )
