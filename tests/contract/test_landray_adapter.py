"""The Landray adapter against a simulated office: what real ones do to those that talk to them."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from exchange.adapters.landray.adapter import LandrayAdapter
from exchange.adapters.landray.settings import LandraySettings
from exchange.adapters.registry import find_adapter
from exchange.conformance.benches.landray import RECEIVE, SECRET, SEND, make_templates, place_in, settings_of
from exchange.errors import AdapterError, InputError
from exchange.model.document import EmergencyDegree
from exchange.model.envelope import EnvelopeKey, FileRole
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Reason, Receipt, Subject
from exchange.ports.office import HandOver, OfficeAdapter, OfficeCall
from exchange.settings import read_table
from exchange.testing.landray import LandrayOffice
from exchange.web.node_api.app import create_node_app
from exchange.web.serve import Server
from tests.contract.test_seeyon_adapter import receipt
from tests.unit.adapters.offices import SENDER, UNIT, received
from tests.unit.services.hub_and_node import World
from tests.unit.web.node_api.programs import face_of

Opened = Callable[..., OfficeAdapter]
FORM = {
    "fd_bt": "通知",
    "fd_wz": "通知",
    "fd_swdw": "各镇乡",
    "fd_fwjg": "某镇",
    "fd_cwrq": "2026-11-03",
    "fd_ngr": "王",
}


@pytest.fixture
def office() -> Iterator[LandrayOffice]:
    with LandrayOffice() as made:
        make_templates(made)
        yield made


@pytest.fixture(params=["rest", "soap"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opened(office: LandrayOffice, tmp_path: Path) -> Iterator[Opened]:
    """The office's robot calls the one that was opened last."""
    made: list[OfficeAdapter] = []

    def open_(monotonic: Callable[[], float] = time.monotonic, **changes: object) -> OfficeAdapter:
        settings = read_table(LandraySettings, settings_of(office.url, **changes), "offices.town")
        adapter = LandrayAdapter.open(settings, place_in(tmp_path), monotonic=monotonic)
        made.append(adapter)
        office.robot = lambda body: call(adapter, body)
        return adapter

    yield open_
    for one in made:
        one.close()


def call(adapter: OfficeAdapter, body: bytes) -> None:
    assert adapter.office_calls is not None
    adapter.office_calls.take(OfficeCall(token=SECRET, fields={}, body=body))


def document(*, again: bool = False) -> HandOver:
    item = received(("通知.pdf", b"body"), ("附件一.xlsx", b"list \r\n\x00\xff"))
    body, attached = item.envelope.files
    files = (body, replace(attached, role=FileRole.ATTACHMENT, pages=None))
    envelope = replace(item.envelope, created=datetime.now(UTC), files=files)
    return replace(item, envelope=envelope, sender_name="区政府办", again=again)


def about(key: EnvelopeKey, number: int, event: Event, minute: int = 30) -> Receipt:
    person = "李强" if Speaker.PERSON in event.rule.speakers else None
    return replace(
        receipt(number),
        event=event,
        reason=Reason.OPERATOR if event.rule.reason else None,
        actor=Actor(speaker=min(event.rule.speakers) if person is None else Speaker.PERSON, unit=SENDER, person=person),
        at=datetime(2026, 11, 3, 8, minute, tzinfo=UTC),
        subject=Subject(envelope=key, digest="0" * 64, recipient=SENDER),
    )


# ------------------------------------------------------------------------------------------------- received


@pytest.mark.parametrize("json_ids", [False, True])
def test_a_received_document_starts_a_process_with_its_fields_and_files(
    office: LandrayOffice, opened: Opened, protocol: str, json_ids: bool
) -> None:
    office.json_ids = json_ids
    item = document()
    metadata = replace(item.envelope.metadata, emergency_degree=EmergencyDegree.URGENT)
    item = replace(item, envelope=replace(item.envelope, metadata=metadata))
    id_ = opened(protocol=protocol).hand_over(item)
    (made,) = office.of(RECEIVE)
    assert (made.id, made.files) == (id_, {"通知.pdf": b"body", "附件一.xlsx": b"list \r\n\x00\xff"})
    assert made.controls == {"通知.pdf": "fd_zw", "附件一.xlsx": "fd_fj"}
    assert made.fields == {
        "fd_bt": "关于做好秋季森林防火工作的通知",
        "fd_lwjg": "区政府办",
        "fd_hj": "2",
        "fd_jhbh": f"{SENDER}_{item.key.id}",
    }
    assert made.title == f"关于做好秋季森林防火工作的通知〔{item.key.id[-12:]}〕"
    assert made.at == "shoufa"


@pytest.mark.parametrize("failure", ["cut_at", "double_at"])
def test_a_process_whose_answer_was_lost_or_came_twice_is_found(
    office: LandrayOffice, opened: Opened, failure: str
) -> None:
    setattr(office, failure, "addReview")
    item, adapter = document(), opened()
    with pytest.raises(AdapterError):
        adapter.hand_over(item)
    assert adapter.hand_over(replace(item, again=True)) == office.of(RECEIVE)[0].id
    assert len(office.of(RECEIVE)) == 1


def test_one_that_its_handler_has_dealt_with_meanwhile_is_found_too(office: LandrayOffice, opened: Opened) -> None:
    item, adapter = document(), opened()
    id_ = adapter.hand_over(item)
    office.hand_over(office.of(RECEIVE)[0], "lisi", told=False)
    assert adapter.hand_over(replace(item, again=True)) == id_
    assert len(office.of(RECEIVE)) == 1


def test_an_answer_that_comes_too_late_is_looked_for(office: LandrayOffice, opened: Opened) -> None:
    office.slow_at, office.slow_seconds = "addReview", 2.0
    item = document()
    with pytest.raises(AdapterError):
        opened(answer_seconds=0.5).hand_over(item)
    opened().hand_over(replace(item, again=True))
    assert len(office.of(RECEIVE)) == 1


def test_what_never_arrived_is_started_when_it_is_asked_for_again(office: LandrayOffice, opened: Opened) -> None:
    other = replace(document(), key=received(number=2).key)
    adapter = opened()
    adapter.hand_over(other)
    adapter.hand_over(document(again=True))
    assert len(office.of(RECEIVE)) == 2


def test_a_document_is_looked_for_through_many_to_dos(office: LandrayOffice, opened: Opened) -> None:
    item, adapter = document(), opened()
    adapter.hand_over(item)
    made = office.of(RECEIVE)[0]
    title = made.title
    for number in range(1100):
        made.title = f"别的流程 {number}"
        office.become(made, "shoufa")
    made.title = title
    assert adapter.hand_over(replace(item, again=True)) == office.of(RECEIVE)[0].id


def test_words_where_an_id_belongs_are_a_failure_that_the_settings_can_mend(
    office: LandrayOffice, opened: Opened, protocol: str
) -> None:
    receive = {**settings_of(office.url)["receive"], "template": "9" * 32}
    with pytest.raises(AdapterError, match="addReview 未成功") as caught:
        opened(protocol=protocol, receive=receive).hand_over(document())
    assert "模板不存在" in caught.value.detail
    assert caught.value.code == "ADAPTER_DOWN"


def test_words_in_gbk_are_read(office: LandrayOffice, opened: Opened, protocol: str) -> None:
    office.charset, office.people = "gb18030", {"gwjh", "shoufa"} - {"gwjh"}
    with pytest.raises(AdapterError) as caught:
        opened(protocol=protocol).hand_over(document())
    assert "找不到人员 gwjh" in caught.value.detail


@pytest.mark.parametrize("header", [False, True])
def test_a_wrong_password_says_whom_to_ask(office: LandrayOffice, opened: Opened, header: bool) -> None:
    office.password, office.in_header = "changed", header
    adapter = opened(protocol="soap", soap_header=header)
    with pytest.raises(AdapterError, match=r"401 账号或密码不对|未成功") as caught:
        adapter.hand_over(document())
    assert "secret" not in str(caught.value) + caught.value.detail


def test_account_and_password_may_stand_in_the_header_of_soap(office: LandrayOffice, opened: Opened) -> None:
    office.in_header = True
    opened(protocol="soap", soap_header=True).hand_over(document())
    assert len(office.of(RECEIVE)) == 1


def test_a_file_too_large_to_attach_is_a_link_that_people_follow_again_and_again(
    office: LandrayOffice, opened: Opened, tmp_path: Path
) -> None:
    office.largest = 10
    side, item = World().sending, document()
    for entry in item.envelope.files:
        with item.open_file(entry.sha256) as file:
            side.node.files.append("test", entry.sha256, 0, file.read())
        side.node.files.complete("test", entry.sha256, entry.size)
    place = place_in(tmp_path)
    face = replace(face_of(side), links=lambda name: place.links if name == "town" else None)
    receive = {**settings_of(office.url)["receive"], "links": "fd_lj"}
    with pytest.raises(AdapterError, match="addReview 未成功"):  # the office takes ten bytes
        opened().hand_over(item)
    with pytest.raises(AdapterError, match=r"附件一\.xlsx 超过 attachment_bytes"):
        opened(attachment_bytes=5).hand_over(item)
    with Server(create_node_app(face)) as node:
        opened(attachment_bytes=5, receive=receive, node_url=node.url).hand_over(item)
        name, url = office.of(RECEIVE)[0].fields["fd_lj"].split(" ")
        assert [httpx2.get(url).content for _ in range(2)] == [b"list \r\n\x00\xff"] * 2
    assert (name, office.of(RECEIVE)[0].files) == ("附件一.xlsx", {"通知.pdf": b"body"})


# -------------------------------------------------------------------------------------------------- to send


def sent(office: LandrayOffice, adapter: OfficeAdapter) -> EnvelopeKey:
    """A document that the office sent, whose process went on."""
    office.put_out(SEND, "通知", FORM, {"通知.pdf": b"body"})
    (draft,) = adapter.collect(UNIT)
    key = received(number=7).key
    adapter.sent(UNIT, draft.reference or "", key)
    return key


def test_a_form_that_the_office_sent_is_a_draft_with_its_files(
    office: LandrayOffice, opened: Opened, protocol: str
) -> None:
    adapter = opened(protocol=protocol)
    made = office.put_out(SEND, "通知", FORM, {"通知.pdf": b"body", "表.xlsx": b"list"})
    drafts = iter(adapter.collect(UNIT))
    draft, files = next(drafts), []
    for one in draft.files:
        with one.open() as file:
            files.append((one.name, one.role, file.read()))
    assert files == [("通知.pdf", "body", b"body"), ("表.xlsx", "attachment", b"list")]
    assert draft.metadata.title == "通知"
    adapter.sent(UNIT, draft.reference or "", received().key)
    assert (made.at, made.opinions) == ("", [f"已发送 {received().key.id}"])
    assert (made.title, made.fields["fd_cljg"]) == ("通知", f"已发送 {received().key.id}")
    assert list(adapter.collect(UNIT)) == []


def test_what_cannot_be_sent_goes_back_and_comes_again_corrected(
    office: LandrayOffice, opened: Opened, tmp_path: Path
) -> None:
    adapter = opened()
    made = office.put_out(SEND, "通知", {**FORM, "fd_cwrq": "十一月三日"}, {"正文.pdf": b"body"})
    assert list(adapter.collect(UNIT)) == []
    assert made.at == "back"
    assert "成文日期" in made.opinions[0]
    assert not list((tmp_path / ".forms-town").iterdir())
    made.fields["fd_cwrq"] = "2026-11-03"
    office.hand_over(made, "gwjh")
    (draft,) = adapter.collect(UNIT)
    adapter.refused(UNIT, draft.reference or "", "SECRECY", "发现密级标志")
    assert made.opinions[1] == "未发送 SECRECY 发现密级标志"


def test_of_two_forms_of_a_process_the_last_counts_though_it_be_as_the_first(
    office: LandrayOffice, opened: Opened
) -> None:
    adapter = opened()
    made = office.put_out(SEND, "通知", FORM, {"正文.pdf": b"body"})
    for title in ("改过的通知", "通知"):
        made.fields["fd_bt"] = title
        office.hand_over(made, "gwjh")
    (draft,) = adapter.collect(UNIT)
    assert draft.metadata.title == "通知"


def test_a_login_page_is_no_attachment(office: LandrayOffice, opened: Opened) -> None:
    adapter = opened()
    office.put_out(SEND, "通知", FORM, {"正文.pdf": b"body"})
    office.stored.clear()
    with pytest.raises(AdapterError, match=r"正文\.pdf 得到的是一个网页"):
        list(adapter.collect(UNIT))


def test_a_form_that_never_came_is_given_back_after_a_while(office: LandrayOffice, opened: Opened) -> None:
    seconds = [0.0]
    adapter = opened(lambda: seconds[0], patience_minutes=1)
    office.robot = lambda body: None
    made = office.put_out(SEND, "通知", FORM, {"正文.pdf": b"body"})
    for seconds[0] in (0.0, 59.0):
        assert list(adapter.collect(UNIT)) == []
        assert made.at == "gwjh"
    seconds[0] = 60.0
    assert list(adapter.collect(UNIT)) == []
    assert made.at == "back"
    assert "请重新提交" in made.opinions[0]
    assert made.title == "通知"


def test_a_form_of_another_template_is_given_back_too(office: LandrayOffice, opened: Opened) -> None:
    seconds = [0.0]
    adapter = opened(lambda: seconds[0], patience_minutes=1, decisions=None)
    made = office.put_out(RECEIVE, "通知", {"fd_jd": "签收"}, {})
    for seconds[0] in (0.0, 60.0):
        list(adapter.collect(UNIT))
    assert "没有这个模板" in made.opinions[0]


@pytest.mark.parametrize(("at", "days", "left"), [("lisi", 6, 1), ("lisi", 8, 0), ("gwjh", 8, 1)])
def test_a_form_that_nothing_waits_for_is_forgotten_after_a_week(
    office: LandrayOffice, opened: Opened, tmp_path: Path, at: str, days: int, left: int
) -> None:
    adapter = opened()
    made = office.put_out(SEND, "通知", FORM, {})
    office.to_dos[0].finished = True
    office.become(made, at)
    (letter,) = (tmp_path / ".forms-town").iterdir()
    letter.rename(letter.with_name(f"{time.time_ns() - days * 86_400 * 10**9:020}{letter.suffix}"))
    assert len(list(adapter.collect(UNIT))) == (at == "gwjh")
    assert len(list((tmp_path / ".forms-town").iterdir())) == left


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"fdId=1", "不是正确的 JSON"),
        (b'{"fdId": "1", "fdTemplateId": "2"}', "fdId: "),
        (json.dumps({"fdId": "1" * 32, "fdTemplateId": SEND, "formValues": "{"}).encode(), "不是正确的 JSON"),
        (json.dumps({"fdId": "1" * 32, "fdTemplateId": SEND, "files": [{"fdId": "../x"}]}).encode(), "files: "),
    ],
)
def test_what_is_no_form_is_refused_at_the_door(
    office: LandrayOffice, opened: Opened, tmp_path: Path, body: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        call(opened(), body)
    assert not list(tmp_path.glob(".forms-town/*"))


def test_the_office_calls_over_http(office: LandrayOffice, opened: Opened) -> None:
    adapter = opened()
    face = replace(face_of(World().sending), calls=lambda name: adapter.office_calls if name == "town" else None)
    with Server(create_node_app(face)) as node:

        def post(body: bytes, token: str = SECRET) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx2.post(f"{node.url}/office/town/calls", content=body, headers=headers).status_code

        assert post(b"{}") == 422
        assert post(b"{}", "guessed") == 401
        made = office.put_out(SEND, "通知", FORM, {"通知.pdf": b"body"})
        assert [post(office.form_of(made)) for _ in range(2)] == [200, 200]
    assert len(list(adapter.collect(UNIT))) == 1


# ------------------------------------------------------------------------------------------------ decisions


def test_a_return_with_its_words_is_taken_in_gbk(office: LandrayOffice, opened: Opened) -> None:
    adapter = opened()
    robot = office.robot
    office.robot = lambda body: robot(body.decode().encode("gb18030"))
    item = document()
    adapter.hand_over(item)
    (made,) = office.of(RECEIVE)
    made.fields |= {"fd_jd": "退文", "fd_blr": {"id": "1", "name": "李四"}, "fd_sm": "不属本单位"}
    office.hand_over(made, "gwjh")
    (decision,) = adapter.decisions(UNIT, lambda: ())
    assert (decision.key, decision.event) == (item.key, Event.RETURNED)
    assert (decision.person, decision.text) == ("李四", "不属本单位")
    adapter.decided(UNIT, decision.reference, None)
    assert (made.at, made.opinions) == ("", ["已办理"])


def test_two_decisions_about_one_document_are_two(office: LandrayOffice, opened: Opened) -> None:
    adapter = opened()
    adapter.hand_over(document())
    (made,) = office.of(RECEIVE)
    references = []
    for word in ("签收", "反馈"):
        made.fields |= {"fd_jd": word, "fd_blr": "李四"}
        office.hand_over(made, "gwjh")
        (decision,) = adapter.decisions(UNIT, lambda: ())
        references.append(decision.reference)
        adapter.decided(UNIT, decision.reference, None)
    assert len(set(references)) == 2


# ------------------------------------------------------------------------------------------------- receipts


def test_receipts_are_rows_in_the_form_of_what_was_sent(office: LandrayOffice, opened: Opened, protocol: str) -> None:
    adapter = opened(protocol=protocol)
    key = sent(office, adapter)
    for number, event in ((2, Event.SIGNED), (1, Event.DELIVERED), (2, Event.SIGNED)):
        adapter.tell(UNIT, about(key, number, event, minute=number), b"<Receipt/>")
    (made,) = office.of(SEND)
    assert made.fields["fd_hz.sj"] == ["已送达", "已签收"]
    assert made.fields["fd_hz.shijian"] == ["2026-11-03 16:01:00", "2026-11-03 16:02:00"]
    assert (made.title, made.creator) == ("通知", "wangfang")
    assert office.news("shoufa") == []


@pytest.mark.parametrize("failure", ["", "cut_at"])
def test_news_are_told_once_and_open_the_document(office: LandrayOffice, opened: Opened, failure: str) -> None:
    adapter = opened()
    key = sent(office, adapter)
    if failure:
        office.cut_at = "sendTodo"
        with pytest.raises(AdapterError):
            adapter.tell(UNIT, about(key, 1, Event.RETURNED), b"<Receipt/>")
    for _ in range(2):
        adapter.tell(UNIT, about(key, 1, Event.RETURNED), b"<Receipt/>")
        for one in office.news("shoufa"):
            one.finished = True  # read, and told no second time
    (news,) = office.news("shoufa")
    assert news.subject.startswith("退文 ")
    assert news.document == office.of(SEND)[0].id
    assert office.of(SEND)[0].fields["fd_hz.sj"] == ["退文"]


def test_a_recall_of_a_received_document_is_news_at_its_process(office: LandrayOffice, opened: Opened) -> None:
    adapter, item = opened(), document()
    id_ = adapter.hand_over(item)
    adapter.tell(UNIT, about(item.key, 1, Event.RECALL_REQUESTED), b"<Receipt/>")
    (news,) = office.news("shoufa")
    assert news.document == id_
    assert "关于做好秋季森林防火工作的通知" in news.subject


def test_receipts_of_a_process_that_is_gone_are_news_and_hold_up_nothing(office: LandrayOffice, opened: Opened) -> None:
    adapter = opened()
    key = sent(office, adapter)
    office.delete(office.of(SEND)[0])
    adapter.tell(UNIT, about(key, 1, Event.SIGNED), b"<Receipt/>")
    assert [one.subject.split(" ")[0] for one in office.news("shoufa")] == ["已签收"]


# ----------------------------------------------------------------------------------------------------- else


def test_it_is_found_by_its_name() -> None:
    assert find_adapter("landray").Settings is LandraySettings


def test_the_check_names_controls_and_people_that_are_not_there(office: LandrayOffice, opened: Opened) -> None:
    assert list(opened().check([UNIT])) == []
    settings = settings_of(office.url)
    receive = {**settings["receive"], "fields": {"标题": "fd_title"}, "handler": "nobody"}
    receipts = {**settings["receipts"], "text": "shuoming"}
    found = {one.where: one.found for one in opened(receive=receive, receipts=receipts).check([UNIT, SENDER])}
    assert set(found) == {"url", "receive.fields.Title", "receive.handler", "receipts"}
    assert "没有字段“fd_title”" in found["receive.fields.Title"]
    assert "没有字段“shuoming”" in found["receipts"]
    assert "登录名 nobody" in found["receive.handler"]
    assert "getTodo 未成功" in found["receive.handler"]


def test_controls_that_nobody_listed_are_not_compared(office: LandrayOffice, opened: Opened) -> None:
    receive = {**settings_of(office.url)["receive"], "controls": [], "fields": {"标题": "fd_title"}}
    assert list(opened(receive=receive).check([UNIT])) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"calls": None}, "calls: "),
        ({"send": None}, "receipts: "),
        ({"receive": {"template": "GWSW_01", "attachments": "fd_fj", "handler": "shoufa"}}, "template"),
        ({"receive": {"template": RECEIVE, "attachments": "fd_fj", "handler": "shoufa", "links": "fd_lj"}}, "node_url"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(
    opened: Opened, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        opened(**changes)
