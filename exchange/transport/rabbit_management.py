"""RabbitMQ's management HTTP API, as an administrator's account uses it. It listens on loopback or behind TLS.

Not here: what is asked for (`exchange.transport.provisioning`).
"""

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from exchange.errors import InputError, TransportError

__all__ = ["Management", "management_at"]

_TIMEOUT_SECONDS = 30.0
_CODES = {
    http.client.UNAUTHORIZED: "BROKER_LOGIN",
    http.client.FORBIDDEN: "BROKER_RIGHTS",
    http.client.SERVICE_UNAVAILABLE: "BROKER_UNWELL",  # what its own checks of health answer
}


def management_at(url: str) -> "Management":
    """`url`: http(s)://user:password@host:port. Raises InputError."""
    parts = urlsplit(url)
    try:
        where = f"{parts.scheme}://{parts.hostname}:{int(parts.port or 15672)}"
    except ValueError as error:
        raise InputError("broker's management URL: expected http(s)://host:port", code="SETTINGS") from error
    return Management(where, unquote(parts.username or ""), unquote(parts.password or ""))


class Management:
    """`url`: http(s)://host:port. Paths are given in parts, each quoted."""

    def __init__(self, url: str, user: str, password: str) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise InputError("broker's management URL: expected http(s)://host:port", code="SETTINGS")
        self._url = url.rstrip("/")
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        # Straight to the broker: a proxy of the environment must not see an administrator's password.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, *path: str, **query: str) -> Any:
        return self.ask("GET", *path, query=query)

    def put(self, *path: str, body: object = None) -> None:
        self.ask("PUT", *path, body={} if body is None else body)

    def post(self, *path: str, body: object) -> None:
        self.ask("POST", *path, body=body)

    def delete(self, *path: str) -> bool:
        """Whether it was there."""
        return self.ask("DELETE", *path) is not _MISSING

    def ask(self, method: str, *path: str, body: object = None, query: Mapping[str, str] | None = None) -> Any:
        where = "/".join(quote(part, safe="") for part in path) + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked above
            f"{self._url}/api/{where}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self._login, "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                content = answer.read()
                return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.client.NOT_FOUND and method == "DELETE":
                    return _MISSING
                said = error.read(1000).decode(errors="replace")
            asked = f"{method} {where}: {error.code}"  # the log has the detail alone, and of a 500 nothing is said
            raise TransportError(
                f"the broker refused {asked}", code=_CODES.get(error.code), detail=f"{asked} {said}".rstrip()
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise TransportError("the broker's management does not answer", detail=repr(error)) from error


_MISSING = object()
