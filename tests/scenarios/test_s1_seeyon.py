"""S1.1 and S1.3 with the office system that the district has: people write, receive, sign and look in Seeyon alone, the
county office in its own, each of the 20 townships in its own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from exchange.adapters.times import county_time
from exchange.codec.envelope import decode
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.conformance.benches.seeyon import make_forms, settings_of
from exchange.model.document import BusinessKind, DocumentType
from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.events import Event
from exchange.model.unit import Unit, UnitCode
from exchange.testing.seeyon import Row, SeeyonOffice
from tests.scenarios.stage import OFFICE_SECRET, Stage, wait

pytestmark = pytest.mark.timeout(240)  # 21 offices are asked every two seconds, on whatever machine

Seeyons = dict[UnitCode, SeeyonOffice]
TEXT = {"通知.txt": "三日内完成。".encode(), "门牌样式.bin": bytes(range(256)) * 300}
_DRAFT = {
    "标题": "标题",
    "文种": {"field": "文种", "values": {"08": "TZ", "0A": "BG"}},
    "业务类型": {"field": "类别", "values": {"REPORT": "信息上报"}},
    "主送": "收文单位",
    "发文机关标志": "发文机关",
    "发文机关署名": "发文机关",
    "签发人": "签发人",
    "成文日期": "成文日期",
    "经办人": "拟稿人",
    "不涉密声明人": "拟稿人",
    "答复": "来文编号",
}


@pytest.fixture
def seeyons(stage: Stage, office: Unit, townships: list[Unit]) -> Iterator[Seeyons]:
    """Of the county office and of each township; the other 107 units sign at their node."""
    with ExitStack() as stack:
        made = {unit.code: stack.enter_context(SeeyonOffice()) for unit in (office, *townships)}
        for seeyon in made.values():
            make_forms(seeyon)
            columns = {"标题", "文种", "类别", "收文单位", "发文机关", "签发人", "成文日期", "拟稿人", "来文编号"}
            seeyon.make_form("YD_FW", "formmain_0130", [*sorted(columns), "附件", "处理结果"], files="附件")
        tables = {unit: _settings(seeyon) for unit, seeyon in made.items()}
        stage.connect(tables, made[office.code].password)
        yield made
        stage.close()  # nobody asks them any more


def _settings(seeyon: SeeyonOffice) -> dict[str, object]:
    table = settings_of(seeyon.url, adapter="seeyon", password_file=OFFICE_SECRET)
    return {**table, "send": {**table["send"], "fields": _DRAFT, "fixed": {}}}


def write(seeyon: SeeyonOffice, author: Unit, title: str, **fields: str) -> Row:
    given = {"标题": title, "发文机关": author.name, "成文日期": "2026-11-23", "拟稿人": "罗文"}
    return seeyon.write("YD_FW", given | fields, TEXT)


def sign(seeyon: SeeyonOffice, received: Row, person: str) -> None:
    seeyon.write("YD_JD", {"交换编号": received.fields["交换编号"], "决定": "签收", "办理人": person})


def key_of(author: Unit, written: Row) -> EnvelopeKey:
    """As the sender's office shows it once it was sent."""
    wait("it was sent", lambda: bool(written.fields.get("处理结果")))
    said, _, id_ = written.fields["处理结果"].partition(" ")
    assert said == "已发送", written.fields["处理结果"]
    return EnvelopeKey(author.code, parse_envelope_id(id_))


def receipts(seeyon: SeeyonOffice, event: Event, key: EnvelopeKey) -> list[dict[str, str]]:
    """As the sender's office shows them."""
    rows = [row.fields for row in seeyon.forms["YD_HZ"].rows]
    return [row for row in rows if (row["事件"], row["交换编号"]) == (event.chinese, f"{key.sender}_{key.id}")]


def test_a_notice_written_in_seeyon_is_signed_in_twenty_others_and_the_office_sees_127_of_127(
    stage: Stage, seeyons: Seeyons, office: Unit, units: list[Unit], townships: list[Unit]
) -> None:
    others = {unit.code: unit for unit in units if unit.code != office.code}
    assert {entry.unit.code: entry.unit for entry in stage.directory().units} == others | {office.code: office}
    assert (len(units), len(others), len(townships)) == (128, 127, 20)
    mine = seeyons[office.code]

    key = key_of(office, written := write(mine, office, "关于更换门牌的通知", 文种="TZ", 收文单位="各单位"))
    assert set(stage.view(key)) == set(others)
    wait("127 of 127 delivered", lambda: len(receipts(mine, Event.DELIVERED, key)) == 127)
    for unit in townships:
        rows = seeyons[unit.code].forms["GWSW_01"].rows
        wait("it is in the township's office", lambda rows=rows: len(rows) == 1)  # type: ignore[misc]
        assert (rows[0].fields["标题"], rows[0].fields["来文机关"]) == ("关于更换门牌的通知", office.name)
        assert rows[0].files == TEXT
        assert receipts(mine, Event.SIGNED, key) == []  # nobody signs but a person
    for unit in townships:
        sign(seeyons[unit.code], seeyons[unit.code].forms["GWSW_01"].rows[0], f"{unit.name}收发员")
    for code in others.keys() - seeyons.keys():
        stage.sign(code, key, f"{others[code].name}收发员")

    wait("127 of 127 signed", lambda: len(receipts(mine, Event.SIGNED, key)) == 127)
    signed = {row["收文单位"]: row["办理人"] for row in receipts(mine, Event.SIGNED, key)}
    assert signed == {unit.name: f"{unit.name}收发员" for unit in others.values()}
    view, codes = stage.view(key), {unit.name: code for code, unit in others.items()}
    for row in receipts(mine, Event.SIGNED, key):
        moment = view[codes[row["收文单位"]]].signed
        assert moment is not None
        assert row["时间"] == county_time(moment.at)
    assert stage.broken_promises() == []
    assert mine.forms["YD_FW"].rows == [written]  # and nothing is twice, neither receipts nor documents
    for event in (Event.DELIVERED, Event.SIGNED):
        assert sorted(row["收文单位"] for row in receipts(mine, event, key)) == sorted(codes)
    assert all(len(seeyons[unit.code].forms["GWSW_01"].rows) == 1 for unit in townships)


@pytest.mark.long_on_servers
def test_twenty_townships_report_from_their_seeyon_into_that_of_the_office_where_somebody_signs(
    stage: Stage, seeyons: Seeyons, office: Unit, townships: list[Unit]
) -> None:
    mine = seeyons[office.code]
    asked = key_of(office, write(mine, office, "关于报送门牌更换进度的通知", 文种="TZ", 收文单位="各镇乡"))
    wait("20 have it", lambda: all(seeyons[unit.code].forms["GWSW_01"].rows for unit in townships))

    keys = {}
    for unit in townships:
        came = seeyons[unit.code].forms["GWSW_01"].rows[0].fields["交换编号"]
        fields = {"文种": "BG", "类别": "信息上报", "收文单位": office.code, "签发人": "罗文", "来文编号": came}
        keys[unit.code] = write(seeyons[unit.code], unit, f"{unit.name}关于门牌更换进度的报告", **fields)
    sent = {unit.code: key_of(unit, keys[unit.code]) for unit in townships}
    received = mine.forms["GWSW_01"].rows
    wait("20 reports are in the office", lambda: len(received) == 20)
    assert {row.fields["来文机关"] for row in received} == {unit.name for unit in townships}
    for key in sent.values():
        envelope = decode(parse_signed(stage.sent(key), DocumentKind.ENVELOPE).body)
        assert (envelope.kind, envelope.metadata.document_type) == (BusinessKind.REPORT, DocumentType.REPORT)
        assert (envelope.in_reply_to, set(stage.view(key))) == (asked.id, {office.code})
    for row in received:
        assert row.files == TEXT
        sign(mine, row, "罗文")

    wait(
        "each township sees it in its office",
        lambda: all(receipts(seeyons[code], Event.SIGNED, key) for code, key in sent.items()),
    )
    for code, key in sent.items():
        assert [row["办理人"] for row in receipts(seeyons[code], Event.SIGNED, key)] == ["罗文"]

    author, back = townships[0], sent[townships[0].code]
    name = f"{back.sender}_{back.id}"
    mine.write("YD_JD", {"交换编号": name, "决定": "退文", "办理人": "罗文", "说明": "缺少第二页"})
    theirs = seeyons[author.code]
    wait("its author reads why, in its office", lambda: bool(receipts(theirs, Event.RETURNED, back)))
    (returned,) = receipts(theirs, Event.RETURNED, back)
    assert (returned["办理人"], returned["说明"]) == ("罗文", "经办人决定 缺少第二页")

    assert stage.broken_promises() == []
    stage.restart()
    assert stage.broken_promises() == []
    assert len(received) == 20  # nothing is handed over twice
    assert {len(seeyons[unit.code].forms["GWSW_01"].rows) for unit in townships} == {1}
