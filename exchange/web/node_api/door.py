"""Whose request it is, what its token may do, for which unit, and how often. Every refusal is logged, with the token's
id.

Not here: making tokens (`exchange.services.node.tokens`).
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.security import HTTPBearer

from exchange.errors import InvalidValueError, LimitError, NotAuthorisedError, RefusedError, YidiError
from exchange.model.program import Scope, Token
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log
from exchange.services.node.tokens import Tokens
from exchange.web.limits import Attempts, Rate

__all__ = ["BEARER", "Caller", "Door", "UnitOf", "Uploading", "caller_of", "shown_token"]

BEARER: Final = HTTPBearer(
    auto_error=False, scheme_name="token", description="`Authorization: Bearer yidi_…`, from `yidi node tokens new`."
)
UnitOf = Annotated[
    str | None,
    Query(
        alias="unit",
        max_length=20,
        description="Code of the unit that the program speaks for. May be left out when there is but one.",
        examples=["520304-002"],
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program that showed a good token. `units`: those that it may speak for here, now."""

    token: Token
    units: tuple[UnitCode, ...]

    def one_unit(self, asked: str | None) -> UnitCode:
        """Raises RefusedError (WRONG_UNIT), InvalidValueError."""
        if asked is None:
            if len(self.units) != 1:
                raise InvalidValueError(f"unit: say which of {', '.join(self.units[:5]) or 'none'}")
            return self.units[0]
        unit = parse_unit_code(asked)
        if unit not in self.units:
            raise RefusedError(f"token {self.token.id} does not speak for {unit} here", code="WRONG_UNIT")
        return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploading:
    """Who uploads a file, as `exchange.web.uploads` asks."""

    unit: UnitCode
    content_digest: bytes | None = None


class Door:
    def __init__(self, tokens: Tokens, store: NodeStore, rate: Rate, strangers: Attempts, log: Log) -> None:
        """`strangers`: how often one address may come with a wrong token."""
        self._tokens, self._store, self._rate, self._strangers, self._log = tokens, store, rate, strangers, log

    def admit(self, request: Request) -> Caller:
        """Raises NotAuthorisedError (TOKEN...), LimitError (RATE)."""
        address = request.client.host if request.client else ""
        try:
            token = self._known(request.headers.get("authorization", ""), address)
        except YidiError as error:
            self._log.warning("api_refused", code=error.code, peer=address)
            raise
        request.state.token = token.id
        left = self._rate.take(token.id)
        request.state.fields = left.fields()
        if left.refused:
            self._log.warning("api_refused", code="RATE", token_id=token.id, peer=address)
            raise LimitError(f"more than {left.allowed} requests a minute", code="RATE")
        with self._store.look() as session:
            hosted = session.units()
        return Caller(token=token, units=tuple(unit for unit in hosted if token.speaks_for(unit)))

    def needing(self, scope: Scope) -> Callable[[Request], Caller]:
        """A dependency: the caller, if its token has `scope`."""

        def check(request: Request) -> Caller:
            caller = caller_of(request)
            if scope not in caller.token.scopes:
                self._log.warning("api_refused", code="SCOPE", token_id=caller.token.id, scope=scope.value)
                raise RefusedError(f"token {caller.token.id} lacks the scope {scope.value}", code="SCOPE")
            return caller

        return check

    def _known(self, field: str, address: str) -> Token:
        try:
            if not (text := shown_token(field)):
                raise NotAuthorisedError("give Authorization: Bearer and a token", code="TOKEN")
            return self._tokens.check(text)
        except NotAuthorisedError:
            self._strangers.count(address)
            raise


def shown_token(field: str) -> str:
    """The token, or nothing. As the password of Basic (RFC 7617), too: many programs can do no other."""
    scheme, _, text = field.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(text.strip(), validate=True).decode("ascii").partition(":")[2]
        except ValueError:
            return ""
    return text.strip() if scheme.lower() == "bearer" else ""


def caller_of(request: Request) -> Caller:
    """Of a request that was admitted."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller
