"""What a program may do with its webhooks, and with no other's."""

from exchange.model.program import Scope
from exchange.settings import NodeApi
from tests.unit.services.hub_and_node import B, C, World
from tests.unit.web.node_api.programs import Program, face_of

URL = "http://127.0.0.1:9000/yidi"
SETTINGS = NodeApi(port=0, webhook_targets=("http://127.0.0.1:9000",))


def test_a_webhook_is_registered_once_listed_without_its_secret_renewed_and_removed() -> None:
    program = Program(face_of(World().receiving, SETTINGS), units=[B])
    made = program.post("/webhooks", {"url": URL, "types": ["cn.yidi.document."]}, key="w")
    assert made.status_code == 201, made.text
    assert program.post("/webhooks", {"url": URL, "types": ["cn.yidi.document."]}, key="w").content == made.content
    (listed,) = program.get("/webhooks").json()["items"]
    assert (listed["units"], listed["after"], "secret" in listed) == ([B], 0, False)
    path = f"/webhooks/{made.json()['id']}"
    assert program.post(f"{path}/rotate", None).json()["secret"] != made.json()["secret"]
    assert program.post(f"{path}/replay", {"after": 3}).json()["after"] == 3
    assert program.http.delete(f"/api/v1{path}").status_code == 204
    assert program.get("/webhooks").json()["items"] == []


def test_a_program_touches_no_other_programs_webhook() -> None:
    face = face_of(World().receiving, SETTINGS)
    first, second = Program(face, units=[B]), Program(face, units=[C])
    path = f"/webhooks/{first.post('/webhooks', {'url': URL}).json()['id']}"
    assert second.get("/webhooks").json()["items"] == []
    assert second.post(f"{path}/rotate", None).json()["code"] == "NOT_FOUND"
    assert second.post(f"{path}/replay", {"after": 0}).json()["code"] == "NOT_FOUND"
    assert second.http.delete(f"/api/v1{path}").json()["code"] == "NOT_FOUND"
    assert second.post("/webhooks", {"url": URL, "units": [B]}).json()["code"] == "WRONG_UNIT"


def test_an_origin_that_nobody_named_and_a_token_without_the_scope_are_refused() -> None:
    face = face_of(World().receiving, SETTINGS)
    answer = Program(face).post("/webhooks", {"url": "http://169.254.169.254/latest"})
    assert (answer.status_code, answer.json()["code"]) == (403, "WEBHOOK_TARGET")
    reader = Program(face, scopes=[Scope.READ])
    assert reader.post("/webhooks", {"url": URL}).json()["code"] == "SCOPE"
