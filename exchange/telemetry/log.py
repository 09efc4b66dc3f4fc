"""The log: one JSON object per line with time, level, event, ids and codes, through structlog.

What a document says never gets in. Fields that could carry a title, a name or a text are dropped and only their names
are kept, and so are values that are no scalars; `detail` is for faults of ours and of the machine. Values that a block
of work shares (a trace id, an envelope) are bound once with `log_context`.

Not here: where lines go after standard error; the list of events (they stand where they happen).
"""

import sys
from collections.abc import Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import structlog

from exchange.ports.telemetry import Metrics

__all__ = ["StructLog", "configure_log", "log_context"]

MAX_VALUE = 500
# A field is private if one of its words is. `event_name` names a kind, `token_id` opens nothing.
_PRIVATE_WORDS = frozenset(
    "title content body text subject annotation document xml payload file files filename name names person people "  # noqa: SIM905 - read as prose
    "operator reviewer issuer signer phone mobile mail address passphrase password secret token key certificate".split()
)
_PUBLIC_FIELDS = frozenset({"event_name", "token_id"})
_Event = MutableMapping[str, Any]


class StructLog:
    """The `Log` port. Failing to write a line is never the caller's trouble."""

    def __init__(self, logger: Any, metrics: Metrics | None = None) -> None:  # a structlog logger has no static type
        self._logger, self._metrics = logger.bind(), metrics  # bound once, not for every line

    def info(self, event: str, **fields: object) -> None:
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._write("warning", event, fields)

    def alarm(self, event: str, **fields: object) -> None:
        self._write("alarm", event, fields)
        if self._metrics is not None:
            code = fields.get("code")
            self._metrics.count("yidi_telemetry_alarms_total", event=event, code=str(code) if code else "NONE")

    def _write(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        with suppress(Exception):  # a full disk or a closed stream must not stop a delivery
            self._logger.msg(event, **fields, level=level)


def configure_log(
    stream: TextIO | None = None,
    metrics: Metrics | None = None,
    process: str | None = None,
    also: Callable[[Mapping[str, object]], None] | None = None,
) -> StructLog:
    """A log that writes to `stream`, by default standard error, and counts alarms in `metrics`. `process`: which of the
    exchange's, on every line. `also`: gets each line, too. Sets nothing global."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            _named(process),
            keep_private,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            *([] if also is None else [_telling(also)]),
            structlog.processors.EventRenamer("event"),
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return StructLog(logger, metrics)


def _named(process: str | None) -> Callable[[object, str, _Event], _Event]:
    def name(_logger: object, _method: str, event: _Event) -> _Event:
        if process is not None:
            event["process"] = process
        return event

    return name


def _telling(also: Callable[[Mapping[str, object]], None]) -> Callable[[object, str, _Event], _Event]:
    def tell(_logger: object, _method: str, event: _Event) -> _Event:
        with suppress(Exception):  # the line is written all the same
            also(event)
        return event

    return tell


@contextmanager
def log_context(**ids: str) -> Generator[None]:
    """Every line written within carries `ids`, in this thread or task alone."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def keep_private(_logger: object, _method: str, event: _Event) -> _Event:
    """Drop what may not be logged, and say what was dropped."""
    kept: dict[str, object] = {}
    dropped = []
    for name, value in event.items():
        if name not in _PUBLIC_FIELDS and not _PRIVATE_WORDS.isdisjoint(name.lower().split("_")):
            dropped.append(name)
        elif value is None or isinstance(value, bool | int | float):
            kept[name] = value
        elif isinstance(value, str):
            # Half a surrogate pair would break the line for every reader.
            kept[name] = value[:MAX_VALUE].encode("utf-8", "backslashreplace").decode()
        else:
            dropped.append(name)
    if dropped:
        kept["dropped"] = ",".join(sorted(dropped))
    return kept
