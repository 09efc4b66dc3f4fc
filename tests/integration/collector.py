"""A collector of traces: takes OTLP over HTTP, decodes it, and keeps the spans."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["Collector", "Span", "collector"]


class Span(NamedTuple):
    at: int
    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, object]


class Collector(ThreadingHTTPServer):
    """`token`: the header `x-token` must hold it. `raw`: all that came, as bytes."""

    daemon_threads = True

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token, self.raw, self._found = token, b"", list[Span]()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/traces"

    def take(self, data: bytes) -> None:
        self.raw += data
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
            (service,) = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
            for scope in resource.scope_spans:
                self._found += [
                    Span(
                        one.start_time_unix_nano, service, one.name, one.trace_id.hex(), one.span_id.hex(),
                        one.parent_span_id.hex(),
                        {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in one.attributes},
                    )
                    for one in scope.spans
                ]  # fmt: skip

    def spans(self, trace: str) -> list[Span]:
        """Of one trace, in the order of their times."""
        return sorted(one for one in list(self._found) if one.trace == trace)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        data = self.rfile.read(int(self.headers["content-length"]))
        good = self.path == "/v1/traces" and self.headers["x-token"] == self.server.token
        if good:
            self.server.take(data)
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        pass


@contextmanager
def collector(token: str = "") -> Iterator[Collector]:
    with Collector(token) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
