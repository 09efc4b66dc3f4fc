"""An exchange of the release before is brought to this one: with work waiting in every queue, and one process after the
other while units go on sending.

Its own processes made it, and queued what waits: envelopes and a receipt for the hub, envelopes for a unit, a document
whose file has not been sent. This release's router brings the database to its schema beside running workers of the
release before, which cannot read bytes that it stores: they fail softly, and everything arrives once.
"""

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import text

from exchange.files.local import LocalFiles
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.services.audit.promises import audit
from exchange.storage import open_hub_store, open_node_store
from exchange.storage.engine import open_engine
from exchange.trial.process import Program
from exchange.trial.servers import RabbitServer
from exchange.wiring.layout import Layout
from tests.servers.load import FolderLoad
from tests.servers.releases import Release
from tests.servers.test_real_exchange import RECIPIENT, SENDER, UNITS, enroll, found_hub, until

SECONDS = 240.0
pytestmark = pytest.mark.long


class Site:
    """A hub and two nodes, and which processes of which release run there."""

    def __init__(self, root: Path, broker: RabbitServer, database: str, release: Release) -> None:
        self.hub, self.sender, self.recipient = root / "hub", root / "sender", root / "recipient"
        self.root, self.broker, self.database = root, broker, database
        self.release = release
        self.running: dict[str, Program] = {}
        self.sent: list[str] = []

    def found(self) -> None:
        yidi = self.release.yidi
        url = found_hub(self.hub, self.broker, self.database, yidi)
        units = self.root / "units.csv"
        units.write_text(UNITS, encoding="utf-8")
        yidi("hub", "units", "import", units, "--data", self.hub)
        self.start("hub", "hub", "run", "--data", self.hub)
        self.until((self.hub / "run" / "web-1.url").exists)
        for node, unit in ((self.sender, SENDER), (self.recipient, RECIPIENT)):
            enroll(self.hub, node, unit, "--hub", url, "--ca", self.hub / "tls" / "ca.pem", yidi=yidi)

    def start(self, name: str, *arguments: str | Path) -> None:
        log = self.root / f"{name}-{len(list(self.root.glob('*.log')))}.log"
        self.running[name] = self.release.program(log, *arguments)
        self.running[name].start()

    def start_worker(self, name: str) -> None:
        self.start(name, "worker", name, "--data", self.hub)

    def start_node(self, node: Path) -> None:
        self.start(node.name, "node", "run", "--data", node)

    def stop(self, *names: str) -> None:
        for name in names:
            assert self.running.pop(name).stop() in (0, -signal.SIGTERM)

    def send(self, title: str, *more: str | Path) -> None:
        told = self.release.yidi(
            "send", "--data", self.sender, "--from", SENDER, "--to", RECIPIENT, "--title", title, "--declared-by",
            "王芳", "--json", *more,
        )  # fmt: skip
        self.sent.append(json.loads(told)["id"])

    def waiting(self) -> dict[str, int]:
        """Messages by queue, where there are any."""
        rows = self.broker.rabbitmqctl("list_queues", "name", "messages").splitlines()
        counts = {name: int(count) for name, _, count in (row.partition("\t") for row in rows) if count.isdigit()}
        return {name: count for name, count in counts.items() if count}

    def ready(self) -> int:
        """How many workers say so."""
        workers = json.loads(self.release.yidi("hub", "status", "--data", self.hub, "--json"))["workers"]
        return sum(workers.values())

    def has_directory(self, node: Path) -> bool:
        return bool(json.loads(self.release.yidi("node", "status", "--data", node, "--json"))["directory_version"])

    def arrived(self) -> list[str]:
        """Without a store of this release, which would bring the database to its schema."""
        database = self.recipient / "node" / "node.sqlite"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return [number for (number,) in connection.execute("SELECT envelope_id FROM documents WHERE box = 'inbox'")]

    def attempts(self, number: str) -> int:
        """How often the hub has sent it to its recipient."""
        with ExitStack() as stack:
            hub = open_hub_store(self.database)
            stack.callback(hub.close)
            session = stack.enter_context(hub.begin())
            return sum(
                delivery.attempts
                for delivery in session.deliveries_of(EnvelopeKey(UnitCode(SENDER), EnvelopeId(number)))
            )

    def findings(self) -> list[str]:
        """What this release's audit finds wrong, with everything at rest."""
        with ExitStack() as stack:
            hub = open_hub_store(self.database)
            stack.callback(hub.close)
            nodes = []
            for node in (self.sender, self.recipient):
                store = open_node_store(Layout(node).node_database())
                stack.callback(store.close)
                nodes.append((store, LocalFiles(node / "node" / "files")))
            files = LocalFiles(self.hub / "hub" / "files")
            report = audit(hub, Layout(self.hub).anchor(), hub_files=files, nodes=nodes, settled=True)
            with hub.begin() as session:
                aside = session.quarantined(100)
            for store, _ in nodes:
                with store.begin() as at_node:
                    aside += at_node.quarantined(None, 100)
            return [*report.lines(), *(f"set aside: {row.code}" for row in aside)]

    def schema(self) -> str:
        engine = open_engine(self.database)
        with engine.connect() as connection:
            step = connection.execute(text("SELECT version_num FROM schema_version")).scalar_one()
        engine.dispose()
        return str(step)

    def until(self, found: object) -> None:
        until(found, *(program.log for program in self.running.values()), seconds=SECONDS)  # type: ignore[arg-type]

    def close(self) -> None:
        for program in self.running.values():
            program.kill()


@pytest.fixture
def site(tmp_path: Path, broker: RabbitServer, database: str) -> Iterator[Site]:
    made = Site(tmp_path, broker, database, Release.before(tmp_path / "release-before"))
    yield made
    made.close()


@pytest.mark.timeout(900)  # a loaded machine
def test_what_waits_in_queues_while_the_release_changes_arrives_once(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "通知.txt"
    file.write_bytes("请各单位加强值班。\n".encode() * 10_000)
    # (1) the release before: one document has gone all the way, and work of every kind waits
    site.found()
    site.start_node(site.sender)
    site.start_node(site.recipient)
    site.send("第一件", "--body", file)
    site.until(lambda: site.arrived() == site.sent)
    site.stop("recipient")
    site.send("在收件队列之一")
    site.send("在收件队列之二")
    site.until(lambda: site.waiting().get(f"inbox.{RECIPIENT}", 0) >= 2)
    site.stop("hub")
    site.send("附件待传", "--body", file)
    for name in ("web", "sealer", "clock", "acknowledger"):
        site.start_worker(name)
    site.until(lambda: site.ready() == 4)
    site.running["acknowledger"].halt()  # else it would take the receipt
    site.send("特急", "--urgency", "特急")
    site.release.yidi("remind", site.sent[0], "--data", site.sender, "--person", "张三")
    site.until(lambda: {"work.normal", "work.urgent", "work.receipt"} <= site.waiting().keys())
    assert site.schema() == "hub_0003"
    # (2) this release's router beside the other's workers: it migrates, and they cannot read what it stores
    site.release = Release.this()
    site.start_worker("router")
    site.until(lambda: not {"work.normal", "work.urgent"} & site.waiting().keys())
    assert site.schema() != "hub_0003"
    clock = site.running["clock"]
    site.until(lambda: site.attempts(site.sent[-1]) > 2)  # its unit is away, and only that clock looks after it
    assert clock.pid is not None
    # (3) a unit of this release behind a hub of both
    site.running["acknowledger"].resume()
    site.start_node(site.recipient)
    site.until(lambda: sorted(site.arrived()) == sorted(site.sent))
    # (4) nothing of the release before runs any more
    site.stop("router", "acknowledger", "clock", "sealer", "web", "sender")
    site.start("hub", "hub", "run", "--data", site.hub)
    site.start_node(site.sender)
    site.until(lambda: sorted(site.arrived()) == sorted(site.sent))
    site.until(lambda: not site.findings() and not site.waiting())


@pytest.mark.timeout(900)
def test_units_go_on_sending_while_each_process_is_brought_to_this_release(site: Site) -> None:
    site.found()
    site.stop("hub")
    workers = ("web", "router", "acknowledger", "clock", "sealer")
    for name in workers:
        site.start_worker(name)
    site.until(lambda: site.ready() == len(workers))
    for node in (site.sender, site.recipient):
        site.start_node(node)
    site.until(lambda: site.has_directory(site.sender))
    load = FolderLoad(site.sender / "offices" / SENDER, [site.recipient / "offices" / RECIPIENT])
    with load:
        load.goes_on(seconds=SECONDS)
        site.release = Release.this()
        for name in workers:  # the first of them changes the schema beside the others
            site.stop(name)
            site.start_worker(name)
            load.goes_on(seconds=SECONDS)
        assert site.schema() != "hub_0003"
        for node in (site.sender, site.recipient):
            site.stop(node.name)
            site.start_node(node)
            load.goes_on(seconds=SECONDS)
    site.until(load.everything_arrived)
    load.check()
    site.until(lambda: not site.findings() and not site.waiting())
