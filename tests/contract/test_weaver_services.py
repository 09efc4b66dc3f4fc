"""The Weaver adapter by SOAP against a simulated office: what older sites do to those that talk to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.adapters.registry import Place, load_adapter
from exchange.conformance.benches.weaver import make_workflows, settings_of
from exchange.errors import AdapterError, InputError
from exchange.model.events import Event
from exchange.ports.office import HandOver, OfficeAdapter
from exchange.testing.office_server import Asked
from exchange.testing.weaver_services import WeaverServicesOffice
from exchange.web.node_api.app import create_node_app
from exchange.web.serve import Server
from tests.unit.adapters.offices import SENDER, UNIT, received
from tests.unit.services.hub_and_node import World
from tests.unit.web.node_api.programs import face_of

Opened = Callable[..., OfficeAdapter]


@pytest.fixture
def office() -> Iterator[WeaverServicesOffice]:
    with WeaverServicesOffice() as made:
        make_workflows(made)
        yield made


@pytest.fixture
def opened(office: WeaverServicesOffice, tmp_path: Path) -> Iterator[Opened]:
    made: list[OfficeAdapter] = []
    (tmp_path / "password").write_text("secret", encoding="utf-8")

    def open_(**changes: object) -> OfficeAdapter:
        soap = {"interface": "soap", "appid": "", "login_name": "gwjh", "password_file": "password", **changes}
        table = {"adapter": "weaver", **settings_of(office.url, **soap)}
        made.append(load_adapter(table, Place(name="town", data=tmp_path, offices=tmp_path)))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def document(*, again: bool = False) -> HandOver:
    item = received(("通知.pdf", b"body"), ("附件一.xlsx", b"list"), ("附件二.xlsx", b"more"))
    return replace(
        item, envelope=replace(item.envelope, created=datetime.now(UTC)), sender_name="区政府办", again=again
    )


FILES = {"通知.pdf": b"body", "附件一.xlsx": b"list", "附件二.xlsx": b"more"}
SENT = {"bt": "通知", "wz": "通知", "swdw": UNIT, "fwjg": "某镇", "cwrq": "2026-03-01", "ngr": "王"}


def test_a_received_document_starts_the_workflow_with_its_fields_and_files(
    office: WeaverServicesOffice, opened: Opened
) -> None:
    item = document()
    id_ = opened().hand_over(item)
    (made,) = office.of("781")
    assert (made.id, made.files, made.fields["lwjg"]) == (id_, FILES, "区政府办")
    assert made.fields["jhbh"] == f"{SENDER}_{item.key.id}"
    assert all("/services/" in one for one in office.asked)


def test_the_office_fetches_files_by_links(office: WeaverServicesOffice, opened: Opened, tmp_path: Path) -> None:
    side, item = World().sending, document()
    for entry in item.envelope.files:
        with item.open_file(entry.sha256) as file:
            side.node.files.append("test", entry.sha256, 0, file.read())
        side.node.files.complete("test", entry.sha256, entry.size)
    place = Place(name="town", data=tmp_path, offices=tmp_path)
    face = replace(face_of(side), links=lambda name: place.links if name == "town" else None)
    with Server(create_node_app(face)) as node:
        opened(files_by="link", node_url=node.url).hand_over(item)
    assert office.of("781")[0].files == FILES


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_what_waits_is_taken_with_its_files(office: WeaverServicesOffice, opened: Opened, charset: str) -> None:
    office.charset = charset
    made = office.put_out("782", "通知", SENT, {"正文.pdf": b"body", "附件.xlsx": b"list"})
    adapter = opened()
    (draft,) = adapter.collect(UNIT)
    assert (draft.metadata.title, [file.name for file in draft.files]) == ("通知", ["正文.pdf", "附件.xlsx"])
    assert draft.reference is not None
    adapter.sent(UNIT, draft.reference, document().key)
    assert (made.node, made.fields["cljg"]) == ("", f"已发送 {document().key.id}")


def test_a_return_with_its_words_is_taken_in_gbk(office: WeaverServicesOffice, opened: Opened) -> None:
    office.charset = "gb18030"
    fields = {"jhbh": f"{SENDER}_{received().key.id}", "jd": "退文", "blr": "李四", "sm": "不属本单位"}
    made = office.put_out("781", "通知", fields, {})
    adapter = opened()
    (decision,) = adapter.decisions(UNIT, lambda: ())
    assert (decision.event, decision.person, decision.text) == (Event.RETURNED, "李四", "不属本单位")
    adapter.decided(UNIT, decision.reference, None)
    assert (made.node, made.remarks) == ("", ["已办理"])


@pytest.mark.parametrize(
    ("number", "said"), [("-2", "创建权限"), ("-4", "核对字段"), ("-6", "操作者"), ("0", "未成功")]
)
def test_a_number_below_one_says_what_is_wrong_and_is_asked_again(
    office: WeaverServicesOffice, opened: Opened, number: str, said: str
) -> None:
    office.number = number
    adapter, item = opened(), document()
    with pytest.raises(AdapterError, match=said) as caught:
        adapter.hand_over(item)
    assert caught.value.retryable
    adapter.hand_over(replace(item, again=True))
    assert len(office.of("781")) == 1


def test_a_fault_is_an_error_with_its_words(office: WeaverServicesOffice, opened: Opened) -> None:
    office.fault = "IP不在允许范围"
    with pytest.raises(AdapterError, match="未成功") as caught:
        opened().hand_over(document())
    assert caught.value.detail == "IP不在允许范围"
    assert office.of("781") == []


def test_a_page_in_a_200_is_no_answer(
    office: WeaverServicesOffice, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(_asked: Asked) -> str:
        return "<!DOCTYPE html><html>登录</html>"

    monkeypatch.setattr(office, "answer", page)
    with pytest.raises(AdapterError, match="登录页"):
        opened().hand_over(document())


@pytest.mark.parametrize("failure", ["cut_at", "double_at"])
def test_a_workflow_whose_answer_was_lost_or_came_twice_is_found(
    office: WeaverServicesOffice, opened: Opened, failure: str
) -> None:
    setattr(office, failure, "WorkflowService")
    item, adapter = document(), opened()
    with pytest.raises(AdapterError):
        adapter.hand_over(item)
    assert adapter.hand_over(replace(item, again=True)) == office.of("781")[0].id
    assert len(office.of("781")) == 1


@pytest.mark.parametrize("conditions", [("t1.workflowid={workflow}", "t1.createdate>='{since}'"), ()])
def test_an_answer_that_comes_too_late_is_looked_for(
    office: WeaverServicesOffice, opened: Opened, conditions: tuple[str, ...]
) -> None:
    office.slow_at, office.slow_seconds = "WorkflowService", 2.0
    item = document()
    with pytest.raises(AdapterError):
        opened(answer_seconds=0.5).hand_over(item)
    opened(conditions=conditions).hand_over(replace(item, again=True))
    assert len(office.of("781")) == 1


def test_a_session_that_has_ended_is_renewed(office: WeaverServicesOffice, opened: Opened) -> None:
    adapter = opened()
    office.put_out("782", "通知", SENT, {"正文.pdf": b"body"})
    assert len(list(adapter.collect(UNIT))) == 1
    office.end_sessions()
    assert len(list(adapter.collect(UNIT))) == 1


def test_a_wrong_password_says_so(office: WeaverServicesOffice, opened: Opened, tmp_path: Path) -> None:
    office.put_out("782", "通知", SENT, {"正文.pdf": b"body"})
    adapter = opened()
    (tmp_path / "password").write_text("wrong", encoding="utf-8")
    wrong = opened()
    with pytest.raises(AdapterError, match="login_name"):
        list(wrong.collect(UNIT))
    assert len(list(adapter.collect(UNIT))) == 1


def test_a_file_too_large_for_an_answer_goes_back_with_the_reason(office: WeaverServicesOffice, opened: Opened) -> None:
    large = office.put_out("782", "通知", SENT, {"正文.pdf": b"body" * (2 << 20)})
    office.put_out("782", "通知", SENT, {"正文.pdf": b"body"})
    assert len(list(opened().collect(UNIT))) == 1
    assert large.node == "back"
    assert "7 MB" in large.remarks[0]


def test_a_field_that_the_office_has_not_is_named_by_the_check(office: WeaverServicesOffice, opened: Opened) -> None:
    receive = {**settings_of(office.url)["receive"], "fields": {"标题": "biaoti"}}
    (misfit,) = opened(receive=receive).check([UNIT])
    assert (misfit.where, "biaoti" in misfit.found) == ("receive.fields.Title", True)


@pytest.mark.parametrize(
    ("changes", "named"), [({"login_name": ""}, "login_name"), ({"interface": "rest"}, "appid")], ids=["soap", "rest"]
)
def test_what_an_interface_needs_is_a_setting(opened: Opened, changes: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        opened(**changes)
