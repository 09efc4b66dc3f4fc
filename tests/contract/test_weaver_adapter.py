"""The Weaver adapter against a simulated office: what real ones do to those that talk to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.adapters.registry import Place, load_adapter
from exchange.conformance.benches.weaver import make_workflows, settings_of
from exchange.errors import AdapterError, InputError
from exchange.model.events import Event
from exchange.ports.office import Draft, HandOver, OfficeAdapter
from exchange.testing.weaver import WeaverOffice
from exchange.web.node_api.app import create_node_app
from exchange.web.serve import Server
from tests.unit.adapters.offices import SENDER, UNIT, received
from tests.unit.services.hub_and_node import World
from tests.unit.web.node_api.programs import face_of

Opened = Callable[..., OfficeAdapter]


@pytest.fixture
def office() -> Iterator[WeaverOffice]:
    with WeaverOffice() as made:
        make_workflows(made)
        yield made


@pytest.fixture
def opened(office: WeaverOffice, tmp_path: Path) -> Iterator[Opened]:
    made: list[OfficeAdapter] = []

    def open_(**changes: object) -> OfficeAdapter:
        table = {"adapter": "weaver", **settings_of(office.url, **changes)}
        made.append(load_adapter(table, Place(name="town", data=tmp_path, offices=tmp_path)))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def document(*, again: bool = False) -> HandOver:
    item = received(("通知.pdf", b"body"), ("附件一.xlsx", b"list"))
    return replace(
        item, envelope=replace(item.envelope, created=datetime.now(UTC)), sender_name="区政府办", again=again
    )


@pytest.mark.parametrize("secret_name", ["secrit", "secret"])
def test_a_received_document_starts_the_workflow_with_its_fields_and_files(
    office: WeaverOffice, opened: Opened, secret_name: str
) -> None:
    office.secret_name = secret_name
    item = document()
    id_ = opened().hand_over(item)
    (made,) = office.of("781")
    assert (made.id, made.files) == (id_, {"通知.pdf": b"body", "附件一.xlsx": b"list"})
    assert made.fields["jhbh"] == f"{SENDER}_{item.key.id}"
    assert made.fields["lwjg"] == "区政府办"


def test_the_office_fetches_files_by_links_that_work_once(office: WeaverOffice, opened: Opened, tmp_path: Path) -> None:
    side, item = World().sending, document()
    for entry in item.envelope.files:
        with item.open_file(entry.sha256) as file:
            side.node.files.append("test", entry.sha256, 0, file.read())
        side.node.files.complete("test", entry.sha256, entry.size)
    place = Place(name="town", data=tmp_path, offices=tmp_path)
    face = replace(face_of(side), links=lambda name: place.links if name == "town" else None)
    with Server(create_node_app(face)) as node:
        opened(files_by="link", node_url=node.url).hand_over(item)
    assert office.of("781")[0].files == {"通知.pdf": b"body", "附件一.xlsx": b"list"}
    assert not list((tmp_path / ".links-town").iterdir())


def test_it_registers_once_and_again_only_when_it_gets_no_token(office: WeaverOffice, opened: Opened) -> None:
    opened().hand_over(document())
    opened().hand_over(document())
    assert sum("regist" in one for one in office.asked) == 1
    office.forget_registration()
    opened().hand_over(document())
    assert sum("regist" in one for one in office.asked) == 2


def test_a_token_that_has_expired_is_renewed(office: WeaverOffice, opened: Opened) -> None:
    adapter = opened()
    adapter.hand_over(document())
    office.expire_tokens()
    adapter.hand_over(document())
    assert len(office.of("781")) == 2


def test_an_office_that_registers_nobody_says_whom_to_ask(office: WeaverOffice, opened: Opened) -> None:
    office.whitelisted = False
    with pytest.raises(AdapterError, match="白名单"):
        opened().hand_over(document())


@pytest.mark.parametrize("failure", ["cut_at", "double_at"])
def test_a_workflow_whose_answer_was_lost_or_came_twice_is_found(
    office: WeaverOffice, opened: Opened, failure: str
) -> None:
    setattr(office, failure, "doCreateRequest")
    item, adapter = document(), opened()
    with pytest.raises(AdapterError):
        adapter.hand_over(item)
    assert adapter.hand_over(replace(item, again=True)) == office.of("781")[0].id
    assert len(office.of("781")) == 1


def test_an_answer_that_comes_too_late_is_looked_for(office: WeaverOffice, opened: Opened) -> None:
    office.slow_at, office.slow_seconds = "doCreateRequest", 2.0
    item = document()
    with pytest.raises(AdapterError):
        opened(answer_seconds=0.5).hand_over(item)
    opened().hand_over(replace(item, again=True))
    assert len(office.of("781")) == 1


def test_a_field_that_the_office_has_not_is_not_the_documents_fault(office: WeaverOffice, opened: Opened) -> None:
    receive = {**settings_of(office.url)["receive"], "fields": {"标题": "biaoti"}}
    adapter = opened(receive=receive)
    with pytest.raises(AdapterError) as caught:
        adapter.hand_over(document())
    assert "PARAM_ERROR：biaoti" in caught.value.message
    assert caught.value.code == "ADAPTER_DOWN"
    (misfit,) = adapter.check([UNIT])
    assert (misfit.where, "biaoti" in misfit.found) == ("receive.fields.Title", True)


def test_what_cannot_be_sent_goes_back_with_the_reason(office: WeaverOffice, opened: Opened) -> None:
    faulty = {"bt": "通知", "wz": "通知", "swdw": "各镇乡", "fwjg": "某镇", "cwrq": "十一月三日", "ngr": "王"}
    made = office.put_out("782", "通知", faulty, {"正文.pdf": b"body"})
    assert list(opened().collect(UNIT)) == []
    assert made.node == "back"
    assert "成文日期" in made.remarks[0]


def test_a_return_with_its_words_is_taken_in_gbk(office: WeaverOffice, opened: Opened) -> None:
    office.charset = "gb18030"
    fields = {"jhbh": f"{SENDER}_{received().key.id}", "jd": "退文", "blr": "李四", "sm": "不属本单位"}
    made = office.put_out("781", "通知", fields, {})
    adapter = opened()
    (decision,) = adapter.decisions(UNIT, lambda: ())
    assert (decision.event, decision.person, decision.text) == (Event.RETURNED, "李四", "不属本单位")
    adapter.decided(UNIT, decision.reference, None)
    assert (made.node, made.remarks) == ("", ["已办理"])


def test_links_without_a_node_to_fetch_from_are_a_setting(opened: Opened) -> None:
    with pytest.raises(InputError, match="node_url"):
        opened(files_by="link")


def test_a_login_page_is_no_attachment_and_holds_up_no_other_document(office: WeaverOffice, opened: Opened) -> None:
    adapter = opened()
    fields = {"bt": "通知", "wz": "通知", "swdw": SENDER, "fwjg": "镇政府", "cwrq": "2026-11-03", "ngr": "王芳"}
    page = b"<!DOCTYPE html><html>login</html>"
    expired = office.put_out("782", "通知", fields, {"正文.pdf": page})
    office.put_out("782", "通知", fields | {"bt": "另一件"}, {"正文.pdf": b"other"})
    titles: list[str] = []
    with pytest.raises(AdapterError, match=r"正文\.pdf 得到的是一个网页"):
        titles.extend(draft.metadata.title for draft in adapter.collect(UNIT))
    assert titles == ["另一件"]
    expired.files = {"正文.pdf": b"body"}
    assert [draft.metadata.title for draft in adapter.collect(UNIT)] == ["通知", "另一件"]


def test_a_form_that_the_office_does_not_show_holds_up_no_other(office: WeaverOffice, opened: Opened) -> None:
    adapter = opened()
    fields = {"bt": "通知", "wz": "通知", "swdw": SENDER, "fwjg": "镇政府", "cwrq": "2026-11-03", "ngr": "王芳"}
    decided = {"jhbh": f"{SENDER}_{received().key.id}", "jd": "签收", "blr": "李四", "sm": ""}
    office.hidden = {office.put_out("782", "通知", fields, {}).id, office.put_out("781", "通知", decided, {}).id}
    office.put_out("782", "通知", fields | {"bt": "另一件"}, {"正文.pdf": b"other"})
    office.put_out("781", "通知", decided, {"批示.jpg": b"nobody reads it"})
    found: list[object] = []
    for waiting in (adapter.collect(UNIT), adapter.decisions(UNIT, lambda: ())):
        with pytest.raises(AdapterError):
            found.extend(one.metadata.title if isinstance(one, Draft) else one.person for one in waiting)
    assert found == ["另一件", "李四"]
    assert sum("getRequestResources" in one for one in office.asked) == 1
