"""What libraries log, what Python warns of, and what ends a thread: lines of our log, too. Whoever reads it reads JSON.

A library's words may quote what it was given, so of them only the template is kept, where there is one, and the place.
Not here: which libraries are told to be silent (the rooms that hold them).
"""

import logging
import threading
from typing import Final

from exchange.errors import loggable
from exchange.ports.telemetry import Log

__all__ = ["log_foreign"]

_LOUD: Final = logging.WARNING


def log_foreign(log: Log) -> None:
    """For the process, which is the caller's alone."""
    root = logging.getLogger()
    root.handlers[:] = [_Handler(log)]
    root.setLevel(_LOUD)
    logging.captureWarnings(True)
    threading.excepthook = lambda ended: _thread_ended(log, ended)


class _Handler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(_LOUD)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        template = record.msg if record.args and isinstance(record.msg, str) else ""
        detail = " ".join(filter(None, (template, loggable(fault) if fault is not None else "")))
        where = f"{record.name} {record.module}:{record.lineno}"
        self._log.warning("library", where=where, severity=record.levelname.lower(), detail=detail)


def _thread_ended(log: Log, ended: threading.ExceptHookArgs) -> None:
    detail = loggable(ended.exc_value) if ended.exc_value is not None else ended.exc_type.__name__
    log.alarm("thread_ended", thread=ended.thread.name if ended.thread else "", detail=detail)
