"""`yidi bench exchange`: everything in one run, in a directory and on servers that go away."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from exchange.cli.bench.machine import MachineFacts, machine_facts
from exchange.cli.bench.whole.growth import grow_ledger, grow_units, same_again
from exchange.cli.bench.whole.latency import measure_half_load, measure_idle
from exchange.cli.bench.whole.load import measure_backlog, measure_rate
from exchange.cli.bench.whole.parts import measure_parts
from exchange.cli.bench.whole.peer import INSTALL, has_peer, measure_peer
from exchange.cli.bench.whole.plan import FULL, QUICK, Rate, Size
from exchange.cli.bench.whole.report import render, value_of
from exchange.cli.bench.whole.result import Growth, Measured, Parts, Peer, Run, Scaled
from exchange.cli.bench.whole.scale import measure_routers
from exchange.cli.bench.whole.stage import Stage, county_units, open_stage
from exchange.cli.output import progress, show_json, warn
from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.node import Box
from exchange.trial.servers import ServerError
from exchange.wiring.system import SystemClock

__all__ = ["run_whole"]

_FEW = 10

Sent = list[tuple[Run, list[EnvelopeKey]]]


def run_whole(*, quick: bool, changes: Mapping[str, Any], as_json: bool) -> None:
    """`changes`: fields of the size that were asked for."""
    size = replace(QUICK if quick else FULL, **changes)
    if not has_peer():
        warn(
            f"未安装 pyas2lib，不作对照。安装：{INSTALL}",
            f"pyas2lib, the peer, is not installed. Install it: {INSTALL}",
        )
    with tempfile.TemporaryDirectory(prefix="yidi-bench-") as name:
        try:
            measured = _measure(Path(name), size)
        except ServerError as error:
            raise YidiError(str(error), code="BENCH") from error
    if as_json:
        show_json(value_of(measured))
    else:
        render(measured)


def _measure(folder: Path, size: Size) -> Measured:
    began, facts = time.monotonic(), machine_facts(folder)
    small = [_small(folder, count, size) for count in size.units if count < size.hosted]
    with _started(folder / "county", size.hosted, size) as (stage, start_seconds):
        measured = _on(stage, size, folder, facts)
    routers = _routers(folder, size)
    return replace(
        measured,
        routers=routers,
        start_seconds=start_seconds,
        seconds=time.monotonic() - began,
        units_growth=[*small, *measured.units_growth],
    )


@contextmanager
def _started(root: Path, units: int, size: Size, routers: int = 1) -> Iterator[tuple[Stage, float]]:
    """The county at work, everything loaded that is loaded once, and how long that took."""
    began = time.monotonic()
    with progress(f"建立 {units} 个单位的县", f"a county of {units} units") as say:
        opened = open_stage(
            root, county_units(units), units, size.nodes, lambda _what, done, of: say(done, of), routers
        )
        with opened as stage:
            stage.trial.start()
            measure_rate(stage, units - 1, 1, lambda _done, _of: None)
            yield stage, time.monotonic() - began
            stage.trial.stop()


def _small(folder: Path, count: int, size: Size) -> Growth:
    """A county of its own, smaller than the one that all else is measured on."""
    with _started(folder / f"county-{count}", count, size) as (stage, seconds):
        return same_again(stage, count, size.growth_documents, seconds, "")


def _routers(folder: Path, size: Size) -> list[Scaled]:
    """In a county of its own, too: so many routers would take part in everything else."""
    with (
        _started(folder / "county-routers", _FEW, size, routers=2) as (stage, _),
        progress("一个与两个路由进程", "one router and two"),
    ):
        return measure_routers(stage, size.routing)


def _on(stage: Stage, size: Size, folder: Path, facts: MachineFacts) -> Measured:
    runs = [_run(stage, rate) for rate in size.rates]
    with progress("时延，空闲", "latency, idle") as say:
        idle = measure_idle(stage, size.probes, say)
    with progress("时延，半载", "latency, half load") as say:
        half = measure_half_load(stage, _middle(runs), size.half_seconds, say)
    with progress(f"积压 {size.backlog} 件", f"backlog of {size.backlog}") as say:
        backlog = measure_backlog(stage, size.backlog, say)
    memory = stage.memory_kib()
    units_growth, ledger_growth = _grow_units(stage, size), _grow_ledger(stage, size)
    stage.trial.stop()
    parts, peer = _compared(stage, runs, size, folder)
    return Measured(
        machine=facts,
        nodes=size.nodes,
        units=size.hosted,
        start_seconds=0.0,
        seconds=0.0,
        runs=[run for run, _ in runs],
        idle=idle,
        half=half,
        backlog=backlog,
        memory_kib=memory,
        units_growth=units_growth,
        ledger_growth=ledger_growth,
        routers=[],
        parts=parts,
        peer=peer,
    )


def _run(stage: Stage, rate: Rate) -> tuple[Run, list[EnvelopeKey]]:
    count = rate.recipients
    with progress(f"投递，每件 {count} 个收文单位", f"deliveries, {count} recipients a document") as say:
        return measure_rate(stage, count, rate.documents, say)


def _middle(runs: Sent) -> Run:
    return runs[len(runs) // 2][0]


def _grow_units(stage: Stage, size: Size) -> list[Growth]:
    grown = []
    for count in size.units:
        if count >= size.hosted:
            with progress(f"增至 {count} 个单位", f"growing to {count} units"):
                grown.append(grow_units(stage, count, size.growth_documents))
    return grown


def _grow_ledger(stage: Stage, size: Size) -> list[Growth]:
    grown = []
    for count in size.ledger:
        with progress(f"账本增至 {count} 条", f"growing the ledger to {count} entries") as say:
            grown.append(grow_ledger(stage, count, size.growth_documents, say))
    return grown


def _compared(stage: Stage, runs: Sent, size: Size, folder: Path) -> tuple[Parts, Peer | None]:
    with progress("各部分单独", "the parts alone"):
        parts = measure_parts(stage, runs, size.messages, folder)
    with progress("对照 pyas2lib", "the peer, pyas2lib"):
        keys = [(key.sender, key) for key in runs[0][1][: size.peer]]
        with stage.sender_store.begin() as session:
            documents = [record.document for record in session.documents(Box.SENT, keys).values()]
        return parts, measure_peer(documents, SystemClock().now())
