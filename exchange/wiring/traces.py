"""Where traces of documents go, if the settings name a place."""

from pathlib import Path
from typing import TYPE_CHECKING

from exchange.errors import InputError
from exchange.ports.telemetry import Metrics
from exchange.settings import Traces

if TYPE_CHECKING:
    from exchange.telemetry.otlp import Spans

__all__ = ["open_traces"]


def open_traces(traces: Traces, root: Path, process: str, metrics: Metrics) -> "Spans":
    """Raises InputError."""
    try:
        from exchange.telemetry.otlp import Spans  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise InputError(
            "traces.endpoint: traces need another package: pip install 'yidi[otel]'", code="SETTINGS"
        ) from error
    headers = _headers(root / traces.headers_file) if traces.headers_file else {}
    authorities = str(root / traces.ca_file) if traces.ca_file else None
    return Spans(traces.endpoint, headers, authorities, process, metrics)


def _headers(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"traces.headers_file: {path} cannot be read", code="SETTINGS") from error
    found = [line.partition(":") for line in lines if line.strip()]
    if any(not (name.strip().isascii() and name.strip() and colon) for name, colon, _ in found):
        raise InputError(f"traces.headers_file: {path}: each line is `Name: value`", code="SETTINGS")
    return {name.strip(): value.strip() for name, _, value in found}
