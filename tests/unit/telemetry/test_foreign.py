"""What libraries say, and what ends a thread, as lines of our log."""

import logging
import threading
import warnings
from collections.abc import Iterator

import pytest

from exchange.telemetry.foreign import log_foreign
from exchange.testing.metrics import LogLine, RecordingLog

SECRET = "青龙"


@pytest.fixture
def lines() -> Iterator[list[LogLine]]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, threading.excepthook
    log = RecordingLog()
    log_foreign(log)
    yield log.lines
    logging.captureWarnings(False)
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)


def test_a_library_that_warns_is_a_line_with_its_template_and_not_its_words(lines: list[LogLine]) -> None:
    logging.getLogger("foreign.room").warning("cannot read %s", SECRET)
    logging.getLogger("foreign.room").error(f"cannot read {SECRET}")  # noqa: G004  # as libraries do
    logging.getLogger("foreign.room").info("read")
    warnings.showwarning(SECRET, UserWarning, "here.py", 1)
    assert [line.event for line in lines] == ["library"] * 3
    assert (lines[0].fields["detail"], lines[0].fields["severity"]) == ("cannot read %s", "warning")
    assert str(lines[0].fields["where"]).startswith("foreign.room test_foreign:")
    assert SECRET not in str(lines)


def test_a_fault_that_a_library_tells_is_told_by_its_kind_and_place(lines: list[LogLine]) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("foreign").exception("went wrong")
    assert str(lines[0].fields["detail"]).startswith("ValueError at telemetry/test_foreign.py:")
    assert SECRET not in str(lines)


def test_a_thread_that_ends_by_a_fault_is_an_alarm(lines: list[LogLine]) -> None:
    def fail() -> None:
        raise RuntimeError(SECRET)

    thread = threading.Thread(target=fail, name="loop-1")
    thread.start()
    thread.join()
    (line,) = lines
    assert (line.level, line.event, line.fields["thread"]) == ("alarm", "thread_ended", "loop-1")
    assert str(line.fields["detail"]).startswith("RuntimeError at telemetry/test_foreign.py:")
    assert SECRET not in str(lines)
