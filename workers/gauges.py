"""Gauges that no event moves: depths, ages and ends, read from stores and disks at intervals.

An age is 0 while nothing waits. What does not exist has no series: the age of a checkpoint before the first one, the
end of a directory before there is one, of certificates where no unit is hosted.

Not here: what the metrics mean (`exchange.telemetry.catalogue`).
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from exchange.directory.snapshot import Directory, KeyEntry
from exchange.model.events import TransportState
from exchange.ports.presence import HERE_WITHIN
from exchange.ports.telemetry import Metrics
from exchange.services.hub.hub import Hub
from exchange.services.node.node import Node
from workers.runner import Step
from workers.unit_gauges import read_units

__all__ = ["gauge_steps"]

# As often as Prometheus looks by default.
_EVERY_SECONDS = 15.0
# Looks at every unit, and at all that is unsigned.
_UNITS_EVERY_SECONDS = 30.0
_LATE = timedelta(minutes=15)
_LATE_COUNTED = 10_000


def gauge_steps(hub: Hub | None, node: Node | None, disks: Mapping[str, Path]) -> list[Step]:
    """Of whichever of the two this process has. `disks`: store ("hub", "node") -> where its files lie."""
    steps = []
    if hub is not None:
        steps.append(_step("hub", hub, lambda: _read_hub(hub), _EVERY_SECONDS))
        steps.append(_step("units", hub, lambda: read_units(hub), _UNITS_EVERY_SECONDS))
    if node is not None:
        steps.append(_step("node", node, lambda: _read_node(node), _EVERY_SECONDS))
    if (one := hub or node) is not None:
        metrics = one.metrics
        steps.append(Step(name="gauges.disk", run=lambda: _read_disks(metrics, disks), every_seconds=_EVERY_SECONDS))
    return steps


def _step(what: str, one: Hub | Node, read: Callable[[], int], every_seconds: float) -> Step:
    """One that also shows how long it takes: a look that is slow is the first sign of a store that is."""

    def run() -> int:
        began = one.clock.monotonic()
        done = read()
        one.metrics.gauge("yidi_gauges_seconds", one.clock.monotonic() - began, what=what)
        return done

    return Step(name=f"gauges.{what}", run=run, every_seconds=every_seconds)


def _read_hub(hub: Hub) -> int:
    now, metrics = hub.clock.now(), hub.metrics
    with hub.store.begin() as session:
        counts, checkpoint = session.counts(), session.checkpoint()
        urgent, version = session.oldest_unsigned_urgent(), session.directory_version()
        unsealed, size = session.oldest_unsealed(), session.database_bytes()
        first = session.first_to_expire()
        late_by = now - _LATE + hub.timing.deliver_within
        late = session.expiring_before(late_by, _LATE_COUNTED)
        though_here = session.expiring_though_here(late_by, now - _LATE, now - HERE_WITHIN, _LATE_COUNTED)
    for what, count in counts.items():
        metrics.gauge("yidi_hub_rows", count, what=what)
    metrics.gauge("yidi_hub_unsigned_urgent_age_seconds", _age(urgent, now))
    for state in (state for state in TransportState if not state.settled):
        # All expire so long after they were accepted. Limits: those from before that setting was changed are off by it.
        accepted = first[state] - hub.timing.deliver_within if state in first else None
        metrics.gauge("yidi_hub_waiting_age_seconds", _age(accepted, now), state=state.name.lower())
    metrics.gauge("yidi_hub_late_deliveries", late)
    metrics.gauge("yidi_hub_late_deliveries_here", though_here)
    metrics.gauge("yidi_store_size_bytes", size, store="hub")
    metrics.gauge("yidi_ledger_unsealed_age_seconds", _age(unsealed, now))
    metrics.gauge("yidi_ledger_checkpoint_entries", checkpoint.size if checkpoint else None)
    metrics.gauge("yidi_ledger_checkpoint_age_seconds", _age(checkpoint.at, now) if checkpoint else None)
    directory = hub.verifier().directory if version else None
    _show_directory(metrics, "hub", directory, now)
    _show_certificates(metrics, "hub", [directory.hub_keys] if directory else [], now)
    return 0


def _read_node(node: Node) -> int:
    now, metrics = node.clock.now(), node.metrics
    with node.store.begin() as session:
        counts, oldest = session.counts(), session.oldest_open()
        units, version = session.units(), session.directory_version()
        size = session.database_bytes()
    for what, count in counts.items():
        metrics.gauge("yidi_node_rows", count, what=what)
    metrics.gauge("yidi_store_size_bytes", size, store="node")
    metrics.gauge("yidi_node_outbox_age_seconds", _age(oldest, now))
    directory = node.verifier().directory if version else None
    _show_directory(metrics, "node", directory, now)
    hosted = [directory.by_code[unit].keys for unit in units if directory.is_active(unit)] if directory else []
    _show_certificates(metrics, "node", hosted, now)
    return 0


def _read_disks(metrics: Metrics, disks: Mapping[str, Path]) -> int:
    for store, path in disks.items():
        usage = shutil.disk_usage(path)
        metrics.gauge("yidi_files_free_bytes", usage.free, store=store)
        metrics.gauge("yidi_files_size_bytes", usage.total, store=store)
    return 0


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _show_directory(metrics: Metrics, store: str, directory: Directory | None, now: datetime) -> None:
    left = None if directory is None else (directory.expires - now).total_seconds()
    metrics.gauge("yidi_directory_version", directory.version if directory else None, store=store)
    metrics.gauge("yidi_directory_expiry_seconds", left, store=store)


def _show_certificates(metrics: Metrics, store: str, owners: Iterable[Iterable[KeyEntry]], now: datetime) -> None:
    """A key that was replaced ends soon and means nothing; an owner without any has not been enrolled yet."""
    ends = [max(key.revoked or key.valid_to for key in keys) for owner in owners if (keys := list(owner))]
    left = (min(ends) - now).total_seconds() if ends else None
    metrics.gauge("yidi_trust_certificate_expiry_seconds", left, store=store)
