"""A notice of the hub's to units: what NOTICE says in its attributes. Its text is for people.

Not here: how it travels (`exchange.services.hub.announce`). A document to be signed for is an envelope of some unit's.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from exchange.errors import InvalidValueError

__all__ = ["Notice", "NoticeKind"]


class NoticeKind(Enum):
    OUTAGE = ("outage", "停机通知")
    RESUMED = ("resumed", "恢复通知")
    SERVICE = ("service", "服务通知")
    PAUSED = ("paused", "暂停通知")
    RELEASED = ("released", "恢复收发")

    @property
    def word(self) -> str:
        return str(self.value[0])

    @property
    def chinese(self) -> str:
        return str(self.value[1])

    @property
    def ends(self) -> "NoticeKind | None":
        """What a unit was told before need not be seen any more once this was told."""
        return {NoticeKind.RESUMED: NoticeKind.OUTAGE, NoticeKind.RELEASED: NoticeKind.PAUSED}.get(self)

    @property
    def lasts(self) -> bool:
        """Whether people want to see its `until`. Of the others it only says how long they are shown."""
        return self in (NoticeKind.OUTAGE, NoticeKind.SERVICE)

    @classmethod
    def of(cls, word: str) -> "NoticeKind":
        """What a later release calls something else is a notice still."""
        return next((kind for kind in cls if kind.word == word), cls.SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`until`: from then on nobody needs to see it, and the hub stops repeating it."""

    kind: NoticeKind
    until: datetime

    def attributes(self) -> tuple[tuple[str, str], ...]:
        return (("kind", self.kind.word), ("until", self.until.isoformat()))

    @classmethod
    def read(cls, attributes: tuple[tuple[str, str], ...]) -> "Notice":
        """Raises InvalidValueError."""
        known = dict(attributes)
        try:
            until = datetime.fromisoformat(known["until"])
        except (KeyError, ValueError) as error:
            raise InvalidValueError("notice: `until` must be a time") from error
        if until.tzinfo is None:
            raise InvalidValueError("notice: `until` must have its offset")
        return cls(kind=NoticeKind.of(known.get("kind", "")), until=until)
