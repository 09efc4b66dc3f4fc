"""The `Metrics` port on prometheus-client: the catalogue in a registry of our own, nothing global but the format.

A name or label that the catalogue does not know raises when `strict` (in tests) and is otherwise counted as a fault; a
value it does not know becomes `other`, so that no caller can make series without end.

A counter is 0 from the start, also one with labels whose values are listed: else its first steps would be no increase
to Prometheus. A gauge is not shown until it is set: a directory that expires in 0 seconds because
nobody has looked yet would wake somebody up.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exchange.ports.telemetry import UnitSample
from exchange.telemetry.catalogue import CATALOGUE, OTHER, UNITS, Kind, Spec

__all__ = ["CONTENT_TYPE", "PrometheusMetrics", "make_metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FAULTS = "yidi_telemetry_faults_total"
_Instrument = Counter | Gauge | Histogram


class PrometheusMetrics:
    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._registry = CollectorRegistry()
        self._instruments = {name: _make(name, spec, self._registry) for name, spec in CATALOGUE.items()}
        self._units = _Units()
        self._of_units = CollectorRegistry()
        self._of_units.register(self._units)
        self._shown: set[str] = set()
        self._showing = threading.Lock()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self._record(name, Kind.COUNTER, amount, labels)

    def gauge(self, name: str, value: float | None, **labels: str) -> None:
        self._record(name, Kind.GAUGE, value, labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        self._record(name, Kind.HISTOGRAM, value, labels)

    def units(self, samples: Iterable[UnitSample]) -> None:
        families: dict[str, list[UnitSample]] = {}
        try:
            for sample in samples:
                spec = UNITS[sample.name]
                labels = zip(spec.labels, sample.labels, strict=True)
                legal = tuple(self._legal(sample.name, spec, label, value) for label, value in labels)
                families.setdefault(sample.name, []).append(sample._replace(labels=legal))
        except Exception:
            if self._strict:
                raise
            self.count(_FAULTS)
        self._units.families = families

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def render_units(self) -> bytes:
        """The same of each unit."""
        return generate_latest(self._of_units)

    def _record(self, name: str, kind: Kind, value: float | None, labels: Mapping[str, str]) -> None:
        try:
            self._measure(name, kind, value, labels)
        except Exception:
            if self._strict:
                raise
            with suppress(Exception):
                self._measure(_FAULTS, Kind.COUNTER, 1, {})

    def _measure(self, name: str, kind: Kind, value: float | None, labels: Mapping[str, str]) -> None:
        spec = CATALOGUE.get(name)
        if spec is None or spec.kind is not kind:
            raise ValueError(f"{name} is no {kind} of the catalogue")
        if spec.labels.keys() != labels.keys():
            raise ValueError(f"{name} has the labels {sorted(spec.labels)}, not {sorted(labels)}")
        instrument = self._instruments[name]
        legal = {label: self._legal(name, spec, label, labels[label]) for label in spec.labels}
        if isinstance(instrument, Gauge):
            self._set(name, instrument, value, legal)
            return
        assert value is not None
        one = instrument.labels(**legal) if legal else instrument
        if isinstance(one, Counter):
            one.inc(value)
        else:
            one.observe(value)

    def _set(self, name: str, gauge: Gauge, value: float | None, labels: Mapping[str, str]) -> None:
        if labels:
            if value is None:
                gauge.remove_by_labels(dict(labels))
            else:
                gauge.labels(**labels).set(value)
            return
        with self._showing:
            if value is not None:
                gauge.set(value)
            if (value is not None) != (name in self._shown):
                (self._registry.unregister if value is None else self._registry.register)(gauge)
                self._shown ^= {name}

    def _legal(self, name: str, spec: Spec, label: str, value: str) -> str:
        if spec.legal(label, value):
            return value
        if self._strict:
            raise ValueError(f"{name}: {label} may not be {value!r}")
        return OTHER


class _Units(Collector):
    """What was last known of all units; exchanged as a whole, so that a scrape sees one moment."""

    families: Mapping[str, list[UnitSample]] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, samples in self.families.items():
            spec = UNITS[name]
            family = GaugeMetricFamily(name, spec.help, labels=["unit", *spec.labels])
            for sample in samples:
                family.add_metric([sample.unit, *sample.labels], sample.value)
            yield family


def make_metrics(*, strict: bool = False) -> PrometheusMetrics:
    """`strict` raises on what the catalogue does not know; for tests."""
    # One switch for the process, turned here so that an import changes nothing.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return PrometheusMetrics(strict=strict)


def _make(name: str, spec: Spec, registry: CollectorRegistry) -> _Instrument:
    labels = tuple(spec.labels)
    match spec.kind:
        case Kind.COUNTER:
            counter = Counter(name, spec.help, labels, registry=registry)
            listed = [values for values in spec.labels.values() if isinstance(values, frozenset)]
            if labels and len(listed) == len(labels):
                for values in product(*listed):
                    counter.labels(*values)
            return counter
        case Kind.GAUGE:
            return Gauge(name, spec.help, labels, registry=registry if labels else None)
        case Kind.HISTOGRAM:
            return Histogram(name, spec.help, labels, buckets=spec.buckets, registry=registry)
