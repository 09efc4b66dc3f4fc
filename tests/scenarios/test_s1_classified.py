"""S1.5: a document marked 机密 is refused before it leaves the node, and again by the hub if a node lets it through."""

import io
from dataclasses import replace

import pytest

from exchange.codec.envelope import decode
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.errors import RefusedError
from exchange.model.envelope import Envelope, EnvelopeId, FileEntry, FileRole
from exchange.model.events import TransportState
from exchange.model.unit import Unit
from exchange.ports.office import Address, Draft
from exchange.trust.digest import measure, sha256_hex
from exchange.wiring.system import SystemIds
from tests.scenarios.documents import notice, text_file
from tests.scenarios.stage import Stage, wait

SECRET = "甲仓库钥匙在东窗台"
MARKED = f"机密★一年\n\n{SECRET}。"


def marked_drafts(office: Unit, to: Unit) -> dict[str, Draft]:
    plain = notice(office, [Address(to=to.code)])
    level = replace(plain.metadata, security_class="机密", annotation=SECRET)
    return {
        "in the text": replace(plain, content=MARKED),
        "in a file": replace(plain, files=(text_file("安排.txt", MARKED),)),
        "in a file's name": replace(plain, files=(text_file(f"机密★{SECRET}.txt", "见内页。"),)),
        "in the metadata": replace(plain, metadata=level),
    }


@pytest.mark.parametrize("place", ["in the text", "in a file", "in a file's name", "in the metadata"])
def test_a_marked_document_never_leaves_its_node(stage: Stage, office: Unit, townships: list[Unit], place: str) -> None:
    with pytest.raises(RefusedError) as raised:
        stage.submit(marked_drafts(office, townships[0])[place])

    assert raised.value.code == "SECRECY"
    assert SECRET not in raised.value.message
    assert stage.places_that_hold(SECRET.encode()) == []


@pytest.fixture
def harmless(stage: Stage, office: Unit, townships: list[Unit]) -> Envelope:
    """A document that passed, to forge from."""
    key = stage.submit(notice(office, [Address(to=townships[0].code)]))
    wait("delivered", lambda: stage.view(key)[townships[0].code].transport is TransportState.DELIVERED)
    return decode(parse_signed(stage.sent(key), DocumentKind.ENVELOPE).body)


def marked_file() -> tuple[FileEntry, bytes]:
    data = MARKED.encode()
    found = measure(io.BytesIO(data))
    entry = FileEntry(
        role=FileRole.ATTACHMENT,
        name="安排.txt",
        media_type="text/plain",
        size=found.size,
        sha256=found.sha256,
        sm3=found.sm3,
    )
    return entry, data


@pytest.mark.parametrize("place", ["in the text", "in a file"])
def test_what_a_node_without_a_gate_lets_through_the_hub_refuses_and_keeps_only_as_a_digest(
    stage: Stage, harmless: Envelope, townships: list[Unit], place: str
) -> None:
    entry, file = marked_file()
    forged = replace(harmless, id=EnvelopeId(SystemIds().new()))
    in_text = place == "in the text"
    forged = replace(forged, content=MARKED) if in_text else replace(forged, files=(entry,))

    document = stage.force(forged, [file])
    wait("refused", lambda: bool(stage.quarantine()))

    assert harmless.content is not None
    assert stage.places_that_hold(harmless.content.encode())  # what may be kept is found
    (row,) = stage.quarantine()
    assert (row.code, row.document, row.digest) == ("SECRECY", None, sha256_hex(document))
    assert row.user == harmless.sender
    assert forged.key not in stage.inbox(townships[0].code)
    wait("nothing of it kept", lambda: stage.places_that_hold(SECRET.encode()) == [])
    assert stage.broken_promises() == []


def test_its_sender_is_answered_with_the_rule_and_the_place_and_never_with_the_text(
    stage: Stage, harmless: Envelope
) -> None:
    stage.force(replace(harmless, id=EnvelopeId(SystemIds().new()), content=MARKED))
    wait("refused", lambda: bool(stage.quarantine()))

    (row,) = stage.quarantine()
    assert "MARK_AT_HEAD" in row.detail
    assert SECRET not in row.detail
