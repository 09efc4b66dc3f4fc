"""The Seeyon adapter against a simulated office: what real ones do to those that talk to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.adapters.registry import Place, load_adapter
from exchange.adapters.seeyon.adapter import SeeyonAdapter
from exchange.conformance.benches.seeyon import make_forms, settings_of
from exchange.errors import AdapterError, InputError
from exchange.model.document import EmergencyDegree
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Reason, Receipt, ReceiptId, Subject
from exchange.ports.office import HandOver, OfficeAdapter
from exchange.testing.seeyon import SeeyonOffice
from exchange.trial.servers import free_port
from tests.unit.adapters.offices import SENDER, UNIT, received, unit_name


@pytest.fixture
def office() -> Iterator[SeeyonOffice]:
    with SeeyonOffice() as made:
        make_forms(made)
        yield made


Opened = Callable[..., OfficeAdapter]


@pytest.fixture
def opened(office: SeeyonOffice, tmp_path: Path) -> Iterator[Opened]:
    """Adapters with the settings that fit the office, but for the changes given."""
    (tmp_path / "password").write_text(office.password)
    made: list[OfficeAdapter] = []

    def open_(**changes: object) -> OfficeAdapter:
        table = {"adapter": "seeyon", "password_file": "password", **settings_of(office.url, **changes)}
        made.append(load_adapter(table, Place(name="town", data=tmp_path, offices=tmp_path, name_of=unit_name)))
        return made[-1]

    yield open_
    for one in made:
        one.close()


@pytest.fixture
def adapter(opened: Opened) -> OfficeAdapter:
    return opened()


def document(*blobs: tuple[str, bytes], again: bool = False) -> HandOver:
    item = received(*(blobs or (("通知.pdf", b"body"),)))
    envelope = replace(item.envelope, created=datetime.now(UTC))
    return replace(item, envelope=envelope, sender_name="区政府办", again=again)


def receipt(number: int = 1) -> Receipt:
    return Receipt(
        id=ReceiptId(f"0b6e2f0e-0d7c-4a57-8c43-{number:012}"),
        hub="hub.520304",
        event=Event.SIGNED,
        actor=Actor(speaker=Speaker.PERSON, unit=SENDER, person="李强"),
        at=datetime(2026, 11, 3, 8, 30, tzinfo=UTC),
        subject=Subject(envelope=replace(received().key, sender=UNIT), digest="0" * 64, recipient=SENDER),
    )


def processes(office: SeeyonOffice) -> list[dict[str, str]]:
    return [row.fields for row in office.forms["GWSW_01"].rows]


def test_a_received_document_starts_the_process_with_its_fields_and_files(
    office: SeeyonOffice, adapter: OfficeAdapter
) -> None:
    item = document(("通知.pdf", b"body"), ("附件一.xlsx", b"list"))
    metadata = replace(item.envelope.metadata, emergency_degree=EmergencyDegree.URGENT)
    item = replace(item, envelope=replace(item.envelope, metadata=metadata))
    office_id = adapter.hand_over(item)
    (row,) = office.forms["GWSW_01"].rows
    assert row.id == office_id
    assert row.files == {"通知.pdf": b"body", "附件一.xlsx": b"list"}
    assert row.fields == {
        "标题": "关于做好秋季森林防火工作的通知",
        "来文机关": "区政府办",
        "缓急": "2",
        "交换编号": f"{SENDER}_{item.key.id}",
    }


def test_a_token_that_has_expired_is_renewed_once_and_the_whole_file_is_sent_again(
    office: SeeyonOffice, adapter: OfficeAdapter
) -> None:
    adapter.hand_over(document())
    office.expire_tokens()
    adapter.hand_over(replace(document(("大.pdf", b"x" * 100_000)), key=received(number=2).key))
    assert office.asked.count("POST /token") == 2
    assert office.forms["GWSW_01"].rows[1].files == {"大.pdf": b"x" * 100_000}


def test_an_office_that_trusts_nobody_is_asked_twice_and_no_more(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    office.trusted = False
    with pytest.raises(AdapterError, match="三方互信") as caught:
        adapter.hand_over(document())
    assert caught.value.retryable
    assert office.asked == ["POST /token", "POST /attachment", "POST /token", "POST /attachment"]


def test_an_account_bound_to_an_address_says_whom_to_ask(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    office.ip_bound = True
    with pytest.raises(AdapterError, match="IP 加入白名单"):
        adapter.hand_over(document())


def test_an_account_that_is_refused_is_said_so(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    office.rest_user = "another"
    with pytest.raises(AdapterError, match="账号或密码不对"):
        list(adapter.check([UNIT]))


def test_a_process_whose_answer_was_lost_is_found_and_not_started_again(
    office: SeeyonOffice, adapter: OfficeAdapter
) -> None:
    item, office.cut_at = document(), "/bpm/process/start"
    with pytest.raises(AdapterError):
        adapter.hand_over(item)
    assert len(processes(office)) == 1
    found = adapter.hand_over(replace(item, again=True))
    assert found == office.forms["GWSW_01"].rows[0].id
    assert len(processes(office)) == 1


def test_what_never_arrived_is_started_when_it_is_asked_for_again(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    adapter.hand_over(document(again=True))
    assert len(processes(office)) == 1


def test_a_receipt_whose_answer_was_lost_is_shown_once(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    office.cut_at = "/cap4/form/soap/batch-add"
    with pytest.raises(AdapterError):
        adapter.tell(UNIT, receipt(), b"<Receipt/>")
    adapter.tell(UNIT, receipt(), b"<Receipt/>")
    (row,) = office.forms["YD_HZ"].rows
    assert (row.fields["事件"], row.fields["办理人"], row.fields["时间"]) == ("已签收", "李强", "2026-11-03 16:30:00")


def test_a_receipt_names_the_unit_and_by_its_code_too_where_there_is_a_field(
    office: SeeyonOffice, opened: Opened
) -> None:
    office.forms["YD_HZ"].names["field0009"] = "收文单位代码"
    rules = {**settings_of("")["receipts"], "recipient_code": "收文单位代码"}
    opened(receipts=rules).tell(UNIT, receipt(), b"<Receipt/>")
    (row,) = office.forms["YD_HZ"].rows
    assert (row.fields["收文单位"], row.fields["收文单位代码"]) == ("区政府办", SENDER)


def test_a_unit_that_the_directory_does_not_know_is_shown_by_its_code(office: SeeyonOffice, opened: Opened) -> None:
    signed = receipt()
    assert signed.subject is not None
    unknown = replace(signed, actor=replace(signed.actor, unit=UNIT), subject=replace(signed.subject, recipient=UNIT))
    opened().tell(UNIT, unknown, b"<Receipt/>")
    assert office.forms["YD_HZ"].rows[0].fields["收文单位"] == UNIT


def test_more_rows_than_one_page_are_all_read(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    for number in range(450):
        office.write("YD_HZ", {"回执编号": receipt(number).id})
    adapter.tell(UNIT, receipt(449), b"<Receipt/>")
    assert len(office.forms["YD_HZ"].rows) == 450


def test_why_it_came_back_is_shown_in_chinese(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    returned = replace(receipt(), event=Event.RETURNED, reason=Reason.WRONG_UNIT, text="请发区水务局")
    adapter.tell(UNIT, returned, b"<Receipt/>")
    assert office.forms["YD_HZ"].rows[0].fields["说明"] == "非本单位办理 请发区水务局"


def test_answers_in_gbk_are_read(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    office.charset = "gb18030"
    office.write("YD_JD", {"交换编号": f"{SENDER}_{received().key.id}", "决定": "签收", "办理人": "李四"})
    (decision,) = adapter.decisions(UNIT, lambda: ())
    assert (decision.event, decision.person) == (Event.SIGNED, "李四")


def test_a_row_to_send_with_a_mistake_says_so_and_stops_no_other(office: SeeyonOffice, adapter: OfficeAdapter) -> None:
    good = {
        "标题": "通知",
        "文种": "TZ",
        "收文单位": "各镇乡",
        "发文机关": "某镇",
        "成文日期": "2026-11-03",
        "拟稿人": "王",
    }
    office.write("YD_FW", {**good, "成文日期": "十一月三日"})
    office.write("YD_FW", good, {"正文.pdf": b"body", "表.xlsx": b"list"})
    office.expire_tokens()
    (draft,) = adapter.collect(UNIT)
    assert [(file.name, file.role) for file in draft.files] == [("正文.pdf", "body"), ("表.xlsx", "attachment")]
    assert "成文日期" in office.forms["YD_FW"].rows[0].fields["处理结果"]
    adapter.refused(UNIT, draft.reference or "", "SECRECY", "发现密级标志")
    assert office.forms["YD_FW"].rows[1].fields["处理结果"] == "未发送 SECRECY 发现密级标志"
    assert list(adapter.collect(UNIT)) == []


def test_the_check_names_forms_and_fields_that_are_not_there(office: SeeyonOffice, opened: Opened) -> None:
    assert list(opened().check([UNIT])) == []
    office.forms["YD_JD"].names.pop("field0003")
    del office.forms["YD_HZ"]
    receive = {**settings_of(office.url)["receive"], "fields": {"标题": "公文标题"}}
    found = {one.where: one.found for one in opened(receive=receive).check([UNIT, SENDER])}
    assert set(found) == {"url", "receive.fields.Title", "decisions", "receipts"}
    assert "没有字段“公文标题”" in found["receive.fields.Title"]
    assert "没有字段“办理人”" in found["decisions"]
    assert "YD_HZ 不能读" in found["receipts"]


def test_a_template_that_does_not_exist_is_not_the_documents_fault(office: SeeyonOffice, opened: Opened) -> None:
    receive = {**settings_of(office.url)["receive"], "template": "GWSW_99"}
    with pytest.raises(AdapterError) as caught:
        opened(receive=receive).hand_over(document())
    assert "模板编号不存在" in caught.value.detail
    assert caught.value.code == "ADAPTER_DOWN"  # mended in the settings, it goes on


def test_an_office_that_is_off_is_an_office_that_is_down(opened: Opened) -> None:
    with pytest.raises(AdapterError, match="cannot be reached"):
        opened(url=f"http://127.0.0.1:{free_port()}").hand_over(document())


def test_a_password_that_cannot_be_read_is_a_setting(office: SeeyonOffice, tmp_path: Path) -> None:
    table = {**settings_of(office.url), "password_file": "none"}
    with pytest.raises(InputError, match=r"offices\.town\.password_file"):
        load_adapter({"adapter": "seeyon", **table}, Place(name="town", data=tmp_path, offices=tmp_path))
    assert set(SeeyonAdapter.Settings.model_json_schema()["required"]) == {"url", "user", "login_name", "receive"}
