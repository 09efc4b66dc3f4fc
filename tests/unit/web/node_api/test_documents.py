"""Sending by program: what a clerk can do, a program can do, and nothing more."""

import hashlib

import pytest

from exchange.codec.read import read_receipt
from exchange.model.events import BusinessState, Event
from exchange.model.program import Scope
from tests.unit.services.hub_and_node import A, B, C, World
from tests.unit.web.node_api.programs import a_document, key_of, recipients, senders

PDF = b"%PDF-1.7 notice"
BODY = [{"name": "通知.pdf", "role": "body"}]


def test_a_document_goes_its_whole_way() -> None:
    world = World()
    program = senders(world)
    document = program.submit(B, C)
    world.settle()
    tracked = program.get(f"/documents/{document['id']}").json()
    assert [(one["unit"], one["transport"]) for one in tracked["deliveries"]] == [(B, "DELIVERED"), (C, "DELIVERED")]
    assert [one["event"] for one in tracked["receipts"]].count("DELIVERED") == 2
    assert tracked["metadata"]["main_receivers"] == [one["name"] for one in tracked["deliveries"]]


def test_a_preview_names_whom_the_addresses_reach_and_stores_nothing() -> None:
    world = World()
    answer = senders(world).post("/preview", a_document(B, A), key="")
    assert [one["unit"] for one in answer.json()["recipients"]] == [B]
    assert world.sending.counts()["sent"] == 0


def test_files_come_in_a_form_and_reach_the_recipient_byte_for_byte() -> None:
    world = World()
    sent = senders(world).form(a_document(B, files=BODY), {"通知.pdf": PDF}).json()
    world.settle()
    program = recipients(world, units=[B])
    (entry,) = program.get(f"/inbox/{sent['id']}").json()["files"]
    assert (entry["name"], entry["role"], entry["sha256"]) == ("通知.pdf", "body", hashlib.sha256(PDF).hexdigest())
    assert program.get(f"/inbox/{sent['id']}/files/{entry['sha256']}").content == PDF


@pytest.mark.parametrize(
    ("files", "parts", "code"),
    [
        ([], {"通知.pdf": PDF}, "VALUE"),
        ([{"name": "通知.pdf", "sha256": "0" * 64}], {"通知.pdf": PDF}, "FILE_CORRUPT"),
        ([{"name": "../x", "role": "body"}], {"../x": PDF}, "FILE_NAME"),
    ],
)
def test_files_that_do_not_fit_their_list_are_refused(
    files: list[dict[str, str]], parts: dict[str, bytes], code: str
) -> None:
    world = World()
    answer = senders(world).form(a_document(B, files=files), parts)
    assert answer.json()["code"] == code
    assert world.sending.counts()["sent"] == 0


def test_a_problem_names_the_field_at_fault_in_chinese() -> None:
    program = senders(World())
    answer = program.post("/documents", a_document("乙真"))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["title"]) == ("UNKNOWN_RECIPIENT", "没有这个收文单位或分组")
    assert problem["errors"][0]["pointer"] == "/to"
    upward = a_document(B) | {"metadata": {"title": "关于经费的请示", "document_type": "请示"}}
    assert program.post("/documents", upward).json()["errors"][0]["pointer"] == "/metadata/signers"
    misspelt = a_document(B) | {"cc": [B]}
    assert program.post("/documents", misspelt).json()["errors"][0]["pointer"] == "/cc"


def test_a_secret_mark_is_refused_and_nothing_stays() -> None:
    world = World()
    marked = a_document(B) | {"metadata": {"title": "通知", "security_class": "机密"}}
    answer = senders(world).post("/documents", marked)
    assert (answer.status_code, answer.json()["code"]) == (422, "SECRECY")
    assert world.sending.counts()["sent"] == 0


def test_the_same_reference_is_one_document_under_any_key() -> None:
    program = senders(World())
    first = program.post("/documents", a_document(B, reference="OA-1"), key="a").json()
    second = program.post("/documents", a_document(B, reference="OA-1"), key="b").json()
    assert (first["id"], first["again"], second["again"]) == (second["id"], False, True)


def test_pages_follow_each_other_without_a_gap_or_a_repeat() -> None:
    world = World()
    program = senders(world)
    made = [program.submit(B)["id"] for _ in range(7)]  # all in the same moment of a clock that stands
    seen, after = [], ""
    while True:
        page = program.get("/documents", limit=3, after=after).json()
        seen += [item["id"] for item in page["items"]]
        if (after := page["next"]) is None:
            break
    assert sorted(seen) == sorted(made)
    assert program.get("/documents", after="bm9uc2Vuc2U").json()["code"] == "CURSOR"


def test_a_misspelt_parameter_is_an_error_and_not_without_effect() -> None:
    answer = senders(World()).get("/documents", lmit=3)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query lmit")


def test_a_sender_recalls_reminds_and_declares_void() -> None:
    world = World()
    program = senders(world)
    document = program.submit(B, C)
    world.settle()
    path, said = f"/documents/{document['id']}", {"person": "张三", "text": "附件有误"}
    (reminded,) = program.post(f"{path}/remind", said | {"recipient": B}).json()["receipts"]
    assert (reminded["event"], reminded["recipient"], reminded["attributes"]) == ("REMINDED", B, {"n": "1"})
    assert program.post(f"{path}/recall", said | {"recipient": B}).json()["recipient"] == B
    world.settle()
    assert world.sending.deliveries(A, key_of(document))[B].state.business is BusinessState.RECALLED
    assert program.post(f"{path}/void", said).json()["reason"] == "OPERATOR"
    world.settle()
    assert world.receiving.delivery(C, key_of(document)).state.business is BusinessState.VOIDED
    assert program.post(f"{path}/void", said).json()["code"] == "STATE"


def test_urging_all_urges_those_who_have_not_signed_and_asked_again_nobody_twice() -> None:
    world = World()
    program = senders(world)
    document = program.submit(B, C)
    world.settle()
    path, said = f"/documents/{document['id']}/remind", {"person": "张三", "text": "请尽快签收"}
    first = program.post(path, said, key="all").json()["receipts"]
    assert [(one["recipient"], one["attributes"]) for one in first] == [(B, {"n": "1"}), (C, {"n": "1"})]
    assert program.post(path, said, key="all").json()["receipts"] == first
    world.settle()
    world.receiving.decider.sign(B, key_of(document), "李四")
    world.settle()
    assert [one["recipient"] for one in program.post(path, said).json()["receipts"]] == [C]
    world.receiving.decider.sign(C, key_of(document), "李四")
    world.settle()
    assert program.post(path, said).json()["code"] == "STATE"
    state = world.receiving.delivery(C, key_of(document)).state
    assert state.reminders == 2


def test_a_document_is_reissued_to_those_who_have_it_not() -> None:
    world = World()
    program = senders(world)
    sent = program.form(a_document(B, files=BODY), {"通知.pdf": PDF}).json()
    again = program.post(f"/documents/{sent['id']}/reissue", {"to": [{"to": B}, {"to": C}], "declared_by": "张三"})
    assert again.json()["recipients"] == [C]
    world.settle()
    copy = recipients(world, units=[C]).get(f"/inbox/{again.json()['id']}").json()
    assert (copy["metadata"]["title"], len(copy["files"])) == ("关于做好防汛工作的通知", 1)
    none = program.post(f"/documents/{sent['id']}/reissue", {"to": [{"to": B}], "declared_by": "张三"})
    assert (none.status_code, none.json()["code"]) == (409, "STATE")


def test_a_superseding_document_names_the_old_and_its_recipients_are_told() -> None:
    world = World()
    program = senders(world)
    old = program.submit(B)
    world.settle()
    answer = program.post(f"/documents/{old['id']}/supersede", a_document(B, C))
    assert answer.json()["receipt"]["event"] == "SUPERSEDED"
    world.settle()
    assert Event.SUPERSEDED.value in world.receiving.said(B, key_of(old))
    new = program.get(f"/documents/{answer.json()['submitted']['id']}").json()
    assert new["supersedes"] == old["id"]


def test_nothing_is_sent_in_place_of_a_document_that_holds_no_more() -> None:
    world = World()
    program = senders(world)
    old = program.submit(B)
    world.settle()
    path = f"/documents/{old['id']}"
    assert program.post(f"{path}/void", {"person": "张三", "text": "发错了"}).status_code == 200
    sent = len(program.get("/documents").json()["items"])

    answer = program.post(f"{path}/supersede", a_document(B, C))

    assert (answer.status_code, answer.json()["code"]) == (409, "STATE")
    assert len(program.get("/documents").json()["items"]) == sent


def test_a_superseding_that_is_asked_for_again_is_done_once() -> None:
    world = World()
    program = senders(world)
    old = program.submit(B)
    world.settle()
    first, again = (
        program.post(f"/documents/{old['id']}/supersede", a_document(B, C), key="the same").json() for _ in range(2)
    )
    assert again == first


def test_signed_documents_and_receipts_come_out_byte_for_byte() -> None:
    world = World()
    program = senders(world)
    document = program.submit(B)
    world.settle()
    path = f"/documents/{document['id']}"
    tracked = program.get(path).json()
    envelope = program.get(f"{path}/envelope").content
    assert hashlib.sha256(envelope).hexdigest() == tracked["digest"]
    for receipt in tracked["receipts"]:
        assert read_receipt(program.get(f"{path}/receipts/{receipt['id']}").content).id == receipt["id"]
    assert program.get(f"{path}/receipts/{document['id']}").json()["code"] == "NOT_FOUND"


def test_the_directory_is_searched_by_name_and_code() -> None:
    program = senders(World(), scopes=[Scope.READ])
    by_code = program.get("/directory/units", q="520304-00", limit=2).json()
    assert ([one["code"] for one in by_code["items"]], by_code["next"]) == ([A, B], B)
    assert [one["code"] for one in program.get("/directory/units", q="第3单位").json()["items"]] == [C]
    assert program.get("/directory/groups").json()["version"] == 1
