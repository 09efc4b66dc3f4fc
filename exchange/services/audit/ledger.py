"""The part of an audit that looks at the ledger's tree and the directory's history: both only ever grow.

Limits: holds two hashes of 32 bytes for each entry of the ledger in memory.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from exchange.directory.snapshot import Restored
from exchange.errors import DirectoryError, NoteError, YidiError
from exchange.ledger import merkle
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubSession
from exchange.ports.records import DirectoryRecord
from exchange.services.audit.report import Check, Notebook
from exchange.trust.anchor import Anchor, open_checkpoint, verify_directory
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import Verifier

__all__ = ["History", "Tree"]

_PAGE = 5000
_BATCH = timedelta(seconds=5)

T = TypeVar("T")


class History:
    """Which directory was in force when, each version verified under the anchor. `restorings`: all that were
    declared."""

    def __init__(self, records: Sequence[DirectoryRecord], anchor: Anchor, notebook: Notebook) -> None:
        self._since: list[datetime] = []
        self._verifiers: list[Verifier] = []
        self.restorings: tuple[Restored, ...] = ()
        before: DirectoryRecord | None = None
        for record in records:
            version = f"version {record.version}"
            notebook.expect(Check.DIGESTS, sha256_hex(record.document) == record.digest, "directory", version)
            try:
                directory, _ = verify_directory(record.document, anchor, record.stored, before)
            except YidiError as error:
                notebook.expect(Check.DIRECTORY, False, version, error.code)
                continue
            begins_again = self.restorings != directory.restorings
            kept = directory.restorings[: len(self.restorings)] == self.restorings
            notebook.expect(Check.DIRECTORY, kept, version, "conceals a restoring")
            follows = before is None or begins_again or record.version == before.version + 1
            notebook.expect(Check.DIRECTORY, follows, version, "gap")
            self.restorings = directory.restorings
            before = record
            self._since.append(record.stored)
            self._verifiers.append(Verifier(directory))

    def judge(self, moment: datetime, judge: Callable[[Verifier], T]) -> T:
        """`judge` under the directory of `moment`, or under one that had just been replaced: a batch in hand is judged
        by the directory it began with. Raises what `judge` raises."""
        last = bisect_right(self._since, moment)
        first = max(bisect_right(self._since, moment - _BATCH), 1)
        if not last:
            raise DirectoryError("there was no directory yet", code="DIRECTORY_MISSING")
        for verifier in self._verifiers[first - 1 : last - 1]:
            with suppress(YidiError):
                return judge(verifier)
        try:
            return judge(self._verifiers[last - 1])
        except YidiError:
            if (declared := self._declared_after(moment)) is None:
                raise
        return judge(declared)

    def _declared_after(self, moment: datetime) -> Verifier | None:
        """Under what the hub had at `moment` and has lost; what of it was saved stands in the directory that declares
        the restoring."""
        lost = [one for one in self.restorings if one.backup <= moment <= one.at]
        return next((v for v in self._verifiers if lost and lost[0] in v.directory.restorings), None)

    def life(self, moment: datetime) -> int:
        """How often the hub had been restored by then."""
        return sum(restored.at < moment for restored in self.restorings)

    def is_past(self, moment: datetime) -> bool:
        """Whether the hub was restored since."""
        return self.life(moment) < len(self.restorings)

    def is_known(self, unit: UnitCode) -> bool:
        return bool(self._verifiers) and unit in self._verifiers[-1].directory.by_code


class Tree:
    """The Merkle tree, computed again from the entries alone."""

    def __init__(self, session: HubSession, anchor: Anchor, restorings: Sequence[Restored], notebook: Notebook) -> None:
        self._anchor, self._restorings, self._notebook = anchor, restorings, notebook
        self._nodes: dict[tuple[int, int], bytes] = {}
        self.size = 0
        while page := session.entries(self.size, _PAGE):
            indexes = [index for index, _ in page]
            if not notebook.expect(Check.TREE, indexes == list(range(self.size, self.size + len(page))), "gap at leaf"):
                break
            self._nodes |= merkle.append(self.size, [entry.leaf_hash for _, entry in page], self._node)
            self.size += len(page)
        self._check_stored(session)

    def check_note(self, note: str, size: int, root: bytes, *where: object, given: datetime | None = None) -> None:
        """A checkpoint, wherever it was kept, must be signed and state what the entries give at its size; unless the
        hub gave it at `given` and a restoring that it declared has left it behind."""
        expect = self._notebook.expect
        try:
            signed = open_checkpoint(note, self._anchor.ledger_key)
        except NoteError as error:
            expect(Check.CHECKPOINTS, False, *where, "size", size, error.code)
            return
        expect(Check.CHECKPOINTS, (signed.size, signed.root) == (size, root), *where, "size", size, "not as kept")
        if given is not None and any(restored.voids(size, given) for restored in self._restorings):
            return
        if expect(Check.CHECKPOINTS, size <= self.size, *where, "size", size, "is beyond the ledger", self.size):
            same = merkle.root(size, self._node) == root
            expect(Check.CHECKPOINTS, same, *where, "size", size, "is no prefix of the ledger")

    def _check_stored(self, session: HubSession) -> None:
        checkpoints = session.checkpoints()
        for checkpoint in checkpoints:
            self.check_note(checkpoint.note, checkpoint.size, checkpoint.root, "hub")
        if not checkpoints:
            self._notebook.expect(Check.TREE, self.size == 0, "sealed entries but no checkpoint")
            return
        latest = checkpoints[-1]
        self._notebook.expect(Check.TREE, latest.size == self.size, "latest checkpoint", latest.size, "of", self.size)
        try:
            stored = merkle.root(latest.size, session.tree_node)
        except YidiError as error:
            self._notebook.expect(Check.TREE, False, "stored nodes", error.code)
            return
        self._notebook.expect(Check.TREE, stored == latest.root, "stored nodes give another root")

    def _node(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]
