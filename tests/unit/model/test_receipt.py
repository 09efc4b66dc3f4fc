"""What no receipt may say, whoever signs it."""

from dataclasses import replace

import pytest

from exchange.errors import InvalidValueError
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.receipt import MAX_NOTED, Actor, Noted, Reason, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.testing.clock import FakeClock

A, B = UnitCode("520304-001"), UnitCode("520304-002")
ID = "12345678-1234-4234-8234-123456789abc"
SUBJECT = Subject(envelope=EnvelopeKey(A, EnvelopeId(ID)), digest="0" * 64, recipient=B)
DELIVERED = Receipt(
    id=ReceiptId(ID),
    hub="hub.520304",
    event=Event.DELIVERED,
    actor=Actor(speaker=Speaker.NODE, unit=B),
    at=FakeClock().now(),
    subject=SUBJECT,
)
HUB, PERSON = Actor(speaker=Speaker.HUB), Actor(speaker=Speaker.PERSON, unit=B, person="赵六")
NOTED = Noted(receipt=ReceiptId(ID), digest="0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": HUB},
        {"actor": PERSON},
        {"actor": Actor(speaker=Speaker.SENDER, unit=A)},
        {"actor": Actor(speaker=Speaker.NODE, unit=A)},
        {"subject": replace(SUBJECT, recipient=None)},
        {"subject": None},
        {"noted": (NOTED,)},
        {"event": Event.EXPIRED, "actor": HUB},
        {"event": Event.RETURNED, "actor": PERSON},
        {"event": Event.RECALL_REQUESTED, "actor": Actor(speaker=Speaker.SENDER, unit=B)},
        {"event": Event.NOTED},
        {"event": Event.NOTED, "subject": None},
        {"event": Event.NOTED, "subject": None, "noted": (NOTED,) * (MAX_NOTED + 1)},
        {"event": Event.PRESENT},
        {"event": Event.PRESENT, "subject": None, "noted": (NOTED,)},
        {"event": Event.PRESENT, "subject": None, "actor": HUB},
        {"event": Event.PRESENT, "subject": None, "actor": PERSON},
        {"checkpoint": "hub.520304\n1\nAAAA\n"},
        {"attributes": (("n", "1"), ("k", "2"))},
        {"attributes": (("n", "1"), ("n", "2"))},
        {"attributes": (("N", "1"),)},
        {"attributes": (("n", "\u202e"),)},
        {"text": "x" * 2001},
        {"text": "\u202e"},
        {"id": ID.upper()},
        {"hub": "HUB"},
    ],
)
def test_a_receipt_that_nobody_may_say_never_exists(change: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        replace(DELIVERED, **change)  # type: ignore[arg-type]


def test_what_needs_a_reason_is_right_with_one() -> None:
    receipt = replace(DELIVERED, event=Event.RETURNED, actor=PERSON, reason=Reason.FORMAT, text="格式有误\n见附件")
    assert receipt.reason is Reason.FORMAT


@pytest.mark.parametrize(
    "make",
    [
        lambda: Actor(speaker=Speaker.HUB, unit=A),
        lambda: Actor(speaker=Speaker.NODE),
        lambda: Actor(speaker=Speaker.PERSON, unit=B),
        lambda: Actor(speaker=Speaker.PERSON, unit=B, person=" "),
        lambda: Actor(speaker=Speaker.NODE, unit=UnitCode("520304-00１")),
        lambda: replace(SUBJECT, digest="0" * 63),
        lambda: replace(SUBJECT, digest="A" * 64),
        lambda: replace(SUBJECT, recipient=UnitCode("x")),
        lambda: replace(NOTED, digest=""),
        lambda: replace(NOTED, fault=""),
    ],
)
def test_its_parts_are_as_strict(make: object) -> None:
    with pytest.raises(InvalidValueError):
        make()  # type: ignore[operator]


def test_people_read_every_reason_in_chinese() -> None:
    words = [reason.chinese for reason in Reason]
    assert len(set(words)) == len(words)
    assert not any(word.isascii() for word in words)
