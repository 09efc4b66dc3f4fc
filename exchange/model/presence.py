"""What a node says of itself when it says that it is there: the attributes of a PRESENT.

Bounded on both sides, since the hub keeps the last one of every unit and shows it: numbers have at most 15 digits, and
words are short. An attribute that a reader does not know is ignored, so that a later release may say more.

Not here: whether the unit itself says it (`exchange.trust`), whether it counts (`exchange.services.hub.attend`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from exchange.errors import InvalidValueError

__all__ = ["NO_OFFICE", "Attributes", "Presence"]

Attributes = tuple[tuple[str, str], ...]

NO_OFFICE = "none"

_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+!-]{0,39}", re.ASCII)
_NUMBERS = ("started", "directory", "disk-free", "disk-size", "outbox", "outbox-age", "inbox", "untold")
_WORDS = ("version", "office")
_FAULT = "office-fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One unit's mailbox at its node. `started`: the node's process, as Unix time by its own clock. `disk_*`: bytes.
    `outbox`: what the hub has not answered yet, the oldest of it `outbox_age` seconds old. `inbox`: received documents
    that its office has not taken; `untold`: receipts that the office has not heard of. `office`: which system, or
    `NO_OFFICE`; `office_fault`: the code of what it fails with now."""

    version: str
    started: int
    directory: int
    disk_free: int
    disk_size: int
    outbox: int = 0
    outbox_age: int = 0
    inbox: int = 0
    untold: int = 0
    office: str = NO_OFFICE
    office_fault: str | None = None

    def __post_init__(self) -> None:
        Presence._check(dict(self.attributes()))

    def attributes(self) -> Attributes:
        """Sorted by name, as a receipt wants them."""
        told = {name: str(getattr(self, name.replace("-", "_"))) for name in (*_NUMBERS, *_WORDS)}
        if self.office_fault is not None:
            told[_FAULT] = self.office_fault
        return tuple(sorted(told.items()))

    @classmethod
    def read(cls, attributes: Iterable[tuple[str, str]]) -> "Presence":
        """From the attributes of a PRESENT. Raises InvalidValueError."""
        told = dict(attributes)
        cls._check(told)
        numbers = {name.replace("-", "_"): int(told[name]) for name in _NUMBERS}
        return cls(version=told["version"], office=told["office"], office_fault=told.get(_FAULT), **numbers)

    @staticmethod
    def _check(told: dict[str, str]) -> None:
        for name in _NUMBERS:
            if not _NUMBER.fullmatch(told.get(name, "")):
                raise InvalidValueError(f"{name}: expected a number of at most 15 digits")
        for name in _WORDS:
            if not _WORD.fullmatch(told.get(name, "")):
                raise InvalidValueError(f"{name}: expected one short word")
        if _FAULT in told and not _WORD.fullmatch(told[_FAULT]):
            raise InvalidValueError(f"{_FAULT}: expected the code of an error")
