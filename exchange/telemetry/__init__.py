"""Logs and metrics: the only room with structlog and prometheus-client. Neither ever stops a delivery.

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
    "open_telemetry",
]


def open_telemetry(process: str | None = None) -> tuple[PrometheusMetrics, StructLog]:
    """The metrics and the log (on standard error) of one process. Every alarm in the log is also counted."""
    metrics = make_metrics()
    return metrics, configure_log(metrics=metrics, process=process)
