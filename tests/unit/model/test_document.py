"""The 18 elements, and the words of the standard."""

from dataclasses import replace
from datetime import date

import pytest

from exchange.errors import InvalidValueError
from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import FileRole, RecipientRole
from exchange.model.events import BusinessState, Event, Speaker, TransportState
from exchange.model.unit import Level, UnitKind

METADATA = Metadata(
    document_identifier="1",
    document_type=DocumentType.NOTICE,
    title="通知",
    issuer_identification=("县",),
    issuer_signatures=("县",),
    issued_date=date(2026, 3, 2),
)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "标题"),
        ({"title": "x" * 501}, "标题"),
        ({"document_identifier": "x" * 201}, "公文标识"),
        ({"issuer_identification": ()}, "发文机关标志"),
        ({"issuer_signatures": ()}, "发文机关署名"),
        ({"main_receivers": ("",)}, "主送机关"),
        ({"annotation": "\u202e"}, "附注"),
        ({"document_type": DocumentType.REPORT}, "签发人"),
        ({"document_type": DocumentType.REQUEST}, "签发人"),
    ],
)
def test_wrong_metadata_is_refused_by_the_name_of_its_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValueError, match=field):
        replace(METADATA, **change)  # type: ignore[arg-type]


def test_what_goes_upward_is_signed_for_by_somebody() -> None:
    assert replace(METADATA, document_type=DocumentType.REPORT, signers=("张三",)).signers == ("张三",)


def test_the_standards_codes_have_their_words() -> None:
    assert [(one.value, one.chinese) for one in (DocumentType.NOTICE, DocumentType.REQUEST, DocumentType.OTHER)] == [
        ("08", "通知"),
        ("0B", "请示"),
        ("0Z", "其他"),
    ]


@pytest.mark.parametrize(
    "words",
    [DocumentType, BusinessKind, FileRole, RecipientRole, Level, UnitKind, Event, TransportState, BusinessState],
)
def test_every_word_is_shown_in_chinese_and_no_two_alike(words: type) -> None:
    shown = [word.chinese for word in words]  # type: ignore[attr-defined]
    assert all(shown)
    # An event and the state it leads to are often one word; within one list none may be.
    assert len(set(shown)) == len(shown)


def test_an_ordinary_telegram_does_not_overtake() -> None:
    assert [degree.value for degree in EmergencyDegree if degree.urgent_lane] == ["特提", "特急", "加急"]


def test_a_recipients_events_are_said_by_the_recipient_alone() -> None:
    for event in (Event.DELIVERED, Event.SIGNED, Event.REJECTED, Event.RETURNED, Event.IMPORTED, Event.FEEDBACK):
        assert all(speaker.of_recipient for speaker in event.rule.speakers), event
    assert not any(speaker.of_recipient for speaker in (Speaker.HUB, Speaker.SENDER))


def test_whatever_ends_badly_says_why() -> None:
    bad = {Event.REFUSED, Event.UNDELIVERED, Event.EXPIRED, Event.REJECTED, Event.RETURNED}
    assert {event for event in Event if event.rule.reason} == bad | {Event.RECALL_DENIED, Event.VOIDED}
