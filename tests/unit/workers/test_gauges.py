"""Ages, ends and counts, as the stores have them; and silence about what is not there."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchange.directory.snapshot import Directory
from exchange.directory.update import add_key, end_key
from exchange.files.hub import HubFileExchange
from exchange.model.presence import Presence
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore, SealedCheckpoint
from exchange.ports.node import Box, NodeStore, OutboxKind, OutboxRow
from exchange.ports.presence import PresenceRecord
from exchange.ports.records import DirectoryRecord
from exchange.services.hub.hub import Hub
from exchange.services.node.node import Node
from exchange.settings import HubTiming
from exchange.testing.broker import FakeBroker
from exchange.testing.clock import FakeClock
from exchange.testing.files import MemoryFiles
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB, county, unit_code
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.testing.stores import memory_hub_store, memory_node_store
from exchange.topology import Lane
from exchange.trust.certificates import key_entry
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_directory
from tests.contract.store_records import delivery, document, envelope
from workers.gauges import gauge_steps

COUNTY = county(3)
HOSTED, OTHER = unit_code(1), unit_code(2)
DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Exchange:
    hub: HubStore
    node: NodeStore
    clock: FakeClock
    metrics: RecordingMetrics
    path: Path

    def read(self) -> RecordingMetrics:
        """What a process that has just started shows."""
        publisher = FakeBroker().transport("test").publisher()
        files, log, ids, chance = MemoryFiles(), RecordingLog(), SeededIds(1), random.Random(1)
        hub = Hub(
            id=HUB,
            store=self.hub,
            files=files,
            publisher=publisher,
            signer=COUNTY.hub,
            clock=self.clock,
            ids=ids,
            chance=chance,
            metrics=self.metrics,
            log=log,
        )
        node = Node(
            hub=HUB,
            store=self.node,
            files=files,
            exchange=HubFileExchange(files, self.hub),
            publisher=publisher,
            keys=COUNTY.signers.__getitem__,
            anchor=COUNTY.anchor,
            clock=self.clock,
            ids=ids,
            chance=chance,
            metrics=self.metrics,
            log=log,
        )
        for step in gauge_steps(hub, node, {"hub": self.path}):
            assert step.run() == 0, "reading is no work: it must not keep an idle loop awake"
        return self.metrics

    def publish(self, directory: Directory) -> None:
        signed = sign_directory(directory, COUNTY.directory_signer)
        record = DirectoryRecord(
            version=directory.version, digest=sha256_hex(signed), document=signed, stored=self.clock.now()
        )
        with self.hub.begin() as hub, self.node.begin() as node:
            hub.add_directory(record)
            node.save_directory(record)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    hub, node = memory_hub_store(), memory_node_store()
    yield Exchange(hub=hub, node=node, clock=FakeClock(), metrics=RecordingMetrics(), path=tmp_path)
    hub.close()
    node.close()


def directory(clock: FakeClock, *, version: int = 1) -> Directory:
    now = clock.now()
    return replace(COUNTY.directory, version=version, issued=now, expires=now + 30 * DAY)


def days(metrics: RecordingMetrics, store: str, now: datetime) -> datetime:
    left = metrics.last("yidi_trust_certificate_expiry_seconds", store=store)
    assert left is not None
    return now + timedelta(seconds=left)


def test_of_an_empty_exchange_there_is_nothing_to_tell_but_that_nothing_waits(exchange: Exchange) -> None:
    shown = exchange.read()
    assert shown.last("yidi_hub_unsigned_urgent_age_seconds") == 0
    assert shown.last("yidi_node_outbox_age_seconds") == 0
    assert shown.last("yidi_hub_rows", what="documents") == 0
    for name in ("yidi_ledger_checkpoint_age_seconds", "yidi_ledger_checkpoint_entries"):
        assert shown.last(name) is None
    for name in ("yidi_directory_version", "yidi_directory_expiry_seconds", "yidi_trust_certificate_expiry_seconds"):
        assert (shown.last(name, store="hub"), shown.last(name, store="node")) == (None, None)
    assert (shown.last("yidi_files_free_bytes", store="hub") or 0) > 0


def test_an_age_grows_with_the_clock_and_never_falls_below_nothing(exchange: Exchange) -> None:
    now = exchange.clock.now()
    with exchange.hub.begin() as session:
        session.add_documents([document(envelope(1), received=now)])
        session.add_deliveries([delivery(envelope(1))])
        session.seal([], {}, SealedCheckpoint(size=7, root=b"r" * 32, note="n", at=now))
    with exchange.node.begin() as session:
        session.add_documents(Box.SENT, [(HOSTED, document(envelope(1, HOSTED), received=now))])
        session.add_outbox(
            [
                OutboxRow(
                    unit=HOSTED,
                    kind=OutboxKind.ENVELOPE,
                    id=envelope(1).id,
                    digest="d",
                    lane=Lane.URGENT,
                    due=now + DAY,
                    envelope=envelope(1, HOSTED),
                )
            ]
        )
    ages = (
        "yidi_hub_unsigned_urgent_age_seconds",
        "yidi_ledger_checkpoint_age_seconds",
        "yidi_node_outbox_age_seconds",
    )
    exchange.clock.advance(timedelta(seconds=90))
    shown = exchange.read()
    assert [shown.last(name) for name in ages] == [90, 90, 90]
    assert shown.last("yidi_ledger_checkpoint_entries") == 7
    exchange.clock.jump(-DAY)
    assert [exchange.read().last(name) for name in ages] == [0, 0, 0]


def test_a_directory_counts_down_and_on_beyond_its_end(exchange: Exchange) -> None:
    exchange.publish(directory(exchange.clock, version=4))
    for store in ("hub", "node"):
        assert exchange.read().last("yidi_directory_version", store=store) == 4
        assert exchange.read().last("yidi_directory_expiry_seconds", store=store) == 30 * 86400
    exchange.clock.advance(31 * DAY)
    assert exchange.read().last("yidi_directory_expiry_seconds", store="node") == -86400


def test_the_hub_counts_its_own_keys_and_a_node_those_of_the_units_it_hosts(exchange: Exchange) -> None:
    now = exchange.clock.now()
    held = directory(exchange.clock)
    for unit, left in ((HOSTED, 40), (OTHER, 2)):
        held = end_key(held, unit, held.by_code[unit].keys[0].fingerprint, now + left * DAY)
    exchange.publish(held)
    assert days(exchange.read(), "hub", now) == held.hub_keys[0].valid_to
    assert exchange.read().last("yidi_trust_certificate_expiry_seconds", store="node") is None
    with exchange.node.begin() as session:
        session.add_unit(HOSTED, now)
    assert days(exchange.read(), "node", now) == now + 40 * DAY


def test_a_key_that_was_replaced_does_not_cry_when_it_ends(exchange: Exchange) -> None:
    now = exchange.clock.now()
    new = key_entry(COUNTY.keys.signer(HOSTED, generation=2, days=1000).certificate)
    held = directory(exchange.clock)
    held = add_key(end_key(held, HOSTED, held.by_code[HOSTED].keys[0].fingerprint, now + 3 * DAY), HOSTED, new)
    exchange.publish(held)
    with exchange.node.begin() as session:
        session.add_unit(HOSTED, now)
    exchange.clock.advance(4 * DAY)
    assert days(exchange.read(), "node", exchange.clock.now()) == new.valid_to


def test_what_is_late_is_told_apart_when_its_unit_is_there(exchange: Exchange) -> None:
    now = exchange.clock.now()
    said = Presence(version="1.0", started=1, directory=1, disk_free=1, disk_size=2)
    with exchange.hub.begin() as session:
        for number, unit in enumerate((HOSTED, OTHER), 1):
            late = replace(delivery(envelope(number), unit), expires=now + HubTiming().deliver_within)
            session.add_deliveries([late])

    def heard(unit: UnitCode) -> None:
        at = exchange.clock.now()
        with exchange.hub.begin() as session:
            session.save_presences([PresenceRecord(unit=unit, said=at, heard=at, since=now, presence=said)])

    def shown() -> tuple[float | None, float | None]:
        metrics = exchange.read()
        return metrics.last("yidi_hub_late_deliveries"), metrics.last("yidi_hub_late_deliveries_here")

    heard(HOSTED)
    exchange.clock.advance(timedelta(minutes=14))
    assert shown() == (0, 0)
    exchange.clock.advance(timedelta(minutes=2))
    assert shown() == (2, 0)  # it has not been heard for long
    heard(HOSTED)
    assert shown() == (2, 1)
