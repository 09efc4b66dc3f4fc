"""One question to the hub over TLS: signed, bounded in time and size, asked once more when the line was cut.

Trust is pinned to the authorities of one file, or the system's. Nothing is taken from the environment, no redirect is
followed. Whatever may pass is a TransportError: those above ask again in their own time.

Limits: proxies that HTTP must pass through are not supported.
"""

import hashlib
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx2

from exchange.errors import InputError, TransportError
from exchange.model.unit import UnitCode
from exchange.ports.keys import KeyRing
from exchange.ports.time import Clock, Ids
from exchange.remote.problems import refusal
from exchange.trust.http import HttpRequest, content_digest, origin, sign_request

__all__ = ["Answer", "HubClient"]

_LARGEST_ANSWER: Final = 64 * 1024 * 1024
_CONNECT_SECONDS: Final = 10.0
# Below the five seconds after which the hub closes an idle connection, so that none is used that is just closing.
_IDLE_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success, or 416. `whole` is False when the line was cut within the body and the question allowed for it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class HubClient:
    """Many threads may share one. `url`: the hub exactly as it knows itself, https://host:port."""

    def __init__(
        self,
        url: str,
        *,
        keys: KeyRing,
        clock: Clock,
        ids: Ids,
        ca_file: Path | None = None,
        plain_loopback: bool = False,
        answer_seconds: float = 120.0,
    ) -> None:
        """`plain_loopback` allows http to this machine itself, for tests. `answer_seconds`: the longest silence; the
        hub hashes a large file before it answers. Raises InputError."""
        self._origin = origin(url)
        _check_scheme(self._origin, plain_loopback=plain_loopback)
        self._keys, self._clock, self._ids = keys, clock, ids
        self._http = httpx2.Client(
            verify=_trust(ca_file),
            trust_env=False,
            timeout=httpx2.Timeout(answer_seconds, connect=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=_IDLE_SECONDS),
            headers={"User-Agent": "yidi", "Accept-Encoding": "identity"},
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        unit: UnitCode | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        again: bool = True,
        partial: bool = False,
    ) -> Answer:
        """`unit` signs, None for questions open to strangers. `again`: repeat once after a cut. `partial`: half a body
        is welcome. Raises TransportError (HUB_UNREACHABLE, HUB_CUT, HUB_TLS, or the hub's own code) or the error that
        the hub's refusal stands for."""
        try:
            answer = self._once(method, path, unit, dict(headers or {}), body, partial=partial)
        except TransportError as error:
            if not again or error.code != "HUB_CUT":
                raise
            answer = self._once(method, path, unit, dict(headers or {}), body, partial=partial)
        if answer.status // 100 == 2 or answer.status == 416:
            return answer
        raise refusal(answer.status, answer.body)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _once(
        self, method: str, path: str, unit: UnitCode | None, headers: dict[str, str], body: bytes, *, partial: bool
    ) -> Answer:
        url = self._origin + path
        if body or method == "PATCH":
            headers["Content-Digest"] = content_digest(hashlib.sha256(body).digest())
        if unit is not None:
            asked = HttpRequest(method=method, url=url, headers=tuple(headers.items()))
            headers |= sign_request(asked, self._keys(unit), self._clock.now(), self._ids.new())
        try:
            with self._http.stream(method, url, headers=headers, content=body or None) as response:
                return _read(response, partial=partial)
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error


def _read(response: httpx2.Response, *, partial: bool) -> Answer:
    body, whole = bytearray(), True
    try:
        for piece in response.iter_raw():
            body += piece
            if len(body) > _LARGEST_ANSWER:
                raise TransportError("the hub's answer is too large", code="HUB_STRANGE")
    except httpx2.HTTPError:
        if not (partial and body):
            raise
        whole = False
    return Answer(status=response.status_code, headers=response.headers, body=bytes(body), whole=whole)


def _unreachable(error: httpx2.HTTPError) -> TransportError:
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            text = "the hub's TLS certificate is not of a trusted authority, or of another host"
            return TransportError(text, code="HUB_TLS", detail=str(error))
        return TransportError("the hub cannot be reached", code="HUB_UNREACHABLE", detail=repr(error))
    return TransportError("the connection to the hub was cut", code="HUB_CUT", detail=repr(error))


def _check_scheme(url: str, *, plain_loopback: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = False
    if not (plain_loopback and loopback):
        raise InputError(f"{url}: a hub is only asked over https", code="HUB_URL")


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # an SSLError is one
        raise InputError(f"{ca_file}: no certificates of authorities (PEM) in it", code="HUB_CA") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
