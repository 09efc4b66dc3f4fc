"""The statement that nothing was left out, and the proof that an old checkpoint still stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from exchange.errors import ProofError
from exchange.ledger import merkle
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.entry import LedgerEntry
from exchange.ledger.proofs import ConsistencyProof, Statement

AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
FIRST = LedgerEntry(kind="ENVELOPE", sender="520304-001", envelope_id="a", id="a", digest="0" * 64, recorded=AT)
SECOND = replace(FIRST, kind="RECEIPT", id="b", digest="1" * 64)
STATEMENT = Statement.over(AT, [FIRST, SECOND], "d" * 64)


def checkpoint(size: int, *extensions: str) -> Checkpoint:
    nodes = merkle.append(0, [merkle.leaf_hash(b"%d" % number) for number in range(size)], lambda *_: b"")
    root = merkle.root(size, lambda level, index: nodes[level, index])
    return Checkpoint(origin="hub", size=size, root=root, extensions=extensions)


def proof(old: int, new: int) -> ConsistencyProof:
    nodes = merkle.append(0, [merkle.leaf_hash(b"%d" % number) for number in range(new)], lambda *_: b"")
    path = merkle.consistency_proof(old, new, lambda level, index: nodes[level, index])
    return ConsistencyProof(size=old, path=tuple(path))


def test_a_statement_reads_back_from_the_checkpoint_that_makes_it() -> None:
    assert Statement.of(checkpoint(3, "other 1", STATEMENT.line())) == STATEMENT


@pytest.mark.parametrize(
    "other",
    [
        Statement.over(AT, [FIRST], "d" * 64),
        Statement.over(AT, [SECOND, FIRST], "d" * 64),
        Statement.over(AT, [FIRST, SECOND], "e" * 64),
        Statement.over(AT, [FIRST, SECOND, SECOND], "d" * 64),
    ],
)
def test_a_statement_binds_the_entries_their_order_and_the_directory(other: Statement) -> None:
    assert other.digest != STATEMENT.digest


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("yidi-evidence/2 x y",),
        (STATEMENT.line(), STATEMENT.line()),
        ("yidi-evidence/1 ",),
        (f"yidi-evidence/1 {AT.isoformat()}",),
        (f"yidi-evidence/1 yesterday {'0' * 64}",),
        (STATEMENT.line() + " more",),
        (replace(STATEMENT, at=AT.replace(tzinfo=None)).line(),),
        (replace(STATEMENT, at=AT.astimezone(timezone(timedelta(hours=8)))).line(),),
    ],
)
def test_a_checkpoint_without_exactly_one_good_statement_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(ProofError):
        Statement.of(checkpoint(3, *lines))


def test_an_old_checkpoint_that_is_a_prefix_verifies_and_no_other_does() -> None:
    old, new = checkpoint(3), checkpoint(7)
    proof(3, 7).verify(old, new)
    with pytest.raises(ProofError, match="from 3 entries, not 4"):
        proof(3, 7).verify(checkpoint(4), new)
    with pytest.raises(ProofError):
        proof(3, 7).verify(replace(old, root=b"\x00" * 32), new)
