"""The embedded exchange as a stage: the machine that `yidi up` runs, in threads of this process, over a real data
directory with SQLite and local files."""

import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from exchange.adapters.sheet import read_units
from exchange.directory.snapshot import Directory, Group
from exchange.directory.update import add_group
from exchange.files.local import LocalFiles
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason
from exchange.model.unit import Unit, UnitCode, UnitKind
from exchange.ports.hub import HubStore
from exchange.ports.node import Box, NodeStore
from exchange.ports.office import Draft
from exchange.ports.records import QuarantineRecord
from exchange.ports.transport import Message
from exchange.services.audit.promises import audit
from exchange.storage import open_node_store
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.topology import Lane, in_exchange
from exchange.trust.digest import sha256_hex
from exchange.trust.servers import certificate_pem
from exchange.trust.sign import sign_envelope
from exchange.wiring.desk import Desk, open_desk
from exchange.wiring.enrolment import enroll_here, import_units
from exchange.wiring.founding import found_node
from exchange.wiring.hub import establish_hub
from exchange.wiring.layout import Layout
from tests.scenarios.commands import yidi
from tests.scenarios.offices import write_offices
from tests.scenarios.stage import Apart, Received, wait
from workers.machine import Machine, open_machine

__all__ = ["EmbeddedMaker", "EmbeddedStage", "found"]

NO_LINE = "https://127.0.0.1:9"  # nobody listens at the port of `discard`
_OPEN = {"forwards_open", "entries_unsealed", "outbox_open", "handovers_open", "owed", "deliveries_accepted"}


def found(data: Path) -> None:
    """Make an exchange that knows no unit yet."""
    establish_hub(Layout(data), "hub.520304", "播州区公文交换中心", RecordingLog())


class EmbeddedMaker:
    """A `Maker`: each stage is a copy of `enrolled`, the county's data directory."""

    def __init__(self, place: Path, sheet: Path) -> None:
        self.enrolled, self._sheet = place / "data", sheet
        found(self.enrolled)
        stage = EmbeddedStage(self.enrolled)
        try:
            stage.import_units(sheet)
            stage.enrol(read_units(sheet))
        finally:
            stage.close()

    def county(self, place: Path) -> "EmbeddedStage":
        return EmbeddedStage(self.at_rest(place))

    def at_rest(self, place: Path) -> Path:
        """The county's data directory, and nobody at work in it."""
        return Path(shutil.copytree(self.enrolled, place / "data"))

    def apart(self, place: Path, office: Unit) -> Apart:
        hub = place / "data"
        found(hub)
        stage = EmbeddedStage(hub)
        try:
            stage.import_units(self._sheet)
            stage.enrol([office])
            unit = next(unit.code for unit in read_units(self._sheet) if unit.kind is UnitKind.TOWNSHIP)
            node = stage.found_far_node(place / "far", unit)
        except BaseException:
            stage.close()
            raise
        return Apart(stage=stage, unit=unit, hub=hub, node=node, mend=stage.close)

    def empty(self, place: Path) -> "EmbeddedStage":
        found(place / "empty")
        return EmbeddedStage(place / "empty")

    def close(self) -> None:
        pass


class EmbeddedStage:
    """A `Stage`, and a `NewHub`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._log = RecordingLog()
        self._desk: Desk | None = None
        self._far: list[Path] = []
        self._start()

    def _start(self) -> None:
        layout = Layout(self._data)
        self._machine: Machine = open_machine(layout, RecordingMetrics(), self._log)
        self._thread = threading.Thread(target=self._machine.run, name="exchange")
        self._thread.start()

    def close(self) -> None:
        self._machine.stop()
        self._thread.join()

    def restart(self) -> None:
        self.close()
        self._start()

    def halt(self) -> None:
        self.close()
        self._desk = open_desk(Layout(self._data), self._log)

    def resume(self) -> None:
        assert self._desk is not None
        self._desk.close()
        self._desk = None
        self._start()

    # the hub's administrator

    def import_units(self, sheet: Path) -> None:
        import_units(self._machine.hub.administration, read_units(sheet))

    def enrol(self, units: Sequence[Unit]) -> None:
        layout = Layout(self._data)
        keys = layout.node_keys(layout.settings())
        enroll_here(self._machine.hub.administration, keys, self._machine.node_store, [unit.code for unit in units])
        self._machine.node.refresher.refresh()

    def found_far_node(self, root: Path, unit: UnitCode) -> Path:
        """A node with a data directory of its own and no line: key, certificate and directory were carried there."""
        layout = Layout(self._data)
        ca_file = root.parent / "ca.pem"
        ca_file.write_bytes(certificate_pem(layout.hub_keys(layout.settings()).authority().certificate))
        place = found_node(root, NO_LINE, ca_file, "none")
        place.layout.anchor_file.write_bytes(layout.anchor_file.read_bytes())
        store = open_node_store(place.layout.node_database())
        try:
            enroll_here(self._machine.hub.administration, place.keys(), store, [unit])
            with self._machine.hub_store.begin() as session, store.begin() as far:
                directory = session.directory()
                assert directory is not None
                far.save_directory(directory)
        finally:
            store.close()
        self._machine.node.refresher.refresh()
        self._far.append(root)
        return root

    def directory(self) -> Directory:
        return self._machine.hub.administration.administrator.current()

    def save_group(self, group: Group) -> None:
        self._machine.hub.administration.administrator.change(lambda directory: add_group(directory, group))
        self._machine.node.refresher.refresh()

    def hub(self, *arguments: str) -> str:
        done = yidi("hub", *arguments, "--data", self._data)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # a unit and its people

    def told(self, unit: UnitCode) -> list[str]:
        with self._machine.node_store.begin() as session:
            found = session.notices(self._machine.node.node.clock.now())
        return [one.text for code, one in found if code == unit]

    def submit(self, draft: Draft) -> EnvelopeKey:
        node = self._machine.node if self._desk is None else self._desk.node
        return node.submitter.submit(draft).key

    def force(self, envelope: Envelope, files: Iterable[bytes] = ()) -> bytes:
        node, sender = self._machine.node.node, envelope.sender
        document = sign_envelope(envelope, node.keys(sender))
        held = {sha256_hex(data): data for data in files}
        for entry in envelope.files:
            node.exchange.upload(sender, entry, 0, held[entry.sha256])
        publisher = self._machine.transport.publisher()
        lane = Lane.NORMAL.value
        publisher.publish([Message(exchange=in_exchange(sender), key=lane, body=document, user=sender)])
        publisher.close()
        return document

    def sign(self, unit: UnitCode, key: EnvelopeKey, person: str) -> None:
        self._machine.node.decider.sign(unit, key, person)

    def reject(self, unit: UnitCode, key: EnvelopeKey, person: str, reason: Reason, text: str) -> None:
        self._machine.node.decider.reject(unit, key, person, reason, text)

    def recall(self, key: EnvelopeKey, person: str, text: str) -> None:
        self._machine.node.recaller.recall(key, person, text)

    def inbox(self, unit: UnitCode) -> dict[EnvelopeKey, Received]:
        with self._machine.node_store.begin() as session:
            listed = session.listing(unit, Box.INBOX, 1000)
        return {document.key: Received(document=document, state=own.state) for document, (own,) in listed}

    def read_file(self, unit: UnitCode, sha256: str) -> bytes:
        with self._machine.node.node.files.open(sha256) as file:
            return file.read()

    def view(self, key: EnvelopeKey) -> dict[UnitCode, DeliveryState]:
        with self._machine.node_store.begin() as session:
            return {record.key.recipient: record.state for record in session.deliveries(key.sender, key)}

    def sent(self, key: EnvelopeKey) -> bytes:
        with self._machine.node_store.begin() as session:
            return session.documents(Box.SENT, [(key.sender, key)])[(key.sender, key)].document

    # the nodes' administrators

    def connect(self, offices: Mapping[UnitCode, Mapping[str, object]], secret: str) -> None:
        self.close()
        write_offices(Layout(self._data).settings_file, offices, secret)
        self._start()

    # what an auditor asks

    def quarantine(self) -> list[QuarantineRecord]:
        with self._machine.hub_store.begin() as session:
            return session.quarantined(100)

    def places_that_hold(self, needle: bytes) -> list[str]:
        files = [path for path in self._data.rglob("*") if path.is_file() and needle in path.read_bytes()]
        lines = [line.event for line in self._log.lines if needle.decode() in str(line.fields)]
        return [*(str(path.relative_to(self._data)) for path in files), *lines]

    def export_evidence(self, key: EnvelopeKey, path: Path) -> None:
        done = yidi("evidence", "export", str(key), "--out", path, "--data", self._data)
        assert done.returncode == 0, done.stderr

    def anchor(self) -> Path:
        return Layout(self._data).anchor_file

    def broken_promises(self) -> list[str]:
        wait("everything at rest", self.at_rest)
        hub, node = self._machine.hub.hub, self._machine.node.node
        assert isinstance(hub.files, LocalFiles)
        with ExitStack() as stack:
            services = [node, *(desk.node.node for desk in self._far_desks(stack))]
            nodes = [(one.store, one.files) for one in services]
            report = audit(hub.store, node.anchor, hub_files=hub.files, nodes=nodes, settled=True)
        return [f"{result.check.english}: {finding}" for result in report.results for finding in result.findings]

    def at_rest(self) -> bool:
        with ExitStack() as stack:
            stores: list[HubStore | NodeStore] = [self._machine.hub_store, self._machine.node_store]
            stores += [desk.node_store for desk in self._far_desks(stack)]
            return not any(_open_rows(store) for store in stores)

    def _far_desks(self, stack: ExitStack) -> Iterator[Desk]:
        for root in self._far:
            desk = stack.enter_context(closing(open_desk(Layout(root), self._log)))
            yield desk


def _open_rows(store: HubStore | NodeStore) -> int:
    with store.begin() as session:
        return sum(count for what, count in session.counts().items() if what in _OPEN)
