"""Every metric there is, with its help text and what its labels may say. What is not here is not counted.

Names are `yidi_<room>_<what>_<unit>`, or `_total`. No label names a unit, a person or a document: series must stay few,
and /metrics is read by people who may not know who writes to whom. What is known of each unit is a list of its own,
`UNITS`, and has a path of its own; it tells how a unit's node is, and nothing of whom it writes to.

Of the gauges, ages and counts are 0 when nothing waits; one that speaks of something that does not exist (a checkpoint
before the first, keys of units where none is hosted) is not shown. `docs/metrics.md` is this list for people.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exchange.model.events import Event, TransportState
from exchange.topology import HUB_QUEUES, INBOX

__all__ = ["CATALOGUE", "OTHER", "QUEUES", "UNITS", "Kind", "Spec"]

OTHER = "other"
QUEUES = frozenset({INBOX, *HUB_QUEUES})

_Legal = frozenset[str] | re.Pattern[str]


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    kind: Kind
    help: str
    labels: Mapping[str, _Legal] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()

    def legal(self, label: str, value: str) -> bool:
        allowed = self.labels[label]
        return value in allowed if isinstance(allowed, frozenset) else allowed.fullmatch(value) is not None


_EVENTS = frozenset(event.value for event in Event)
# Codes of `exchange.errors` and `exchange.model.receipt.Reason`: SIG_WRAP, CERT_REVOKED ...
_CODES = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)
# Names that the program gives its own things: steps of workers, kinds of rows, events of the log.
_WORDS = re.compile(r"[a-z][a-z0-9_.]{0,59}", re.ASCII)

_FROM_MS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 7200.0)
_TO_DAYS = (
    60.0,
    300.0,
    900.0,
    3600.0,
    4 * 3600.0,
    8 * 3600.0,
    86400.0,
    2 * 86400.0,
    3 * 86400.0,
    5 * 86400.0,
    10 * 86400.0,
)


def _counter(text: str, **labels: _Legal) -> Spec:
    return Spec(kind=Kind.COUNTER, help=text, labels=labels)


def _gauge(text: str, **labels: _Legal) -> Spec:
    return Spec(kind=Kind.GAUGE, help=text, labels=labels)


def _histogram(text: str, buckets: tuple[float, ...]) -> Spec:
    return Spec(kind=Kind.HISTOGRAM, help=text, buckets=buckets)


_STORES = frozenset({"hub", "node"})
_ASIDE = frozenset({"moved", "left"})
_PRESENCES = frozenset({"heard", "late", "early", "again"})
_PRESENT = frozenset({"here", "silent", "never"})
_WAITING = frozenset(state.name.lower() for state in TransportState if not state.settled)
_URGENCIES = frozenset({"urgent", "normal"})
_PUBLISH = frozenset({"unroutable", "refused", "unknown", "unsent"})

CATALOGUE: Mapping[str, Spec] = {
    # hub: what comes in
    "yidi_router_envelopes_total": _counter("Envelopes judged.", outcome=frozenset({"accepted", "refused", "held"})),
    "yidi_router_refusals_total": _counter("Envelopes refused, by reason.", code=_CODES),
    "yidi_router_duplicates_total": _counter("Envelopes that came again and were answered with the first receipt."),
    # left: even there was no room, so its sender will send it again
    "yidi_router_aside_total": _counter("Envelopes of a unit that sends too many, put aside.", outcome=_ASIDE),
    "yidi_router_accept_seconds": _histogram("From an envelope's creation to its acceptance.", _FROM_MS),
    "yidi_acknowledger_receipts_total": _counter("Receipts recorded.", event=_EVENTS),
    "yidi_acknowledger_invalid_total": _counter("Receipts refused: forged, or of nothing we know.", code=_CODES),
    "yidi_acknowledger_deliver_seconds": _histogram("From acceptance to DELIVERED, per recipient.", _FROM_MS),
    "yidi_acknowledger_sign_seconds": _histogram("From DELIVERED to SIGNED, per recipient.", _TO_DAYS),
    # late: it waited in a queue, or the node's clock is behind; early: that is ahead; again: not later than the last
    "yidi_attendant_presences_total": _counter("Presences of units that were read.", outcome=_PRESENCES),
    "yidi_attendant_invalid_total": _counter("Presences refused: forged, or of an ended key.", code=_CODES),
    # the hub's clock
    "yidi_clock_dispatches_total": _counter("Deliveries dispatched again."),
    "yidi_clock_forwards_total": _counter("Receipts forwarded again."),
    "yidi_clock_reminders_total": _counter("Reminders to sign."),
    "yidi_clock_expired_total": _counter("Deliveries given up at their deadline."),
    # delivered or still on its way; one given up at its deadline is counted above instead
    "yidi_hub_unsigned_urgent_age_seconds": _gauge("Since the oldest urgent document still unsigned was accepted."),
    # those with a key. never: was never heard, since it was not started, or is of a release that does not say so
    "yidi_hub_units": _gauge("Units, by whether they say that they are there.", presence=_PRESENT),
    # deliveries on their way, by state; how many there are is in yidi_hub_rows
    "yidi_hub_waiting_age_seconds": _gauge("Since the oldest delivery in this state was accepted.", state=_WAITING),
    "yidi_hub_late_deliveries": _gauge("Deliveries accepted over 15 minutes ago and still on their way, up to 10000."),
    # a unit that came this minute, after a night, is given the same time for what waits for it
    "yidi_hub_late_deliveries_here": _gauge("Of these, to units that have been there for 15 minutes, up to 10000."),
    "yidi_hub_unsigned": _gauge("Delivered and not signed for yet.", urgency=_URGENCIES),
    "yidi_hub_overdue": _gauge("Of these, due by their sender or urged already.", urgency=_URGENCIES),
    # what lies where: documents, deliveries in each state, open forwards, unsealed entries, quarantine
    "yidi_hub_rows": _gauge("Rows in the hub's store, by kind.", what=_WORDS),
    # the same at a node: both boxes, open outbox rows and hand-overs, receipts not yet told, quarantine
    "yidi_node_rows": _gauge("Rows in the node's store, by kind.", what=_WORDS),
    "yidi_files_size_bytes": _gauge("All of the disk that holds database and files.", store=_STORES),
    "yidi_store_size_bytes": _gauge("What the database takes up.", store=_STORES),
    "yidi_gauges_seconds": _gauge("How long the last look for these gauges took.", what=_WORDS),
    "yidi_files_free_bytes": _gauge("Free on the disk that holds database and files.", store=_STORES),
    # unfinished: an upload that nobody went on with; unclaimed: a file for which no document came
    "yidi_files_orphans_total": _counter("Orphans found at the hub.", kind=frozenset({"unfinished", "unclaimed"})),
    "yidi_files_deleted_total": _counter("Files that the hub deleted, since nobody needed them any more."),
    # as they were counted in the last round, which begins every hour
    "yidi_hub_files": _gauge("Files that the hub holds."),
    "yidi_hub_files_bytes": _gauge("All their bytes."),
    # ledger, directory, keys
    "yidi_ledger_checkpoint_entries": _gauge("Entries under the latest checkpoint."),
    "yidi_ledger_unsealed_age_seconds": _gauge("Since the oldest entry was recorded that is not sealed yet."),
    "yidi_ledger_checkpoint_age_seconds": _gauge("Age of the latest checkpoint."),
    "yidi_directory_version": _gauge("Version of the directory held.", store=_STORES),
    "yidi_directory_expiry_seconds": _gauge("Until the directory held expires; negative once it has.", store=_STORES),
    # hub: its own keys; node: those of the units it hosts. Of an owner with several keys the one that lasts longest
    "yidi_trust_certificate_expiry_seconds": _gauge(
        "Until the first owner has no key any more; negative once it has none.", store=_STORES
    ),
    # node
    "yidi_node_submitted_total": _counter("Documents accepted for sending."),
    "yidi_node_published_total": _counter("Outbox rows published, repeats included."),
    "yidi_node_repeats_total": _counter("Outbox rows published again, no answer having come."),
    "yidi_node_outbox_age_seconds": _gauge("Age of the oldest document or receipt that the hub has not answered."),
    "yidi_node_received_total": _counter("Documents delivered here."),
    "yidi_node_duplicates_total": _counter("Documents that came again and changed nothing."),
    "yidi_node_receipts_total": _counter("Receipts received.", event=_EVENTS),
    "yidi_node_decisions_total": _counter("What people decided here.", event=_EVENTS),
    "yidi_node_quarantined_total": _counter("Messages set aside for a person to look at.", code=_CODES),
    "yidi_node_directory_refused_total": _counter("Directories refused: a sign of attack.", code=_CODES),
    "yidi_node_handover_failures_total": _counter("Documents that the office did not take.", code=_CODES),
    # the broker, where the hub has an account of its management; queue: inbox is all of them together
    "yidi_broker_messages": _gauge("Messages in a queue, taken and not acknowledged ones included.", queue=QUEUES),
    "yidi_broker_consumers": _gauge("Who reads a queue; of inboxes, how many are read.", queue=QUEUES),
    "yidi_broker_nodes": _gauge("Nodes of the broker's cluster.", state=frozenset({"running", "down"})),
    "yidi_broker_alarms": _gauge("Alarms of the broker, disk or memory: it takes nothing meanwhile."),
    # everywhere
    "yidi_transport_publish_failures_total": _counter("Messages the broker did not take.", outcome=_PUBLISH),
    "yidi_worker_work_total": _counter("Things done, by step.", step=_WORDS),
    "yidi_worker_failures_total": _counter("Failures of a step as a whole.", step=_WORDS, code=_CODES),
    # hub, node, office
    "yidi_worker_seen_timestamp_seconds": _gauge("When a loop last came round, as Unix time.", worker=_WORDS),
    # an alarm without a code has NONE
    "yidi_telemetry_alarms_total": _counter("Alarms: what a person must look at.", event=_WORDS, code=_CODES),
    "yidi_telemetry_spans_total": _counter(
        "Spans of documents' traces: sent to the collector, or dropped because it did not take them.",
        outcome=frozenset({"sent", "dropped"}),
    ),
    "yidi_telemetry_faults_total": _counter("Measurements that named no known metric or label."),
}

# At /metrics/units, each with the label `unit`; at most 20 series a unit.
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+!-]{0,39}", re.ASCII)

# What `exchange.model.unit` allows, control characters and the like excepted.
_NAME = re.compile(r"\S(.{0,98}\S)?")

UNITS: Mapping[str, Spec] = {
    "yidi_unit_name_info": _gauge("Always 1: its name, as the directory has it.", name=_NAME),
    "yidi_unit_here": _gauge("1 if it was heard within five minutes, else 0."),
    "yidi_unit_seen_age_seconds": _gauge("Since it was last heard."),
    # the hub's own counts
    "yidi_unit_unsigned": _gauge("Delivered to it and not signed for yet.", urgency=_URGENCIES),
    "yidi_unit_overdue": _gauge("Of these, due by their sender or urged already.", urgency=_URGENCIES),
    "yidi_unit_unsigned_age_seconds": _gauge(
        "Since the hub accepted the oldest that is not signed for.", urgency=_URGENCIES
    ),
    # what a unit that is there says of itself
    "yidi_unit_info": _gauge(
        "Always 1: release of its node, and its office system.", version=_VERSION, office=_VERSION
    ),
    "yidi_unit_started_timestamp_seconds": _gauge("When its node's process began, by its own clock, as Unix time."),
    "yidi_unit_clock_ahead_seconds": _gauge("How far its clock is ahead of the hub's; negative: behind."),
    "yidi_unit_directory_version": _gauge("Version of the directory that its node holds."),
    "yidi_unit_disk_free_bytes": _gauge("Free on the disk of its node."),
    "yidi_unit_disk_size_bytes": _gauge("All of the disk of its node."),
    "yidi_unit_outbox": _gauge("Documents and receipts that the hub has not answered."),
    "yidi_unit_outbox_age_seconds": _gauge("Age of the oldest of them."),
    "yidi_unit_inbox": _gauge("Documents that its office system has not taken."),
    "yidi_unit_untold": _gauge("Receipts that its office system has not been told of."),
    "yidi_unit_office_answers": _gauge("1 if its office system answers, 0 if it fails; none without one."),
}
