"""The fault matrix of alarms: what fires when something breaks, what stays silent, and what is told of it.

Every fault is brought upon one small exchange on real servers, which is under load, scraped by Prometheus with the
rules as they ship, behind which Alertmanager runs the example that ships. During a fault nothing fires but what its row
names; afterwards all falls silent again. Of what fires the causes are told, when it begins and when it is over.

A minute is a second here, mechanically: in the rules every duration, every age that one is compared with and the
horizon of a prediction are divided by 60 (`hurried`), and so are the intervals at which workers and nodes look
(`CHAOS_PACE`). Rules, labels and all other limits are those that ship. Where the cause itself would take hours or days,
its value is put into the hub's database: documents accepted a quarter of an hour ago, units not heard since yesterday.
The key that ends and the directory that expires are signed so.

Not here: one node of a broker's cluster (`tests/integration/test_rabbitmq_cluster.py`), and alerts on days or on a
county of hundreds: those are played (`tests/integration/alerts.yml`).
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest

from exchange.directory.update import end_key
from exchange.errors import YidiError
from exchange.ports.node import Box
from exchange.ports.transport import Message
from exchange.services.administer import Administrator
from exchange.topology import Lane, in_exchange
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.county import QuietLog, TrialCounty, TrialPlan
from exchange.trial.servers import free_port
from exchange.wiring.places import NodePlace
from exchange.wiring.system import SystemClock
from tests.chaos.hooks import CONTROL
from tests.chaos.volume import may_mount
from tests.servers.four import UNITS, A, B, C, D, send, until
from tests.servers.watching import DEPLOYED, Prometheus, Told, alertmanager, prometheus, receiver

PACE = 60
# A loaded machine: whatever is waited for comes at last, or never.
SECONDS = 180.0
# What must stay silent is given so long to fire after what must.
HOLD_SECONDS = 3.0
OFF_SECONDS = 200
SHORTER = {"m": ("1", "s"), "h": ("1", "m"), "d": ("24", "m")}

Firing = frozenset[str]
Undo = Callable[[], None]


def hurried(rules: str) -> str:
    """The rules, where a minute is a second."""

    def shorter(match: re.Match[str]) -> str:
        factor, unit = SHORTER[match["unit"]]
        return f"{match['before']}{int(match['count']) * int(factor)}{unit}"

    rules = re.sub(r"(?P<before>\[|for: |offset )(?P<count>\d+)(?P<unit>[mhd])\b", shorter, rules)
    rules = re.sub(r"((?:_age_seconds|_timestamp_seconds)\S* [<>] )([\d* ]*\d)", rf"\1\2 / {PACE}", rules)
    return re.sub(r"(predict_linear\([^)]*, \d+)\)", rf"\1 / {PACE})", rules)


class Exchange:
    """Four units on two nodes, whose people send all the while, and what can be done to it."""

    def __init__(self, county: TrialCounty, watch: Prometheus, told: Told) -> None:
        self.county, self.watch, self.told = county, watch, told
        self._control: dict[str, dict[str, float]] = {}
        self._over = threading.Event()
        self._people = threading.Thread(target=self._send)

    def __enter__(self) -> Self:
        self._people.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._people.join()

    def _send(self) -> None:
        number = 0
        while not self._over.wait(0.7):
            number += 1
            with suppress(YidiError):  # a full disk is one of the faults
                # Less to C, whose office is away all the while.
                send(self.county, A, (B,) if number % 4 else (B, C), [b"5"])

    def firing(self) -> Firing:
        return _names(self.watch.ask('ALERTS{alertstate="firing"}'))

    def fired_since(self, began: float) -> Firing:
        seconds = int(time.monotonic() - began) + 1
        return _names(self.watch.ask(f'max_over_time(ALERTS{{alertstate="firing"}}[{seconds}s])'))

    def set_fault(self, what: str, value: float, *programs: str) -> Undo:
        """In these processes, by the hooks of fault runs."""
        for program in programs:
            self._control.setdefault(what, {})[program] = value
        self._write()

        def undo() -> None:
            for program in programs:
                del self._control[what][program]
            self._write()

        return undo

    def _write(self) -> None:
        path = self.county.root / "history" / CONTROL
        path.with_suffix(".new").write_text(json.dumps(self._control), encoding="utf-8")
        path.with_suffix(".new").replace(path)

    def sql(self, statement: str) -> None:
        command = ["psql", self.county.database.url("yidi"), "-qc", statement]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def administrator(self, stack: ExitStack, *, valid_days: int) -> Administrator:
        store, home = stack.enter_context(self.county.hub_store()), self.county.hub_place().home()
        return Administrator(store, home.keys.signer("directory"), SystemClock(), QuietLog(), valid_days=valid_days)

    def publish(self, bodies: list[bytes], lane: Lane) -> None:
        """By A's own account, past its node."""
        transport = RabbitTransport(NodePlace.open(self.county.node_of(A).root).rabbit(A))
        messages = [Message(exchange=in_exchange(A), key=lane.value, body=body, user=A) for body in bodies]
        transport.publisher().publish(messages)
        transport.close()


def _names(series: list[dict[str, dict[str, str]]]) -> Firing:
    """`YidiDown node-1`: each alert with what it is about, the most exact of its labels."""
    labels = [one["metric"] for one in series]
    places = [next((one[name] for name in ("unit", "queue", "instance") if name in one), "") for one in labels]
    return frozenset(f"{one['alertname']} {place}".strip() for one, place in zip(labels, places, strict=True))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`fires`: what must fire; `may`: what follows, if it lasts; `told`: alerts of which people hear. `lingers`: what
    looks back so long that it is waited for at the end alone."""

    name: str
    begin: Callable[[Exchange], Undo]
    fires: tuple[str, ...]
    may: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    lingers: tuple[str, ...] = ()
    is_possible: Callable[[], bool] = field(default=lambda: True)


def nothing() -> None:
    """It ends by itself."""


def dead(*names: str) -> Callable[[Exchange], Undo]:
    def begin(exchange: Exchange) -> Undo:
        programs = [one for one in exchange.county.programs() if one.name in names]
        for program in programs:
            program.kill()

        def undo() -> None:
            for program in programs:
                program.start()

        return undo

    return begin


def standstill(exchange: Exchange) -> Undo:
    """Nobody records receipts; a quarter of an hour has passed, in which the units were there all the time."""
    undo = dead("acknowledger-1")(exchange)
    time.sleep(5)  # what is sent from now on is on its way
    exchange.sql(
        "UPDATE deliveries SET expires = expires - 1800 * 1000000::bigint WHERE due IS NOT NULL;"
        "UPDATE presences SET since = since - 3600 * 1000000::bigint"
    )
    return undo


def silent_node(exchange: Exchange) -> Undo:
    """Switched off since yesterday."""
    undo = dead("node-2")(exchange)
    time.sleep(2)  # what it said last has been read
    day = "86400 * 1000000::bigint"
    exchange.sql(
        f"UPDATE presences SET said = said - {day}, heard = heard - {day}, since = since - {day}"
        f" WHERE unit IN ('{B}', '{D}')"
    )
    return undo


def broker_down(exchange: Exchange) -> Undo:
    exchange.county.broker.stop()
    return exchange.county.broker.start


def broker_disk(exchange: Exchange) -> Undo:
    exchange.county.broker.rabbitmqctl("set_disk_free_limit", "4000GB")

    def undo() -> None:
        exchange.county.broker.rabbitmqctl("set_disk_free_limit", "50MB")

    return undo


def database_down(exchange: Exchange) -> Undo:
    exchange.county.database.stop()
    return exchange.county.database.start


def full_disk(exchange: Exchange) -> Undo:
    """Of the machine on which all data lies."""
    resize(exchange.county.root, "4600m")
    return lambda: resize(exchange.county.root, "6g")


def resize(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def clock_of(*programs: str) -> Callable[[Exchange], Undo]:
    """Minutes ahead. When it is right again, the hub goes on for as many minutes with what it heard last; here not."""

    def begin(exchange: Exchange) -> Undo:
        set_right = exchange.set_fault("clock", OFF_SECONDS, *programs)

        def undo() -> None:
            set_right()
            time.sleep(2)  # what was said by the wrong clock has been read
            back = f"{OFF_SECONDS} * 1000000::bigint"
            exchange.sql(f"UPDATE presences SET said = said - {back}, heard = heard - {back}, since = since - {back}")

        return undo

    return begin


def delivered(county: TrialCounty) -> bool:
    with county.node_of(B).store() as store, store.begin() as session:
        return bool(session.listing(B, Box.INBOX, 1))


def forged(exchange: Exchange) -> Undo:
    """A unit sends in what another one signed."""
    with exchange.county.node_of(B).store() as store, store.begin() as session:
        (document, _), *_ = session.listing(B, Box.INBOX, 1)
        receipt = next(one.document for one in session.receipts_of(B, document.key) if one.event.value == "DELIVERED")
    exchange.publish([receipt], Lane.RECEIPT)
    return nothing


def flood(exchange: Exchange) -> Undo:
    """One document, again and again."""
    with exchange.county.node_of(A).store() as store, store.begin() as session:
        (document, _), *_ = session.listing(A, Box.SENT, 1)
        (record,) = session.documents(Box.SENT, [(A, document.key)]).values()
    exchange.publish([record.document] * 2500, Lane.NORMAL)
    return nothing


def garbage(exchange: Exchange) -> Undo:
    exchange.publish([b"<a>%d" % number for number in range(12)], Lane.NORMAL)
    return nothing


def ends_soon(exchange: Exchange) -> Undo:
    """A's key in ten days, the directory in two."""
    with ExitStack() as stack:
        administrator = exchange.administrator(stack, valid_days=2)
        (key,) = administrator.current().by_code[A].keys
        at = SystemClock().now() + timedelta(days=10)
        administrator.change(lambda directory: end_key(directory, A, key.fingerprint, at))
    return nothing


HUB = ("router-1", "acknowledger-1", "clock-1", "sealer-1", "web-1")
STEPS = tuple(f"YidiStepFailing {one}" for one in (*HUB, "node-1", "node-2"))
STUCK = ("YidiOutboxStuck node-1", "YidiOutboxStuck node-2")
REFUSES = tuple(f"YidiBrokerRefuses {one}" for one in (*HUB, "node-1", "node-2"))

# Those of one row begin together, each at another place.
MATRIX = (
    (
        Fault(
            name="router dead",
            begin=dead("router-1"),
            fires=("YidiDown router-1", "YidiWorkUnread work.normal", "YidiWorkUnread work.urgent", STUCK[0]),
            told=("YidiDown",),
        ),
        Fault(
            name="unit's clock wrong",
            begin=clock_of("node-2"),
            fires=(f"YidiUnitClockWrong {B}", f"YidiUnitClockWrong {D}"),
            told=("YidiUnitClockWrong",),
        ),
    ),
    (
        Fault(
            name="acknowledger dead, and nothing delivered for a quarter of an hour",
            begin=standstill,
            fires=("YidiDown acknowledger-1", "YidiWorkUnread work.receipt", "YidiDeliveriesStandStill", *STUCK),
            may=("YidiDeliveriesLate",),
            told=("YidiDown",),
        ),
        Fault(
            name="sealer stopped",
            begin=dead("sealer-1"),
            fires=("YidiDown sealer-1", "YidiNoCheckpoint clock-1"),
            told=("YidiDown",),
        ),
    ),
    (
        Fault(
            name="broker's disk full",
            begin=broker_disk,
            fires=("YidiBrokerAlarm clock-1",),
            may=(*REFUSES, *STUCK),
            told=("YidiBrokerAlarm",),
        ),
    ),
    (
        Fault(
            name="broker down",
            begin=broker_down,
            fires=("YidiBrokerDown", "YidiStepFailing router-1", "YidiStepFailing node-1"),
            may=(*STEPS, *REFUSES, *STUCK),
            told=("YidiBrokerDown",),
        ),
    ),
    (
        Fault(
            name="database down",
            begin=database_down,
            fires=("YidiDatabaseDown", "YidiStepFailing clock-1"),
            may=(*STEPS, *STUCK),
            told=("YidiDatabaseDown",),
        ),
    ),
    (
        Fault(
            name="hub's clock wrong",
            begin=clock_of(*HUB),
            fires=tuple(f"YidiUnitClockWrong {unit}" for unit in (A, B, C, D)),
            told=("YidiUnitClockWrong",),
        ),
    ),
    (
        Fault(name="web worker dead", begin=dead("web-1"), fires=("YidiDown web-1",), told=("YidiDown",), may=STEPS),
        Fault(
            name="disk full",
            begin=full_disk,
            fires=("YidiDiskFull clock-1", "YidiDiskFull node-1", "YidiDiskFull node-2"),
            told=("YidiDiskFull",),
            is_possible=may_mount,
        ),
    ),
    (
        Fault(
            name="unit's node silent since yesterday",
            begin=silent_node,
            fires=("YidiDown node-2", f"YidiUnitSilent {B}", f"YidiUnitSilent {D}"),
            told=("YidiDown", "YidiUnitSilent"),
        ),
        Fault(
            name="forged message",
            begin=forged,
            fires=("YidiSecurityAlarm acknowledger-1",),
            may=("YidiSecurityAlarm node-1",),  # it hears that the hub refused what went out in its unit's name
            told=("YidiSecurityAlarm",),
        ),
        Fault(name="flood", begin=flood, fires=("YidiUnitFloods router-1",), told=("YidiUnitFloods",)),
        Fault(
            name="quarantine grows",
            begin=garbage,
            fires=("YidiQuarantineGrows clock-1",),
            may=("YidiSecurityAlarm router-1",),
            told=("YidiQuarantineGrows",),
            lingers=("YidiQuarantineGrows clock-1",),
        ),
    ),
)
# Slow ones: they begin first and are looked at last.
SLOW = (
    Fault(
        name="office away",
        begin=lambda exchange: exchange.set_fault("office", 1.0, "node-1"),
        fires=("YidiOfficeRefuses node-1", f"YidiUnitOfficeDown {A}", f"YidiUnitOfficeDown {C}"),
        told=("YidiOfficeRefuses", "YidiUnitOfficeDown"),
    ),
    Fault(
        name="key and directory end soon",
        begin=ends_soon,
        fires=(
            "YidiCertificateExpiring node-1",
            *(f"YidiDirectoryExpiring {x}" for x in ("clock-1", "node-1", "node-2")),
        ),
        told=("YidiCertificateExpiring", "YidiDirectoryExpiring"),
    ),
)
ALL = (*SLOW, *(fault for row in MATRIX for fault in row))
SLOWLY = frozenset(one for fault in SLOW for one in fault.fires) | {one for fault in ALL for one in fault.lingers}
SLOWLY_TOLD = {one.split()[0] for one in SLOWLY}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    folder, root = tmp_path_factory.mktemp("alarms"), tmp_path_factory.mktemp("county")
    with ExitStack() as stack:
        if may_mount():
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6g", "tmpfs", root], check=True)
            stack.callback(lambda: subprocess.run(["umount", "-l", root], check=True))
        (root / "history").mkdir()
        retry = {"FLOOR": "0.2", "BASE": "0.5", "CAP": "2", "CONFIRMED": "2"}
        hub, node = (
            {f"YIDI_{side}_TIMING__RETRY__{name}_SECONDS": value for name, value in retry.items()}
            for side in ("HUB", "NODE")
        )
        pace, face = {"CHAOS_PACE": str(PACE)}, free_port()
        plan = TrialPlan(
            nodes=2,
            office="folder",
            launch="tests.chaos.launch",
            hub_settings=hub | pace | {"YIDI_WEB__PORT": str(face)},
            node_settings=node | pace,
        )
        county = stack.enter_context(TrialCounty(root, UNITS, plan))
        county.found()
        ports = {node.root.name: free_port() for node in county.nodes}
        for one in county.nodes:
            one.program.environment = {**one.program.environment, "YIDI_WEB__PORT": str(ports[one.root.name])}
        county.start()
        rules = folder / "rules.yml"
        rules.write_text(hurried((DEPLOYED / "yidi-alerts.yml").read_text(encoding="utf-8")), encoding="utf-8")
        where, told = stack.enter_context(receiver())
        manager = stack.enter_context(alertmanager(folder, where, interval="5s"))
        nodes = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        targets = f"http://127.0.0.1:{face}/targets"
        watch = stack.enter_context(prometheus(folder, targets, nodes, port=free_port(), rules=rules, manager=manager))
        watch.until('count(up{job="yidi"} == 1)', lambda found: bool(found) and found[0]["value"][1] == "7")
        yield stack.enter_context(Exchange(county, watch, told))


def wait(
    exchange: Exchange, what: str, right: Callable[[Firing], bool], look: Callable[[], Firing] | None = None
) -> None:
    deadline = time.monotonic() + SECONDS
    while not right(now := (look or exchange.firing)()):
        logs = {one.name: one.log_tail(3) for one in exchange.county.programs()}
        assert time.monotonic() < deadline, f"{what}: {sorted(now)}\n{logs}"
        time.sleep(0.5)


def play(exchange: Exchange, row: tuple[Fault, ...]) -> None:
    names = ", ".join(fault.name for fault in row)
    fires = frozenset(one for fault in row for one in fault.fires)
    may = fires | {one for fault in row for one in fault.may} | SLOWLY
    causes, before = {one for fault in row for one in fault.told}, len(exchange.told)
    began = time.monotonic()
    undo = [fault.begin(exchange) for fault in row]
    # Not all at one moment: some are over before others have waited for long enough.
    wait(exchange, f"{names}: {sorted(fires)} must fire", lambda now: fires <= now, lambda: exchange.fired_since(began))
    time.sleep(HOLD_SECONDS)
    fired = exchange.fired_since(began)
    told = {alert for alert, state, _ in exchange.told[before:] if state == "firing"}
    for one in undo:
        one()
    assert fired <= may, f"{names}: {sorted(fired - may)} must stay silent"
    assert causes <= told <= causes | SLOWLY_TOLD, f"{names}: {told} was told"
    wait(exchange, f"{names}: all must fall silent", lambda now: now <= SLOWLY)
    deadline = time.monotonic() + SECONDS
    while open_ones := _not_over(exchange.told[before:]) - SLOWLY_TOLD:
        assert time.monotonic() < deadline, f"{names}: that {open_ones} is over must be told: {exchange.told[before:]}"
        time.sleep(0.5)
    print(f"{names}: {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201  # shown by -s


def _not_over(told: Told) -> set[str]:
    last = {alert: state for alert, state, _ in told}
    return {alert for alert, state in last.items() if state == "firing"}


def test_a_minute_is_a_second_in_the_rules_and_nothing_else_is_changed() -> None:
    shipped = (DEPLOYED / "yidi-alerts.yml").read_text(encoding="utf-8")
    changed = hurried(shipped)
    pairs = [(a, b) for a, b in zip(shipped.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert ("        for: 2m", "        for: 2s") in pairs
    assert (
        "        expr: yidi_node_outbox_age_seconds > 900",
        "        expr: yidi_node_outbox_age_seconds > 900 / 60",
    ) in pairs
    assert all(re.sub(r"\d+[smhd]\b| / 60", "", a) == re.sub(r"\d+[smhd]\b| / 60", "", b) for a, b in pairs)


@pytest.mark.long
@pytest.mark.timeout(1800)  # a loaded machine
def test_each_fault_fires_its_alarms_and_no_other_and_its_cause_is_told_once(exchange: Exchange) -> None:
    until(exchange.county, "the first delivery", lambda: delivered(exchange.county))
    wait(exchange, "all must be well", lambda now: not now)
    slow = [fault.begin(exchange) for fault in SLOW]
    for row in MATRIX:
        if possible := tuple(fault for fault in row if fault.is_possible()):
            play(exchange, possible)
    must = frozenset(one for fault in SLOW for one in fault.fires)
    wait(exchange, f"{sorted(must)} must fire", lambda now: must <= now)
    for undo in slow:
        undo()
    told = Counter((alert, state) for alert, state, _ in exchange.told)
    for fault in SLOW:
        assert all(told[alert, "firing"] for alert in fault.told), told
