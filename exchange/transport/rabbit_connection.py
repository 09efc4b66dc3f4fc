"""One connection to RabbitMQ, kept up by a thread of its own.

The thread runs pika's loop for as long as the owner wants a connection: it connects, tells the owner, and after a loss
tries the next broker, each wait longer and of random length, so that a county does not come back in one second. All of
pika happens in that thread; other threads cross over by `call` alone.

Not here: what is said over the connection (`rabbit_publisher`, `rabbit_consumer`).
"""

import random
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import pika
from pika.adapters.select_connection import IOLoop

from exchange.errors import InputError, TransportError
from exchange.settings import Rabbit

__all__ = ["Owner", "RabbitConnection", "parameters"]

_CLOSE_SECONDS = 3.0  # for the broker's consent; after that the socket is closed without it


class Owner(Protocol):
    """Whoever speaks over the connection. Both are called in its thread."""

    def opened(self, connection: Any) -> None:
        """Connected anew: nothing of an earlier connection is left."""
        ...

    def lost(self, error: TransportError) -> None:
        """Not connected, or no longer. The next attempt comes by itself."""
        ...


class _Connection(pika.SelectConnection):  # type: ignore[misc]  # pika ships no types
    def drop(self, reason: Exception) -> None:
        """Close the socket now. pika's own `close` waits for a broker that may never answer."""
        self._terminate_stream(reason)

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        # One write for method, header and body: the parent's three cost three system calls for each message.
        super()._output_marshaled_frames([b"".join(marshaled_frames)])


class RabbitConnection:
    """`healthy()` ends the growth of the waits: the owner says so once all that it needs has worked."""

    def __init__(self, settings: Rabbit, name: str, owner: Owner) -> None:
        self._settings, self._owner = settings, owner
        self._brokers = parameters(settings)
        self._connection: _Connection | None = None
        self._attempts = self._failures = 0
        self._closing = False
        self._loop = IOLoop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self.call(self._connect)
        self._thread.start()

    def call(self, work: Callable[[], None]) -> None:
        """Run `work` in the connection's thread; the one thing here that any thread may do at any time."""
        self._loop.add_callback_threadsafe(work)

    def close(self) -> None:
        """Say good-bye to the broker, then end the thread. What was sent before is sent before."""
        self.call(self._close)
        self._thread.join()

    # What follows runs in the thread of the connection.

    def healthy(self) -> None:
        self._failures = 0

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Run `work` then; there may be another connection by that time, or none."""
        self._loop.call_later(seconds, work)

    def fail(self, reason: str) -> None:
        """Give up this connection, which looks open but serves no more, and make another."""
        if self._connection is not None and not self._connection.is_closed:
            self._connection.drop(TransportError(reason))

    def _run(self) -> None:
        while True:
            try:
                self._loop.start()
                break
            except Exception as error:  # noqa: BLE001  # a bug must not leave callers waiting for a dead thread
                self.call(partial(self._rescue, error))
        self._loop.close()

    def _rescue(self, error: Exception) -> None:
        if self._connection is None or self._connection.is_closed:
            self._lost(error)
        else:
            self._connection.drop(error)

    def _connect(self) -> None:
        if self._closing:
            return
        broker = self._brokers[self._attempts % len(self._brokers)]
        self._attempts += 1
        self._connection = _Connection(
            broker,
            on_open_callback=self._owner.opened,
            on_open_error_callback=lambda _, error: self._lost(error),
            on_close_callback=lambda _, error: self._lost(error),
            custom_ioloop=self._loop,
        )

    def _lost(self, error: BaseException) -> None:
        self._connection = None
        self._owner.lost(TransportError("lost the broker", detail=repr(error)))
        if self._closing:
            self._loop.stop()
            return
        longest = min(self._settings.reconnect_cap_seconds, self._settings.reconnect_base_seconds * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self._loop.call_later(random.uniform(0, longest), self._connect)  # noqa: S311  # jitter keeps no secret

    def _close(self) -> None:
        self._closing = True
        connection = self._connection
        if connection is None:
            self._loop.stop()
        elif connection.is_open:
            connection.close()
            self._loop.call_later(_CLOSE_SECONDS, lambda: self.fail("the broker does not answer"))
        elif not connection.is_closed:
            connection.drop(TransportError("closed while connecting"))


def parameters(settings: Rabbit) -> list[Any]:
    """pika's parameters, one for each broker. Raises InputError naming the setting that is wrong."""
    made = []
    for url in settings.urls:
        parts = urlsplit(url)
        try:
            if parts.scheme not in {"amqp", "amqps"}:
                raise ValueError(parts.scheme)
            # pika would have a password after every user, which may be in a file here.
            one = pika.URLParameters(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
        except (ValueError, TypeError) as error:
            raise InputError("broker URL: expected amqp(s)://user:password@host:port/vhost", code="SETTINGS") from error
        one.credentials = _credentials(settings, parts)
        one.heartbeat = settings.heartbeat_seconds
        one.blocked_connection_timeout = settings.blocked_timeout_seconds
        one.socket_timeout = settings.connect_timeout_seconds
        one.stack_timeout = 2 * settings.connect_timeout_seconds
        if one.ssl_options is not None:
            one.ssl_options = pika.SSLOptions(_tls(settings), one.host)
        made.append(one)
    return made


def _credentials(settings: Rabbit, url: SplitResult) -> Any:
    password = _secret(settings.password_file) if settings.password_file else unquote(url.password or "")
    if settings.certificate_file and not password:
        return pika.credentials.ExternalCredentials()
    return pika.PlainCredentials(unquote(url.username or ""), password)


def _tls(settings: Rabbit) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.certificate_file:
            passphrase = _secret(settings.key_passphrase_file) if settings.key_passphrase_file else ""
            # A function, since OpenSSL would ask on the terminal for the passphrase that is not given.
            context.load_cert_chain(settings.certificate_file, settings.key_file or None, lambda: passphrase)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"TLS files of the broker: {error}", code="SETTINGS") from error
    return context


def _secret(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}", code="SETTINGS") from error
