"""What no envelope may say."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from exchange.errors import InvalidValueError, LimitError
from exchange.model.document import BusinessKind, DocumentType, Metadata
from exchange.model.envelope import (
    MAX_RECIPIENTS,
    Declaration,
    Envelope,
    EnvelopeId,
    FileEntry,
    FileRole,
    Recipient,
    check_file_name,
    parse_envelope_id,
)
from exchange.model.unit import HubId, UnitCode

SENDER, OTHER, THIRD = (UnitCode(f"520304-00{number}") for number in (1, 2, 3))
NOW = datetime(2026, 3, 2, tzinfo=UTC)
METADATA = Metadata(
    document_identifier="1",
    document_type=DocumentType.NOTICE,
    title="通知",
    issuer_identification=("县",),
    issuer_signatures=("县",),
    issued_date=date(2026, 3, 2),
)
ENVELOPE = Envelope(
    id=EnvelopeId("12345678-1234-4234-8234-123456789abc"),
    hub=HubId("hub.520304"),
    kind=BusinessKind.DOCUMENT,
    sender=SENDER,
    recipients=(Recipient(unit=OTHER),),
    directory_version=1,
    created=NOW,
    declaration=Declaration(name="张三", at=NOW),
    operator="张三",
    metadata=METADATA,
)


def file(name: str) -> FileEntry:
    return FileEntry(role=FileRole.BODY, name=name, media_type="application/pdf", size=1, sha256="0" * 64, sm3="0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"recipients": ()},
        {"recipients": (Recipient(unit=SENDER),)},
        {"recipients": (Recipient(unit=OTHER), Recipient(unit=OTHER))},
        {"files": (file("a.pdf"), file("A.PDF"))},
        {"operator": ""},
        {"id": "12345678-1234-4234-8234-123456789ABC"},
        {"in_reply_to": "none"},
    ],
)
def test_an_envelope_that_contradicts_itself_never_exists(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        replace(ENVELOPE, **change)


def test_a_request_goes_to_one_main_receiver() -> None:
    request = replace(METADATA, document_type=DocumentType.REQUEST, signers=("王五",))
    with pytest.raises(InvalidValueError):
        replace(ENVELOPE, metadata=request, recipients=(Recipient(unit=OTHER), Recipient(unit=THIRD)))


def test_there_is_an_end_to_recipients() -> None:
    many = tuple(Recipient(unit=UnitCode(f"520304-{number:06}")) for number in range(MAX_RECIPIENTS + 1))
    with pytest.raises(LimitError):
        replace(ENVELOPE, recipients=many)


def test_the_same_id_from_two_senders_names_two_documents() -> None:
    assert ENVELOPE.key != replace(ENVELOPE, sender=THIRD).key


@pytest.mark.parametrize(
    "text", ["", "1234", "12345678123442348234123456789abc", "{12345678-1234-4234-8234-123456789abc}"]
)
def test_an_id_has_one_spelling(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_envelope_id(text)


@pytest.mark.parametrize(
    "name",
    ["", "../a", "a/b", "a\\b", "con", "NUL.txt", "a.", " a", "a\0", "a\u202egpj", "e\u0301.pdf", "长" * 100, "a:b"],
)
def test_a_file_name_is_one_that_every_system_could_store(name: str) -> None:
    with pytest.raises(InvalidValueError):
        check_file_name(name)


@pytest.mark.parametrize("name", ["正文.pdf", "附件 1（表）.xlsx", "console.log", "a-b_c.tar.gz"])
def test_ordinary_file_names_pass(name: str) -> None:
    assert check_file_name(name) == name
