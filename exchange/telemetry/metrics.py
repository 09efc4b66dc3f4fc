"""The `Metrics` port on prometheus-client: the catalogue in a registry of our own, nothing global but the format.

A name or label that the catalogue does not know raises when `strict` (in tests) and is otherwise counted as a fault; a
value it does not know becomes `other`, so that no caller can make series without end.
"""

from collections.abc import Mapping
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from exchange.telemetry.catalogue import CATALOGUE, OTHER, Kind, Spec

__all__ = ["CONTENT_TYPE", "PrometheusMetrics", "make_metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FAULTS = "yidi_telemetry_faults_total"
_Instrument = Counter | Gauge | Histogram


class PrometheusMetrics:
    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._registry = CollectorRegistry()
        self._instruments = {name: _make(name, spec, self._registry) for name, spec in CATALOGUE.items()}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self._record(name, Kind.COUNTER, amount, labels)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self._record(name, Kind.GAUGE, value, labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        self._record(name, Kind.HISTOGRAM, value, labels)

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def _record(self, name: str, kind: Kind, value: float, labels: Mapping[str, str]) -> None:
        try:
            self._measure(name, kind, value, labels)
        except Exception:
            if self._strict:
                raise
            with suppress(Exception):
                self._measure(_FAULTS, Kind.COUNTER, 1, {})

    def _measure(self, name: str, kind: Kind, value: float, labels: Mapping[str, str]) -> None:
        spec = CATALOGUE.get(name)
        if spec is None or spec.kind is not kind:
            raise ValueError(f"{name} is no {kind} of the catalogue")
        if spec.labels.keys() != labels.keys():
            raise ValueError(f"{name} has the labels {sorted(spec.labels)}, not {sorted(labels)}")
        instrument = self._instruments[name]
        if labels:
            instrument = instrument.labels(**{label: self._legal(name, spec, label, v) for label, v in labels.items()})
        if isinstance(instrument, Counter):
            instrument.inc(value)
        elif isinstance(instrument, Gauge):
            instrument.set(value)
        else:
            instrument.observe(value)

    def _legal(self, name: str, spec: Spec, label: str, value: str) -> str:
        if spec.legal(label, value):
            return value
        if self._strict:
            raise ValueError(f"{name}: {label} may not be {value!r}")
        return OTHER


def make_metrics(*, strict: bool = False) -> PrometheusMetrics:
    """`strict` raises on what the catalogue does not know; for tests."""
    # One switch for the process, turned here so that an import changes nothing.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return PrometheusMetrics(strict=strict)


def _make(name: str, spec: Spec, registry: CollectorRegistry) -> _Instrument:
    labels = tuple(spec.labels)
    match spec.kind:
        case Kind.COUNTER:
            return Counter(name, spec.help, labels, registry=registry)
        case Kind.GAUGE:
            return Gauge(name, spec.help, labels, registry=registry)
        case Kind.HISTOGRAM:
            return Histogram(name, spec.help, labels, buckets=spec.buckets, registry=registry)
