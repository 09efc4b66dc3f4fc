"""Folder exchange: what a unit finds in its inbox, and how its outbox is emptied."""

import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from exchange.adapters import folder_decisions
from exchange.adapters.folder import FolderAdapter
from exchange.adapters.share import open_regular
from exchange.errors import AdapterError, ConflictError, CorruptFileError, RefusedError
from exchange.model.envelope import EnvelopeKey, Recipient, RecipientRole
from exchange.model.events import Event, Speaker
from exchange.model.notice import Notice, NoticeKind
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.ports.office import Address, OfficeDecision
from tests.unit.adapters.offices import FILES, MANIFEST, NOW, SENDER, UNIT, Office, received

# ------------------------------------------------------------------------------------------------ received


def test_a_received_document_stands_whole_in_the_inbox(office: Office) -> None:
    item = received(("通知.pdf", b"body"), ("附件1.xlsx", b"list"), document=b"<signed/>")
    item = replace(item, sender_name="区政府办")
    assert office.adapter.hand_over(item) == f"{SENDER}_{item.key.id}"
    folder = office.home / "inbox" / f"{SENDER}_{item.key.id}"
    assert (folder / "envelope.xml").read_bytes() == b"<signed/>"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["元数据"]["标题"] == manifest["metadata"]["Title"] == "关于做好秋季森林防火工作的通知"
    assert (manifest["sender"], manifest["sender_name"], manifest["print_quota"]) == (SENDER, "区政府办", 3)
    assert [(folder / file["path"]).read_bytes() for file in manifest["files"]] == [b"body", b"list"]
    assert office.inbox() == [folder.name]


def test_the_same_document_again_changes_nothing_even_when_the_office_took_it_away(office: Office) -> None:
    item = received(("通知.pdf", b"body"))
    first = office.adapter.hand_over(item)
    folder = office.home / "inbox" / first
    (folder / "note-of-the-office.txt").write_text("x")
    assert office.adapter.hand_over(item) == first
    assert (folder / "note-of-the-office.txt").exists()
    folder.rename(office.home / "taken")
    office.restart()
    assert office.adapter.hand_over(item) == first
    assert office.inbox() == []


def test_what_a_crash_left_half_written_is_written_anew(office: Office) -> None:
    item = received(("通知.pdf", b"body"))
    half = office.home / "inbox" / f"{SENDER}_{item.key.id}.tmp"
    (half / "files").mkdir(parents=True)
    (half / "envelope.xml").write_bytes(b"<sig")
    office.adapter.hand_over(item)
    assert office.inbox() == [f"{SENDER}_{item.key.id}"]


def test_a_file_that_is_not_what_was_signed_never_becomes_visible(office: Office) -> None:
    item = replace(received(("通知.pdf", b"body")), open_file=lambda _: io.BytesIO(b"other"))
    with pytest.raises(CorruptFileError):
        office.adapter.hand_over(item)
    assert all(name.endswith(".tmp") for name in office.inbox())


def test_another_document_under_the_same_key_is_a_conflict(office: Office) -> None:
    name = office.adapter.hand_over(received(document=b"<a/>"))
    (office.home / ".yidi" / f"in-{name}").unlink()
    with pytest.raises(ConflictError):
        office.adapter.hand_over(received(document=b"<b/>"))


def test_long_names_are_shortened_and_stay_apart(office: Office) -> None:
    first, second = "通" * 80 + "一.pdf", "通" * 80 + "二.pdf"
    name = office.adapter.hand_over(received((first, b"1"), (second, b"2")))
    folder = office.home / "inbox" / name
    files = sorted((folder / "files").iterdir())
    assert [file.suffix for file in files] == [".pdf", ".pdf"]
    assert all(len(file.name) <= 80 for file in files)
    assert {file.read_bytes() for file in files} == {b"1", b"2"}


def test_an_inbox_that_cannot_be_written_is_an_office_that_is_down(office: Office) -> None:
    (office.home / "inbox").rmdir()
    (office.home / "inbox").write_text("not a folder")
    with pytest.raises(AdapterError) as caught:
        office.adapter.hand_over(received(("通知.pdf", b"body")))
    assert caught.value.retryable
    assert str(office.root) not in caught.value.message


def test_folders_that_no_backup_holds_are_made_again_after_a_restore(office: Office) -> None:
    office.outbox.rmdir()
    (office.home / "done").rmdir()
    (misfit,) = office.adapter.check([UNIT])
    assert "outbox, done" in misfit.found
    office.restart()
    assert list(office.adapter.collect(UNIT)) == []
    assert list(office.adapter.check([UNIT])) == []


def test_nothing_is_written_where_no_share_is_mounted(tmp_path: Path) -> None:
    with pytest.raises(AdapterError):
        FolderAdapter(tmp_path / "gone").hand_over(received())
    assert not (tmp_path / "gone").exists()


# ------------------------------------------------------------------------------------------------ receipts


def test_a_receipt_is_readable_beside_its_signed_form_and_told_once(office: Office) -> None:
    envelope, receipt_id = str(uuid.UUID(int=7)), str(uuid.UUID(int=8))
    receipt = Receipt(
        id=ReceiptId(receipt_id),
        hub="hub.520304",
        event=Event.SIGNED,
        actor=Actor(speaker=Speaker.PERSON, unit=SENDER, person="李强"),
        at=NOW,
        subject=Subject(envelope=EnvelopeKey(UNIT, received().key.id), digest="0" * 64, recipient=SENDER),
    )
    assert receipt.subject is not None
    envelope = receipt.subject.envelope.id
    office.adapter.tell(UNIT, receipt, b"<Receipt/>")
    stem = office.home / "receipts" / f"{envelope}.SIGNED.{receipt_id}"
    shown = json.loads(Path(f"{stem}.json").read_text(encoding="utf-8"))
    assert (shown["事件"], shown["person"]) == ("已签收", "李强")
    assert (shown["recipient"], shown["recipient_name"]) == (SENDER, "区政府办")
    assert Path(f"{stem}.xml").read_bytes() == b"<Receipt/>"
    office.adapter.tell(UNIT, receipt, b"<Other/>")
    assert Path(f"{stem}.xml").read_bytes() == b"<Receipt/>"
    assert len(list((office.home / "receipts").iterdir())) == 2


def test_a_notice_of_the_hubs_is_there_for_people_and_programs_once(office: Office) -> None:
    notice = Notice(kind=NoticeKind.OUTAGE, until=NOW + timedelta(hours=3))
    receipt = Receipt(
        id=ReceiptId(str(uuid.UUID(int=9))),
        hub="hub.520304",
        event=Event.NOTICE,
        actor=Actor(speaker=Speaker.HUB),
        at=NOW,
        text="今日停机升级",
        attributes=notice.attributes(),
    )
    office.adapter.tell(UNIT, receipt, b"<Receipt/>")
    stem = office.home / "notices" / f"outage.{receipt.id}"
    told = Path(f"{stem}.txt").read_bytes().decode("utf-8-sig")
    assert told.split("\r\n")[:3] == ["停机通知", "", "今日停机升级"]
    shown = json.loads(Path(f"{stem}.json").read_text(encoding="utf-8"))
    assert (shown["event"], shown["text"], shown["attributes"]["kind"]) == ("NOTICE", "今日停机升级", "outage")
    office.adapter.tell(UNIT, receipt, b"<Other/>")
    assert Path(f"{stem}.xml").read_bytes() == b"<Receipt/>"
    assert len(list((office.home / "notices").iterdir())) == 3


# ------------------------------------------------------------------------------------------------- to send


def test_a_folder_marked_ready_is_sent_and_ends_in_done(office: Office) -> None:
    office.put("防火通知")
    (draft,) = office.adapter.collect(UNIT)
    assert draft.to == (
        Address(to="各镇乡"),
        Address(to="520304-001", print_quota=2, paper=True),
        Address(to="520304-002", role=RecipientRole.COPY),
    )
    assert draft.metadata.document_identifier == f"{UNIT}-防火通知"
    assert draft.metadata.emergency_degree == "加急"
    assert draft.sign_within_hours == 8
    assert [(file.name, file.role, file.media_type) for file in draft.files] == [
        ("通知.pdf", "body", "application/pdf"),
        ("名单.xlsx", "attachment", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ]
    for _ in range(2):
        with draft.files[0].open() as file:
            assert file.read() == FILES["通知.pdf"]
    assert draft.reference is not None
    office.adapter.sent(UNIT, draft.reference, received().key)
    note = json.loads((office.home / "done" / "防火通知.json").read_text(encoding="utf-8"))
    assert note["id"] == received().key.id
    assert (office.home / "done" / "防火通知" / "通知.pdf").exists()
    assert list(office.adapter.collect(UNIT)) == []


def test_a_draft_stays_waiting_until_it_is_sent_or_refused(office: Office) -> None:
    office.put("通知")
    (first,) = office.adapter.collect(UNIT)
    (again,) = office.adapter.collect(UNIT)
    office.restart()
    (after_restart,) = office.adapter.collect(UNIT)
    assert first.reference == again.reference == after_restart.reference


def test_without_a_marker_a_folder_is_taken_once_it_stays_the_same(office: Office) -> None:
    folder = office.put("通知", ready=False)
    assert list(office.adapter.collect(UNIT)) == []
    office.seconds += 2
    (folder / "名单.xlsx").write_bytes(b"PK list, longer")
    assert list(office.adapter.collect(UNIT)) == []
    office.seconds += 2
    assert list(office.adapter.collect(UNIT)) == []
    office.seconds += 2
    assert len(list(office.adapter.collect(UNIT))) == 1


def test_what_somebody_still_writes_is_left_alone(office: Office) -> None:
    folder = office.put("通知", ready=False)
    folder.rename(office.outbox / "通知.tmp")
    (office.outbox / "~$x.zip").touch()
    office.seconds += 10_000
    assert list(office.adapter.collect(UNIT)) == []
    office.seconds += 10_000
    assert list(office.adapter.collect(UNIT)) == []
    (office.outbox / "通知.tmp").rename(office.outbox / "通知")
    assert list(office.adapter.collect(UNIT)) == []
    office.seconds += 4
    assert len(list(office.adapter.collect(UNIT))) == 1


def test_an_incomplete_folder_waits_and_is_then_refused_with_a_reason(office: Office) -> None:
    office.put("通知", files={"通知.pdf": b"x"}, ready=False)
    for _ in range(3):
        assert list(office.adapter.collect(UNIT)) == []
        office.seconds += 100
    assert office.outbox.joinpath("通知").exists()
    office.seconds += 600
    assert list(office.adapter.collect(UNIT)) == []
    assert "缺少文件 名单.xlsx" in office.reason("通知")
    assert "\r\n" in (office.home / "error" / "通知" / "reason.txt").read_bytes().decode("utf-8-sig")


def test_a_half_written_file_with_a_digest_in_the_manifest_waits(office: Office) -> None:
    whole = b"the whole file"
    manifest = MANIFEST | {"文件": [{"文件名": "a.pdf", "摘要": hashlib.sha256(whole).hexdigest()}]}
    folder = office.put("通知", manifest, files={"a.pdf": whole[:5]})
    assert list(office.adapter.collect(UNIT)) == []
    (folder / "a.pdf").write_bytes(whole)
    assert len(list(office.adapter.collect(UNIT))) == 1


def test_a_refused_draft_lies_in_error_and_can_be_moved_back(office: Office) -> None:
    office.put("通知")
    (draft,) = office.adapter.collect(UNIT)
    assert draft.reference is not None
    office.adapter.refused(UNIT, draft.reference, "SECRECY", "MARK_AT_HEAD in files[0]")
    reason = office.reason("通知")
    assert "涉密材料不得在本系统传输" in reason
    assert "SECRECY" in reason
    (office.home / "error" / "通知" / "通知").rename(office.outbox / "通知")
    assert len(list(office.adapter.collect(UNIT))) == 1


def test_one_faulty_draft_stops_no_other(office: Office) -> None:
    office.put("a", {"主送": "各镇乡"})
    office.put("b")
    office.put("c", [])
    assert [draft.metadata.document_identifier for draft in office.adapter.collect(UNIT)] == [f"{UNIT}-b"]
    assert sorted(path.name for path in (office.home / "error").iterdir()) == ["a", "c"]


def test_another_document_under_an_old_name_is_another_document(office: Office) -> None:
    office.put("通知")
    (first,) = office.adapter.collect(UNIT)
    assert first.reference is not None
    office.adapter.sent(UNIT, first.reference, received().key)
    office.put("通知", files=FILES | {"通知.pdf": b"another"})
    (second,) = office.adapter.collect(UNIT)
    assert second.reference not in (None, first.reference)
    office.adapter.sent(UNIT, str(second.reference), received(number=2).key)
    assert sorted(path.name for path in (office.home / "done").iterdir()) == [
        "通知",
        "通知-2",
        "通知-2.json",
        "通知.json",
    ]


def test_the_same_document_put_twice_is_one_document(office: Office) -> None:
    office.put("a", MANIFEST | {"编号": "OA-1"})
    office.put("b", MANIFEST | {"编号": "OA-1"})
    first, second = office.adapter.collect(UNIT)
    assert first.reference == second.reference is not None
    office.adapter.sent(UNIT, str(first.reference), received().key)
    assert list(office.outbox.iterdir()) == []


@pytest.mark.parametrize("after_restart", [False, True])
def test_an_id_used_before_for_other_bytes_is_a_conflict(office: Office, after_restart: bool) -> None:
    office.put("a", MANIFEST | {"编号": "OA-1"})
    (first,) = office.adapter.collect(UNIT)
    office.adapter.sent(UNIT, str(first.reference), received().key)
    if after_restart:
        office.restart()
    office.put("b", MANIFEST | {"编号": "OA-1", "内容": "改过"})
    assert list(office.adapter.collect(UNIT)) == []
    assert "编号 OA-1 已用于另一份公文" in office.reason("b")


def test_two_waiting_documents_with_one_id_are_a_conflict(office: Office) -> None:
    office.put("a", MANIFEST | {"编号": "OA-1"})
    office.put("b", MANIFEST | {"编号": "OA-1", "内容": "改过"})
    assert len(list(office.adapter.collect(UNIT))) == 1
    assert "CONFLICT" in office.reason("b")


def test_an_outbox_that_cannot_be_emptied_is_an_office_that_is_down(office: Office) -> None:
    office.put("通知")
    (draft,) = office.adapter.collect(UNIT)
    (office.home / "done").rmdir()
    (office.home / "done").write_text("not a folder")
    with pytest.raises(AdapterError):
        office.adapter.sent(UNIT, str(draft.reference), received().key)
    assert (office.outbox / "通知").exists()


# ---------------------------------------------------------------------------------------------- decisions


def decide(office: Office, name: str, text: str, *, settled: bool = True) -> Path:
    (office.home / "decisions").mkdir(exist_ok=True)
    file = office.home / "decisions" / f"{name}.json"
    file.write_text(text, encoding="utf-8")
    if settled:
        assert list(waiting(office)) == []
        office.seconds += 4
    return file


def waiting(office: Office) -> Iterator[OfficeDecision]:
    yield from office.adapter.decisions(UNIT, lambda: ())


def a_decision(**more: str) -> str:
    item = {"公文": f"{SENDER}_{received().key.id}", "决定": "签收", "人员": "李四"} | more
    return json.dumps(item, ensure_ascii=False)


def test_a_decision_waits_until_it_is_taken_and_then_lies_in_done(office: Office) -> None:
    decide(office, "签收", a_decision())
    (first,) = waiting(office)
    assert (first.key, first.event, first.person) == (received().key, Event.SIGNED, "李四")
    (again,) = waiting(office)
    assert again == first
    office.adapter.decided(UNIT, first.reference, None)
    assert list(waiting(office)) == []
    assert (office.home / "done" / "签收.json").exists()


def test_a_decision_that_is_still_written_is_not_taken_yet(office: Office) -> None:
    file = decide(office, "签收", a_decision()[:20])
    assert list(waiting(office)) == []  # half a file is no JSON: it may still grow
    file.write_text(a_decision(), encoding="utf-8")
    assert list(waiting(office)) == []
    office.seconds += 4
    assert len(list(waiting(office))) == 1


def test_a_decision_that_cannot_be_taken_lies_in_error_with_its_reason(office: Office) -> None:
    decide(office, "退文", a_decision(决定="退文", 原因="WRONG_UNIT", 说明="误送"))
    (decision,) = waiting(office)
    assert (decision.event, decision.reason, decision.text) == (Event.RETURNED, "WRONG_UNIT", "误送")
    office.adapter.decided(UNIT, decision.reference, RefusedError("sign for the document first", code="STATE"))
    assert "公文当前的状态下不能这样做" in office.reason("退文.json")
    assert "移回 decisions" in office.reason("退文.json")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"公文": "防火通知"}, "不是收文的名称"),
        ({"决定": "阅"}, "不在可选范围内"),
        ({"人员": ""}, "必须填写"),
        ({"原因": "懒"}, "原因 reason"),
        ({"签收人": "李四"}, "不认识的项"),
    ],
)
def test_a_decision_with_a_mistake_is_refused_and_says_which(office: Office, more: dict[str, str], said: str) -> None:
    decide(office, "x", a_decision(**more))
    assert list(waiting(office)) == []
    assert said in office.reason("x.json")


def test_what_is_decided_first_is_given_first_whatever_its_name(office: Office) -> None:
    for moment, (name, decision) in enumerate([("b", "签收"), ("a", "反馈")]):
        file = decide(office, name, a_decision(决定=decision, 说明="已办"), settled=False)
        os.utime(file, (moment, moment))
    assert list(waiting(office)) == []
    office.seconds += 4
    assert [one.event for one in waiting(office)] == [Event.SIGNED, Event.FEEDBACK]


@pytest.mark.parametrize("kind", ["text", "directory", "link", "pipe"])
def test_what_is_no_decision_is_refused_after_a_while_and_stops_no_other(office: Office, kind: str) -> None:
    """Windows hides the end of a name: 签收.json is in truth 签收.json.txt, and its clerk believes to have signed."""
    odd = office.home / "decisions" / ("签收.json.txt" if kind == "text" else "签收.json")
    odd.parent.mkdir(exist_ok=True)
    match kind:
        case "text":
            odd.write_text(a_decision(), encoding="utf-8")
        case "directory":
            odd.mkdir()
        case "link":
            odd.symlink_to("/etc/hostname")
        case "pipe":
            os.mkfifo(odd)
    decide(office, "z", a_decision())
    assert len(list(waiting(office))) == 1
    assert os.path.lexists(odd)
    office.seconds += 600
    assert len(list(waiting(office))) == 1
    assert ".json" in office.reason(odd.name)
    assert not os.path.lexists(odd)


def test_a_decision_that_nobody_can_read_is_named_and_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(office, "a", a_decision(), settled=False)
    decide(office, "z", a_decision(决定="反馈", 说明="已办"))

    def closed(folder: Path, raw: str) -> BinaryIO:
        if raw == "a.json":
            raise PermissionError(13, "Permission denied")
        return open_regular(folder, raw)

    monkeypatch.setattr(folder_decisions, "open_regular", closed)
    found = waiting(office)
    assert next(found).event is Event.FEEDBACK
    with pytest.raises(AdapterError, match="Permission denied"):
        next(found)


# -------------------------------------------------------------------------------------------------- shares


def test_a_share_that_is_not_mounted_closed_or_too_deep_is_found_by_the_check(office: Office, tmp_path: Path) -> None:
    assert list(office.adapter.check([UNIT])) == []
    (gone,) = FolderAdapter(tmp_path / "gone").check([UNIT])
    assert "没有文件夹" in gone.found
    (office.home / "inbox").rmdir()
    (office.home / "inbox").write_text("not a folder")
    (closed,) = office.adapter.check([UNIT])
    assert f"{office.home / 'inbox'} 不可读写" in closed.found
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    (long,) = FolderAdapter(deep).check([])
    assert "对 Windows 过长" in long.found


def test_a_share_that_is_mounted_read_only_is_said_so_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))
    (misfit,) = office.adapter.check([UNIT])
    assert "共享是只读的" in misfit.found


def test_every_path_written_for_a_received_document_fits_windows(office: Office) -> None:
    sender = UnitCode("520304000000-000001")
    item = received(("通" * 60 + "知.pdf", b"1"))
    item = replace(item, unit=UnitCode("520304000000-000002"), key=EnvelopeKey(sender, item.key.id))
    item = replace(item, envelope=replace(item.envelope, recipients=(Recipient(unit=item.unit),)))
    office.adapter.hand_over(item)
    longest = max(len(str(path.relative_to(office.root))) for path in office.root.rglob("*"))
    assert longest + len("\\\\server\\share-of-the-office-of-a-township\\exchange\\") < 260


def test_a_refused_draft_with_a_long_name_lies_where_windows_can_open_it(office: Office) -> None:
    name = "关于做好秋季森林防火工作的通知" * 5
    office.put(name)
    (draft,) = office.adapter.collect(UNIT)
    office.adapter.refused(UNIT, str(draft.reference), "SECRECY", "MARK_AT_HEAD in files[0]")
    (folder,) = (office.home / "error").iterdir()
    assert len(folder.name) <= 80
