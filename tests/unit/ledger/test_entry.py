"""Entries: one way to write each, and no two that are written alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import InvalidValueError, ProofError
from exchange.ledger import merkle
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.entry import InclusionProof, LedgerEntry

ENTRY = LedgerEntry(
    kind="RECEIPT",
    sender="520304-001",
    envelope_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    id="7c9e6679-7425-40de-944b-e07fc1f90ae7",
    digest=sha256(b"document").hexdigest(),
    recorded=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
)

words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)
entries = st.builds(
    LedgerEntry,
    kind=st.sampled_from(["ENVELOPE", "RECEIPT"]),
    sender=words,
    envelope_id=words,
    id=words,
    digest=st.binary(min_size=32, max_size=32).map(bytes.hex),
    recorded=st.datetimes(timezones=st.just(UTC)),
)


def test_the_leaf_is_written_line_by_line_as_the_format_says() -> None:
    assert ENTRY.leaf() == (
        b"yidi-ledger-entry/1\n"
        b"kind RECEIPT\n"
        b"sender 520304-001\n"
        b"envelope 0f8fad5b-d9cb-469f-a165-70867728950e\n"
        b"id 7c9e6679-7425-40de-944b-e07fc1f90ae7\n"
        b"sha256 " + sha256(b"document").hexdigest().encode() + b"\n"
        b"recorded 2026-03-01T08:30:00.000000Z\n"
    )
    assert ENTRY.leaf_hash == sha256(b"\x00" + ENTRY.leaf()).digest()


@given(entries)
def test_a_leaf_reads_back_as_the_entry_it_came_from(entry: LedgerEntry) -> None:
    assert LedgerEntry.parse(entry.leaf()) == entry


@given(entries, entries)
def test_two_entries_never_share_a_leaf(one: LedgerEntry, other: LedgerEntry) -> None:
    assert (one.leaf() == other.leaf()) == (one == other)


@pytest.mark.parametrize(
    "text", ["", "a b", "a\nid b", "a\rb", "a\x00", "a\x7f", "a\x85b", "a\u2028b", "\ud800", "a" * 201]
)
@pytest.mark.parametrize("field", ["sender", "envelope_id", "id"])
def test_a_value_that_could_blur_the_lines_is_refused(field: str, text: str) -> None:
    with pytest.raises(InvalidValueError, match="ledger entry"):
        replace(ENTRY, **{field: text})  # type: ignore[arg-type]  # one of the three text fields


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "NOTE"},
        {"kind": "envelope"},
        {"digest": "ab"},
        {"digest": "A" * 64},
        {"digest": "a" * 64 + "\n"},
        {"recorded": datetime(2026, 3, 1)},  # noqa: DTZ001 - a time without a zone is what must be refused
        {"recorded": datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=8)))},
    ],
)
def test_other_wrong_values_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError, match="ledger entry"):
        replace(ENTRY, **change)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"entry/1", b"entry/2"),
        (b"kind ", b"sort "),
        (b"kind RECEIPT\n", b""),
        (b".000000Z", b"Z"),
        (b".000000Z", b".0Z"),
        (b".000000Z\n", b".000000Z"),
        (b".000000Z\n", b".000000Z\n\n"),
        (b"2026-03-01", b"2026-3-1"),
        (b"2026-03-01", b"2026-02-30"),
        (b"sender ", b"sender  "),
        (b"520304", b"\xff"),
    ],
)
def test_a_leaf_written_any_other_way_is_refused(old: bytes, new: bytes) -> None:
    altered = ENTRY.leaf().replace(old, new)
    assert altered != ENTRY.leaf()
    with pytest.raises(InvalidValueError, match="ledger entry"):
        LedgerEntry.parse(altered)


def test_an_inclusion_proof_holds_for_its_entry_place_and_checkpoint_only() -> None:
    entries = [replace(ENTRY, id=str(number)) for number in range(5)]
    nodes = merkle.append(0, [entry.leaf_hash for entry in entries], lambda level, index: b"")

    def read(level: int, index: int) -> bytes:
        return nodes[level, index]

    checkpoint = Checkpoint(origin="hub.example/ledger", size=5, root=merkle.root(5, read))
    proof = InclusionProof(entry=entries[3], index=3, path=tuple(merkle.inclusion_proof(3, 5, read)))
    proof.verify(checkpoint)
    for wrong in (
        replace(proof, entry=entries[2]),
        replace(proof, index=2),
        replace(proof, path=proof.path[1:]),
    ):
        with pytest.raises(ProofError):
            wrong.verify(checkpoint)
    with pytest.raises(ProofError):
        proof.verify(replace(checkpoint, size=4, root=merkle.root(4, read)))
