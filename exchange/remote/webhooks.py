"""Implements `exchange.ports.webhooks.Poster`: one POST, bounded in time, no redirect followed, nothing taken from the
environment; of the answer the status alone is read.

Not here: where it may go (`exchange.services.node.tell_programs`).
"""

from collections.abc import Mapping
from typing import Final

import httpx2

from exchange.errors import TransportError

__all__ = ["HttpPoster"]

_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0


class HttpPoster:
    def __init__(self) -> None:
        self._http = httpx2.Client(
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
