"""Programs that are told by webhooks, and do one thing wrong each; run as threads on loopback.

Not here: the receiver of the pages, which does it right (docs/adapters/examples).
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from exchange.client.webhook import WebhookRefusedError, read_webhook

__all__ = ["SECRET", "WRONG", "EndsOnForgery", "Receiver", "WrongReceiver", "running"]

SECRET: Final = "whsec_" + "c2VjcmV0" * 4


class Receiver(BaseHTTPRequestHandler):
    """The right one, by our own client."""

    timeout = 10
    largest = 1 << 20
    lock = threading.Lock()
    server_kind: type[HTTPServer] = ThreadingHTTPServer

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        if length > self.largest:
            self.close_connection = True
            self.answer(413)
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            return self.broken_off()
        try:
            event = self.verified(body)
        except WebhookRefusedError:
            return self.answer(400)
        return self.answer(self.take(event))

    def verified(self, body: bytes) -> Any:
        return read_webhook([SECRET], dict(self.headers), body)

    def take(self, event: Any) -> int:
        with self.lock:
            self.seen.add(event["id"])
        return 204

    @property
    def seen(self) -> set[Any]:
        return self.server.seen  # type: ignore[attr-defined,no-any-return]

    def broken_off(self) -> None:
        pass

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library names it
        pass


class Slow(Receiver):
    def take(self, event: Any) -> int:
        time.sleep(4)
        return 204


class FailsAtDuplicates(Receiver):
    def take(self, event: Any) -> int:
        with self.lock:
            known = event["id"] in self.seen
            self.seen.add(event["id"])
        return 500 if known else 204


class WantsOrder(Receiver):
    def take(self, event: Any) -> int:
        with self.lock:
            late = any(number > event["number"] for number in self.seen)
            self.seen.add(event["number"])
        return 409 if late else 204


class JudgesByTheEventsTime(Receiver):
    def take(self, event: Any) -> int:
        return 400 if event["time"] < "2026-06" else 204


class BelievesAnybody(Receiver):
    def verified(self, body: bytes) -> Any:
        try:
            return json.loads(body) | {"id": "?"}
        except (ValueError, TypeError):
            return {"id": "?"}


class ParsesFirst(Receiver):
    """And dies of what is no event: an answer of 500 is asked again for days."""

    def verified(self, body: bytes) -> Any:
        try:
            json.loads(body)["id"]
        except (ValueError, TypeError, KeyError):
            return None
        return super().verified(body)

    def take(self, event: Any) -> int:
        return 500 if event is None else super().take(event)


class ForgetsTheClock(Receiver):
    def verified(self, body: bytes) -> Any:
        return read_webhook([SECRET], dict(self.headers), body, now=float(self.headers.get("webhook-timestamp") or 0))


class OneSignatureAlone(Receiver):
    def verified(self, body: bytes) -> Any:
        if " " in (self.headers.get("webhook-signature") or ""):
            raise WebhookRefusedError("too many")
        return super().verified(body)


class RefusesNews(Receiver):
    def take(self, event: Any) -> int:
        return 422 if "extra" in event else 204


class TakesAnySize(BelievesAnybody):
    largest = 1 << 30


class OneAfterTheOther(Receiver):
    server_kind = HTTPServer
    timeout = 60


class RemembersTooSoon(Receiver):
    """By the id in the header, before the body is there."""

    def do_POST(self) -> None:
        with self.lock:
            known = self.headers.get("webhook-id") in self.seen
            self.seen.add(self.headers.get("webhook-id"))
        if known:
            self.answer(409)
        else:
            super().do_POST()


class EndsOnForgery(Receiver):
    def answer(self, status: int) -> None:
        super().answer(410 if status == 400 else status)


class WrongReceiver(NamedTuple):
    kind: type[Receiver]
    caught_by: tuple[str, ...]


WRONG: Final = (
    WrongReceiver(Slow, ("WHK-01",)),
    WrongReceiver(FailsAtDuplicates, ("WHK-02", "WHK-03")),
    WrongReceiver(WantsOrder, ("WHK-04",)),
    WrongReceiver(JudgesByTheEventsTime, ("WHK-05",)),
    WrongReceiver(BelievesAnybody, ("WHK-06", "WHK-07", "WHK-08")),
    WrongReceiver(ForgetsTheClock, ("WHK-09", "WHK-10")),
    WrongReceiver(OneSignatureAlone, ("WHK-11",)),
    WrongReceiver(RefusesNews, ("WHK-12",)),
    WrongReceiver(TakesAnySize, ("WHK-13",)),
    WrongReceiver(OneAfterTheOther, ("WHK-14",)),
    WrongReceiver(RemembersTooSoon, ("WHK-15",)),
    WrongReceiver(ParsesFirst, ("WHK-16",)),
    WrongReceiver(EndsOnForgery, ("WHK-06",)),
)


@contextmanager
def running(kind: type[Receiver]) -> Iterator[str]:
    """Its address."""
    server = kind.server_kind(("127.0.0.1", 0), kind)
    server.seen = set()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/yidi"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
