"""What every test gets: a printed order seed (pytest-randomly), and failure on an unexpected log record.

Not here: fakes and builders. Fakes ship in `exchange.testing`; builders live beside the tests that use them.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# Examples come from the printed order seed; a slow machine is no reason to fail.
settings.register_profile("yidi", deadline=None, database=None)
settings.load_profile("yidi")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the seed even under -q, so that any order can be repeated."""
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f"same order again: --randomly-seed={seed}")


class ExpectedLogs(logging.Handler):
    """Collects WARNING and above; call it with a fragment of each message the test means to cause."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._records: list[logging.LogRecord] = []
        self._fragments: list[str] = []

    def __call__(self, fragment: str) -> None:
        self._fragments.append(fragment)

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def unexpected(self) -> list[str]:
        lines = [f"{record.levelname} {record.name}: {record.getMessage()}" for record in self._records]
        return [line for line in lines if not any(fragment in line for fragment in self._fragments)]

    def missing(self) -> list[str]:
        messages = [record.getMessage() for record in self._records]
        return [fragment for fragment in self._fragments if not any(fragment in text for text in messages)]


@pytest.fixture(autouse=True)
def expect_log() -> Iterator[ExpectedLogs]:
    """`expect_log("fragment")` allows, and demands, a WARNING or worse that holds the fragment."""
    logs = ExpectedLogs()
    root = logging.getLogger()
    root.addHandler(logs)
    yield logs
    root.removeHandler(logs)
    assert not logs.unexpected(), "log records nobody expected:\n" + "\n".join(logs.unexpected())
    assert not logs.missing(), f"expected log records that never came: {logs.missing()}"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout, for tests that read schemas, documents or example data."""
    return REPOSITORY


@pytest.fixture(scope="session")
def schemas(repository: Path) -> Path:
    return repository / "schemas"
