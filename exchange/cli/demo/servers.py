"""The demo on real servers: a whole county of processes over a private RabbitMQ and PostgreSQL. Things are killed one
by one in the middle of the second dispatch, the broker is wiped, and all goes on.

Nothing stays behind, however it ends, but what `--keep` asked for: there a backup of the hub stands for the database.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from exchange.adapters.sheet import read_units
from exchange.cli.demo.acts import County
from exchange.cli.demo.ending import undisturbed
from exchange.cli.demo.findings import examine
from exchange.cli.demo.memory import peak_kib
from exchange.cli.demo.progress import Progress
from exchange.cli.demo.stage import DemoError, Say, Stores, pick
from exchange.cli.failure import fail
from exchange.errors import YidiError
from exchange.files.local import LocalFiles
from exchange.model.calendar import COUNTY_TIME
from exchange.model.unit import Unit, UnitCode
from exchange.ports.hub import HubStore
from exchange.trial.county import QuietLog, TrialCounty, TrialPlan
from exchange.trial.process import Program
from exchange.trial.servers import ServerError
from exchange.trial.wire import overhear, put_on_wire
from exchange.wiring.backup import back_up
from exchange.wiring.desk import Desk
from exchange.wiring.node import NodeServices
from exchange.wiring.system import SystemClock

__all__ = ["play_on_servers"]

# Enrolled over HTTPS with a one-time code, as a unit far away does; the rest in one directory version.
_FAR = 3
_NODES = 4
_REST_SECONDS = 240.0
# What was lost comes again within seconds; by default a quarter of an hour is soon enough.
_QUICK = {"FLOOR_SECONDS": "1", "BASE_SECONDS": "2", "CAP_SECONDS": "8", "CONFIRMED_SECONDS": "8"}
_HUB = {f"YIDI_HUB_TIMING__RETRY__{name}": value for name, value in _QUICK.items()}
_HUB["YIDI_RABBIT__RECONNECT_CAP_SECONDS"] = "2"
_NODE = {f"YIDI_NODE_TIMING__RETRY__{name}": value for name, value in _QUICK.items()}
# Not as quick as the hub's few: logins of 128 units, refused until it knows them again, would keep a wiped broker busy.
_NODE["YIDI_BROKER_LINE__RECONNECT_CAP_SECONDS"] = "8"


def play_on_servers(
    root: Path, sheet: Path, count: int, dispatches: int, progress: Progress, *, keep: bool
) -> dict[str, object]:
    """What the report tells. Raises CommandError where a server is not installed."""
    units = pick(read_units(sheet), count)
    office = next(unit for unit in units if unit.name == "区政府办")
    far = frozenset([unit.code for unit in units if unit is not office][-_FAR:])
    plan = TrialPlan(nodes=min(_NODES, len(units)), office="folder", hub_settings=_HUB, node_settings=_NODE, later=far)
    try:
        with _ending(lambda: TrialCounty(root / "county", units, plan)) as county:
            try:
                return _play(county, units, dispatches, progress, root, keep=keep)
            except YidiError as error:
                return {"ok": False, "failed": f"{error.code}: {error.message} {error.detail or ''}".strip()}
    except ServerError as error:
        raise fail("DEMO_SERVER", f"服务器没有启动：{error}", f"a server did not start: {error}") from error


def _play(
    county: TrialCounty, units: list[Unit], dispatches: int, progress: Progress, root: Path, *, keep: bool
) -> dict[str, object]:
    def say(act: str, done: int, of: int) -> None:
        progress.show({"act": act, "done": done, "of": of})

    _found(county, say)
    with ExitStack() as stack:
        stage = CountyStage(county, stack)
        people = County(stage=stage, units=units, say=say, today=SystemClock().now().astimezone(COUNTY_TIME).date())
        notice = people.send_notice()
        people.report_back(notice)
        people.recall_letter()
        people.refuse_classified()
        people.replay_notice(notice)
        people.refuse_forgeries(notice)
        total = dispatches * (len(units) - 1)
        keys = people.dispatch(dispatches // 2)
        killed = {"delivered": people.until_delivered(keys, total // 4), "of": total}
        _kill(county, people.office.code)
        progress.note("kill-three", f"{killed['delivered']}/{total}")
        keys = people.dispatch(dispatches)  # the office goes on: its node needs nobody to accept the other half
        _start_again(county, say)
        wiped = {"delivered": people.until_delivered(keys, total * 5 // 8), "of": total}
        county.wipe_broker()
        progress.note("wipe", f"{wiped['delivered']}/{total}")
        people.await_dispatch(dispatches)
        _rest(county)
        say("rest", 1, 1)
        memory, processes = sum(map(_peak_kib, county.programs())), len(county.programs())
        _stop(county)
        findings = examine(stage.stores(), notice, keys, root / "evidence.zip", QuietLog())
    if keep:
        back_up(county.hub_root, root / "hub-backup", None)
    return {
        **findings,
        "notes": {"notice": str(notice), **people.notes},
        "killed": killed,
        "wiped": wiped,
        "units": len(units),
        "peak_kib": memory,
        "processes": processes,
    }


def _found(county: TrialCounty, say: Say) -> None:
    county.root.mkdir()
    say("import", len(county.units), len(county.units))
    county.found(say)
    county.start()
    _await((county.hub_root / "run" / "web-1.url").exists, 60.0, "the hub's HTTPS face")
    far = sorted(county.plan.later)
    for number, unit in enumerate(far, 1):
        county.enroll(unit)
        say("enrol-far", number, len(far))


def _kill(county: TrialCounty, office: UnitCode) -> None:
    """A router, a node and the broker, without a word."""
    for program in _victims(county, office):
        program.kill()
    county.broker.kill()


def _victims(county: TrialCounty, office: UnitCode) -> list[Program]:
    node = next(node for node in county.nodes if office not in node.units)
    return [county.workers["router-1"], node.program]


def _start_again(county: TrialCounty, say: Say) -> None:
    county.broker.start()
    county.start()
    say("restarted", 3, 3)


def _rest(county: TrialCounty) -> None:
    deadline = time.monotonic() + _REST_SECONDS
    while not county.at_rest():
        if time.monotonic() > deadline:
            raise DemoError(f"not at rest after {_REST_SECONDS:.0f} s: {county.open_rows()}")
        time.sleep(0.2)


def _stop(county: TrialCounty) -> None:
    county.stop()
    bad = {program.name: program.status for program in county.programs() if program.status != 0}
    if bad:
        raise DemoError(f"not every process ended in order: {bad}")


class CountyStage:
    """A `Stage` and its stores over a running county. What it opens, `stack` closes."""

    patience_seconds = 240.0

    def __init__(self, county: TrialCounty, stack: ExitStack) -> None:
        self._county = county
        self.hub_store: HubStore = stack.enter_context(county.hub_store())
        self._desks: dict[UnitCode, Desk] = {}
        for node in county.nodes:
            desk = stack.enter_context(node.desk())
            desk.node.refresher.refresh()  # who was enrolled since
            self._desks |= dict.fromkeys(node.units, desk)

    def node(self, unit: UnitCode) -> NodeServices:
        return self._desks[unit].node

    def put_on_wire(self, unit: UnitCode, document: bytes) -> None:
        put_on_wire(self._county, unit, document)

    @contextmanager
    def overhear(self, unit: UnitCode) -> Iterator[Callable[[], list[bytes]]]:
        with overhear(self._county, unit) as heard:
            yield heard

    def trouble(self) -> str:
        ended = [f"{program.name}: {program.log_tail(3)}" for program in self._county.programs() if not program.pid]
        return f"open: {self._county.open_rows()}; ended: {ended or 'none'}"

    def stores(self) -> Stores:
        place = self._county.hub_place()
        homes: Mapping[UnitCode, Desk] = self._desks
        return Stores(
            hub=self.hub_store,
            home=place.home(),
            anchor=place.layout.anchor(),
            nodes=[
                (self._desks[node.units[0]].node_store, LocalFiles(node.root / "node" / "files"))
                for node in self._county.nodes
            ],
            node_of=lambda unit: homes[unit].node_store,
        )


@contextmanager
def _ending(make: Callable[[], TrialCounty]) -> Iterator[TrialCounty]:
    """The county, closed whatever ends it, and undisturbed by a second Ctrl-C."""
    county = make()
    try:
        yield county
    finally:
        with undisturbed():
            county.close()


def _await(reached: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise DemoError(f"{what} did not come within {timedelta(seconds=seconds)}")
        time.sleep(0.05)


def _peak_kib(program: Program) -> int:
    return 0 if program.pid is None else peak_kib(program.pid)
