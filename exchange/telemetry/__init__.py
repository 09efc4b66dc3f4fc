"""Logs, metrics and traces: the only room with structlog, prometheus-client and OpenTelemetry. None of them ever stops
a delivery.

    otlp.py        lines about documents as traces; an extra, so nothing here imports it
    log.py         JSON lines with ids and codes; titles, names and texts are kept out
    foreign.py     what libraries, and threads that end by a fault, have to say: JSON lines too
    catalogue.py   every metric, its help text and the legal values of its labels
    metrics.py     the catalogue in a registry of our own
    reading.py     what a process shows, read back

Not here: serving /metrics (`exchange.web`).
"""

from exchange.telemetry.foreign import log_foreign
from exchange.telemetry.log import StructLog, configure_log, log_context
from exchange.telemetry.metrics import PrometheusMetrics, make_metrics

__all__ = [
    "PrometheusMetrics",
    "StructLog",
    "configure_log",
    "log_context",
    "log_foreign",
    "make_metrics",
]
