"""Whose request it is: every one that is not open to strangers depends on `Judge`.

Not here: how it is judged (`exchange.trust.http`), what the unit may do (each route).
"""

from collections.abc import Callable

from fastapi import Request

from exchange.directory.snapshot import Directory
from exchange.ports.time import Clock
from exchange.trust.http import HttpRequest, RequestVerifier, SignedRequest, origin

__all__ = ["Judge"]


class Judge:
    """A dependency of routes. `url`: the hub as its nodes know it. The Host header is not believed: a request that
    was signed for another hub must not be good here."""

    def __init__(self, url: str, directory: Callable[[], Directory], clock: Clock) -> None:
        self._origin, self._directory = origin(url), directory
        self._verifier = RequestVerifier(clock)

    # Plain, so that it runs in a thread: it asks the store and computes.
    def __call__(self, request: Request) -> SignedRequest:
        """Raises SignatureError, CertificateError, NotAuthorisedError, LimitError."""
        target = request.scope["raw_path"].decode("latin-1")
        if query := request.scope["query_string"].decode("latin-1"):
            target += f"?{query}"
        asked = HttpRequest(method=request.method, url=self._origin + target, headers=tuple(request.headers.items()))
        verified = self._verifier.verify(asked, self._directory())
        request.state.unit = verified.unit
        return verified
