"""One HTTP question, as it is meant, and what came back: no retry, no redirect, nothing from the environment.

Not here: what an answer must be.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from exchange.conformance.case import FailedError
from exchange.errors import InputError

__all__ = ["SECONDS", "Answer", "Asker"]

SECONDS: Final = 15.0  # what a node waits for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`status` 0: there was none, and `why`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    why: str = ""

    def json(self) -> Any:
        """Raises FailedError."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise FailedError(f"回答不是 JSON the answer is no JSON: {self.body[:100]!r}") from error

    def __str__(self) -> str:
        return f"{self.status or self.why} {self.body[:200].decode('utf-8', 'replace')}".strip()


class Asker:
    """`url`: where; questions name a path beneath it, or nothing."""

    def __init__(self, url: str, *, ca_file: Path | None = None, seconds: float = SECONDS) -> None:
        """`seconds`: how long an answer is waited for. Raises InputError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise InputError(f"--url {url[:80]}: expected http(s)://host:port/path, without a user", code="SETTINGS")
        self.url, self.seconds = url, seconds
        try:
            self._tls = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise InputError(f"--ca {ca_file}: no certificates (PEM) in it", code="SETTINGS") from error
        self._http = httpx2.Client(
            verify=self._tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(seconds, connect=min(5.0, seconds)),
            headers={"User-Agent": "yidi", "Accept-Encoding": "identity"},
        )

    def ask(self, method: str, path: str = "", **parts: Any) -> Answer:
        """`parts`: headers, params, content, json, files, as the HTTP library takes them."""
        try:
            answer = self._http.request(method, self.url + path, **parts)
        except httpx2.HTTPError as error:
            return Answer(status=0, why=repr(error))
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status_code, headers=headers, body=answer.content)

    def announce(self, path: str, headers: Mapping[str, str]) -> Answer:
        """What is answered to the head of a POST before any of its body was sent."""
        where = urlsplit(self.url)
        host = where.hostname or ""
        line = (
            http.client.HTTPSConnection(host, where.port, timeout=self.seconds, context=self._tls)
            if where.scheme == "https"
            else http.client.HTTPConnection(host, where.port, timeout=self.seconds)
        )
        try:
            line.request("POST", where.path + path, headers=dict(headers))
            answer = line.getresponse()
            return Answer(status=answer.status, body=answer.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(status=0, why=repr(error))
        finally:
            line.close()

    @contextmanager
    def half_a_question(self, headers: Mapping[str, str], body: bytes) -> Iterator[None]:
        """Within it, somebody has sent half of a POST and says no more."""
        where = urlsplit(self.url)
        port = where.port or {"http": 80, "https": 443}[where.scheme]
        head = [f"POST {where.path or '/'} HTTP/1.1", f"Host: {where.netloc}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection((where.hostname, port), timeout=5.0) as line:
            secured = self._tls.wrap_socket(line, server_hostname=where.hostname) if where.scheme == "https" else line
            secured.sendall("\r\n".join([*head, "", ""]).encode() + body[: len(body) // 2])
            yield

    def close(self) -> None:
        self._http.close()
