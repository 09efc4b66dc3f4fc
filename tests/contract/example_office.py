"""The example adapter of docs/adapters/README.md, and an office for it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exchange.adapters.registry import Place
from exchange.settings import read_table
from tests.contract.crash_matrix import FILES, TITLE
from tests.docs.pages import ROOT, blocks
from tests.unit.services.hub_and_node import A, B

__all__ = ["TABLES", "ExampleBench", "example"]

TABLES = """
CREATE TABLE inbox (unit, sender, id, title, PRIMARY KEY (unit, sender, id));
CREATE TABLE shown (receipt PRIMARY KEY, id, event);
CREATE TABLE outbox (no PRIMARY KEY, unit, title, receiver, state DEFAULT 'N', answer);
CREATE TABLE deeds (no PRIMARY KEY, unit, sender, id, event, person, text, state DEFAULT 'N', answer);
"""


def example() -> Any:
    """The class that the page shows."""
    (text,) = [one.text for one in blocks(ROOT / "docs/adapters/README.md") if one.info == "python"]
    room: dict[str, Any] = {"__name__": "small_office"}
    exec(compile(text, "docs/adapters/README.md", "exec"), room)
    return room["SmallOffice"]


@dataclass
class ExampleBench:
    """Steps are the adapter's statements: before and after each."""

    file: Path

    def __post_init__(self) -> None:
        with self._office() as office:
            office.executescript(TABLES)
        self.reach: Callable[[str], None] | None = None
        self._kind = self._told(example())

    def open(self) -> Any:
        settings = read_table(self._kind.Settings, {"file": self.file.name}, "offices.small")
        place = Place(name="small", data=self.file.parent, offices=self.file.parent)
        return self._kind.open(settings, place)

    @contextmanager
    def watch(self, reach: Callable[[str], None]) -> Iterator[None]:
        self.reach = reach
        try:
            yield
        finally:
            self.reach = None

    def _told(self, kind: Any) -> Any:
        """The same class, which tells of each statement that writes."""
        bench = self

        class Told(kind):  # type: ignore[misc]  # it was read from a page
            def _run(self, statement: str, *values: object) -> Any:
                writes = not statement.startswith("SELECT")
                if writes and bench.reach is not None:
                    bench.reach(f"before {statement[:30]}")
                found = super()._run(statement, *values)
                if writes and bench.reach is not None:
                    bench.reach(f"after {statement[:30]}")
                return found

        return Told

    def put_out(self) -> None:
        with self._office() as office:
            office.execute("INSERT INTO outbox (no, unit, title, receiver) VALUES ('7', ?, ?, ?)", (A, TITLE, B))

    def act(self) -> bool:
        with self._office() as office:
            for sender, id_ in office.execute("SELECT sender, id FROM inbox WHERE unit = ?", (B,)).fetchall():
                done = office.execute("SELECT count(*) FROM deeds").fetchone()[0]
                if done < 2:
                    event = ("SIGNED", "FEEDBACK")[done]
                    deed = (f"d-{done}", B, sender, id_, event, "李四", "已办")
                    office.execute(f"INSERT INTO deeds VALUES ({'?, ' * 7}'N', NULL)", deed)
                    return True
        return False

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        """Its documents have no files."""
        with self._office() as office:
            return [(title, FILES) for (title,) in office.execute("SELECT title FROM inbox WHERE unit = ?", (B,))]

    def shown(self) -> list[str]:
        with self._office() as office:
            return sorted(event for (event,) in office.execute("SELECT event FROM shown"))

    def waiting(self) -> int:
        with self._office() as office:
            counted = [f"SELECT count(*) FROM {table} WHERE state <> 'S'" for table in ("outbox", "deeds")]
            return sum(office.execute(one).fetchone()[0] for one in counted)

    @contextmanager
    def _office(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.file)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
