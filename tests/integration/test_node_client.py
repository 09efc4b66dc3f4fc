"""The client against a node on a real socket, whose exchange steps only when the test says so."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from docs.make_openapi import document as page
from exchange.client import NodeClient, NodeError, WebhookRefusedError, read_webhook, shapes
from exchange.model.program import Scope as ProgramScope
from exchange.settings import NodeApi
from exchange.trust.webhook import signature
from exchange.web.node_api.app import create_node_app
from exchange.web.node_api.face import NodeFace
from exchange.web.serve import Server
from tests.unit.services.hub_and_node import A, B, C, World
from tests.unit.web.node_api.programs import face_of

PDF = hashlib.shake_128(b"a large file").digest(2_500_000)
DOCUMENT = {"to": [{"to": B}, {"to": C}], "metadata": {"title": "防汛通知"}, "declared_by": "张三"}
MORE = {"to": [{"to": C}], "declared_by": "张三"}
SETTINGS = NodeApi(port=0, webhook_targets=("http://127.0.0.1:9",))


class Line:
    """Before a node: `lost` answers to POSTs are not passed on, though the work was done."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.lost, self.patches = app, 0, 0
        self.asked: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.patches += scope.get("method") == "PATCH"
        self.asked.add((str(scope.get("method")), str(scope.get("path"))))
        if scope.get("method") != "POST" or not self.lost:
            await self._app(scope, receive, send)
            return
        self.lost -= 1

        async def drop(_message: Message) -> None:
            pass

        await self._app(scope, receive, drop)
        await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"0")]})
        await send({"type": "http.response.body", "body": b"a proxy's own words"})


class County:
    def __init__(self) -> None:
        self.world = World()
        self.faces = [face_of(side, SETTINGS) for side in self.world.nodes]
        self.lines = [Line(create_node_app(face)) for face in self.faces]
        self.servers = [Server(line) for line in self.lines]  # type: ignore[arg-type]  # it serves any ASGI

    def client(self, number: int, face: NodeFace, unit: str | None = None, **more: Any) -> NodeClient:
        made = face.tokens.issue("OA", ProgramScope)
        return NodeClient(self.servers[number].url, made.text, unit=unit, **more)


@pytest.fixture
def county() -> Iterator[County]:
    made = County()
    for server in made.servers:
        server.start()
    yield made
    for server in made.servers:
        server.stop()


@pytest.fixture
def sender(county: County) -> Iterator[NodeClient]:
    with county.client(0, county.faces[0]) as client:
        yield client


@pytest.fixture
def office(county: County) -> Iterator[NodeClient]:
    with county.client(1, county.faces[1], unit=B) as client:
        yield client


def test_a_document_with_its_files_goes_its_whole_way(
    county: County, sender: NodeClient, office: NodeClient, tmp_path: Path
) -> None:
    small, large, copy = tmp_path / "通知.txt", tmp_path / "图纸.pdf", tmp_path / "copy"
    small.write_bytes("请做好防汛工作。".encode())
    large.write_bytes(PDF)
    sha256 = sender.upload(large)
    files = [{"name": "通知.txt", "role": "body"}, {"name": "图纸.pdf", "sha256": sha256}]
    assert [one["unit"] for one in sender.preview(DOCUMENT)["recipients"]] == [B, C]
    sent = sender.submit(DOCUMENT | {"files": files}, {"通知.txt": small})
    county.world.settle()
    (new,) = office.inbox("new")
    assert new["id"] == sent["id"]
    office.lock(sent["id"])
    for file in office.received(sent["id"])["files"]:
        office.fetch(sent["id"], file["sha256"], copy)
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == file["sha256"]
    office.confirm(sent["id"], "SW-1")
    office.sign(sent["id"], "李四")
    office.feedback(sent["id"], "李四", "已办结")
    county.world.settle()
    of_b = sender.track(sent["id"])["deliveries"][0]
    assert (of_b["business"], of_b["signed"] and of_b["signed"]["person"]) == ("ANSWERED", "李四")
    assert "cn.yidi.receipt.feedback" in [one["type"] for one in sender.events()["items"]]
    assert [one["id"] for one in sender.documents()] == [sent["id"]]


def test_every_operation_of_the_page_has_its_method(
    county: County, sender: NodeClient, office: NodeClient, tmp_path: Path
) -> None:
    """But fetching again what the unit itself sent, and of tus what asking to begin an upload says, too."""
    note = tmp_path / "附件.txt"
    note.write_text("附件")
    named = {"files": [{"name": note.name, "sha256": sender.upload(note)}]}
    sender.preview(DOCUMENT)
    first, second, third, fourth = (sender.submit(DOCUMENT | named)["id"] for _ in range(4))
    county.world.settle()
    assert [one["recipient"] for one in sender.remind(first, "张三", "请尽快签收")] == [B, C]
    assert [one["recipient"] for one in sender.remind(first, "张三", "请尽快签收", C)] == [C]
    _use(office, first)
    office.reject(second, "李四", "缺附件")
    _give_back(county, sender, office, third)
    sender.supersede(fourth, DOCUMENT | {"content": "新"})
    sender.reissue(sender.submit(DOCUMENT | named | {"to": [{"to": B}]})["id"], MORE)
    county.world.settle()
    _prove(sender, office, first, tmp_path / "copy")
    sender.void(first, "张三", "已过期")
    of_b = sender.track(first)["deliveries"][0]
    assert (of_b["business"], of_b["printed"], bool(of_b["first_read"])) == ("VOIDED", 1, True)
    _look(sender, office)
    _be_told(sender)

    asked = {f"{method} {path}" for line in county.lines for method, path in line.asked}
    known = {f"{method.upper()} {path}" for path, ways in page()["paths"].items() for method in ways}
    unasked = {one for one in known if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), way) for way in asked)}
    tus = {"OPTIONS /api/v1/uploads", "HEAD /api/v1/uploads/{name}"}
    assert unasked == {"GET /api/v1/documents/{document_id}/files/{sha256}", *tus}


def _use(office: NodeClient, document: str) -> None:
    office.lock(document)
    office.release(document)
    office.confirm(document, "SW-1")
    assert office.read(document, "李四")["event"] == "READ"
    assert office.print(document, "李四")["attributes"] == {"k": "1", "m": "1"}
    office.sign(document, "李四")
    office.feedback(document, "李四", "已办结")
    assert office.archive(document, "李四")["event"] == "ARCHIVED"


def _give_back(county: County, sender: NodeClient, office: NodeClient, document: str) -> None:
    office.sign(document, "李四")
    county.world.settle()
    sender.recall(document, "张三", "有误", B)
    county.world.settle()
    assert office.answer_recall(document, "李四", "已办理", give_back=False)["event"] == "RECALL_DENIED"
    office.send_back(document, "李四", "非本单位", "WRONG_UNIT")


def _prove(sender: NodeClient, office: NodeClient, document: str, copy: Path) -> None:
    assert sender.envelope("documents", document) == office.envelope("inbox", document)
    received = office.received(document)
    (signed,) = [one["id"] for one in received["receipts"] if one["event"] == "SIGNED"]
    assert office.receipt("inbox", document, signed) == sender.receipt("documents", document, signed)
    assert office.evidence("inbox", document)[:2] == sender.evidence("documents", document)[:2] == b"PK"
    office.fetch(document, received["files"][0]["sha256"], copy)


def _look(sender: NodeClient, office: NodeClient) -> None:
    me = sender.me()
    assert (me["units"], me["limits"]["page"]) == ([A], 200)
    assert B in [one["code"] for one in sender.units()]
    assert sender.groups()
    assert sender.statistics()["sent"]["deliveries"] >= 8
    assert sender.notices() == []
    assert sender.events()["items"]
    assert list(office.inbox())
    assert list(sender.documents())


def _be_told(program: NodeClient) -> None:
    made = program.register_webhook("http://127.0.0.1:9/yidi", ["cn.yidi.document."])
    assert program.rotate_webhook(made["id"])["secret"] != made["secret"]
    program.replay_webhook(made["id"], 0)
    assert [one["id"] for one in program.webhooks()] == [made["id"]]
    program.remove_webhook(made["id"])
    assert program.webhooks() == []


def test_an_answer_that_was_lost_is_asked_for_again_and_nothing_is_done_twice(
    county: County, sender: NodeClient
) -> None:
    county.lines[0].lost = 2
    sent = sender.submit(DOCUMENT | {"content": "请知悉"})
    assert sent["sender"] == A
    assert county.world.sending.counts()["sent"] == 1


def test_what_never_answers_is_an_error_after_some_tries(county: County) -> None:
    county.lines[0].lost = 100
    with county.client(0, county.faces[0], tries=2) as client, pytest.raises(NodeError) as lost:
        client.submit(DOCUMENT | {"content": "请知悉"})
    assert (lost.value.status, county.lines[0].lost) == (503, 98)
    county.servers[0].stop()
    with county.client(0, county.faces[0], tries=1) as client, pytest.raises(NodeError) as unreached:
        client.events()
    assert (unreached.value.status, unreached.value.code) == (0, "UNREACHABLE")


def test_between_two_tries_it_waits_as_the_node_says_and_else_longer_each_time(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("exchange.client.pace.time.sleep", waits.append)
    path = tmp_path / "large"
    path.write_bytes(PDF)
    county.lines[0].lost = 3
    with county.client(0, county.faces[0]) as client:
        client.upload(path)
    assert waits == [0.0, 0.0, 0.0]
    county.servers[0].stop()
    waits.clear()
    with county.client(0, county.faces[0]) as client:
        for ask in (client.events, lambda: client.upload(path)):
            with pytest.raises(NodeError, match="UNREACHABLE"):
                ask()
    assert waits == [0.4, 0.8, 1.6] * 2


def test_a_refusal_names_code_and_field(sender: NodeClient) -> None:
    with pytest.raises(NodeError) as refused:
        sender.submit(DOCUMENT | {"to": [{"to": "乙真"}]})
    assert (refused.value.status, refused.value.code) == (422, "UNKNOWN_RECIPIENT")
    assert refused.value.errors[0]["pointer"] == "/to"


def test_an_upload_goes_on_where_an_earlier_one_stopped(county: County, sender: NodeClient, tmp_path: Path) -> None:
    path, held = tmp_path / "large", 2_000_000
    path.write_bytes(PDF)
    files = county.world.sending.files
    for offset in range(0, held, 500_000):
        files.append(A, hashlib.sha256(PDF).hexdigest(), offset, PDF[offset : offset + 500_000])
    sender.upload(path)
    assert county.lines[0].patches == 1  # the rest is one piece


def test_a_download_goes_on_and_what_was_spoilt_on_this_side_is_not_believed(
    county: County, sender: NodeClient, office: NodeClient, tmp_path: Path
) -> None:
    large, copy, part = tmp_path / "large", tmp_path / "copy", tmp_path / "copy.part"
    large.write_bytes(PDF)
    sha256 = sender.upload(large)
    sent = sender.submit(DOCUMENT | {"files": [{"name": "a.pdf", "sha256": sha256}]})
    county.world.settle()
    part.write_bytes(PDF[:1_000_000])
    office.fetch(sent["id"], sha256, copy)
    assert (copy.read_bytes() == PDF, part.exists()) == (True, False)
    part.write_bytes(b"x" * 1_000_000)
    with pytest.raises(NodeError) as spoilt:
        office.fetch(sent["id"], sha256, tmp_path / "copy")
    assert spoilt.value.code == "FILE_CORRUPT"
    assert copy.read_bytes() == PDF


SECRET, OTHER, BODY, AT = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", b'{"type": "x"}', 1_700_000_000
SIGNED = {
    "Webhook-Id": "a",
    "Webhook-Timestamp": str(AT),
    "Webhook-Signature": f"v1,x {signature(SECRET, 'a', AT, BODY)}",
}


def test_what_the_node_signed_lately_is_read() -> None:
    assert read_webhook([OTHER, SECRET], SIGNED, BODY, now=AT + 299)["type"] == "x"


@pytest.mark.parametrize(
    ("secret", "fields", "body", "now"),
    [
        (OTHER, SIGNED, BODY, AT),
        (SECRET, SIGNED, BODY + b" ", AT),
        (SECRET, SIGNED | {"Webhook-Id": "b"}, BODY, AT),
        (SECRET, SIGNED, BODY, AT + 301),
        (SECRET, {}, BODY, AT),
    ],
)
def test_what_is_not_the_nodes_or_too_old_is_refused(
    secret: str, fields: dict[str, str], body: bytes, now: int
) -> None:
    with pytest.raises(WebhookRefusedError):
        read_webhook([secret], fields, body, now=now)


def test_the_shapes_are_those_of_the_page() -> None:
    schemas = page()["components"]["schemas"]
    for name in shapes.__all__:
        known = set((schemas.get(f"{name}Shape") or schemas[name])["properties"])
        assert set(getattr(shapes, name).__annotations__) == known, name
