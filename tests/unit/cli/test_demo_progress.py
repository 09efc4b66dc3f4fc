"""The demo's progress on a terminal of 80 columns."""

import io

import pytest

from exchange.cli.demo.progress import ACTS, Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_numbers_are_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    terminal = _Terminal()
    progress = Progress(terminal)

    for act in ACTS:
        progress.show({"act": act, "done": 683, "of": 1270})
    progress.close()

    last = terminal.getvalue().splitlines()[-len(ACTS) : -1]
    assert all("683/1270" in line and "0:00:0" in line and "━━━" in line for line in last)
