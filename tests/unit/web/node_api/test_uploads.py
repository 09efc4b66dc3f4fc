"""Files that a program uploads ahead, by tus 1.0: how much in a day, and how long they stay."""

import base64
import hashlib
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx2

from exchange.services.node.unsent import Unsent
from exchange.settings import NodeApi
from tests.unit.services.hub_and_node import B, World
from tests.unit.web.node_api.programs import BASE, Program, a_document, face_of, senders

TUS = {"Tus-Resumable": "1.0.0"}


def begin(program: Program, data: bytes) -> httpx2.Response:
    sha256 = base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()
    fields = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {sha256}"}
    return program.http.post(f"{BASE}/uploads", headers=fields)


def go_on(program: Program, begun: httpx2.Response, offset: int, piece: bytes) -> httpx2.Response:
    fields = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return program.http.patch(begun.headers["location"], content=piece, headers=fields)


def test_the_days_bytes_stay_used_when_the_node_starts_again_and_the_answer_says_until_when() -> None:
    world = World()
    settings = NodeApi(port=0, upload_bytes_per_day=1000)
    program = Program(face_of(world.sending, settings))
    first, second = b"a" * 700, b"b" * 400
    assert go_on(program, begin(program, first), 0, first).status_code == 204
    again = Program(face_of(world.sending, settings), token_of=program)
    refused = begin(again, second)
    assert (refused.status_code, refused.json()["code"]) == (429, "QUOTA")
    until = refused.json()["until"]
    assert until > world.clock.now().isoformat()
    assert parsedate_to_datetime(refused.headers["retry-after"]).isoformat()[:19] == until[:19]


def test_files_that_come_in_a_form_count_in_the_same_day_and_are_refused_before_any_is_stored() -> None:
    world = World()
    program = Program(face_of(world.sending, NodeApi(port=0, upload_bytes_per_day=1000)))
    first, second = b"%PDF" + b"a" * 600, b"%PDF" + b"b" * 500
    named = a_document(B, files=[{"name": "x.pdf"}])
    sent = program.form(named | {"reference": "OA-1"}, {"x.pdf": first}, key="first")
    refused = program.form(named, {"x.pdf": second}, key="second")
    assert (sent.status_code, refused.status_code, refused.json()["code"]) == (201, 429, "QUOTA")
    assert {"until", "detail"} < refused.json().keys()
    assert not world.sending.files.has(hashlib.sha256(second).hexdigest())
    assert world.sending.counts()["sent"] == 1
    assert begin(program, second).json()["code"] == "QUOTA"  # one and the same day
    again = program.form(named | {"reference": "OA-1"}, {"x.pdf": first}, key="third")
    assert again.json()["id"] == sent.json()["id"]  # nothing new comes of it


def test_a_form_that_no_day_has_room_for_says_so() -> None:
    program = Program(face_of(World().sending, NodeApi(port=0, upload_bytes_per_day=1000)))
    refused = program.form(a_document(B, files=[{"name": "x.pdf"}]), {"x.pdf": b"%PDF" + b"a" * 1000})
    assert (refused.status_code, refused.json()["code"]) == (413, "SIZE")


def test_no_other_problem_says_until_when() -> None:
    assert "until" not in senders(World()).get("/documents/nothing").json()


def test_every_answer_says_until_when_an_upload_is_kept() -> None:
    world = World()
    program, data = senders(world), b"%PDF-1.7 in two pieces"
    assert program.get("").json()["limits"]["unsent_days"] == 7
    assert program.http.options(f"{BASE}/uploads").headers["tus-extension"] == "creation,expiration"
    begun = begin(program, data)
    answers = [begun, go_on(program, begun, 0, data[:5]), program.http.head(begun.headers["location"], headers=TUS)]
    answers.append(go_on(program, begun, 5, data[5:]))
    until = world.clock.now() + timedelta(days=7)
    assert [parsedate_to_datetime(one.headers["upload-expires"]) for one in answers] == [until] * 4


def test_an_upload_that_expired_has_to_be_sent_again_and_its_document_is_refused() -> None:
    world = World()
    program, data = senders(world), b"%PDF-1.7 uploaded and forgotten"
    go_on(program, begin(program, data), 0, data)
    world.pass_time(timedelta(days=8))
    assert Unsent(world.sending.node).survey() == 1
    named = a_document(B, files=[{"name": "x.pdf", "sha256": hashlib.sha256(data).hexdigest()}])
    refused = program.post("/documents", named)
    assert (refused.status_code, refused.json()["code"]) == (404, "FILE_MISSING")
    go_on(program, begin(program, data), 0, data)
    assert program.post("/documents", named).status_code == 201
