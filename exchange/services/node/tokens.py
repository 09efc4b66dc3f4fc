"""Tokens: how programs on a unit's premises show a node who they are. Made, listed and revoked by whoever administers
the node, never by a program.

A token is `yidi_<id>_<secret>`; the node keeps the id and a hash. The secret has 256 bits of chance, so that a plain
hash is enough. Every refusal is logged, with the id and never the secret.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exchange.errors import NotAuthorisedError, RefusedError
from exchange.model.program import Scope, Token
from exchange.model.unit import UnitCode
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.trust.digest import sha256_hex

__all__ = ["NewToken", "Tokens"]

_PREFIX: Final = "yidi"
# Who was there is asked by people; a write with every request would cost more than the requests.
_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """`text` is shown once and kept nowhere."""

    token: Token
    text: str


class Tokens:
    def __init__(self, store: NodeStore, clock: Clock, log: Log) -> None:
        self._store, self._clock, self._log = store, clock, log

    def issue(
        self, name: str, scopes: Iterable[Scope], units: Iterable[UnitCode] = (), life: timedelta | None = None
    ) -> NewToken:
        """Raises RefusedError for a unit that the node does not host, InvalidValueError for a name."""
        now, secret = self._clock.now(), secrets.token_urlsafe(32)
        token = Token(
            id=secrets.token_hex(4),
            name=name,
            digest=sha256_hex(secret.encode("ascii")),
            scopes=frozenset(scopes),
            units=tuple(dict.fromkeys(units)),
            created=now,
            expires=None if life is None else now + life,
        )
        if not token.scopes:
            raise RefusedError("a token without a scope opens nothing", code="TOKEN_SCOPE")
        with self._store.begin() as session:
            hosted = session.units()
            if unknown := [unit for unit in token.units if unit not in hosted]:
                raise RefusedError(f"not hosted by this node: {', '.join(unknown)}", code="WRONG_UNIT")
            session.add_token(token)
        self._log.info("token_issued", token_id=token.id, scopes=" ".join(sorted(token.scopes)))
        return NewToken(token=token, text=f"{_PREFIX}_{token.id}_{secret}")

    def listing(self) -> list[Token]:
        """Oldest first, with those that are revoked."""
        with self._store.look() as session:
            return session.tokens()

    def revoke(self, token_id: str) -> Token:
        """From now on. One that is revoked stays so. Raises RefusedError (NOT_FOUND)."""
        with self._store.begin() as session:
            token = session.token(token_id)
            if token is None:
                raise RefusedError(f"there is no token {token_id[:40]}", code="NOT_FOUND")
            session.revoke_token(token_id, self._clock.now())
        self._log.info("token_revoked", token_id=token_id)
        return token

    def check(self, text: str) -> Token:
        """The token of this text. Raises NotAuthorisedError (TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED)."""
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        with self._store.look() as session:
            token = session.token(token_id) if prefix == _PREFIX else None
        # Whether the id or the secret is wrong shows in no answer, and hardly in its time.
        right = hmac.compare_digest(sha256_hex(secret.encode()), token.digest if token else "")
        if token is None or not right:
            raise NotAuthorisedError("no such token", code="TOKEN")
        now = self._clock.now()
        _check_valid(token, now)
        if token.used is None or now - token.used >= _NOTED_EVERY:
            with self._store.begin() as session:
                session.use_token(token.id, now)
        return token


def _check_valid(token: Token, now: datetime) -> None:
    if token.revoked is not None:
        raise NotAuthorisedError(f"token {token.id} was revoked", code="TOKEN_REVOKED")
    if token.expires is not None and now >= token.expires:
        raise NotAuthorisedError(f"token {token.id} expired {token.expires:%Y-%m-%d}", code="TOKEN_EXPIRED")
