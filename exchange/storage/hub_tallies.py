"""How many there are of what only grows, without counting it: each transaction notes what it added.

Metrics ask every few seconds, and a ledger has millions of rows. `fold_counts` puts the notes together, `recount`
counts indeed, now and then: a release that knows no notes may have run beside this one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, func, select

from exchange.model.events import TransportState
from exchange.storage import tables_hub as tables
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["RECOUNT", "Tallies", "of_state"]

_TALLY = ("name", "change")
_LOCK = 0x79696D74

# What the notes must come to.
RECOUNT = (
    "INSERT INTO tallies (name, change) SELECT 'documents', count(*) FROM documents"
    " UNION ALL SELECT 'quarantined', count(*) FROM quarantine WHERE settled IS NULL"
    " UNION ALL SELECT 'deliveries_' || transport, count(*) FROM deliveries GROUP BY transport"
)


def of_state(state: int) -> str:
    return f"deliveries_{state}"


class Tallies(Session):
    def _tally(self, changes: Mapping[str, int]) -> None:
        self._sql.add(tables.tallies, _TALLY, [(name, change) for name, change in sorted(changes.items()) if change])

    def _tally_states(self, before: Iterable[tuple[int, int]], after: Iterable[int]) -> None:
        """`before`: states and how many deliveries had each; `after`: the state of each now."""
        changes = Counter(of_state(state) for state in after)
        changes.subtract({of_state(state): number for state, number in before})
        self._tally(changes)

    def _tallied(self) -> dict[str, int]:
        summed = select(tables.tallies.c.name, func.sum(tables.tallies.c.change)).group_by(tables.tallies.c.name)
        return {name: int(number) for name, number in self._sql.rows(summed)}

    def counts(self) -> dict[str, int]:
        """`documents`, `deliveries_<state>` for each state, `forwards_open`, `entries_unsealed`, `quarantined`."""
        tallied = self._tallied()
        return {
            "documents": tallied.get("documents", 0),
            **{f"deliveries_{state.name.lower()}": tallied.get(of_state(state.value), 0) for state in TransportState},
            # What is open is not much, and stands in an index of its own.
            "forwards_open": self._count(tables.forwards),
            "entries_unsealed": self._count(tables.entries, tables.entries.c.leaf.is_(None)),
            "quarantined": tallied.get("quarantined", 0),
        }

    def fold_counts(self) -> None:
        self._lock_tallies()
        taken = self._sql.rows(delete(tables.tallies).returning(*columns(tables.tallies, _TALLY)))
        sums: Counter[str] = Counter()
        for name, change in taken:
            sums[name] += change
        self._tally(sums)

    def recount(self) -> None:
        self._lock_tallies()
        if self._sql.backend == "sqlite":
            self._sql.run(delete(tables.tallies))
            self._sql.command(RECOUNT)
        else:
            # One statement sees one moment: the rows that it counts and the notes of just these.
            self._sql.command(f"WITH gone AS (DELETE FROM tallies) {RECOUNT}")  # noqa: S608  # both are ours

    def _lock_tallies(self) -> None:
        """Against another who folds or counts, not against those who note."""
        if self._sql.backend != "sqlite":
            self._sql.command(f"SELECT pg_advisory_xact_lock({_LOCK})")
