"""Documents that an operator has dispatched once more, to a unit that has them or that they came too late for: part of
the hub's store. What is still on its way needs none of this, its delivery is due anyway."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.ports.records import DeliveryKey

__all__ = ["Resend", "ResendSession"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """Open until the broker has taken it."""

    key: DeliveryKey
    due: datetime
    attempts: int = 0


class ResendSession(Protocol):
    def add_resends(self, resends: Sequence[Resend]) -> None:
        """Adding one that is there already does nothing."""
        ...

    def due_resends(self, now: datetime, limit: int) -> list[Resend]:
        """Those whose `due` has come, oldest first, locked."""
        ...

    def save_resends(self, resends: Sequence[Resend]) -> None: ...
    def remove_resends(self, keys: Iterable[DeliveryKey]) -> None: ...
