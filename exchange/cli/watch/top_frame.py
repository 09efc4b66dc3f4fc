"""What `yidi top` shows at one moment: sums over the processes of a data directory, and the change since the last look.

Not here: where the numbers come from (`exchange.cli.running`, Prometheus), how they are drawn (`watch.top`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from exchange.telemetry.reading import Sample, read_metrics

__all__ = ["Alarm", "Frame", "Look", "frame_of"]

_ROWS = "yidi_node_rows"
_ROWS_APART = 0.4  # minutes; rows are counted every few seconds only
# What is counted -> metric and labels.
_COUNTED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "accepted": ("yidi_router_envelopes_total", {"outcome": "accepted"}),
    "refused": ("yidi_router_envelopes_total", {"outcome": "refused"}),
    "delivered": ("yidi_acknowledger_receipts_total", {"event": "DELIVERED"}),
    "signed": ("yidi_acknowledger_receipts_total", {"event": "SIGNED"}),
    # In its store: commands beside the node's process sent, too.
    "sent": (_ROWS, {"what": "sent"}),
    "received": (_ROWS, {"what": "inbox"}),
}
# Rows of stores that wait for something, and where the age of their oldest stands.
_WAITING: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "deliveries_accepted": ("yidi_hub_waiting_age_seconds", {"state": "accepted"}),
    "forwards_open": ("", {}),
    "entries_unsealed": ("yidi_ledger_unsealed_age_seconds", {}),
    "outbox_open": ("yidi_node_outbox_age_seconds", {}),
    "handovers_open": ("", {}),
    "quarantined": ("", {}),
}
_OF_ALARMS = "yidi_telemetry_alarms_total"


@dataclass(frozen=True, slots=True)
class Alarm:
    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """At a moment: process -> its metrics as text, None where nobody answers. `firing`: what Prometheus says, None
    where it is not asked."""

    at: datetime
    processes: Mapping[str, str | None]
    firing: tuple[Alarm, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`counted`: since each process began (of a node's store, ever), and a minute (None before there are two looks far
    enough apart). `waiting`: how many, and the age of the oldest in seconds where that is known."""

    at: datetime
    processes: Mapping[str, bool]
    units: Mapping[str, int]
    unsigned: Mapping[str, int]
    counted: Mapping[str, tuple[int, float | None]]
    waiting: Mapping[str, tuple[int, float | None]]
    alarms: tuple[Alarm, ...]
    from_prometheus: bool


@dataclass(slots=True)
class _Sums:
    samples: list[Sample] = field(default_factory=list)

    def total(self, name: str, labels: Mapping[str, str]) -> float | None:
        """None when no process has it."""
        found = [s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(found) if found else None

    def most(self, name: str, labels: Mapping[str, str]) -> float | None:
        return max(
            (s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()), default=None
        )

    def by(self, name: str, label: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for sample in self.samples:
            if sample.name == name:
                found[sample.labels[label]] = found.get(sample.labels[label], 0) + round(sample.value)
        return found


def frame_of(look: Look, before: Look | None = None) -> Frame:
    now, then = _sums(look), None if before is None else _sums(before)
    minutes = 0.0 if before is None else (look.at - before.at).total_seconds() / 60
    counted = {}
    of_node = set(look.processes) == {"node"}  # it has the hub's metrics, too, at nothing
    for what, (name, labels) in _COUNTED.items():
        if of_node and name != _ROWS:
            continue
        if (total := now.total(name, labels)) is not None:
            earlier = then.total(name, labels) if then is not None else None
            apart = minutes > (_ROWS_APART if name == _ROWS else 0)
            # A process that began anew counts from 0: what it did before is not undone by that.
            rate = max(0.0, total - earlier) / minutes if earlier is not None and apart else None
            counted[what] = (round(total), rate)
    queues: dict[str, int] = {}
    for queue, depth in now.by("yidi_broker_messages", "queue").items():
        name = "work.aside" if queue.startswith("work.aside.") else queue  # eight of a kind would hide the alarms
        queues[name] = queues.get(name, 0) + depth
    rows = now.by("yidi_hub_rows", "what") | now.by("yidi_node_rows", "what")
    waiting: dict[str, tuple[int, float | None]] = {
        what: (rows[what], now.most(name, labels)) for what, (name, labels) in _WAITING.items() if what in rows
    }
    waiting |= {f"queue {name}": (depth, None) for name, depth in sorted(queues.items())}
    return Frame(
        at=look.at,
        processes={name: text is not None for name, text in look.processes.items()},
        units=now.by("yidi_hub_units", "presence"),
        unsigned={} if of_node else {"unsigned": sum(now.by("yidi_hub_unsigned", "urgency").values()),
                                     "overdue": sum(now.by("yidi_hub_overdue", "urgency").values())},
        counted=counted,
        waiting=waiting,
        alarms=look.firing if look.firing is not None else tuple(_own_alarms(look, now)),
        from_prometheus=look.firing is not None,
    )  # fmt: skip


def _sums(look: Look) -> _Sums:
    return _Sums([sample for text in look.processes.values() if text for sample in read_metrics(text)])


def _own_alarms(look: Look, sums: _Sums) -> Iterable[Alarm]:
    """What the processes cried out since they began, and who does not answer."""
    yield from (Alarm(name, "no answer") for name, text in look.processes.items() if text is None)
    found: dict[str, list[str]] = {}
    for sample in sums.samples:
        if sample.name == _OF_ALARMS and sample.value:
            found.setdefault(sample.labels["event"], []).append(f"{sample.labels['code']} ×{round(sample.value)}")
    yield from (Alarm(event, ", ".join(words)) for event, words in sorted(found.items()))
