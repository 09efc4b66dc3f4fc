"""Who comes in, what for, and how often; every refusal is written down."""

from datetime import timedelta

import pytest

from exchange.model.program import Scope
from exchange.settings import NodeApi
from exchange.web.node_api.face import NodeFace
from tests.unit.services.hub_and_node import A, B, C, World
from tests.unit.web.node_api.programs import BASE, Program, a_document, face_of, recipients, senders


def refusals(world: World) -> list[object]:
    return [line.fields["code"] for line in world.sending.log.lines if line.event == "api_refused"]


@pytest.mark.parametrize("field", ["", "Bearer", "Basic dTpw", "Bearer yidi_00000000_x", "Bearer x_y_z", "Bearer é"])
def test_a_stranger_learns_nothing_and_is_written_down(field: str) -> None:
    world = World()
    http = senders(world).http
    answer = http.get(f"{BASE}/documents", headers={b"Authorization": field.encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN")
    assert answer.headers["www-authenticate"] == 'Bearer realm="yidi"'
    assert refusals(world) == ["TOKEN"]


def test_a_wrong_secret_of_a_known_token_is_as_unknown_as_any() -> None:
    program = senders(World())
    wrong = program.made.text[:-1] + ("A" if program.made.text[-1] != "A" else "B")
    answer = program.http.get(BASE, headers={"Authorization": f"Bearer {wrong}"})
    assert (answer.status_code, answer.json()["detail"]) == (401, "没有这个令牌：no such token")


def test_a_revoked_and_an_expired_token_are_refused_at_once() -> None:
    world = World()
    face = face_of(world.sending)
    program = Program(face)
    short = Program(face)
    short.made = face.tokens.issue("短", [Scope.READ], (), timedelta(hours=1))
    short.http.headers["Authorization"] = f"Bearer {short.made.text}"
    assert (program.get("").status_code, short.get("").status_code) == (200, 200)
    face.tokens.revoke(program.made.token.id)
    world.pass_time(timedelta(hours=1))
    assert program.get("").json()["code"] == "TOKEN_REVOKED"
    assert short.get("").json()["code"] == "TOKEN_EXPIRED"
    assert refusals(world) == ["TOKEN_REVOKED", "TOKEN_EXPIRED"]


NEEDED = {
    Scope.READ: ("GET", ["/documents", "/inbox", "/events", "/directory/units", "/directory/groups"]),
    Scope.SUBMIT: ("POST", ["/documents", "/preview", "/uploads"]),
    Scope.RECEIVE: ("POST", ["/inbox/{id}/lock", "/inbox/{id}/confirm"]),
    Scope.SIGN: ("POST", [f"/inbox/{{id}}/{act}" for act in ("sign", "reject", "return", "feedback")]),
}


@pytest.mark.parametrize("scope", NEEDED)
def test_each_scope_opens_its_own_doors_alone(scope: Scope) -> None:
    world = World()
    program = senders(world, scopes=set(Scope) - {scope})
    method, paths = NEEDED[scope]
    for path in paths:
        path = BASE + path.format(id="00000000-0000-4000-8000-000000000000")  # noqa: PLW2901
        body = a_document(B) | {"person": "李四", "text": "x", "external_id": "x"}
        answer = program.http.request(method, path, json=body, headers={"Idempotency-Key": path})
        assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE"), path
    assert refusals(world) == ["SCOPE"] * len(paths)


def test_a_token_for_one_unit_does_not_speak_for_another() -> None:
    world = World()
    program = recipients(world, units=[B])
    assert program.get("").json()["units"] == [B]
    answer = program.post("/documents", a_document(A), unit=C)
    assert (answer.status_code, answer.json()["code"]) == (403, "WRONG_UNIT")


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    world = World()
    face = face_of(world.sending, NodeApi(port=0, requests_per_minute=2))
    program, other = Program(face), Program(face)
    answers = [program.get("") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"] == '"requests";r=1;t=60'
    assert answers[2].headers["ratelimit-policy"] == '"requests";q=2;w=60'
    assert answers[2].headers["retry-after"] == "60"
    assert other.get("").status_code == 200
    world.pass_time(timedelta(seconds=60))
    assert program.get("").status_code == 200


def test_whoever_guesses_is_slowed_down_and_the_good_token_beside_it_is_not() -> None:
    world = World()
    face = face_of(world.sending, NodeApi(port=0, strangers_per_address=2))
    program = Program(face)
    guesses = [program.http.get(BASE, headers={"Authorization": "Bearer yidi_x_y"}) for _ in range(3)]
    assert [one.status_code for one in guesses] == [401, 401, 429]
    assert program.get("").status_code == 200


def test_a_large_body_is_refused_before_it_is_read() -> None:
    world = World()
    program = Program(face_of(world.sending, NodeApi(port=0, form_bytes=1 << 16)))
    answer = program.form(a_document(B, files=[{"name": "a.pdf"}]), {"a.pdf": b"x" * (1 << 17)})
    assert (answer.status_code, answer.json()["code"], answer.json()["title"]) == (413, "SIZE", "过大")
    assert program.post("/documents", a_document(B, annotation="x" * (1 << 20))).status_code == 413


def test_when_a_token_was_last_good_is_known_within_a_minute() -> None:
    world = World()
    face: NodeFace = face_of(world.sending)
    program = Program(face)

    def used() -> object:
        return face.tokens.listing()[0].used

    program.get("")
    first = used()
    world.pass_time(timedelta(seconds=59))
    program.get("")
    assert used() == first
    world.pass_time(timedelta(seconds=1))
    program.get("")
    assert used() == world.clock.now()
