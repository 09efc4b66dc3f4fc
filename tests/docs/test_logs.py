"""The log as its page tells it, and as the code says it."""

import re

from docs.make_logs import EVENTS, PAGE, page, said, sayings
from exchange.telemetry.log import keep_private


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python docs/make_logs.py`"


def test_every_event_has_a_meaning_and_is_said_somewhere() -> None:
    assert set(said()) == set(EVENTS)
    assert [event for event in EVENTS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event)] == []


def test_nothing_that_the_code_says_is_dropped() -> None:
    """A field whose name is private never gets into the log: who wrote it there expected it to."""
    keys = {keyword.arg for _, call in sayings() for keyword in call.keywords if keyword.arg}
    assert keep_private(None, "", dict.fromkeys(keys, "x")).get("dropped") is None
