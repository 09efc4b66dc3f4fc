"""What a process shows at /metrics, read back: for a look at it where there is no Prometheus."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Sample", "read_metrics"]


class Sample(NamedTuple):
    name: str
    labels: Mapping[str, str]
    value: float


def read_metrics(text: str) -> Iterator[Sample]:
    """Raises ValueError when it is no exposition."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield Sample(sample.name, sample.labels, sample.value)
