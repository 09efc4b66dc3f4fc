"""Calls: what an office sends to the node by itself, at `/office/<name>/calls` of its API.

    [offices.weaver.calls]
    secret_file = "secrets/weaver-calls"
    addresses = ["10.1.2.3", "10.1.9.0/24"]

One is taken when it comes from such an address and shows the secret: as a token, or, with `signed`, as a signature by
Standard Webhooks 1.0. A `Bell` believes nothing that it says: its adapter looks at the office by itself, only sooner.
A `Letterbox` keeps what came until its adapter is done with it, for offices that cannot be asked.

Not here: HTTP (`exchange.web.node_api.offices`), what a letter means.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from pydantic import Field, IPvAnyNetwork

from exchange.adapters.registry import Place
from exchange.adapters.share import faults_as_adapter_errors, keep_private
from exchange.errors import InputError, LimitError, NotAuthorisedError, StorageError
from exchange.ports.office import OfficeCall, OfficeCalls
from exchange.settings import AdapterSettings
from exchange.trust.webhook import is_secret, is_signed

__all__ = ["Bell", "CallRules", "GuardedCalls", "Letter", "Letterbox"]

_SHORTEST_SECRET: Final = 20
_MOST_LETTERS: Final = 10_000


class CallRules(AdapterSettings):
    """Who may call."""

    secret_file: str = Field(
        description="File with the secret, 20 characters or more, that the office sends as `Authorization: Bearer`, "
        "or as the password of Basic."
    )
    addresses: tuple[IPvAnyNetwork, ...] = Field(min_length=1, description="Addresses and networks it calls from.")
    signed: bool = Field(
        default=False, description="The secret (`whsec_…`) is not sent; it signs each call by Standard Webhooks."
    )
    largest_bytes: int = Field(default=64 << 10, ge=1, le=1 << 20, description="The largest call.")


class GuardedCalls(OfficeCalls):
    """Those that are the office's go to `keep`, which raises StorageError or LimitError when it cannot."""

    def __init__(
        self, rules: CallRules, place: Place, keep: Callable[[bytes], None], *, now: Callable[[], float] = time.time
    ) -> None:
        """Raises InputError."""
        self._rules, self._keep, self._now = rules, keep, now
        self.largest = rules.largest_bytes
        self._secret = secret = place.secret("calls.secret_file", rules.secret_file)
        if len(secret) < _SHORTEST_SECRET or not secret.isascii() or (rules.signed and not is_secret(secret)):
            wanted = "whsec_ and Base64" if rules.signed else f"{_SHORTEST_SECRET} characters of ASCII or more"
            raise InputError(f"offices.{place.name}.calls.secret_file: expected {wanted}", code="SETTINGS")

    def admits(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._rules.addresses)

    def take(self, call: OfficeCall) -> None:
        if self._rules.signed:
            good = is_signed(self._secret, call.fields, call.body, self._now())
        else:
            good = hmac.compare_digest(self._secret.encode(), call.token.encode())
        if not good:
            raise NotAuthorisedError("no such token", code="TOKEN")
        self._keep(call.body)


class Bell:
    """Somebody rang: look now. What a call says is thrown away. One that a restart loses costs nothing: whoever starts
    looks first."""

    _RINGS_SECONDS: Final = 20.0  # offices call while they are still at it; what it is about may show only later

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rung: float | None = None

    def ring(self) -> None:
        self._rung = self._monotonic()

    @property
    def is_ringing(self) -> bool:
        return self._rung is not None and self._monotonic() - self._rung < self._RINGS_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`id`: another one for other bytes."""

    id: str
    body: bytes

    @property
    def came(self) -> datetime:
        """In whole seconds."""
        return datetime.fromtimestamp(int(self.id.partition(".")[0]) // 10**9, UTC)


class Letterbox:
    """Letters in a folder of the node's, which are there until they are dropped. May be used by several threads. The
    same bytes are one letter while it is there; whoever reads it knows what it has seen before."""

    def __init__(self, folder: Path, *, most: int = _MOST_LETTERS) -> None:
        self._folder, self._most = folder, most

    def put(self, body: bytes) -> None:
        """On stable storage when it returns. Raises StorageError, LimitError."""
        digest = hashlib.sha256(body).hexdigest()
        try:
            there = self._names()
            if any(name.endswith(digest) for name in there):
                return
            if len(there) >= self._most:
                raise LimitError(f"{self._most} calls wait already", code="RATE")
            keep_private(self._folder / f"{time.time_ns():020}.{digest}", body)
        except OSError as error:
            raise StorageError("the call cannot be kept", detail=repr(error)) from error

    def letters(self) -> list[Letter]:
        """The oldest first. Raises AdapterError."""
        with faults_as_adapter_errors("letters"):
            return [Letter(id=name, body=(self._folder / name).read_bytes()) for name in self._names()]

    def drop(self, letter: str) -> None:
        """Raises AdapterError."""
        with faults_as_adapter_errors("letters"):
            (self._folder / letter).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        return sorted(path.name for path in self._folder.glob("*.*") if path.suffix != ".tmp")
