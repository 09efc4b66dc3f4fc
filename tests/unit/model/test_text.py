"""Text that people read is what it looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import InvalidValueError
from exchange.model.text import as_text, check_line, check_text

TRICKS = ["\x00", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\ufeff", "\uffff", "\ud800"]


@pytest.mark.parametrize("character", [*TRICKS, "\n", "\t", "\u200b", "\u2028", "\u2060"])
def test_a_line_holds_no_character_that_hides_or_breaks(character: str) -> None:
    with pytest.raises(InvalidValueError, match=f"标题: forbidden character U\\+{ord(character):04X} at position 3"):
        check_line("标题", f"通知{character}", 500)


@pytest.mark.parametrize("character", TRICKS)
def test_nor_does_a_text(character: str) -> None:
    with pytest.raises(InvalidValueError, match="position 1"):
        check_text("content", character, 10)


def test_a_text_has_lines_and_tabs_and_may_be_empty() -> None:
    assert check_text("content", "一\n\t二", 10) == "一\n\t二"
    assert check_text("content", "", 10) == ""


@pytest.mark.parametrize("text", ["", " ", "\u3000"])
def test_a_line_is_not_empty(text: str) -> None:
    with pytest.raises(InvalidValueError, match="empty"):
        check_line("title", text, 10)


def test_both_have_an_end() -> None:
    assert check_line("title", "x" * 10, 10)
    for check in (check_line, check_text):
        with pytest.raises(InvalidValueError, match="11 characters, at most 10"):
            check("title", "x" * 11, 10)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(TRICKS))), st.integers(0, 50))
def test_any_text_can_be_made_one(text: str, longest: int) -> None:
    made = as_text(text, longest)
    assert check_text("text", made, longest) == made
    assert len(made) == len(text[:longest])


@given(st.text(alphabet="通知abc \n\t"))
def test_what_is_one_already_is_not_touched(text: str) -> None:
    assert as_text(text, 1000) == text
