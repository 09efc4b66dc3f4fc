"""Programs of units on a node whose exchange steps only when a test says so: A's as senders, B's and C's as
recipients."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import httpx2
from fastapi.testclient import TestClient

from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.program import Scope
from exchange.model.unit import UnitCode
from exchange.services.node.confirm import Confirmer
from exchange.services.node.mark import Marker
from exchange.services.node.program_quota import ProgramQuota
from exchange.services.node.reissue import Reissuer
from exchange.services.node.tell_programs import Webhooks
from exchange.services.node.tokens import NewToken, Tokens
from exchange.services.node.uploaded import UploadedFiles
from exchange.settings import NodeApi
from exchange.web.node_api.app import create_node_app
from exchange.web.node_api.face import NodeFace
from tests.unit.services.hub_and_node import A, NodeSide, World

BASE = "/api/v1"


def face_of(side: NodeSide, settings: NodeApi | None = None) -> NodeFace:
    node, settings = side.node, settings or NodeApi(port=0)
    return NodeFace(
        node=node,
        submitter=side.submitter,
        decider=side.decider,
        recaller=side.recaller,
        confirmer=Confirmer(node),
        marker=Marker(node),
        reissuer=Reissuer(node, side.submitter),
        tokens=Tokens(side.store, node.clock, side.log),
        uploads=UploadedFiles(node),
        quota=ProgramQuota(side.store, node.clock, settings.upload_bytes_per_day),
        webhooks=Webhooks(node, settings.webhook_targets),
        log=side.log,
        settings=settings,
    )


class Program:
    """One token's view of a node."""

    def __init__(
        self,
        face: NodeFace,
        scopes: Iterable[Scope] = Scope,
        units: Sequence[UnitCode] = (),
        token_of: "Program | None" = None,
    ) -> None:
        """`token_of`: the same program, after its node has started again."""
        self.face = face
        self.made: NewToken = token_of.made if token_of else face.tokens.issue("测试OA", scopes, units)
        self.http = TestClient(create_node_app(face), headers={"Authorization": f"Bearer {self.made.text}"})
        self._keys = 0

    def get(self, path: str, **params: str | int) -> httpx2.Response:
        return self.http.get(BASE + path, params=params)

    def post(self, path: str, body: object, *, key: str | None = None, **params: str) -> httpx2.Response:
        """Under a key of its own unless given; "" for none."""
        self._keys += 1
        used = f"key-{self._keys}" if key is None else key
        headers = {"Idempotency-Key": used} if used else {}
        return self.http.post(BASE + path, json=body, params=params, headers=headers)

    def form(self, document: object, files: dict[str, bytes], *, key: str = "form") -> httpx2.Response:
        parts = [("file", (name, data, "application/pdf")) for name, data in files.items()]
        return self.http.post(
            f"{BASE}/documents",
            data={"document": json.dumps(document)},
            files=parts,
            headers={"Idempotency-Key": key},
        )

    def submit(self, *to: str, **more: object) -> dict[str, Any]:
        answer = self.post("/documents", a_document(*to, **more))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def a_document(*to: str, **more: object) -> dict[str, object]:
    return {
        "to": [{"to": one} for one in to],
        "metadata": {"title": "关于做好防汛工作的通知"},
        "content": "请做好防汛工作。",
        "declared_by": "张三",
    } | more


def key_of(document: dict[str, Any]) -> EnvelopeKey:
    return EnvelopeKey(A, EnvelopeId(document["id"]))


def senders(world: World, **more: Any) -> Program:
    return Program(face_of(world.sending), **more)


def recipients(world: World, **more: Any) -> Program:
    return Program(face_of(world.receiving), **more)
