"""What is asked twice is done once, also when the process died in between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from exchange.ports.office import Draft
from exchange.services.node.submit import Submitted, Submitter
from exchange.services.secrecy.plain_text import PlainText
from tests.unit.services.hub_and_node import B, Died, NodeSide, World
from tests.unit.web.node_api.programs import Program, a_document, face_of, key_of, recipients, senders


def test_a_double_click_sends_once_and_gets_the_same_answer() -> None:
    world = World()
    program = senders(world)
    first, second = (program.post("/documents", a_document(B), key="click") for _ in range(2))
    assert (first.content, second.content) == (first.content, first.content)
    assert (first.status_code, second.status_code) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert world.sending.counts()["sent"] == 1


def test_a_form_that_is_sent_again_is_the_same_request_whatever_its_boundary() -> None:
    world = World()
    program = senders(world)
    document = a_document(B, files=[{"name": "a.pdf"}])
    first, second = (program.form(document, {"a.pdf": b"%PDF one"}) for _ in range(2))
    assert first.content == second.content
    other = program.form(document, {"a.pdf": b"%PDF two"})
    assert (other.status_code, other.json()["code"]) == (422, "KEY_REUSED")


def test_the_same_key_for_another_request_is_refused() -> None:
    world = World()
    program = senders(world)
    program.post("/documents", a_document(B), key="k")
    assert program.post("/documents", a_document(B, content="另一件"), key="k").json()["code"] == "KEY_REUSED"
    assert world.sending.counts()["sent"] == 1


def test_keys_of_two_tokens_are_two_keys() -> None:
    world = World()
    face = face_of(world.sending)
    first, second = (Program(face).post("/documents", a_document(B), key="k") for _ in range(2))
    assert first.json()["id"] != second.json()["id"]


def test_a_refusal_is_not_kept() -> None:
    world = World()
    program = senders(world)
    document = a_document(B, files=[{"name": "a.pdf"}])
    assert program.post("/documents", document, key="k").json()["code"] == "FILE_MISSING"
    assert program.post("/documents", a_document(B), key="k").status_code == 201


def test_a_key_is_needed_where_something_is_done() -> None:
    answer = senders(World()).post("/documents", a_document(B), key="")
    assert answer.json()["errors"] == [{"pointer": "header Idempotency-Key", "detail": "必须填写"}]


def test_a_request_that_is_being_worked_on_is_not_begun_again() -> None:
    world = World()
    program = senders(world)
    answers: list[httpx2.Response] = []

    class Meanwhile(Submitter):
        def submit(self, draft: Draft) -> Submitted:
            answers.append(program.post("/documents", a_document(B), key="k"))
            return super().submit(draft)

    slow = replace(program.face, submitter=Meanwhile(world.sending.node, PlainText()))
    program = Program(slow)
    assert program.post("/documents", a_document(B), key="k").status_code == 201
    (busy,) = answers
    assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (409, "KEY_BUSY", "1")


def crashing(side: NodeSide, ask: Callable[[], object]) -> None:
    """`ask` is done, and its process dies before the answer is stored."""
    side.steps.faults = {"finish_answer": Died(), "drop_answer": Died()}
    with pytest.raises(Died):
        ask()
    side.steps.faults = {}


def test_a_crash_after_the_commit_does_not_send_twice() -> None:
    world = World()
    program = senders(world)
    crashing(world.sending, lambda: program.post("/documents", a_document(B), key="k"))
    assert world.sending.counts()["sent"] == 1
    again = Program(program.face, token_of=program).post("/documents", a_document(B), key="k")
    assert (again.status_code, again.json()["again"]) == (201, True)
    assert world.sending.counts()["sent"] == 1


def test_a_crash_after_the_commit_does_not_sign_twice() -> None:
    world = World()
    document = senders(world).submit(B)
    world.settle()
    program, path = recipients(world, units=[B]), f"/inbox/{document['id']}/sign"
    crashing(world.receiving, lambda: program.post(path, {"person": "李四"}, key="k"))
    again = Program(program.face, token_of=program).post(path, {"person": "李四"}, key="k")
    assert (again.status_code, again.json()["event"]) == (200, "SIGNED")
    assert world.receiving.said(B, key_of(document)).count("SIGNED") == 1


def test_answers_are_forgotten_after_a_week_and_documents_are_not_doubled_even_then() -> None:
    world = World()
    program = senders(world)
    first = program.post("/documents", a_document(B), key="k").json()
    world.pass_time(timedelta(days=8))
    late = program.post("/documents", a_document(B), key="k")
    assert "idempotency-replayed" not in late.headers
    assert (late.json()["id"], late.json()["again"]) == (first["id"], True)
    other = program.post("/documents", a_document(B, content="另一件"), key="k")
    assert other.json()["code"] == "KEY_REUSED"
