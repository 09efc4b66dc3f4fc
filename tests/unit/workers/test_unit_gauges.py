"""What is shown of each unit: of those that are there what they say, and of the largest county in little time."""

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.model.events import TransportState
from exchange.model.fold import DeliveryState
from exchange.model.presence import Presence
from exchange.model.unit import UnitCode
from exchange.ports.measures import Unsigned
from exchange.ports.presence import PresenceRecord
from exchange.ports.telemetry import UnitSample
from exchange.telemetry.catalogue import UNITS
from exchange.telemetry.metrics import make_metrics
from exchange.testing.metrics import RecordingMetrics
from exchange.transport.rabbit_state import BrokerNode, BrokerState, QuorumQueue
from tests.contract.store_records import delivery, document, envelope
from tests.unit.services.hub_and_node import A, B, World
from workers.broker_gauges import show_broker
from workers.unit_gauges import _samples, read_units

MINUTE = timedelta(minutes=1)
_OF_URGENCIES = ("unsigned", "unsigned_age_seconds", "overdue")
PRESENCE = Presence(
    version="0.1.0", started=7, directory=3, disk_free=10, disk_size=100, outbox=2, outbox_age=60, inbox=1, untold=4,
    office="seeyon", office_fault="ADAPTER_DOWN",
)  # fmt: skip


def heard(world: World, unit: UnitCode, ago: timedelta) -> PresenceRecord:
    at = world.clock.now() - ago
    return PresenceRecord(unit=unit, said=at + timedelta(seconds=3), heard=at, since=at, presence=PRESENCE)


def test_a_unit_that_is_there_is_shown_as_it_says_and_a_silent_one_as_silent() -> None:
    world = World()
    with world.hub.store.begin() as session:
        session.save_presences([heard(world, A, MINUTE), heard(world, B, 10 * MINUTE)])
        accepted = world.clock.now() - timedelta(hours=1)
        session.add_documents([replace(document(envelope(1), received=accepted), urgent=True)])
        signed_by_nobody = replace(
            delivery(envelope(1), B, due=None), state=DeliveryState(transport=TransportState.DELIVERED)
        )
        session.add_deliveries([signed_by_nobody])
    assert read_units(world.hub.hub) == 0
    shown = {(one.name, one.unit, one.labels): one.value for one in world.hub.metrics.of_units}
    named = world.hub.hub.verifier().directory.by_code
    for unit in (A, B):  # a silent one, too
        assert shown.pop(("yidi_unit_name_info", unit, (named[unit].unit.name,))) == 1
    of_a = {(name, labels): value for (name, unit, labels), value in shown.items() if unit == A}
    waiting = [(f"yidi_unit_{what}", (of,)) for what in _OF_URGENCIES for of in ("urgent", "normal")]
    assert of_a == dict.fromkeys(waiting, 0.0) | {
        ("yidi_unit_here", ()): 1,
        ("yidi_unit_seen_age_seconds", ()): 60,
        ("yidi_unit_info", ("0.1.0", "seeyon")): 1,
        ("yidi_unit_started_timestamp_seconds", ()): 7,
        ("yidi_unit_clock_ahead_seconds", ()): 3,
        ("yidi_unit_directory_version", ()): 3,
        ("yidi_unit_disk_free_bytes", ()): 10,
        ("yidi_unit_disk_size_bytes", ()): 100,
        ("yidi_unit_outbox", ()): 2,
        ("yidi_unit_outbox_age_seconds", ()): 60,
        ("yidi_unit_inbox", ()): 1,
        ("yidi_unit_untold", ()): 4,
        ("yidi_unit_office_answers", ()): 0,
    }
    of_b = {(name, labels): value for (name, unit, labels), value in shown.items() if unit == B}
    assert of_b == {
        ("yidi_unit_here", ()): 0,
        ("yidi_unit_seen_age_seconds", ()): 600,
        ("yidi_unit_unsigned", ("urgent",)): 1,
        ("yidi_unit_unsigned", ("normal",)): 0,
        ("yidi_unit_overdue", ("urgent",)): 0,
        ("yidi_unit_overdue", ("normal",)): 0,
        ("yidi_unit_unsigned_age_seconds", ("urgent",)): 3600,
        ("yidi_unit_unsigned_age_seconds", ("normal",)): 0,
    }
    last = world.hub.metrics.last
    assert [last("yidi_hub_units", presence=name) for name in ("here", "silent", "never")] == [1, 1, 3]
    assert (last("yidi_hub_unsigned", urgency="urgent"), last("yidi_hub_unsigned", urgency="normal")) == (1, 0)


def test_of_three_thousand_units_it_is_little_and_as_prometheus_wants_it() -> None:
    world = World()
    now = world.clock.now()
    units = [UnitCode(f"520304-{number:06}") for number in range(3000)]
    metrics = make_metrics(strict=True)
    waiting = {(unit, True): Unsigned(3, 1, now) for unit in units}
    metrics.units(sample for unit in units for sample in _samples(unit, heard(world, unit, MINUTE), waiting, now))
    text = metrics.render_units()
    series = [line for line in text.splitlines() if not line.startswith(b"#")]
    assert len(series) == 19 * 3000
    assert len(text) < 5_000_000
    assert b"yidi_unit" not in metrics.render()
    said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, b"")


def test_what_is_known_of_units_takes_the_place_of_what_was() -> None:
    metrics = make_metrics(strict=True)
    metrics.units([UnitSample("yidi_unit_here", A, 1)])
    metrics.units([UnitSample("yidi_unit_here", B, 0)])
    assert A.encode() not in metrics.render_units()
    assert f'yidi_unit_here{{unit="{B}"}} 0.0'.encode() in metrics.render_units()


@pytest.mark.parametrize(
    "wrong",
    [
        UnitSample("yidi_unit_zeal", A, 1),
        UnitSample("yidi_unit_here", A, 1, ("x",)),
        UnitSample("yidi_unit_unsigned", A, 1, ("x",)),
    ],
)
def test_what_the_list_does_not_know_is_a_fault(wrong: UnitSample) -> None:
    with pytest.raises((ValueError, KeyError)):
        make_metrics(strict=True).units([wrong])
    lenient = make_metrics()
    lenient.units([wrong])
    if wrong.name in UNITS and len(wrong.labels) == len(UNITS[wrong.name].labels):
        assert b'urgency="other"' in lenient.render_units()
    else:
        assert b"yidi_telemetry_faults_total 1.0" in lenient.render()


def queue(name: str, messages: int, consumers: int) -> QuorumQueue:
    return QuorumQueue(name=name, members=(), online=(), told=True, messages=messages, consumers=consumers)


def test_inboxes_are_summed_up_and_a_broker_that_does_not_answer_shows_nothing() -> None:
    metrics = RecordingMetrics()
    queues = (queue("work.normal", 5, 2), queue("dead", 1, 0), queue(f"inbox.{A}", 7, 1), queue(f"inbox.{B}", 3, 0))
    nodes = (BrokerNode(name="a", running=True), BrokerNode(name="b", running=False))
    show_broker(metrics, BrokerState(release="3.10.8", nodes=nodes, queues=(*queues, queue("other", 9, 9))))
    shown = {
        name: metrics.last("yidi_broker_messages", queue=name)
        for name in ("work.normal", "dead", "inbox", "work.urgent")
    }
    assert shown == {"work.normal": 5, "dead": 1, "inbox": 10, "work.urgent": 0}
    assert metrics.last("yidi_broker_consumers", queue="inbox") == 1
    assert (metrics.last("yidi_broker_nodes", state="running"), metrics.last("yidi_broker_nodes", state="down")) == (
        1,
        1,
    )
    assert metrics.last("yidi_broker_messages", queue="other") is None
    show_broker(metrics, None)
    assert metrics.last("yidi_broker_messages", queue="dead") is None
    assert metrics.last("yidi_broker_nodes", state="down") is None
