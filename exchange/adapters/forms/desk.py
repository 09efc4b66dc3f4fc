"""What an adapter asks of an office with forms, whatever its interface: the port that each vendor serves.

Every method raises AdapterError when the office does not do it. What it may have done without an answer is not known;
so `started` and `shown` look, and asking the others twice changes nothing more.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import BinaryIO, Protocol

__all__ = ["Desk", "Form", "OfficeFile", "Paper", "Row"]


class Form(StrEnum):
    """By the names of their tables in the settings."""

    RECEIVE = "receive"
    SEND = "send"
    DECISIONS = "decisions"
    RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A file that goes into the office. `body`: of the document, not an attachment. `open` may be called more than
    once."""

    body: bool
    name: str
    media_type: str
    size: int
    sha256: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeFile:
    """A file that lies in the office. `id`: whatever the office finds it by."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One form as it was filled in. `id`: another one for each time that it waits for us. `fields` and `files` ask the
    office, so that one form which it does not show keeps no other back; the first file is the body."""

    id: str
    fields: Callable[[], Mapping[str, str]]
    files: Callable[[], Sequence[OfficeFile]]


class Desk(Protocol):
    """An office, as its forms are seen by the one user that we are there."""

    def log_in(self) -> None: ...

    def label(self, form: Form) -> str:
        """What people of the office call it."""
        ...

    def fields(self, form: Form) -> Collection[str] | None:
        """Names of the fields that it has; None when nobody can tell. Changes nothing."""
        ...

    def start(self, title: str, name: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        """Put a received document there; returns the office's own id. `name`: the exchange's id of it."""
        ...

    def started(self, title: str, name: str, since: date) -> str | None:
        """The office's id of a document that was put there on that day or later, if it is there."""
        ...

    def show(self, title: str, receipt: str, fields: Mapping[str, str]) -> None:
        """Put a receipt there. `receipt`: its id."""
        ...

    def shown(self, title: str, receipt: str, since: date) -> bool: ...

    def waiting(self, form: Form) -> Iterable[Row]:
        """Forms that wait for us, SEND or DECISIONS; until each is concluded."""
        ...

    def conclude(self, form: Form, row: str, said: str, *, done: bool) -> None:
        """Say what became of it. `done`: False gives it back to whoever filled it in."""
        ...

    def download(self, file: OfficeFile) -> BinaryIO: ...

    def close(self) -> None: ...
