"""Checkpoints against the published example of the format and what must not pass for one."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import NoteError
from exchange.ledger.checkpoint import Checkpoint

PUBLISHED = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
EMPTY = f"hub\n0\n{'47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='}\n"
lines = st.text(st.characters(codec="utf-8", exclude_characters=[chr(code) for code in range(0x20)]), min_size=1)


def test_the_published_example_reads_and_writes_back() -> None:
    checkpoint = Checkpoint.parse(PUBLISHED)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a9186")
    assert checkpoint.body() == PUBLISHED


def test_the_empty_ledger_has_a_checkpoint_too() -> None:
    assert Checkpoint.parse(EMPTY) == Checkpoint(origin="hub", size=0, root=sha256(b"").digest())


@given(lines, st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(lines, max_size=3))
def test_what_is_written_reads_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin=origin, size=size, root=root, extensions=tuple(extensions))
    assert Checkpoint.parse(checkpoint.body()) == checkpoint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "-1"),
        ("20852163", "+1"),
        ("20852163", "1e3"),
        ("20852163", "0x10"),
        ("20852163", "1_000"),
        ("20852163", " 1"),
        ("20852163", "１２"),
        ("20852163", ""),
        ("20852163", "9" * 19),
        ("20852163", "9" * 5000),
        ("20852163", "0"),
        ("example.com/behind-the-sofa", ""),
        ("example.com", "example\t.com"),
        ("example.com", "\ud800"),
        ("2I=\n", "2I=\n\n"),
        ("2I=\n", "2I=\nextension\n\n"),
        ("2I=\n", "2I="),
        ("2I=\n", "2I=\nextension"),
        ("2I=\n", "2J=\n"),
        ("2I=\n", "2I=\r\n"),
        ("2I=\n", "\n"),
        ("CsUY", ""),
        ("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", ""),
    ],
)
def test_a_malformed_checkpoint_is_refused(old: str, new: str) -> None:
    malformed = PUBLISHED.replace(old, new)
    assert malformed != PUBLISHED
    with pytest.raises(NoteError):
        Checkpoint.parse(malformed)
