"""API, told by webhooks: a foreign node tells the kit, which answers as programs do, and at last 410.

Standard Webhooks: whoever answers 410 Gone wants nothing more, and its webhook is to be disabled.

Not here: a program that is told (`webhook`), the rest of a node's interface (`node`).
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from exchange.conformance.case import FailedError, NotApplicableError, expect
from exchange.conformance.url.node import NodeTarget, got, new_key
from exchange.errors import InputError
from exchange.trust.webhook import signature

__all__ = ["gone", "told"]

_WAIT_SECONDS: Final = 90.0  # also for a node that waits a minute before it tries again
_LATE_SECONDS: Final = 300
_LARGEST: Final = 1 << 20


class _Post(NamedTuple):
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")


class _Program:
    """Told at one address, by any number of names. `answers`: what each says first; then `for_ever`, or 204."""

    def __init__(self, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self.url, self.posts = f"http://{listen}", defaultdict[str, list[_Post]](list)
        self.answers: dict[str, list[int]] = {}
        self.for_ever: dict[str, int] = {}
        try:
            self._server = ThreadingHTTPServer((host, int(port)), _handler(self))
        except (OSError, ValueError) as error:
            raise InputError(
                f"--listen {listen[:80]}: expected HOST:PORT of this machine: {error}", code="SETTINGS"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def answer(self, name: str, post: _Post) -> int:
        self.posts[name].append(post)
        waiting = self.answers.get(name)
        return waiting.pop(0) if waiting else self.for_ever.get(name, 204)

    @contextmanager
    def listening(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


def _handler(program: _Program) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 15

        def do_POST(self) -> None:
            size = min(int(self.headers.get("content-length", "0")), _LARGEST)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = program.answer(self.path.strip("/"), _Post(headers, self.rfile.read(size)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library names it
            pass

    return Handler


@contextmanager
def _program(target: NodeTarget) -> Iterator[_Program]:
    if not target.listen:
        raise NotApplicableError("没有给 --listen；not given")
    program = _Program(target.listen)
    with program.listening():
        yield program


@contextmanager
def _webhook(target: NodeTarget, url: str) -> Iterator[Any]:
    """As the node answered when it was registered."""
    answer = target.ask("POST", "/webhooks", json={"url": url}, headers={"Idempotency-Key": new_key()})
    made = got(answer, 201, f"登记 registering {url}")
    try:
        yield made
    finally:
        target.ask("DELETE", f"/webhooks/{made['id']}")


def _await(is_so: Callable[[], object], what: str) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise FailedError(f"{_WAIT_SECONDS:.0f} 秒没有等到 did not come: {what}")
        time.sleep(0.05)


def _sent(target: NodeTarget) -> str:
    return str(got(target.send(target.document(), new_key()), 201, "发文 sending")["id"])


def told(target: NodeTarget) -> None:
    with _program(target) as program, _webhook(target, f"{program.url}/told") as webhook:
        program.answers["told"] = [503]
        document, posts = _sent(target), program.posts["told"]
        _await(lambda: posts, "推送 the webhook")
        _expect_signed(webhook["secret"], posts[0])
        _await(lambda: len(posts) > 1 and _heard(program, "told", document), "答 503 之后再来 again after 503")
        for post in list(posts):
            _expect_signed(webhook["secret"], post)
        expect(posts[1].id, posts[0].id, "答 503 之后再来的编号 the id that comes after 503")


def _expect_signed(secret: str, post: _Post) -> None:
    """Standard Webhooks 1.0."""
    at = post.headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > _LATE_SECONDS:
        raise FailedError(f"webhook-timestamp: {at!r}")
    right = signature(secret, post.id, int(at), post.body)
    if right not in post.headers.get("webhook-signature", "").split(" "):
        raise FailedError(f"签名不对 wrong webhook-signature: {post.headers.get('webhook-signature', '')[:80]!r}")


def gone(target: NodeTarget) -> None:
    """Two are told alike; one says 410. Of what happens later the other hears, which shows that there was time."""
    with (
        _program(target) as program,
        _webhook(target, f"{program.url}/gone") as ending,
        _webhook(target, f"{program.url}/stays") as staying,
    ):
        program.for_ever["gone"] = 410
        for number in range(3):
            document = _sent(target)
            heard = partial(_heard, program, "stays", document)
            _await(heard, f"第 {number + 1} 件的推送 of document {number + 1}")
            if number == 0:
                _await(lambda: program.posts["gone"], "推送 the webhook that answers 410")
        expect(len(program.posts["gone"]), 1, "答 410 的收到几次 posts to the one that answers 410")
        if not _ended(target, ending["id"]):
            raise FailedError("列表中没有写明已停 the listing does not say that it ended: ended")
        expect(_ended(target, staying["id"]), "", "另一个的 ended of the other")


def _heard(program: _Program, name: str, document: str) -> bool:
    return any(document.encode() in one.body for one in list(program.posts[name]))


def _ended(target: NodeTarget, webhook: str) -> str:
    """Why it ended, as the node lists it."""
    items = got(target.ask("GET", "/webhooks"), 200, "GET /webhooks")["items"]
    return "".join(str(one.get("ended") or "") for one in items if one["id"] == webhook)
