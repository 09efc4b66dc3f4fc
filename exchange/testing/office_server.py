"""An office system that is none: HTTP on loopback, and the ways in which real ones fail whoever asks them.

A simulated office derives from it and answers. Failures are attributes: set one, and the next question meets it. Not
here: any vendor's interface.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["Asked", "OfficeServer", "Part", "RefusedError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of a multipart question's. `file`: its file's name, if it is one."""

    file: str | None
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode()


class Asked:
    """A question as it came. `path` without what it asks, which stands in `query`."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        where = urlsplit(target)
        self.method, self.path, self.headers, self.body = method, unquote(where.path), headers, body
        self.query = dict(parse_qsl(where.query))

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def parts(self) -> dict[str, Part]:
        """Of a multipart question, by name."""
        boundary = b"--" + self.headers["content-type"].partition("boundary=")[2].encode()
        found = {}
        for one in self.body.split(boundary)[1:-1]:
            head, _, data = one.partition(b"\r\n\r\n")
            said = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
            found[said["name"]] = Part(file=said.get("filename"), data=data.removesuffix(b"\r\n"))
        return found

    def cookies(self) -> dict[str, str]:
        held = (one.strip().partition("=") for one in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in held if name}


class RefusedError(Exception):
    """An answer that is no 200."""

    def __init__(self, status: int, said: str | dict[str, Any]) -> None:
        super().__init__(str(said))
        self.status, self.said = status, said


class OfficeServer:
    """`root`: what all paths begin with; `Asked` has the rest. Failures, each at the next question whose path ends so:

    cut_at     it is carried out, and its answer cut off
    double_at  its answer comes twice in one
    slow_at    it is carried out, and its answer comes after `slow_seconds`
    down       every question's line is cut at once, and nothing is carried out (`closed`)
    charset    of all answers

    `answer_headers` go with every answer.
    """

    root = ""

    def __init__(self) -> None:
        self.cut_at = self.double_at = self.slow_at = ""
        self.slow_seconds, self.charset, self.down = 1.0, "utf-8", False
        self.answer_headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Within it nobody gets an answer."""
        self.down = True
        try:
            yield
        finally:
            self.down = False

    def answer(self, asked: Asked) -> object:
        """Bytes and text as they are, all else as JSON. Raises RefusedError."""
        raise RefusedError(404, "Page Not Found")

    def respond(self, asked: Asked) -> tuple[int, bytes]:
        """The answer as it goes out, with its status."""
        self.asked.append(f"{asked.method} {asked.path}")
        try:
            return 200, self._encoded(self.answer(asked))
        except RefusedError as refusal:
            return refusal.status, self._encoded(refusal.said)

    def _encoded(self, found: object) -> bytes:
        if isinstance(found, bytes):
            return found
        text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        return text.encode(self.charset)

    def takes(self, failure: str, path: str) -> bool:
        """Whether that failure is meant for this path; it happens once."""
        wanted: str = getattr(self, failure)
        if not wanted or not path.endswith(wanted):
            return False
        setattr(self, failure, "")
        return True


def _handler(office: OfficeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body go apart, and 40 ms between them add up

        def _serve(self) -> None:
            size = int(self.headers.get("content-length", "0"))
            body = self.rfile.read(size)
            if office.down or len(body) < size:  # whoever asked broke off
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path.removeprefix(office.root), headers, body)
            with office.lock:
                status, data = office.respond(asked)
                cut, double, slow = (
                    office.takes(failure, asked.path) for failure in ("cut_at", "double_at", "slow_at")
                )
            if slow:
                time.sleep(office.slow_seconds)
            if cut:
                self.close_connection = True
                return
            data *= 1 + double
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in office.answer_headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815  # the library names them

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library names it
            pass

    return Handler
