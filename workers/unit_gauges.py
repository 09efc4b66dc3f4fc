"""What the hub knows of each unit, for `/metrics/units`, and the sums of it for `/metrics`.

A unit that is not there has no series of what it last said of itself: yesterday's disk would pass for today's.

Not here: what the metrics mean (`exchange.telemetry.catalogue`), who counts as there (`exchange.services.hub.attend`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from exchange.model.presence import NO_OFFICE
from exchange.model.unit import UnitCode
from exchange.ports.measures import Unsigned
from exchange.ports.presence import PresenceRecord
from exchange.ports.telemetry import UnitSample
from exchange.services.hub.hub import Hub

__all__ = ["read_units"]

_URGENCIES = {True: "urgent", False: "normal"}
_Waiting = Mapping[tuple[UnitCode, bool], Unsigned]


def read_units(hub: Hub) -> int:
    now, metrics = hub.clock.now(), hub.metrics
    with hub.store.begin() as session:
        heard = {record.unit: record for record in session.presences()}
        unsigned, version = session.unsigned(now), session.directory_version()
    directory = hub.verifier().directory if version else None
    known = [one.unit for one in directory.units if one.unit.active and one.keys] if directory else []
    units = [unit.code for unit in known]
    here = sum(unit in heard and heard[unit].is_here(now) for unit in units)
    silent = sum(unit in heard for unit in units) - here
    for presence, count in (("here", here), ("silent", silent), ("never", len(units) - here - silent)):
        metrics.gauge("yidi_hub_units", count, presence=presence)
    for urgent, urgency in _URGENCIES.items():
        of_it = [waiting for (_, is_urgent), waiting in unsigned.items() if is_urgent is urgent]
        metrics.gauge("yidi_hub_unsigned", sum(one.documents for one in of_it), urgency=urgency)
        metrics.gauge("yidi_hub_overdue", sum(one.overdue for one in of_it), urgency=urgency)
    samples = [sample for unit in units for sample in _samples(unit, heard.get(unit), unsigned, now)]
    metrics.units([*(UnitSample("yidi_unit_name_info", unit.code, 1, (unit.name,)) for unit in known), *samples])
    return 0


def _samples(unit: UnitCode, record: PresenceRecord | None, unsigned: _Waiting, now: datetime) -> Iterator[UnitSample]:
    is_here = record is not None and record.is_here(now)
    yield UnitSample("yidi_unit_here", unit, float(is_here))
    if record is not None:
        yield UnitSample("yidi_unit_seen_age_seconds", unit, max(0.0, (now - record.heard).total_seconds()))
        if is_here:
            yield from _said(unit, record)
    for urgent, urgency in _URGENCIES.items():
        waiting = unsigned.get((unit, urgent), Unsigned(0, 0, None))
        yield UnitSample("yidi_unit_unsigned", unit, waiting.documents, (urgency,))
        yield UnitSample("yidi_unit_overdue", unit, waiting.overdue, (urgency,))
        age = (now - waiting.oldest).total_seconds() if waiting.oldest else 0.0
        yield UnitSample("yidi_unit_unsigned_age_seconds", unit, max(0.0, age), (urgency,))


def _said(unit: UnitCode, record: PresenceRecord) -> Iterator[UnitSample]:
    said = record.presence
    yield UnitSample("yidi_unit_info", unit, 1, (said.version, said.office))
    yield UnitSample("yidi_unit_started_timestamp_seconds", unit, said.started)
    yield UnitSample("yidi_unit_clock_ahead_seconds", unit, record.skew.total_seconds())
    yield UnitSample("yidi_unit_directory_version", unit, said.directory)
    yield UnitSample("yidi_unit_disk_free_bytes", unit, said.disk_free)
    yield UnitSample("yidi_unit_disk_size_bytes", unit, said.disk_size)
    yield UnitSample("yidi_unit_outbox", unit, said.outbox)
    yield UnitSample("yidi_unit_outbox_age_seconds", unit, said.outbox_age)
    yield UnitSample("yidi_unit_inbox", unit, said.inbox)
    yield UnitSample("yidi_unit_untold", unit, said.untold)
    if said.office != NO_OFFICE:
        yield UnitSample("yidi_unit_office_answers", unit, float(said.office_fault is None))
