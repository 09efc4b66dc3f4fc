"""Two looks at an exchange at work, as its own metrics tell it, a minute apart."""

from datetime import UTC, datetime, timedelta

from exchange.cli.watch.top_frame import Alarm, Look
from exchange.telemetry.metrics import PrometheusMetrics, make_metrics

__all__ = ["AT", "clock", "earlier", "later", "node", "router"]

AT = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


def router(accepted: int, refused: int = 0) -> str:
    metrics = make_metrics(strict=True)
    metrics.count("yidi_router_envelopes_total", accepted, outcome="accepted")
    metrics.count("yidi_router_envelopes_total", refused, outcome="refused")
    return _shown(metrics)


def clock(*, alarms: int = 0) -> str:
    metrics = make_metrics(strict=True)
    for presence, count in (("here", 126), ("silent", 2), ("never", 0)):
        metrics.gauge("yidi_hub_units", count, presence=presence)
    for urgency, unsigned, overdue in (("urgent", 3, 1), ("normal", 41, 0)):
        metrics.gauge("yidi_hub_unsigned", unsigned, urgency=urgency)
        metrics.gauge("yidi_hub_overdue", overdue, urgency=urgency)
    for what, count in (
        ("deliveries_accepted", 254),
        ("forwards_open", 12),
        ("entries_unsealed", 0),
        ("quarantined", 1),
    ):
        metrics.gauge("yidi_hub_rows", count, what=what)
    metrics.gauge("yidi_hub_waiting_age_seconds", 5400, state="accepted")
    for queue, count in (("inbox", 254), ("work.aside.0", 2), ("work.aside.7", 5), ("work.normal", 3)):
        metrics.gauge("yidi_broker_messages", count, queue=queue)
    for _ in range(alarms):
        metrics.count("yidi_telemetry_alarms_total", event="receipt_invalid", code="SIG_WRAP")
    return _shown(metrics)


def acknowledger(delivered: int, signed: int) -> str:
    metrics = make_metrics(strict=True)
    metrics.count("yidi_acknowledger_receipts_total", delivered, event="DELIVERED")
    metrics.count("yidi_acknowledger_receipts_total", signed, event="SIGNED")
    return _shown(metrics)


def node(sent: int) -> str:
    metrics = make_metrics(strict=True)
    metrics.gauge("yidi_node_rows", sent, what="sent")
    metrics.gauge("yidi_node_rows", 2, what="inbox")
    return _shown(metrics)


def earlier() -> Look:
    processes = {"router-1": router(1000), "router-2": router(500, 2), "acknowledger-1": acknowledger(90_000, 70_000)}
    return Look(at=AT, processes=processes | {"clock-1": clock()})


def later(*firing: Alarm) -> Look:
    """`firing`: what Prometheus says, if it is asked."""
    processes = {"router-1": router(1060), "router-2": router(530, 4), "acknowledger-1": acknowledger(101_000, 70_300)}
    every = {**processes, "clock-1": clock(alarms=2), "sealer-1": None}
    return Look(at=AT + timedelta(minutes=1), processes=every, firing=firing or None)


def _shown(metrics: PrometheusMetrics) -> str:
    return metrics.render().decode()
