"""Many leaves proved together: they give the root, each gives its path, and nothing can be passed off for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import ProofError
from exchange.ledger import merkle
from exchange.ledger.excerpt import Excerpt, beside

Nodes = dict[tuple[int, int], bytes]


def tree(size: int) -> tuple[list[bytes], Nodes]:
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(size)]
    return leaves, merkle.append(0, leaves, lambda level, index: b"")


def no_node(level: int, index: int) -> bytes:
    raise AssertionError(f"asked for {level}, {index}, which is not complete")


@given(st.data())
def test_any_leaves_with_what_is_beside_them_give_the_root_and_their_paths(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 200))
    indexes = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    leaves, nodes = tree(size)
    read = lambda level, index: nodes.get((level, index)) or no_node(level, index)  # noqa: E731
    excerpt = Excerpt(size, {index: leaves[index] for index in indexes}, beside(indexes, size, read))
    root = merkle.root(size, read)
    assert excerpt.root() == root
    for index in indexes:
        assert excerpt.path(index) == tuple(merkle.inclusion_proof(index, size, read))


def test_neighbours_share_their_proof() -> None:
    size = 100_000
    _, nodes = tree(size)
    assert len(beside(range(5000, 6000), size, lambda level, index: nodes[level, index])) < 40


def test_a_node_above_a_leaf_is_never_believed() -> None:
    leaves, nodes = tree(8)
    forged = {1: merkle.leaf_hash(b"forged")}
    for offered in (dict(nodes), beside([1], 8, lambda level, index: nodes[level, index]) | {(1, 0): nodes[1, 0]}):
        assert Excerpt(8, forged, offered).root() != nodes[3, 0]
    assert Excerpt(8, {1: leaves[1]}, dict(nodes)).root() == nodes[3, 0]


@pytest.mark.parametrize("indexes", [[], [8], [-1, 2]])
def test_leaves_that_the_tree_cannot_have_prove_nothing(indexes: list[int]) -> None:
    leaves, nodes = tree(8)
    with pytest.raises(ProofError):
        Excerpt(8, dict.fromkeys(indexes, leaves[0]), dict(nodes)).root()


def test_a_node_that_is_missing_is_said() -> None:
    leaves, _ = tree(8)
    with pytest.raises(ProofError, match="level 0, index 0"):
        Excerpt(8, {1: leaves[1]}, {}).root()
