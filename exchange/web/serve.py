"""An application on a socket, served by uvicorn in a thread of its own, with a clean stop.

The socket is bound before `start` returns: the address is known, and a port in use is an error at once. Loopback
unless told otherwise.
"""

import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from exchange.errors import InputError

__all__ = ["Server", "at_once"]

_STOP_SECONDS = 5.0


class Server:
    """`with Server(app) as server: ... server.url`, or `start` and `stop`. Port 0 takes a free one."""

    def __init__(
        self,
        app: FastAPI,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: tuple[Path, Path] | None = None,
        connections: int = 64,
    ) -> None:
        """`tls`: certificate chain and key (PEM). Raises InputError (WEB_TLS) when they are not usable."""
        self._host, self._port = host, port
        self._scheme = "https" if tls else "http"
        context = _tls_context(*tls) if tls else None
        self._socket: socket.socket | None = None
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app,
                # No lifespan, no signal handlers, no log set-up: the process around us has its own.
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                ws="none",
                limit_concurrency=connections,
                ssl_context_factory=None if context is None else lambda _config, _default: context,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=2,
            )
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self._port}"

    def start(self) -> None:
        """Raises InputError (WEB_ADDRESS) when the address cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._socket = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise InputError(
                f"cannot listen on {self._host}:{self._port}: {error.strerror}; choose another port, or 0 for any",
                code="WEB_ADDRESS",
            ) from error
        at_once(self._socket)
        self._port = self._socket.getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked, then close. May be called twice."""
        self._uvicorn.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(_STOP_SECONDS)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        assert self._socket is not None
        self._uvicorn.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def at_once(listening: socket.socket) -> None:
    """Lines that it accepts send what they are given. An answer's head and body are given apart, and the body would
    wait 40 ms for the head's acknowledgement (RFC 1122 4.2.3.2, 4.2.3.4)."""
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # an SSLError is one
        raise InputError(
            f"TLS certificate {certificate} with key {key}: not usable: {error.strerror or error}", code="WEB_TLS"
        ) from error
    return context
