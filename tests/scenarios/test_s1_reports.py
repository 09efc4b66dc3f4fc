"""S1.3: each of 20 townships reports up to the office that asked."""

from exchange.codec.envelope import decode
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.model.document import BusinessKind
from exchange.model.events import BusinessState, TransportState
from exchange.model.receipt import Reason
from exchange.model.unit import Unit
from exchange.ports.office import Address
from tests.scenarios.documents import letter, notice, report
from tests.scenarios.stage import Stage, wait


def test_twenty_townships_report_up(stage: Stage, office: Unit, townships: list[Unit]) -> None:
    asked = stage.submit(notice(office, [Address(to="各镇乡")]))
    wait("the notice is there", lambda: all(asked in stage.inbox(unit.code) for unit in townships))

    keys = {unit.code: stage.submit(report(unit, office.code, asked.id)) for unit in townships}
    wait("20 reports are there", lambda: set(keys.values()) <= stage.inbox(office.code).keys())

    assert len(keys) == len(stage.inbox(office.code)) == 20
    for unit in townships:
        received = stage.inbox(office.code)[keys[unit.code]]
        envelope = decode(parse_signed(received.document.document, DocumentKind.ENVELOPE).body)
        assert (envelope.sender, envelope.kind) == (unit.code, BusinessKind.REPORT)
        assert envelope.in_reply_to == asked.id
        stage.sign(office.code, keys[unit.code], "罗文")
    wait("each township knows", lambda: all(stage.view(key)[office.code].signed for key in keys.values()))
    # A township sees its own report alone.
    assert all(set(stage.inbox(unit.code)) == {asked} for unit in townships)
    assert stage.broken_promises() == []


def test_a_report_is_rejected_with_a_reason_that_its_author_reads(
    stage: Stage, office: Unit, townships: list[Unit]
) -> None:
    author = townships[0]
    asked = stage.submit(notice(office, [Address(to=author.code)]))
    key = stage.submit(report(author, office.code, asked.id))
    wait("the report is there", lambda: key in stage.inbox(office.code))

    stage.reject(office.code, key, "罗文", Reason.INCOMPLETE, "缺少第二页")

    wait("its author knows", lambda: stage.view(key)[office.code].business is BusinessState.REJECTED)
    closed = stage.view(key)[office.code].closed
    assert closed is not None
    assert (closed.person, closed.reason, closed.text) == ("罗文", "INCOMPLETE", "缺少第二页")


def test_a_letter_is_recalled_while_nobody_has_signed(stage: Stage, office: Unit, townships: list[Unit]) -> None:
    key = stage.submit(letter(townships[1], office.code))
    wait("delivered", lambda: stage.view(key)[office.code].transport is TransportState.DELIVERED)

    stage.recall(key, "罗文", "日期写错")

    wait("recalled", lambda: stage.view(key)[office.code].business is BusinessState.RECALLED)
    assert stage.inbox(office.code)[key].state.business is BusinessState.RECALLED
