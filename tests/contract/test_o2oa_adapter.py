"""The O2OA adapter against a simulated office: what real ones do to those that talk to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exchange.adapters.registry import Place, load_adapter
from exchange.conformance.benches.o2oa import make_processes, settings_of
from exchange.errors import AdapterError, InputError
from exchange.model.envelope import FileRole
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.ports.office import HandOver, OfficeAdapter
from exchange.testing.o2oa import O2oaOffice
from exchange.trust.sso import SsoCipher
from tests.unit.adapters.offices import SENDER, UNIT, received

Opened = Callable[..., OfficeAdapter]


@pytest.fixture
def office() -> Iterator[O2oaOffice]:
    with O2oaOffice() as made:
        make_processes(made)
        yield made


@pytest.fixture
def opened(office: O2oaOffice, tmp_path: Path) -> Iterator[Opened]:
    """Adapters with the settings that fit the office, but for the changes given."""
    (tmp_path / "secret").write_text(office.key)
    made: list[OfficeAdapter] = []

    def open_(**changes: object) -> OfficeAdapter:
        table = {"adapter": "o2oa", "secret_file": "secret", **settings_of(office.url, **changes)}
        made.append(load_adapter(table, Place(name="town", data=tmp_path, offices=tmp_path)))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def changed(part: str, **changes: object) -> dict[str, Any]:
    """One table of the settings that fit, but for the changes."""
    return {part: {**settings_of("")[part], **changes}}


def document(*blobs: tuple[str, bytes], again: bool = False) -> HandOver:
    item = received(*(blobs or (("通知.pdf", b"body"), ("附件一.xlsx", b"list"))))
    body, *others = item.envelope.files
    files = (body, *(replace(one, role=FileRole.ATTACHMENT) for one in others))
    envelope = replace(item.envelope, created=datetime.now(UTC), files=files)
    return replace(item, envelope=envelope, sender_name="区政府办", again=again)


def receipt() -> Receipt:
    return Receipt(
        id=ReceiptId("0b6e2f0e-0d7c-4a57-8c43-000000000001"),
        hub="hub.520304",
        event=Event.SIGNED,
        actor=Actor(speaker=Speaker.PERSON, unit=SENDER, person="李强"),
        at=datetime.now(UTC),
        subject=Subject(envelope=replace(received().key, sender=UNIT), digest="0" * 64, recipient=SENDER),
    )


def logins(office: O2oaOffice) -> int:
    return sum("authentication/jaxrs" in one for one in office.asked)


# ---------------------------------------------------------------------------------------------- hand-over


def test_a_received_document_starts_the_process_and_is_passed_on_once_its_files_are_there(
    office: O2oaOffice, opened: Opened
) -> None:
    item = document()
    id_ = opened().hand_over(item)
    (made,) = office.of("swgl")
    assert (f"job-{made.id}", made.node, made.to_do) == (id_, "办理", "")
    assert [(one["name"], one["site"], one["bytes"]) for one in made.files] == [
        ("通知.pdf", "zw", b"body"),
        ("附件一.xlsx", "fj", b"list"),
    ]
    assert made.data["jhbh"] == f"{SENDER}_{item.key.id}"
    assert (made.data["subject"], made.data["lwdw"], made.data["hj"]) == (made.title, "区政府办", "0")


@pytest.mark.parametrize("failure", ["cut_at", "double_at"])
@pytest.mark.parametrize("at", ["/process/swgl", "/upload/work/work-1001", "/processing"])
def test_whatever_answer_was_lost_or_came_twice_people_see_one_document_with_its_files_once(
    office: O2oaOffice, opened: Opened, failure: str, at: str
) -> None:
    setattr(office, failure, at)
    item, adapter = document(), opened()
    with pytest.raises(AdapterError):
        adapter.hand_over(item)
    assert getattr(office, failure) == "", "the failure was not met"
    (made,) = office.of("swgl")
    assert adapter.hand_over(replace(item, again=True)) == f"job-{made.id}"
    assert [one.node for one in office.of("swgl")] == ["办理"]
    assert made.texts == {"通知.pdf": b"body", "附件一.xlsx": b"list"}
    assert adapter.hand_over(replace(item, again=True)) == f"job-{made.id}"
    assert len(office.of("swgl")) == 1


def test_what_the_office_starts_after_we_gave_up_waits_with_us_and_reaches_nobody(
    office: O2oaOffice, opened: Opened
) -> None:
    item, adapter = document(), opened()
    office.slow_create = True
    with pytest.raises(AdapterError):
        adapter.hand_over(item)
    office.slow_create = False
    id_ = adapter.hand_over(replace(item, again=True))
    office.catch_up()
    assert [one.node for one in office.of("swgl")] == ["办理", "登记"]
    assert adapter.hand_over(replace(item, again=True)) == id_
    assert list(adapter.decisions(UNIT, lambda: ())) == []
    assert [one.node for one in office.of("swgl")] == ["办理", "登记"]


def test_an_answer_that_comes_too_late_is_looked_for(office: O2oaOffice, opened: Opened) -> None:
    office.slow_at, office.slow_seconds = "/process/swgl", 2.0
    item = document()
    with pytest.raises(AdapterError):
        opened(answer_seconds=0.5).hand_over(item)
    opened().hand_over(replace(item, again=True))
    assert [one.node for one in office.of("swgl")] == ["办理"]


def test_a_document_is_found_when_its_process_has_ended(office: O2oaOffice, opened: Opened) -> None:
    item, adapter = document(), opened()
    id_ = adapter.hand_over(item)
    office.arrive(office.of("swgl")[0], "")
    assert adapter.hand_over(replace(item, again=True)) == id_
    assert len(office.of("swgl")) == 1


def test_it_is_found_among_more_than_a_page_of_others_with_its_title(office: O2oaOffice, opened: Opened) -> None:
    item, adapter = document(), opened()
    id_ = adapter.hand_over(item)
    first = office.of("swgl")[0]
    office.works += [
        replace(first, id=f"work-0{number}", data={"jhbh": f"other {number}"}) for number in range(70)
    ]  # above the largest page that the office gives, which silently gives shorter ones
    assert adapter.hand_over(replace(item, again=True)) == id_


def test_a_title_that_is_too_long_for_the_office_is_found_again(office: O2oaOffice, opened: Opened) -> None:
    item = document()
    metadata = replace(item.envelope.metadata, title="关于做好100%覆盖_工作的" + "通知" * 80)
    item = replace(item, envelope=replace(item.envelope, metadata=metadata))
    id_ = opened().hand_over(item)
    (made,) = office.of("swgl")
    assert len(made.title.encode()) <= 255
    assert made.data["subject"] == metadata.title
    made.title = made.data["subject"]  # as the office does when people save the form
    assert opened().hand_over(replace(item, again=True)) == id_


@pytest.mark.parametrize(("name", "said"), [("大.pdf", "大小超过限制"), ("没有扩展名", "文件名称无效")])
def test_a_file_that_the_office_never_takes_is_said_so(
    office: O2oaOffice, opened: Opened, name: str, said: str
) -> None:
    office.largest_mb = 1
    with pytest.raises(AdapterError, match=said) as caught:
        opened().hand_over(document((name, b"x" * (2 << 20))))
    assert caught.value.code == "OA_REJECTED"


def test_errors_within_a_200_are_errors(office: O2oaOffice, opened: Opened) -> None:
    office.inside_200, office.identities = True, []
    with pytest.raises(AdapterError, match="指定用户没有找到身份") as caught:
        opened().hand_over(document())
    assert caught.value.code == "ADAPTER_DOWN"  # mended in the office, it goes on


def test_a_user_without_an_identity_is_said_so(office: O2oaOffice, opened: Opened) -> None:
    office.identities = []
    with pytest.raises(AdapterError, match="指定用户没有找到身份"):
        opened().hand_over(document())


def test_a_receipt_whose_answer_was_lost_is_shown_once(office: O2oaOffice, opened: Opened) -> None:
    adapter, office.cut_at = opened(), "/processing"
    with pytest.raises(AdapterError):
        adapter.tell(UNIT, receipt(), b"<Receipt/>")
    adapter.tell(UNIT, receipt(), b"<Receipt/>")
    adapter.tell(UNIT, receipt(), b"<Receipt/>")
    (made,) = office.of("jhhz")
    assert (made.node, made.data["sj"], made.data["blr"]) == ("阅知", "已签收", "李强")


# --------------------------------------------------------------------------------------------- who we are


@pytest.mark.parametrize("old", [False, True])
def test_a_token_that_has_expired_is_renewed_and_the_whole_file_is_sent(
    office: O2oaOffice, opened: Opened, old: bool
) -> None:
    """Though the office believes a cookie before the token that is sent."""
    office.old = old
    adapter = opened()
    adapter.hand_over(document())
    office.expire_tokens()
    adapter.hand_over(document(("大.pdf", b"x" * 100_000)))
    assert office.of("swgl")[1].texts == {"大.pdf": b"x" * 100_000}
    assert logins(office) == 2


@pytest.mark.parametrize("old", [False, True])
def test_a_token_that_expires_between_two_files_is_renewed(office: O2oaOffice, opened: Opened, old: bool) -> None:
    office.old = old
    office.put_out("fwgl", "通知", settings_of_draft(), {"正文.pdf": b"body"}, node="交换发送")
    adapter = opened()
    drafts = iter(adapter.collect(UNIT))
    served: list[str] = []
    office_answer = office.answer

    def answer(asked: Any) -> object:
        if "/download/" in asked.path and not served:
            served.append(asked.path)
            office.expire_tokens()
        return office_answer(asked)

    office.answer = answer  # type: ignore[method-assign]
    draft = next(drafts)
    with draft.files[0].open() as file:
        assert file.read() == b"body"
    assert logins(office) == 2


@pytest.mark.parametrize("cipher", ["des", "aes"])
def test_either_cipher_of_the_sign_on_and_the_password_let_us_in(
    office: O2oaOffice, opened: Opened, tmp_path: Path, cipher: SsoCipher
) -> None:
    office.cipher = cipher
    assert list(opened(cipher=cipher).check([UNIT])) == []
    (tmp_path / "secret").write_text(office.password)
    assert list(opened(login="password").check([UNIT])) == []


def test_a_key_that_was_changed_is_read_anew(office: O2oaOffice, opened: Opened, tmp_path: Path) -> None:
    adapter = opened()
    adapter.hand_over(document())
    office.key = "another-key"
    office.expire_tokens()
    (tmp_path / "secret").write_text(office.key)
    adapter.hand_over(document())
    assert len(office.of("swgl")) == 2


def test_an_account_that_is_refused_is_not_tried_again_at_once(
    office: O2oaOffice, opened: Opened, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("wrong")
    adapter = opened(login="password")
    for _ in range(5):
        with pytest.raises(AdapterError, match="密码不对"):
            list(adapter.collect(UNIT))
    assert logins(office) == 1
    (tmp_path / "secret").write_text(office.password)
    assert list(adapter.check([UNIT])) == []  # somebody asks: now


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client": "other"}, "没有这个单点登录"),
        ({"user": "nobody"}, "没有这个用户"),
        ({"cipher": "aes"}, "密钥或加密方式不符"),
    ],
)
def test_a_sign_on_that_fails_says_why(office: O2oaOffice, opened: Opened, changes: dict[str, str], said: str) -> None:
    with pytest.raises(AdapterError, match=said) as caught:
        list(opened(**changes).check([UNIT]))
    assert "token:" not in str(caught.value) + caught.value.detail  # the office repeats what was sent


def test_clocks_that_differ_are_said_so(office: O2oaOffice, opened: Opened) -> None:
    office.clock_seconds = 61.0
    with pytest.raises(AdapterError, match="时钟"):
        list(opened().check([UNIT]))


def test_a_key_too_short_for_the_cipher_is_a_setting(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short")
    with pytest.raises(InputError, match=r"offices\.town\.secret_file"):
        opened()


# ------------------------------------------------------------------------------------ sent, decided, check


def settings_of_draft(**changes: object) -> dict[str, Any]:
    draft = {
        "subject": "通知",
        "wz": "通知",
        "swdw": [{"name": "各镇乡", "distinguishedName": "各镇乡@77@U"}],
        "fwjg": "某镇",
        "cwrq": "2026-11-03",
        "ngr": "王芳@77@P",
    }
    return {**draft, **changes}


def test_a_form_to_send_is_read_as_people_see_it_and_its_body_comes_first(office: O2oaOffice, opened: Opened) -> None:
    made = office.put_out("fwgl", "通知", settings_of_draft(), {"表.xlsx": b"list"}, node="交换发送")
    made.files.append({"id": "file-1", "name": "正文.ofd", "length": 4, "site": "zw", "bytes": b"body"})
    adapter = opened()
    (draft,) = adapter.collect(UNIT)
    assert [(file.name, file.role) for file in draft.files] == [("正文.ofd", "body"), ("表.xlsx", "attachment")]
    assert (draft.operator, [one.to for one in draft.to]) == ("王芳", ["各镇乡"])
    adapter.sent(UNIT, draft.reference or "", received().key)
    assert (made.node, made.opinions, made.title) == ("", [f"已发送 {received().key.id}"], "通知")
    assert made.data["cljg"] == f"已发送 {received().key.id}"
    adapter.sent(UNIT, draft.reference or "", received().key)  # the node died before it knew
    assert made.opinions == [f"已发送 {received().key.id}"]


def test_a_form_without_title_keeps_that_of_its_process(office: O2oaOffice, opened: Opened) -> None:
    send = changed("send", fields={**settings_of("")["send"]["fields"], "标题": "bt"})
    office.processes[1].fields.append("bt")
    made = office.put_out("fwgl", "通知", settings_of_draft(subject="", bt="通知"), {"正.pdf": b"b"}, node="交换发送")
    adapter = opened(**send)
    (draft,) = adapter.collect(UNIT)
    adapter.sent(UNIT, draft.reference or "", received().key)
    assert made.title == "通知"


def test_what_cannot_be_sent_goes_back_with_the_reason(office: O2oaOffice, opened: Opened) -> None:
    faulty = settings_of_draft(cwrq="十一月三日")
    made = office.put_out("fwgl", "通知", faulty, {"正文.pdf": b"body"}, node="交换发送")
    assert list(opened().collect(UNIT)) == []
    assert made.node == "拟稿"
    assert "成文日期" in made.opinions[0]


def test_a_return_with_its_words_is_taken(office: O2oaOffice, opened: Opened) -> None:
    fields = {"jhbh": f"{SENDER}_{received().key.id}", "jd": "退文", "blr": "李四@78@P", "sm": "不属本单位"}
    made = office.put_out("swgl", "通知", fields, {}, node="交换传回")
    adapter = opened()
    (decision,) = adapter.decisions(UNIT, lambda: ())
    assert (decision.event, decision.person, decision.text) == (Event.RETURNED, "李四", "不属本单位")
    adapter.decided(UNIT, decision.reference, None)
    assert (made.node, made.opinions) == ("", ["已办理"])


def test_a_decision_that_names_no_document_goes_back(office: O2oaOffice, opened: Opened) -> None:
    made = office.put_out("swgl", "通知", {"jhbh": "?", "jd": "签收", "blr": "李四"}, {}, node="交换传回")
    assert list(opened().decisions(UNIT, lambda: ())) == []
    assert made.node == "办理"
    assert "未办理" in made.opinions[0]


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        (changed("receive", process="nothing"), "receive", "流程不存在"),
        (changed("receive", fields={"标题": "biaoti"}), "receive.fields.Title", "biaoti"),
        (changed("receive", attachments="fujian"), "receive", "fujian"),
        (changed("receive", route="送阅"), "receive", "没有路由“送阅”"),
        (changed("send", activity="交换"), "send", "没有环节“交换”"),
        (changed("send", back="驳回"), "send", "没有路由“驳回”"),
        (changed("decisions", person="xm"), "decisions", "xm"),
        (changed("receipts", receipt="bh"), "receipts", "bh"),
    ],
)
def test_the_check_names_what_the_office_has_not(
    office: O2oaOffice, opened: Opened, changes: dict[str, Any], where: str, said: str
) -> None:
    assert list(opened().check([UNIT])) == []
    (misfit,) = opened(**changes).check([UNIT])
    assert (misfit.where, said in misfit.found) == (where, True), misfit


def test_a_process_whose_first_node_is_no_ones_is_not_started(office: O2oaOffice, opened: Opened) -> None:
    office.processes[0].nodes.clear()
    with pytest.raises(AdapterError, match="不是人工环节"):
        opened().hand_over(document())
    assert office.of("swgl") == []


def test_a_process_whose_first_node_is_another_users_is_said_so(office: O2oaOffice, opened: Opened) -> None:
    office.processes[0].ours.remove("登记")
    with pytest.raises(AdapterError, match="不由我方用户办理"):
        opened().hand_over(document())


def test_a_user_who_may_not_start_the_process_is_found_by_the_check(office: O2oaOffice, opened: Opened) -> None:
    office.identities = []
    assert [one.where for one in opened().check([UNIT])] == ["receive", "receipts"]


@pytest.mark.parametrize(
    "changes",
    [changed("receipts", process="swgl"), changed("decisions", process="fwgl", activity="交换发送")],
)
def test_two_forms_at_one_node_are_refused(opened: Opened, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="another one than"):
        opened(**changes)
