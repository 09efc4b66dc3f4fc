"""One question to an office system over HTTP: bounded in time and size, nothing from the environment, no redirect, no
cookie kept (some offices believe an old one before the token that is sent).

Every failure to get an answer is an AdapterError. Whether the office acted on a question that got no answer is not
known: whoever asks again looks first. Not here: what an answer means (each adapter knows its office).

Limits: proxies that HTTP must pass through are not supported.
"""

import json
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, BinaryIO, Final, Self, cast

import httpx2

from exchange.adapters.forms.settings import FormSettings
from exchange.adapters.registry import Place
from exchange.errors import AdapterError, InputError
from exchange.ports.pulse import pulse

__all__ = ["Answer", "OfficeHttp"]

_LARGEST_ANSWER: Final = 64 * 1024 * 1024
_LARGEST_FILE: Final = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        """Old systems answer in GBK whatever they say."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return self.body.decode("gb18030", "replace")

    def json(self) -> Any:
        """Raises AdapterError when it is none, such as a login page."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise AdapterError("the office answered something that is not JSON", detail=self.text[:200]) from error


@cache
def _public_trust() -> ssl.SSLContext:
    """Read once: there are many authorities."""
    return httpx2.create_ssl_context(trust_env=False)


class OfficeHttp:
    """`url`: scheme, host and port of the office, and the path that it lives under. `ca_file`: authorities (PEM) of its
    certificate, None for the system's."""

    def __init__(self, url: str, *, ca_file: Path | None = None, answer_seconds: float = 60.0) -> None:
        """Raises InputError."""
        if not url.startswith(("http://", "https://")):
            raise InputError(f"url: {url[:80]}: expected http://... or https://...", code="SETTINGS")
        try:
            trust = ssl.create_default_context(cafile=ca_file) if ca_file else _public_trust()
        except OSError as error:
            raise InputError(f"ca_file: {ca_file}: no certificates (PEM) in it", code="SETTINGS") from error
        self._url = url.rstrip("/")
        self._http = httpx2.Client(
            verify=trust,
            trust_env=False,
            timeout=httpx2.Timeout(answer_seconds, connect=10.0),
            headers={"User-Agent": "yidi"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    @classmethod
    def of(cls, settings: FormSettings, place: Place) -> Self:
        """As the settings say. Raises InputError."""
        ca_file = place.data / settings.ca_file if settings.ca_file else None
        return cls(settings.url, ca_file=ca_file, answer_seconds=settings.answer_seconds)

    def ask(self, method: str, path: str, **parts: Any) -> Answer:
        """`parts`: headers, params, json, content, data, files, as the HTTP library takes them. Raises AdapterError."""
        try:
            with self._http.stream(method, self._url + path, **parts) as response:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > _LARGEST_ANSWER:
                        raise AdapterError("the office's answer is too large")
                return Answer(status=response.status_code, body=bytes(body))
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error

    def fetch(self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, BinaryIO]:
        """A file, in an unnamed temporary one. Raises AdapterError."""
        out = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
        try:
            with self._http.stream("GET", self._url + path, params=params, headers=headers) as response:
                for piece in response.iter_bytes():
                    pulse()
                    out.write(piece)
                    if out.tell() > _LARGEST_FILE:
                        raise AdapterError("a file of the office's is too large")
                status = response.status_code
        except httpx2.HTTPError as error:
            out.close()
            raise _unreachable(error) from error
        except BaseException:
            out.close()
            raise
        out.seek(0)
        return status, out

    def close(self) -> None:
        self._http.close()


def _unreachable(error: httpx2.HTTPError) -> AdapterError:
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return AdapterError("the office cannot be reached", detail=repr(error))
    return AdapterError("the office gave no whole answer", detail=repr(error))
