"""Traces: each line of the log that names an envelope is also a span, sent by OTLP over HTTP to whoever collects them.
The only module with OpenTelemetry, which is an extra.

One trace a document. Its id comes from the envelope's (`trace_id`), so that processes and machines that know nothing of
each other put their spans into the same one, and nothing travels for it. `envelope_submitted` is its root. A span says
when something was done and by whom, not how long it took: its end is its start.

Only what `_SHOWN` lists leaves this process: ids and codes. A collector that is slow or away costs spans, which are
counted, and nothing else: they wait in a bounded queue, are sent by a thread of their own, and are not tried for long.

Limits: lines without an envelope (a receipt not yet understood, a fault of the machine) are in no trace.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from exchange.ports.telemetry import Metrics
from exchange.telemetry.trace_ids import root_id, trace_id

__all__ = ["Spans"]

_ROOT: Final = "envelope_submitted"
_SHOWN: Final = (
    *("envelope", "receipt", "event_name", "unit", "recipient", "recipients", "user", "code", "digest"),
    *("worker", "attempt", "confirmed", "level"),
)
_WAITING: Final = 4096
_AT_ONCE: Final = 512
_EVERY_MILLISECONDS: Final = 1000
_PATIENCE_SECONDS: Final = 2.0  # of one attempt, and of the end of a process
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class Spans:
    """For one process, from any thread. Nothing is raised at whoever writes a line."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], authorities: str | None, process: str, metrics: Metrics
    ) -> None:
        """`endpoint`: with its path. `authorities`: PEM file that its certificate must come from, None for the public
        ones."""
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # what is lost is counted
        self._resource = Resource({"service.name": f"yidi-{process}", "service.namespace": "yidi"})
        self._counted = _Counted(
            OTLPSpanExporter(
                endpoint=endpoint, headers=dict(headers), certificate_file=authorities, timeout=_PATIENCE_SECONDS
            ),
            metrics,
        )
        self._metrics, self._ids = metrics, RandomIdGenerator()
        exporter: Any = self._counted  # has what a batch processor calls
        self._batches = BatchSpanProcessor(
            exporter,
            max_queue_size=2 * _WAITING,  # never full: `_counted` says before when it is enough
            max_export_batch_size=_AT_ONCE,
            schedule_delay_millis=_EVERY_MILLISECONDS,
        )

    def take(self, line: Mapping[str, object]) -> None:
        """`line` as it is logged, with its time."""
        envelope = line.get("envelope")
        if not isinstance(envelope, str):
            return
        if not self._counted.admit():
            self._metrics.count("yidi_telemetry_spans_total", outcome="dropped")
            return
        self._batches.on_end(self._span(envelope, line))

    def close(self) -> None:
        """Send what waits, for a moment."""
        self._counted.hurry()
        shutdown: Callable[[], object] = self._batches.shutdown
        shutdown()

    def _span(self, envelope: str, line: Mapping[str, object]) -> ReadableSpan:
        event, root = str(line["event"]), self._context(envelope, int(root_id(envelope), 16))
        at = int(datetime.fromisoformat(str(line["time"])).timestamp() * 1_000_000) * 1000
        return ReadableSpan(
            name=event,
            context=root if event == _ROOT else self._context(envelope, self._ids.generate_span_id()),
            parent=None if event == _ROOT else root,
            resource=self._resource,
            kind=SpanKind.INTERNAL,
            attributes={f"yidi.{key}": _scalar(line[key]) for key in _SHOWN if line.get(key) is not None},
            status=Status(StatusCode.UNSET if line.get("level") == "info" else StatusCode.ERROR),
            start_time=at,
            end_time=at,
        )

    @staticmethod
    def _context(envelope: str, span: int) -> SpanContext:
        return SpanContext(int(trace_id(envelope), 16), span, is_remote=False, trace_flags=_SAMPLED)


def _scalar(value: object) -> str | int | float:
    return value if isinstance(value, bool | int | float | str) else str(value)


class _Counted:
    """An exporter that counts what it sent and lost, knows how many wait, and gives up soon once told to hurry."""

    def __init__(self, inner: SpanExporter, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics
        self._lock, self._waiting = threading.Lock(), 0
        self._end: float | None = None

    def admit(self) -> bool:
        with self._lock:
            if self._waiting >= _WAITING:
                return False
            self._waiting += 1
            return True

    def hurry(self) -> None:
        self._end = time.monotonic() + _PATIENCE_SECONDS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        late = self._end is not None and time.monotonic() > self._end
        result = SpanExportResult.FAILURE if late else self._inner.export(spans)
        with self._lock:
            self._waiting -= len(spans)
        outcome = "sent" if result is SpanExportResult.SUCCESS else "dropped"
        self._metrics.count("yidi_telemetry_spans_total", len(spans), outcome=outcome)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return bool(self._inner.force_flush(timeout_millis))
