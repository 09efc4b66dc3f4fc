"""Times and tables as people read them."""

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
