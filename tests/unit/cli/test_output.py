"""Times and tables as people read them."""

import io
import re
import sys
from datetime import UTC, datetime

import pytest

from exchange.cli.output import local, named, show_table, stamp
from exchange.model.events import BusinessState, TransportState


def test_times_are_the_offices_own() -> None:
    at = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)

    assert local(at) == "2026-11-24 02:30"
    assert stamp(at) == "2026-11-24T02:30:00.000+08:00"
    assert (local(None), stamp(None)) == ("", None)


def test_states_appear_in_both_languages() -> None:
    assert named(BusinessState.SIGNED) == "已签收 SIGNED"
    assert named(TransportState.DELIVERED) == "已送达 DELIVERED"


def test_a_table_is_plain_lines_elsewhere_than_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([("名称", "name"), ("数", "n")], [("甲\t乙\n丙", 3), (None, "")], title="标题")

    assert capsys.readouterr().out == "标题\n名称\t数\n甲 乙 丙\t3\n\t\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_breaks_titles_and_never_dates_or_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    columns = [(name, name) for name in ("编号", "收文单位", "发文单位", "标题", "收到", "状态", "签收人")]

    show_table(
        columns, [("04bd4be5", "区教育局", "区政府办", "做好防汛" * 9, "2026-11-23 10:49", "已撤回 RECALLED", "李四")]
    )

    shown = re.sub(r"\x1b\[\d*m", "", terminal.getvalue())
    assert "2026-11-23" in shown
    assert "RECALLED" in shown
    assert max(sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in shown.splitlines()) <= 80
