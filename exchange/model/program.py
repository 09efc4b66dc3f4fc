"""A program on a unit's own premises, as its node knows it: by a token with scopes, for some of the node's units.

Not here: making and checking tokens (`exchange.services.node.tokens`), what each scope opens (`exchange.web.node_api`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from exchange.model.text import check_line
from exchange.model.unit import UnitCode, parse_unit_code

__all__ = ["Scope", "Token"]


class Scope(StrEnum):
    """What a program may do. None implies another."""

    READ = "read"
    SUBMIT = "submit"
    RECEIVE = "receive"
    SIGN = "sign"
    WEBHOOKS = "webhooks"

    @property
    def chinese(self) -> str:
        return _SCOPES[self]


_SCOPES = dict(zip(Scope, ["查阅", "发文", "取文入库", "签收与反馈", "事件推送"], strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`digest`: SHA-256 of its secret, which is kept nowhere. `units`: those it speaks for; none named: every unit of
    the node. `used`: about when it was last good."""

    id: str
    name: str
    digest: str = field(repr=False)
    scopes: frozenset[Scope]
    units: tuple[UnitCode, ...] = ()
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    used: datetime | None = None

    def __post_init__(self) -> None:
        check_line("name of a program", self.name, 100)
        for unit in self.units:
            parse_unit_code(unit)

    def speaks_for(self, unit: UnitCode) -> bool:
        return not self.units or unit in self.units
