"""A webhook: where a program wants to be told what happens, instead of asking.

Not here: telling it (`exchange.services.node.tell_programs`).
"""

from dataclasses import dataclass, field
from datetime import datetime

from exchange.model.unit import UnitCode

__all__ = ["Webhook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """`cursor`: number of the last event dealt with. `secrets`: the newest first; those before it stay good for as long
    as the program needs to change. `types`: beginnings of event types, none for all. `ended`: why nothing is sent
    any more. `failing`: since when the program has taken nothing."""

    id: str
    token: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    units: tuple[UnitCode, ...]
    types: tuple[str, ...] = ()
    created: datetime
    cursor: int
    due: datetime
    attempts: int = 0
    failing: datetime | None = None
    ended: str = ""

    def wants(self, event_type: str) -> bool:
        return not self.types or event_type.startswith(self.types)
