"""The process that is killed: a one-machine exchange and the people who use it.

Speaks to its parent in JSON, a line per step, on standard output. In stage `first` it asks to be killed once the
second dispatch is halfway; stage `second` starts on the same data, waits until everything has come to rest, and
reads the findings from the stores.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from exchange.adapters.sheet import read_units
from exchange.cli.demo.acts import County
from exchange.cli.demo.embedded import MachineStage, found_county, running, stores_of
from exchange.cli.demo.findings import examine
from exchange.cli.demo.stage import DemoError
from exchange.errors import YidiError
from exchange.model.calendar import COUNTY_TIME
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.unit import Unit, UnitCode
from exchange.ports.telemetry import Log
from exchange.telemetry import configure_log
from exchange.wiring.layout import Layout
from workers.machine import Machine

_REST_SECONDS = 180.0  # seconds on an idle machine; a slow disk syncs each hand-over


def main() -> int:
    arguments = _arguments()
    layout = Layout(arguments.data)
    log = configure_log(stream=(arguments.data.parent / f"{arguments.data.name}.log").open("a"))
    try:
        if arguments.stage == "first":
            _first(layout, arguments, log)
        else:
            _second(layout, arguments, log)
    except YidiError as error:
        _say("failed", more={"code": error.code, "message": error.message, "detail": error.detail})
        return 1
    return 0


def _first(layout: Layout, arguments: argparse.Namespace, log: Log) -> None:
    units = found_county(layout, arguments.sheet, arguments.units, _say, log)
    with running(layout, log) as stage:
        county = _county(stage, units)
        notice = county.send_notice()
        county.report_back(notice)
        county.recall_letter()
        county.refuse_classified()
        county.replay_notice(notice)
        county.refuse_forgeries(notice)
        _say("notes", more={"notice": str(notice), **county.notes})
        keys = county.dispatch(arguments.dispatches)
        delivered = county.until_delivered(keys, len(keys) * (len(units) - 1) // 2)
        _say("kill-me", delivered, len(keys) * (len(units) - 1))
        time.sleep(_REST_SECONDS)
        raise DemoError("nobody killed this process")


def _second(layout: Layout, arguments: argparse.Namespace, log: Log) -> None:
    units = _units(layout, arguments)
    sender, _, id_ = arguments.notice.partition("/")
    notice = EnvelopeKey(UnitCode(sender), EnvelopeId(id_))
    with running(layout, log) as stage:
        keys = _county(stage, units).await_dispatch(arguments.dispatches)
        _rest(stage.machine)
        _say("rest", 1, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with stores_of(layout) as stores:
        findings = examine(stores, notice, keys, arguments.evidence, log)
    _say("findings", more={**findings, "peak_kib": peak})


def _units(layout: Layout, arguments: argparse.Namespace) -> list[Unit]:
    """The units that were enrolled before the kill."""
    keys = layout.node_keys(layout.settings())
    return [unit for unit in read_units(arguments.sheet) if keys.has(unit.code)]


def _county(stage: MachineStage, units: list[Unit]) -> County:
    today = stage.machine.hub.hub.clock.now().astimezone(COUNTY_TIME).date()
    return County(stage=stage, units=units, say=_say, today=today)


def _rest(machine: Machine) -> None:
    """Until nothing is open any more: outboxes closed, receipts confirmed both ways, everything under a checkpoint."""
    deadline = time.monotonic() + _REST_SECONDS
    while True:
        with machine.hub_store.begin() as session:
            open_rows = {f"hub.{what}": n for what, n in session.counts().items() if what in _MUST_EMPTY}
        with machine.node_store.begin() as session:
            open_rows |= {f"node.{what}": n for what, n in session.counts().items() if what in _MUST_EMPTY}
        if not any(open_rows.values()):
            return
        if time.monotonic() > deadline:
            raise DemoError(f"not at rest after {_REST_SECONDS:.0f} s: {open_rows}")
        time.sleep(0.1)


_MUST_EMPTY = {"forwards_open", "entries_unsealed", "outbox_open", "handovers_open", "owed"}


def _say(act: str, done: int = 1, of: int = 1, more: Mapping[str, object] | None = None) -> None:
    print(json.dumps({"act": act, "done": done, "of": of, **(more or {})}, ensure_ascii=False), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stage", choices=("first", "second"), required=True)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--units", type=int, required=True)
    parser.add_argument("--dispatches", type=int, required=True)
    parser.add_argument("--notice", default="")
    parser.add_argument("--evidence", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
