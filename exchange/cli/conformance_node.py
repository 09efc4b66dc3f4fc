"""The node that the conformance kit serves to an office that calls it: REST, SOAP and webhooks on loopback, with the
kit's gate before it.

Not here: the county that the node is in, and what is played (`exchange.conformance`).
"""

import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from exchange.conformance.bench import CalledNode
from exchange.conformance.county import UNIT, Member
from exchange.conformance.gate import Asked, Gate
from exchange.errors import InputError, TransportError
from exchange.model.program import Scope
from exchange.remote.webhooks import HttpPoster
from exchange.services.node.confirm import Confirmer
from exchange.services.node.mark import Marker
from exchange.services.node.program_quota import ProgramQuota
from exchange.services.node.reissue import Reissuer
from exchange.services.node.tell_programs import Teller, Webhooks
from exchange.services.node.tokens import Tokens
from exchange.services.node.uploaded import UploadedFiles
from exchange.settings import NodeApi
from exchange.trust.webhook import signature
from exchange.web.node_api.app import create_node_app
from exchange.web.node_api.events import notice_of
from exchange.web.node_api.face import NodeFace
from exchange.web.serve import Server

__all__ = ["served"]

_OFTEN: Final = 1_000_000
_LATELY: Final = 60  # events that are told again
_FORM: Final = re.compile(rb'name="document"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n(.*?)\r\n--', re.DOTALL)

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class _Face:
    """`exchange.conformance.calling.Face`."""

    def __init__(self, member: Member, webhooks: Webhooks, targets: tuple[str, ...], at: CalledNode) -> None:
        self.at, self._node, self._webhooks, self._poster = at, member.node, webhooks, HttpPoster()
        self._since: dict[str, int] = {}
        self._teller = Teller(member.node, self._poster, notice_of, targets)

    def tell(self) -> None:
        """Whatever was not taken is due again: the time between two looks is long."""
        for one in self._webhooks.of(None):
            self._since.setdefault(one.id, one.cursor)
            if one.attempts and not one.ended:
                self._webhooks.replay(None, one.id, None)
        self._teller.tell()

    def tell_again(self, *, backwards: bool) -> int:
        told = [one for one in self._webhooks.of(None) if not one.ended]
        for webhook in told:
            with self._node.store.look() as session:
                after = max(self._since.get(webhook.id, 0), session.last_occurrence() - _LATELY)
                found = session.occurrences(after, webhook.units, _LATELY)
            for notice in map(notice_of, reversed(found) if backwards else found):
                at = int(self.at.now())
                headers = {
                    "Content-Type": "application/cloudevents+json",
                    "webhook-id": notice.id,
                    "webhook-timestamp": str(at),
                    "webhook-signature": signature(webhook.secrets[0], notice.id, at, notice.body),
                }
                try:
                    self._poster.post(webhook.url, headers, notice.body)
                except TransportError:
                    continue  # what it was told before is there; what it must see is the case's to say
        return len(told)

    def close(self) -> None:
        self._poster.close()


@contextmanager
def served(
    member: Member, gate: Gate, told_at: str, *, listen: str = "127.0.0.1:0", token_file: Path | None = None
) -> Iterator[_Face]:
    """`told_at`: the origin that may be told. `token_file`: where the token is written for a program that runs by
    itself. Raises InputError."""
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise InputError(f"listen {listen[:80]}: expected HOST:PORT of this machine", code="SETTINGS")
    node, targets = member.node, (told_at,) if told_at else ()
    settings = NodeApi(
        port=0, soap=True, webhook_targets=targets, requests_per_minute=_OFTEN, strangers_per_address=_OFTEN
    )
    webhooks, tokens = Webhooks(node, targets), Tokens(node.store, node.clock, node.log)
    app = create_node_app(
        NodeFace(
            node=node,
            submitter=member.submitter,
            decider=member.decider,
            recaller=member.recaller,
            confirmer=Confirmer(node),
            marker=Marker(node),
            reissuer=Reissuer(node, member.submitter),
            tokens=tokens,
            uploads=UploadedFiles(node),
            quota=ProgramQuota(node.store, node.clock, settings.upload_bytes_per_day),
            webhooks=webhooks,
            log=node.log,
            settings=settings,
        )
    )
    app.add_middleware(_Gated, gate=gate)
    token = tokens.issue("conformance", Scope, [UNIT]).text
    if token_file is not None:
        token_file.touch(mode=0o600)
        token_file.write_text(f"{token}\n", encoding="utf-8")
    with ExitStack() as stack:
        server = stack.enter_context(Server(app, host, int(port)))
        at = CalledNode(url=server.url, token=token, now=lambda: node.clock.now().timestamp())
        face = _Face(member, webhooks, targets, at)
        stack.callback(face.close)
        yield face


class _Gated:
    """ASGI: the gate before everything else."""

    def __init__(self, app: Callable[[_Message, _Receive, _Send], Awaitable[None]], gate: Gate) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fields = {name.lower(): value for name, value in scope["headers"]}
        body, receive = await _read(fields.get(b"content-type", b""), receive)
        key = fields.get(b"idempotency-key", b"").decode("latin-1")
        trouble = self._gate.pass_on(Asked.of(scope["method"], scope["path"], key, body))
        if trouble == "before":
            await _unavailable(send)
        elif trouble:
            answer: list[_Message] = []

            async def keep(message: _Message) -> None:
                answer.append(message)

            await self._app(scope, receive, keep)
            await (_unavailable(send) if trouble == "after" else _shortened(answer, send))
        else:
            await self._app(scope, receive, send)


async def _read(kind: bytes, receive: _Receive) -> tuple[bytes, _Receive]:
    """What a question says, without its files; and how it is read once more."""
    if not any(word in kind for word in (b"json", b"xml", b"form-data")):
        return b"", receive
    whole = b""
    while (message := await receive())["type"] == "http.request":
        whole += message.get("body", b"")
        if not message.get("more_body"):
            break
    said = _FORM.search(whole) if b"form-data" in kind else None

    waiting: list[_Message] = [{"type": "http.request", "body": whole, "more_body": False}]

    async def again() -> _Message:
        return waiting.pop() if waiting else await receive()

    return said[1] if said else whole, again


async def _unavailable(send: _Send) -> None:
    await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _shortened(answer: list[_Message], send: _Send) -> None:
    """Half of what came, in proper framing: only who compares sees it."""
    body = b"".join(one.get("body", b"") for one in answer if one["type"] == "http.response.body")
    body = body[: len(body) // 2]
    start = next(one for one in answer if one["type"] == "http.response.start")
    fields = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    await send({**start, "headers": [*fields, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
