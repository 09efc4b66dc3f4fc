"""The tree against the definition of RFC 6962 section 2.1, written a second time, as plainly as it reads."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.errors import ProofError
from exchange.ledger import merkle

SIZES = 130
LEAVES = [f"leaf {number}".encode() for number in range(SIZES)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]

# The reference tree that certificate-transparency implementations test with, and its root at each size.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = naive_split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: Sequence[bytes], known: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if known else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def naive_split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


class Nodes:
    """A store of nodes that counts how often it is asked."""

    def __init__(self) -> None:
        self.stored: dict[tuple[int, int], bytes] = {}
        self.reads = 0

    def read(self, level: int, index: int) -> bytes:
        self.reads += 1
        return self.stored[level, index]

    def append(self, size: int, hashes: Sequence[bytes]) -> None:
        new = merkle.append(size, hashes, self.read)
        assert not new.keys() & self.stored.keys()  # append-only
        self.stored |= new


@pytest.fixture(scope="module")
def tree() -> Nodes:
    nodes = Nodes()
    nodes.append(0, HASHES)
    return nodes


def refuses(verify: Callable[..., None], *arguments: object) -> bool:
    try:
        verify(*arguments)
    except ProofError:
        return True
    return False


def flips(proof: Sequence[bytes]) -> list[list[bytes]]:
    """Every proof that differs from `proof` in one bit."""
    changed = []
    for place, hash_ in enumerate(proof):
        for bit in range(len(hash_) * 8):
            flipped = (int.from_bytes(hash_) ^ 1 << bit).to_bytes(len(hash_))
            changed.append([*proof[:place], flipped, *proof[place + 1 :]])
    return changed


def test_the_roots_of_the_reference_tree_are_reproduced() -> None:
    nodes = Nodes()
    nodes.append(0, [merkle.leaf_hash(leaf) for leaf in CT_LEAVES])
    roots = [merkle.root(size, nodes.read).hex() for size in range(1, 9)]
    assert roots == CT_ROOTS
    assert roots == [naive_root(CT_LEAVES[:size]).hex() for size in range(1, 9)]


def test_the_empty_tree_has_the_hash_of_nothing_as_root() -> None:
    assert merkle.root(0, Nodes().read) == sha256(b"").digest() == merkle.EMPTY_ROOT


def test_every_root_is_the_definitions(tree: Nodes) -> None:
    for size in range(SIZES + 1):
        assert merkle.root(size, tree.read) == naive_root(LEAVES[:size])


@given(st.lists(st.integers(min_value=0, max_value=9), max_size=20))
def test_it_does_not_matter_in_what_portions_leaves_are_appended(portions: list[int]) -> None:
    nodes, whole, size = Nodes(), Nodes(), 0
    for portion in portions:
        nodes.append(size, [merkle.leaf_hash(bytes([number])) for number in range(size, size + portion)])
        size += portion
    whole.append(0, [merkle.leaf_hash(bytes([number])) for number in range(size)])
    assert nodes.stored == whole.stored


def test_only_complete_nodes_are_made(tree: Nodes) -> None:
    expected = {(level, index) for level in range(8) for index in range(SIZES >> level)}
    assert tree.stored.keys() == expected


def test_every_inclusion_proof_is_the_definitions_and_verifies(tree: Nodes) -> None:
    for size in range(1, SIZES + 1):
        root = naive_root(LEAVES[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tree.read)
            merkle.verify_inclusion(HASHES[index], index, size, proof, root)
            if size in (1, 2, 7, 64, 65, 129):
                assert proof == naive_path(index, LEAVES[:size])


def test_every_consistency_proof_is_the_definitions_and_verifies(tree: Nodes) -> None:
    roots = [naive_root(LEAVES[:size]) for size in range(SIZES + 1)]
    for new in range(SIZES + 1):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, tree.read)
            merkle.verify_consistency(old, roots[old], new, roots[new], proof)
            if old and new in (1, 2, 7, 64, 65, 129):
                assert proof == naive_subproof(old, LEAVES[:new], True)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_flipped_bit_of_an_inclusion_proof_is_refused(tree: Nodes, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZES))
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle.root(size, tree.read), merkle.inclusion_proof(index, size, tree.read)
    for changed in flips(proof):
        assert refuses(merkle.verify_inclusion, HASHES[index], index, size, changed, root)
    for [leaf] in flips([HASHES[index]]):
        assert refuses(merkle.verify_inclusion, leaf, index, size, proof, root)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_flipped_bit_of_a_consistency_proof_is_refused(tree: Nodes, data: st.DataObject) -> None:
    new = data.draw(st.integers(2, SIZES))
    old = data.draw(st.integers(1, new - 1))
    roots = [merkle.root(size, tree.read) for size in (old, new)]
    proof = merkle.consistency_proof(old, new, tree.read)
    for changed in flips(proof):
        assert refuses(merkle.verify_consistency, old, roots[0], new, roots[1], changed)
    for a, b in flips(roots):
        assert refuses(merkle.verify_consistency, old, a, new, b, proof)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (5, 8), (6, 7), (129, 130)])
def test_an_inclusion_proof_of_another_length_place_or_size_is_refused(tree: Nodes, index: int, size: int) -> None:
    root, proof = merkle.root(size, tree.read), merkle.inclusion_proof(index, size, tree.read)
    leaf = HASHES[index]
    for wrong in ([*proof, leaf], [leaf, *proof], proof[:-1], proof[1:], proof[::-1]):
        if wrong != proof:
            assert refuses(merkle.verify_inclusion, leaf, index, size, wrong, root)
    for other in {-1, index - 1, index + 1, size, size + 1} - {index}:
        assert refuses(merkle.verify_inclusion, leaf, other, size, proof, root)
    assert refuses(merkle.verify_inclusion, leaf, index, 0, proof, root)


@pytest.mark.parametrize("other", [2, 4, 16, 17, 1024])
def test_a_proof_that_leads_to_the_right_root_is_refused_for_a_tree_of_another_height(tree: Nodes, other: int) -> None:
    # Only the height tells: the hashes on the way are those of the tree of 8.
    root = merkle.root(8, tree.read)
    proof = merkle.inclusion_proof(0, 8, tree.read)
    assert refuses(merkle.verify_inclusion, HASHES[0], 0, other, proof, root)
    for old in (1, 2):
        proof = merkle.consistency_proof(old, 8, tree.read)
        assert other == old or refuses(merkle.verify_consistency, old, merkle.root(old, tree.read), other, root, proof)


def test_a_proof_along_the_right_edge_is_refused_for_the_edge_of_a_lower_tree(tree: Nodes) -> None:
    # All hashes join from the left there: steps beyond the lower tree's height would go unnoticed.
    old_root, root = merkle.root(7, tree.read), merkle.root(8, tree.read)
    inclusion = merkle.inclusion_proof(7, 8, tree.read)
    consistency = merkle.consistency_proof(7, 8, tree.read)
    for size in (1, 2, 4):
        assert refuses(merkle.verify_inclusion, HASHES[7], size - 1, size, inclusion, root)
    assert refuses(merkle.verify_consistency, 3, old_root, 4, root, consistency)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (4, 8), (6, 7), (3, 130), (64, 129)])
def test_a_consistency_proof_of_another_length_or_for_other_sizes_is_refused(tree: Nodes, old: int, new: int) -> None:
    a, b = merkle.root(old, tree.read), merkle.root(new, tree.read)
    proof = merkle.consistency_proof(old, new, tree.read)
    for wrong in ([*proof, a], [a, *proof], proof[:-1], proof[1:], []):
        assert refuses(merkle.verify_consistency, old, a, new, b, wrong)
    for x, y in ((new, old), (-1, new), (old, 0), (0, new), (new, new), (old, old)):
        assert refuses(merkle.verify_consistency, x, a, y, b, proof)


def test_a_rewritten_leaf_breaks_consistency_with_the_old_root(tree: Nodes) -> None:
    rewritten = Nodes()
    rewritten.append(0, [merkle.leaf_hash(b"another"), *HASHES[1:]])
    proof = merkle.consistency_proof(50, 100, rewritten.read)
    with pytest.raises(ProofError, match="another old root"):
        merkle.verify_consistency(50, merkle.root(50, tree.read), 100, merkle.root(100, rewritten.read), proof)


def test_two_roots_for_one_size_are_refused() -> None:
    with pytest.raises(ProofError, match="two roots"):
        merkle.verify_consistency(3, naive_root(LEAVES[:3]), 3, naive_root(LEAVES[1:4]), [])


def test_everything_follows_from_the_empty_tree_but_not_with_a_false_root() -> None:
    root = naive_root(LEAVES[:3])
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 3, root, [])
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, [])
    assert refuses(merkle.verify_consistency, 0, root, 3, root, [])
    assert refuses(merkle.verify_consistency, 0, root, 0, root, [])
    assert refuses(merkle.verify_consistency, 0, merkle.EMPTY_ROOT, 3, root, [root])


def test_hashes_of_another_length_are_refused() -> None:
    short = b"\x00" * 31
    assert refuses(merkle.verify_inclusion, short, 0, 1, [], short)
    assert refuses(merkle.verify_consistency, 1, short, 1, short, [])


def test_proofs_of_what_is_not_there_are_not_made(tree: Nodes) -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ProofError):
            merkle.inclusion_proof(index, size, tree.read)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ProofError):
            merkle.consistency_proof(old, new, tree.read)


def test_a_large_tree_is_extended_and_proved_with_few_reads() -> None:
    # A stand-in for a stored tree of a million leaves: what matters is how many nodes are asked for.
    size, asked = 1_000_000, []

    def read(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size  # only complete nodes
        asked.append((level, index))
        return sha256(f"{level}/{index}".encode()).digest()

    merkle.append(size, HASHES[:100], read)
    assert len(asked) <= 20
    for prove in (merkle.inclusion_proof, merkle.consistency_proof):
        for position in (1, 65_535, 65_536, 524_288, 524_289, 999_998, 999_999):
            asked.clear()
            assert len(prove(position, size, read)) <= 21
            assert len(asked) <= 40
