"""The exchange on real servers as a stage: RabbitMQ, PostgreSQL, the hub's workers and four nodes, each a process of
its own; this process plays the people at their desks beside them.

One county runs for all scenarios, and a stage shows what happened since it was made. Not here: how a county is put
together (`exchange.trial.county`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from secrets import token_hex

import psycopg
from psycopg import sql

from exchange.adapters.sheet import read_units
from exchange.directory.snapshot import Directory, Group
from exchange.directory.update import add_group
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason
from exchange.model.unit import Unit, UnitCode
from exchange.ports.node import Box
from exchange.ports.office import Draft
from exchange.ports.records import QuarantineRecord
from exchange.ports.transport import Message
from exchange.storage import open_hub_store
from exchange.testing.metrics import RecordingLog
from exchange.topology import Lane, in_exchange
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.county import HUB, TrialCounty, TrialNode, TrialPlan
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_envelope
from exchange.wiring.desk import Desk
from exchange.wiring.enrolment import import_units
from exchange.wiring.founding import HubPlan, found_hub
from exchange.wiring.hub import Administration, open_administration
from exchange.wiring.places import NodePlace
from exchange.wiring.system import SystemClock
from tests.scenarios.commands import yidi
from tests.scenarios.offices import write_offices
from tests.scenarios.stage import Apart, Received, wait

__all__ = ["ServersMaker", "ServersStage"]

_NODES = 4


class ServersMaker:
    """A `Maker`."""

    def __init__(self, place: Path, units: Sequence[Unit]) -> None:
        self._place, self._units = place, units
        self._running = self._found()

    def county(self, place: Path) -> "ServersStage":
        """The running one, when all that came before has come to rest there; else that scenario failed, and this one
        gets a county of its own."""
        del place
        try:
            wait("everything at rest", self._running.at_rest)
        except AssertionError:
            self._running.close()
            self._running = self._found()
        return ServersStage(self._running)

    def apart(self, place: Path, office: Unit) -> Apart:
        stage = self.county(place)
        county, home = self._running, self._running.node_of(office.code)
        node = next(node for node in county.nodes if node != home)
        node.program.ask_to_stop()
        node.program.ended()

        def mend() -> None:
            stage.close()
            start(county)

        return Apart(stage=stage, unit=node.units[0], hub=county.hub_root, node=node.root, mend=mend)

    def empty(self, place: Path) -> "EmptyHub":
        return EmptyHub(place / "hub", self._running)

    def close(self) -> None:
        self._running.close()

    def _found(self) -> TrialCounty:
        county = TrialCounty(self._place / token_hex(4), self._units, TrialPlan(nodes=_NODES))
        try:
            county.root.mkdir()
            county.found()
            start(county)
        except BaseException:
            county.close()
            raise
        return county


class EmptyHub:
    """A `NewHub`: a database of its own on the servers of `beside`."""

    def __init__(self, root: Path, beside: TrialCounty) -> None:
        plan = HubPlan(
            hub=HUB,
            name="播州区公文交换中心",
            database=beside.database.create_database(f"empty_{token_hex(4)}"),
            broker=f"amqp://yidi-hub@127.0.0.1:{beside.broker.port}/%2F",
            management=None,
            url=beside.hub_place().settings.http.url,
            broker_tls=f"127.0.0.1:{beside.broker.tls_port}",
        )
        place = found_hub(root, plan, RecordingLog())
        self._store = open_hub_store(place.database())
        self._administration = open_administration(place.home(), self._store, RecordingLog())

    def import_units(self, sheet: Path) -> None:
        import_units(self._administration, read_units(sheet))

    def directory(self) -> Directory:
        return self._administration.administrator.current()

    def close(self) -> None:
        self._store.close()


class ServersStage:
    """A `Stage`."""

    def __init__(self, county: TrialCounty) -> None:
        self._county = county
        self._log = RecordingLog()
        self._began = SystemClock().now()
        self._ends = ExitStack()
        self._hub = self._ends.enter_context(county.hub_store())
        self._desks: dict[UnitCode, Desk] = {}
        for node in county.nodes:
            self._desks |= dict.fromkeys(node.units, self._ends.enter_context(node.desk(self._log)))

    def close(self) -> None:
        self._ends.close()

    def halt(self) -> None:
        self._county.stop()

    def resume(self) -> None:
        start(self._county)

    def restart(self) -> None:
        self._county.stop()
        ended = {program.name: program.status for program in self._county.programs()}
        assert set(ended.values()) == {0}, ended
        start(self._county)

    # the hub's administrator

    def directory(self) -> Directory:
        return self._administration().administrator.current()

    def save_group(self, group: Group) -> None:
        version = self._administration().administrator.change(lambda directory: add_group(directory, group)).version
        wait("every node knows the group", lambda: all(_knows(desk, version) for desk in self._desks.values()))

    def hub(self, *arguments: str) -> str:
        done = yidi("hub", *arguments, "--data", self._county.hub_root)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # a unit and its people

    def told(self, unit: UnitCode) -> list[str]:
        desk = self._desks[unit]
        with desk.node_store.begin() as session:
            found = session.notices(desk.node.node.clock.now())
        return [one.text for code, one in found if code == unit and one.at >= self._began]

    def submit(self, draft: Draft) -> EnvelopeKey:
        return self._desks[draft.sender].node.submitter.submit(draft).key

    def force(self, envelope: Envelope, files: Iterable[bytes] = ()) -> bytes:
        sender = envelope.sender
        node = self._desks[sender].node.node
        document = sign_envelope(envelope, node.keys(sender))
        held = {sha256_hex(data): data for data in files}
        for entry in envelope.files:
            start = node.exchange.offset(sender, entry)
            node.exchange.upload(sender, entry, start, held[entry.sha256][start:])
        transport = RabbitTransport(NodePlace.open(self._county.node_of(sender).root).rabbit(sender))
        publisher = transport.publisher()
        lane = Lane.NORMAL.value
        publisher.publish([Message(exchange=in_exchange(sender), key=lane, body=document, user=sender)])
        publisher.close()
        transport.close()
        return document

    def sign(self, unit: UnitCode, key: EnvelopeKey, person: str) -> None:
        self._desks[unit].node.decider.sign(unit, key, person)

    def reject(self, unit: UnitCode, key: EnvelopeKey, person: str, reason: Reason, text: str) -> None:
        self._desks[unit].node.decider.reject(unit, key, person, reason, text)

    def recall(self, key: EnvelopeKey, person: str, text: str) -> None:
        self._desks[key.sender].node.recaller.recall(key, person, text)

    def inbox(self, unit: UnitCode) -> dict[EnvelopeKey, Received]:
        with self._desks[unit].node_store.begin() as session:
            listed = session.listing(unit, Box.INBOX, 1000)
        return {
            document.key: Received(document=document, state=own.state)
            for document, (own,) in listed
            if document.received >= self._began
        }

    def read_file(self, unit: UnitCode, sha256: str) -> bytes:
        with self._desks[unit].node.node.files.open(sha256) as file:
            return file.read()

    def view(self, key: EnvelopeKey) -> dict[UnitCode, DeliveryState]:
        with self._desks[key.sender].node_store.begin() as session:
            return {record.key.recipient: record.state for record in session.deliveries(key.sender, key)}

    def sent(self, key: EnvelopeKey) -> bytes:
        with self._desks[key.sender].node_store.begin() as session:
            return session.documents(Box.SENT, [(key.sender, key)])[(key.sender, key)].document

    # the nodes' administrators

    def connect(self, offices: Mapping[UnitCode, Mapping[str, object]], secret: str) -> None:
        before = {node.root: _settings_of(node).read_text("utf-8") for node in self._county.nodes}

        def connect(node: TrialNode) -> None:
            own = {unit: table for unit, table in offices.items() if unit in node.units}
            write_offices(_settings_of(node), own, secret)

        def disconnect(node: TrialNode) -> None:
            _settings_of(node).write_text(before[node.root], "utf-8")

        self._ends.callback(self._change_nodes, disconnect)  # the county is the next stage's, too
        self._change_nodes(connect)

    def _change_nodes(self, change: Callable[[TrialNode], None]) -> None:
        for node in self._county.nodes:
            node.program.ask_to_stop()
        for node in self._county.nodes:
            node.program.ended()
            change(node)
            node.program.start()

    # what an auditor asks

    def quarantine(self) -> list[QuarantineRecord]:
        with self._hub.begin() as session:
            return [row for row in session.quarantined(100) if row.at >= self._began]

    def places_that_hold(self, needle: bytes) -> list[str]:
        files = [str(path.relative_to(self._county.root)) for path in _files(self._county.root, needle)]
        lines = [line.event for line in self._log.lines if needle.decode() in str(line.fields)]
        return [*files, *_tables(self._county.database.url("yidi"), needle), *lines]

    def export_evidence(self, key: EnvelopeKey, path: Path) -> None:
        done = yidi("evidence", "export", str(key), "--out", path, "--data", self._county.hub_root)
        assert done.returncode == 0, done.stderr

    def anchor(self) -> Path:
        return self._county.nodes[0].root / "anchor.json"

    def broken_promises(self) -> list[str]:
        wait("everything at rest", self.at_rest)
        report = self._county.audit()
        return [f"{result.check.english}: {finding}" for result in report.results for finding in result.findings]

    def at_rest(self) -> bool:
        return self._county.at_rest()

    def _administration(self) -> Administration:
        return open_administration(self._county.hub_place().home(), self._hub, self._log)


def _settings_of(node: TrialNode) -> Path:
    return node.root / "node.toml"


def start(county: TrialCounty) -> None:
    """Whoever is not there, and until each says where it is: a signal while it starts would end it out of order."""
    county.start()
    shown = [county.hub_root / "run" / f"{name}.url" for name in county.workers]
    shown += [node.root / "web.url" for node in county.nodes]
    wait("every process is there", lambda: all(path.exists() for path in shown))


def _knows(desk: Desk, version: int) -> bool:
    node = desk.node
    return node.node.verifier().directory.version >= version or node.refresher.refresh()


def _files(root: Path, needle: bytes) -> Iterator[Path]:
    for path in root.rglob("*"):
        with suppress(FileNotFoundError):  # the county is at work
            if path.is_file() and needle in path.read_bytes():
                yield path


def _tables(database: str, needle: bytes) -> list[str]:
    """Tables with a row that holds `needle`, as text or within bytes."""
    leaves = (
        "SELECT relnamespace::regnamespace::text, relname FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    )
    look = sql.SQL("SELECT EXISTS (SELECT FROM {} AS row WHERE strpos(row::text, %s) > 0 OR strpos(row::text, %s) > 0)")
    found = []
    with psycopg.connect(database) as connection:
        for schema, table in connection.execute(leaves).fetchall():
            query = look.format(sql.Identifier(schema, table))
            (is_there,) = connection.execute(query, (needle.decode(), needle.hex())).fetchone() or (False,)
            if is_there:
                found.append(f"{schema}.{table}")
    return found
