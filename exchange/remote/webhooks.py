"""Implements `exchange.ports.webhooks.Poster`: one POST, bounded in time, no redirect followed, nothing taken from the
environment; of the answer the status alone is read.

Not here: where it may go (`exchange.services.node.tell_programs`).
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx2

from exchange.errors import InputError, TransportError

__all__ = ["HttpPoster"]

_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0


class HttpPoster:
    """`ca_file`: authorities (PEM) that certificates must come from, None for public ones."""

    def __init__(self, ca_file: Path | None = None) -> None:
        """Raises InputError."""
        try:
            trust: ssl.SSLContext | bool = True if ca_file is None else ssl.create_default_context(cafile=ca_file)
        except OSError as error:  # an SSLError is one
            raise InputError(
                f"api.webhook_ca_file: {ca_file}: no certificates of authorities (PEM) in it", code="SETTINGS"
            ) from error
        self._http = httpx2.Client(
            verify=trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
            headers={"User-Agent": "yidi"},
        )

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            with self._http.stream("POST", url, headers=dict(headers), content=body) as response:
                return response.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TransportError("the program did not answer", code="WEBHOOK", detail=repr(error)) from error

    def close(self) -> None:
        self._http.close()
