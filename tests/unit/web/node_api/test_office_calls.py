"""An office calls the node: who is heard, and what everybody else learns."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exchange.adapters.calls import CallRules, GuardedCalls, Letterbox
from exchange.adapters.registry import Place
from exchange.settings import NodeApi
from exchange.web.node_api.app import create_node_app
from tests.unit.services.hub_and_node import World
from tests.unit.web.node_api.programs import face_of

SECRET = "a-secret-of-the-office"
OURS = {"Authorization": f"Bearer {SECRET}"}


class Phone:
    """The node of an office `town` that may call from 10.1.2.3."""

    def __init__(self, folder: Path, keep: Callable[[bytes], None] | None = None) -> None:
        (folder / "secret").write_text(SECRET, encoding="utf-8")
        self.heard: list[bytes] = []
        self.world = World()
        rules = CallRules.model_validate({"secret_file": "secret", "addresses": ["10.1.2.3"], "largest_bytes": 100})
        calls = GuardedCalls(rules, Place(name="town", data=folder, offices=folder), keep or self.heard.append)
        face = face_of(self.world.sending, NodeApi(port=0, strangers_per_address=5))
        self._app = create_node_app(replace(face, calls=lambda name: calls if name == "town" else None))

    def call(
        self, body: bytes = b"8888", *, name: str = "town", address: str = "10.1.2.3", **fields: str
    ) -> tuple[int, str]:
        http = TestClient(self._app, client=(address, 50000))
        answer = http.post(f"/office/{name}/calls", content=body, headers=fields or OURS)
        return answer.status_code, answer.text

    def refused(self) -> list[str]:
        lines = self.world.sending.log.lines
        return [str(line.fields["peer"]) for line in lines if line.event == "office_call_refused"]


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


def test_the_office_is_heard_by_its_token_or_as_basic(phone: Phone) -> None:
    assert phone.call(b"one") == (200, '{"taken":true}')
    basic = "Basic b2E6YS1zZWNyZXQtb2YtdGhlLW9mZmljZQ=="
    assert phone.call(b"two", Authorization=basic)[0] == 200
    assert phone.heard == [b"one", b"two"]


def test_whatever_is_wrong_the_answer_is_the_same(phone: Phone) -> None:
    wrong = [
        phone.call(Authorization="Bearer a-secret-of-the-officf"),
        phone.call(Authorization="Bearer "),
        phone.call(address="10.1.2.4"),
        phone.call(name="village"),
    ]
    assert wrong[0][0] == 401
    assert len(set(wrong)) == 1
    assert phone.heard == []
    assert phone.refused() == ["10.1.2.3", "10.1.2.3", "10.1.2.4", "10.1.2.3"]


def test_who_guesses_is_told_to_wait_and_the_office_still_heard(phone: Phone) -> None:
    guesses = [phone.call(address="10.7.7.7")[0] for _ in range(6)]
    assert guesses == [401] * 5 + [429]
    assert phone.call()[0] == 200


def test_a_call_that_is_too_large_is_refused_unread(phone: Phone) -> None:
    assert phone.call(b"x" * 101)[0] == 413
    assert phone.call(b"x" * 100)[0] == 200
    assert phone.heard == [b"x" * 100]


def test_what_could_not_be_kept_is_not_said_to_be(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_text("in the way", encoding="utf-8")
    assert Phone(tmp_path, Letterbox(box).put).call()[0] == 503
    box.unlink()
    assert Phone(tmp_path, Letterbox(box).put).call(b"one")[0] == 200
    assert [one.body for one in Letterbox(box).letters()] == [b"one"]
