"""Receiving by program: taken in once, signed for by a named person."""

from datetime import timedelta

from exchange.model.events import Event
from exchange.model.program import Scope
from tests.unit.services.hub_and_node import A, B, C, World
from tests.unit.web.node_api.programs import Program, a_document, face_of, key_of, recipients, senders


def received(*to: str) -> tuple[World, str]:
    world = World()
    document = senders(world).submit(*to or (B,))
    world.settle()
    return world, document["id"]


def test_an_office_system_takes_a_document_in_once() -> None:
    world, document = received()
    program = recipients(world, units=[B])
    assert [one["id"] for one in program.get("/inbox", state="new").json()["items"]] == [document]
    assert program.post(f"/inbox/{document}/lock", {"seconds": 60}).status_code == 200
    confirmed = program.post(f"/inbox/{document}/confirm", {"external_id": "SW-1"}).json()
    assert (confirmed["event"], confirmed["by"]) == ("IMPORTED", "adapter")
    assert program.get("/inbox", state="new").json()["items"] == []
    again = program.post(f"/inbox/{document}/confirm", {"external_id": "SW-2"}).json()
    assert again["code"] == "STATE"
    assert "SW-1" in again["detail"]
    assert world.receiving.said(B, key_of({"id": document})).count("IMPORTED") == 1


def test_of_two_programs_one_holds_the_lock_until_it_ends() -> None:
    world, document = received()
    face = face_of(world.receiving)
    first, second = Program(face, units=[B]), Program(face, units=[B])
    assert first.post(f"/inbox/{document}/lock", {"seconds": 60}).status_code == 200
    for path, body in (("lock", {}), ("confirm", {"external_id": "X"})):
        refused = second.post(f"/inbox/{document}/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "LOCKED")
    assert second.http.delete(f"/api/v1/inbox/{document}/lock").json()["code"] == "LOCKED"
    assert first.get("/inbox").json()["items"][0]["locked_until"] is not None
    world.pass_time(timedelta(seconds=60))
    assert first.get("/inbox").json()["items"][0]["locked_until"] is None
    assert second.post(f"/inbox/{document}/lock", {}).status_code == 200


def test_a_lock_that_was_given_up_is_free() -> None:
    world, document = received()
    face = face_of(world.receiving)
    first, second = Program(face, units=[B]), Program(face, units=[B])
    first.post(f"/inbox/{document}/lock", {})
    assert first.http.delete(f"/api/v1/inbox/{document}/lock").status_code == 204
    assert second.post(f"/inbox/{document}/confirm", {"external_id": "X"}).status_code == 200


def test_a_document_is_signed_for_answered_and_returned_by_named_persons() -> None:
    world, document = received()
    program, path = recipients(world, units=[B]), f"/inbox/{document}"
    early = program.post(f"{path}/return", {"person": "李四", "text": "非本单位"})
    assert early.json()["code"] == "STATE"
    assert program.post(f"{path}/sign", {"person": "李四"}).json()["person"] == "李四"
    assert program.get("/inbox", state="unsigned").json()["items"] == []
    assert program.post(f"{path}/feedback", {"person": "李四", "text": "已办结"}).json()["text"] == "已办结"
    back = program.post(f"{path}/return", {"person": "李四", "text": "非本单位", "reason": "WRONG_UNIT"}).json()
    assert (back["event"], back["reason"]) == ("RETURNED", "WRONG_UNIT")
    world.settle()
    events = world.sending.said(A, key_of({"id": document}))
    assert {Event.SIGNED.value, Event.FEEDBACK.value, Event.RETURNED.value} <= set(events)


def test_a_rejection_needs_words() -> None:
    world, document = received()
    program = recipients(world, units=[B])
    assert program.post(f"/inbox/{document}/reject", {"person": "李四", "text": ""}).status_code == 422
    assert (
        program.post(f"/inbox/{document}/reject", {"person": "李四", "text": " "}).json()["code"] == "REASON_REQUIRED"
    )
    assert program.post(f"/inbox/{document}/reject", {"person": "李四", "text": "缺附件"}).json()["event"] == "REJECTED"


def test_a_recall_of_a_signed_document_is_answered_by_a_person() -> None:
    world, document = received()
    program, path = recipients(world, units=[B]), f"/inbox/{document}"
    nobody = program.post(f"{path}/recall-answer", {"person": "李四", "give_back": True})
    assert nobody.json()["code"] == "STATE"
    program.post(f"{path}/sign", {"person": "李四"})
    world.settle()
    senders(world).post(f"/documents/{document}/recall", {"person": "张三", "text": "有误"})
    world.settle()
    kept = program.post(f"{path}/recall-answer", {"person": "李四", "give_back": False, "text": "已办理"}).json()
    assert (kept["event"], kept["text"]) == ("RECALL_DENIED", "已办理")
    assert program.post(f"{path}/recall-answer", {"person": "李四", "give_back": True}).json()["event"] == "RECALLED"


def test_a_unit_sees_its_own_inbox_alone() -> None:
    world, document = received(B)
    face = face_of(world.receiving)
    both, other = Program(face), Program(face, units=[C])
    assert other.get("/inbox").json()["items"] == []
    assert other.get(f"/inbox/{document}").json()["code"] == "NOT_FOUND"
    assert other.get("/inbox", unit=B).json()["code"] == "WRONG_UNIT"
    assert both.get("/inbox").json()["code"] == "VALUE"  # which of the two?
    assert len(both.get("/inbox", unit=B).json()["items"]) == 1


def test_what_the_sender_took_back_is_not_taken_in() -> None:
    world, document = received()
    senders(world).post(f"/documents/{document}/recall", {"person": "张三", "text": "有误"})
    world.settle()
    program = recipients(world, units=[B])
    assert program.get("/inbox", state="new").json()["items"] == []
    assert program.post(f"/inbox/{document}/confirm", {"external_id": "X"}).json()["code"] == "STATE"


def test_events_are_numbered_as_they_were_recorded_and_none_is_missed() -> None:
    world, document = received(B, C)
    program = recipients(world, units=[B], scopes=[Scope.READ, Scope.SIGN])
    first = program.get("/events").json()
    (came,) = first["items"]
    assert (came["type"], came["subject"]) == ("cn.yidi.document.received", f"{A}/{document}")
    assert program.get("/events", after=first["after"]).json()["items"] == []
    program.post(f"/inbox/{document}/sign", {"person": "李四"})
    (signed,) = program.get("/events", after=first["after"]).json()["items"]
    assert (signed["type"], signed["source"]) == ("cn.yidi.receipt.signed", f"/units/{B}")
    everything, after = [], 0
    while page := program.get("/events", after=after, limit=1).json()["items"]:
        everything += page
        after = page[-1]["number"]
    assert [one["id"] for one in everything] == [came["id"], signed["id"]]


def test_a_page_of_events_that_is_full_goes_on_where_it_stopped() -> None:
    world = World()
    program = senders(world)
    for _ in range(3):
        program.post("/documents", a_document(B))
    world.settle()
    page = program.get("/events", limit=2).json()
    assert page["after"] == page["items"][-1]["number"]


def test_the_first_reader_is_told_to_the_sender_once() -> None:
    world, document = received()
    program, path = recipients(world, units=[B]), f"/inbox/{document}/read"
    first = program.post(path, {"person": "李四"}).json()
    assert (first["event"], first["by"], first["person"]) == ("READ", "adapter", "李四")
    assert program.post(path, {"person": "王五"}).json() == first
    world.settle()
    key = key_of({"id": document})
    assert world.sending.said(A, key).count("READ") == 1
    moment = world.sending.deliveries(A, key)[B].state.first_read
    assert moment is not None
    assert moment.person == "李四"


def test_no_more_copies_with_red_head_and_seal_than_the_sender_allows() -> None:
    world = World()
    document = senders(world).post("/documents", a_document() | {"to": [{"to": B, "print_quota": 3}]}).json()["id"]
    world.settle()
    program, path = recipients(world, units=[B]), f"/inbox/{document}/print"
    asked = {"person": "李四", "copies": 2}
    first = program.post(path, asked, key="two").json()
    assert (first["event"], first["by"], first["attributes"]) == ("PRINTED", "node", {"k": "2", "m": "3"})
    assert program.post(path, asked, key="two").json() == first
    refused = program.post(path, asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "PRINT_QUOTA")
    assert "3 copies are allowed, 2 were printed" in refused.json()["detail"]
    assert program.post(path, {"person": "李四"}).json()["attributes"] == {"k": "3", "m": "3"}
    world.settle()
    assert world.sending.deliveries(A, key_of({"id": document}))[B].state.printed == 3


def test_a_document_is_filed_by_a_named_person_after_signing() -> None:
    world, document = received()
    program, path = recipients(world, units=[B]), f"/inbox/{document}"
    assert program.post(f"{path}/archive", {"person": "李四"}).json()["code"] == "STATE"
    program.post(f"{path}/sign", {"person": "李四"})
    assert program.post(f"{path}/archive", {"person": "李四"}).json()["event"] == "ARCHIVED"
    world.settle()
    assert world.sending.deliveries(A, key_of({"id": document}))[B].state.business.name == "ARCHIVED"


def test_what_was_taken_back_is_neither_read_nor_printed() -> None:
    world, document = received()
    senders(world).post(f"/documents/{document}/recall", {"person": "张三", "text": "有误"})
    world.settle()
    program = recipients(world, units=[B])
    for act in ("read", "print"):
        assert program.post(f"/inbox/{document}/{act}", {"person": "李四"}).json()["code"] == "STATE"
