"""S1.2: one notice to groups that reach the other 127 units, each once; frozen, signed, and signed for by name."""

from dataclasses import replace

import pytest

from exchange.codec.envelope import decode
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.directory.snapshot import Group
from exchange.model.envelope import EnvelopeKey, RecipientRole
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import Unit, UnitCode, UnitKind
from exchange.ports.office import Address
from tests.scenarios.documents import notice, text_file
from tests.scenarios.stage import Stage, wait


def delivered(stage: Stage, key: EnvelopeKey) -> bool:
    return all(state.transport is TransportState.DELIVERED for state in stage.view(key).values())


def group(id_: str, *members: Unit) -> Group:
    return Group(id=id_, name=f"组 {id_}", members=tuple(unit.code for unit in members))


def test_the_sender_sees_127_of_127_with_who_and_when(stage: Stage, units: list[Unit], office: Unit) -> None:
    # Every kind by its group, two of them by name as well, one unit by hand, the sender itself among them.
    to = [
        *(Address(to=f"kind-{kind.value}") for kind in UnitKind),
        Address(to="各镇乡", role=RecipientRole.COPY),
        Address(to="各单位", role=RecipientRole.COPY),
        Address(to=units[0].code),
        Address(to=office.code),
    ]
    others = [unit for unit in units if unit.code != office.code]
    key = stage.submit(notice(office, to, files=(text_file("安排.txt", "三日内完成。"),)))

    envelope = decode(parse_signed(stage.sent(key), DocumentKind.ENVELOPE).body)
    assert [recipient.unit for recipient in envelope.recipients] == sorted(unit.code for unit in others)
    assert {recipient.role for recipient in envelope.recipients} == {RecipientRole.MAIN}
    wait("127 of 127 delivered", lambda: delivered(stage, key))
    (file,) = envelope.files
    for unit in others:
        received = stage.inbox(unit.code)[key]
        assert received.document.document == stage.sent(key)
        assert stage.read_file(unit.code, file.sha256).decode() == "三日内完成。"
        assert received.state.business is BusinessState.UNSIGNED  # nobody signs but a person
        stage.sign(unit.code, key, f"{unit.name}收发员")

    wait("127 of 127 signed", lambda: all(state.signed for state in stage.view(key).values()))
    view = stage.view(key)
    assert len(view) == 127
    for unit in others:
        state = view[unit.code]
        assert state.signed is not None
        assert state.delivered is not None
        assert state.signed.person == f"{unit.name}收发员"
        assert envelope.created <= state.delivered.at <= state.signed.at
    assert stage.broken_promises() == []


@pytest.mark.long_on_servers
def test_changing_a_group_afterwards_changes_nothing_that_was_sent(
    stage: Stage, office: Unit, townships: list[Unit]
) -> None:
    then, later = townships[:3], townships[2:6]
    stage.save_group(group("doors", *then))
    key = stage.submit(notice(office, [Address(to="doors")]))
    sent = stage.sent(key)

    stage.save_group(group("doors", *later))
    stage.restart()  # all that is open goes out again, under the new directory
    wait("delivered", lambda: delivered(stage, key))

    envelope = decode(parse_signed(sent, DocumentKind.ENVELOPE).body)
    assert envelope.groups == ("doors",)
    assert set(stage.view(key)) == {unit.code for unit in then}
    assert [unit.name for unit in townships if key in stage.inbox(unit.code)] == [unit.name for unit in then]
    assert stage.sent(key) == sent
    second = stage.submit(notice(office, [Address(to="doors")], "关于更换门牌的第二次通知"))
    assert set(stage.view(second)) == {unit.code for unit in later}
    assert stage.broken_promises() == []


def test_recipients_that_were_changed_after_signing_are_nobodys_document(
    stage: Stage, office: Unit, townships: list[Unit]
) -> None:
    key = stage.submit(notice(office, [Address(to=townships[0].code)]))
    wait("delivered", lambda: delivered(stage, key))
    envelope = decode(parse_signed(stage.sent(key), DocumentKind.ENVELOPE).body)
    (recipient,) = envelope.recipients
    other = UnitCode(townships[1].code)

    # The sender's own key and another list under the same id: the first one stands.
    stage.force(replace(envelope, recipients=(replace(recipient, unit=other),)))

    wait("refused", lambda: [row.code for row in stage.quarantine()] == ["CONFLICT"])
    assert key not in stage.inbox(other)
    assert list(stage.view(key)) == [townships[0].code]
