"""Notices of the hub's: part of both stores. At the hub what it announced, at a node what its units were told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.model.notice import NoticeKind
from exchange.model.receipt import ReceiptId
from exchange.model.unit import UnitCode

__all__ = ["HubNotices", "NodeNotices", "NoticeRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecord:
    """`document`: the signed NOTICE. `units`: at the hub, how many it is for."""

    id: ReceiptId
    kind: NoticeKind
    text: str
    document: bytes
    at: datetime
    until: datetime
    units: int = 1


class HubNotices(Protocol):
    def add_notice(self, record: NoticeRecord) -> None: ...
    def notices(self, limit: int) -> list[tuple[NoticeRecord, int]]:
        """The latest first, each with how many units have not confirmed it."""
        ...

    def notices_over(self, ids: Iterable[ReceiptId], now: datetime) -> set[ReceiptId]:
        """Those of these that are notices and over."""
        ...

    def forwarded(self, ids: Iterable[ReceiptId]) -> dict[ReceiptId, bytes]:
        """What goes to units under these ids: receipts and notices."""
        ...


class NodeNotices(Protocol):
    def add_notices(self, unit: UnitCode, records: Sequence[NoticeRecord]) -> None:
        """Adding one that is there already does nothing. A new one is untold, and gets its number among what happened
        (`ProgramSession.occurrences`)."""
        ...

    def notices(self, now: datetime) -> list[tuple[UnitCode, NoticeRecord]]:
        """Those that are not over, the latest first. What a later one ended (`NoticeKind.ends`) is left out."""
        ...

    def untold_notices(self, now: datetime, except_of: Iterable[UnitCode] = ()) -> list[tuple[UnitCode, NoticeRecord]]:
        """Those that are not over, of which the unit's office was not told; oldest first."""
        ...

    def told_notices(self, keys: Iterable[tuple[UnitCode, ReceiptId]]) -> None: ...
