"""The Merkle tree of RFC 6962 section 2, over nodes that somebody else stores.

A node `(level, index)` is the hash of the complete subtree over the `2**level` leaves from `index << level`.
Only complete nodes are stored: once written they never change, so the store is append-only too. All else is
computed from O(log n) of them.

Not here: what a leaf says (`exchange.ledger.entry`), and where nodes are kept.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest

from exchange.errors import ProofError

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "NodeReader",
    "append",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root",
    "split",
    "verify_consistency",
    "verify_inclusion",
]

NodeReader = Callable[[int, int], bytes]
"""Gives the stored node of (level, index). Asked only for nodes that are complete at the size in question."""

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    # RFC 6962 2.1: the prefixes keep a leaf from passing as a node, and the other way round.
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def append(size: int, leaf_hashes: Iterable[bytes], read: NodeReader) -> dict[tuple[int, int], bytes]:
    """Return the nodes, level 0 included, that become complete when `leaf_hashes` follow `size` leaves.

    Reads at most log2(size) stored nodes, whatever the number of leaves.
    """
    nodes: dict[tuple[int, int], bytes] = {}
    for position, leaf in enumerate(leaf_hashes, start=size):
        level, index, hash_ = 0, position, leaf
        nodes[level, index] = hash_
        while index & 1:  # a right child completes its parent
            left = nodes.get((level, index - 1)) or read(level, index - 1)
            hash_ = node_hash(left, hash_)
            level, index = level + 1, index >> 1
            nodes[level, index] = hash_
    return nodes


def root(size: int, read: NodeReader) -> bytes:
    """Return the Merkle tree hash of the first `size` leaves."""
    return _range_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 6962 2.1.1)."""
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            path.append(_range_hash(middle, high, read))
            high = middle
        else:
            path.append(_range_hash(low, middle, read))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, read: NodeReader) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of the tree of `new` (RFC 6962 2.1.2).

    Empty when `old` is 0 or equals `new`: there is nothing to prove then.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {old} leaves cannot be a prefix of a tree of {new}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    low, high = 0, new
    while old != high:
        middle = low + split(high - low)
        if old <= middle:
            path.append(_range_hash(middle, high, read))
            high = middle
        else:
            path.append(_range_hash(low, middle, read))
            low = middle
    if low:  # the verifier knows the old root itself: SUBPROOF's flag b
        path.append(_range_hash(low, high, read))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> None:
    """Raise `ProofError` unless `proof` leads from the leaf hash at `index` to the root of `size` leaves."""
    _check_hashes(leaf, tree_root, *proof)
    # RFC 9162 2.1.3.2, step by step.
    if not 0 <= index < size:  # (1)
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    fn, sn = index, size - 1  # (2)
    result = leaf  # (3)
    for sibling in proof:  # (4)
        if sn == 0:
            raise ProofError("inclusion proof is longer than the tree is high")
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:  # (5)
        raise ProofError("inclusion proof is shorter than the tree is high")
    if not compare_digest(result, tree_root):
        raise ProofError("inclusion proof leads to another root")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `ProofError` unless `proof` shows the tree of `old_size` leaves to be a prefix of the new."""
    _check_hashes(old_root, new_root, *proof)
    if not 0 <= old_size <= new_size:
        raise ProofError(f"a tree of {old_size} leaves cannot be a prefix of a tree of {new_size}")
    for size, claimed in ((old_size, old_root), (new_size, new_root)):
        if size == 0 and claimed != EMPTY_ROOT:
            raise ProofError("the empty tree has another root")
    if old_size not in (0, new_size):
        _verify_prefix(old_size, old_root, new_size, new_root, proof)
    elif proof:
        raise ProofError("consistency proof is not empty though nothing needs proof")
    elif old_size == new_size and not compare_digest(old_root, new_root):
        raise ProofError("two roots for one tree size")


def _verify_prefix(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    # RFC 9162 2.1.4.2, step by step.
    if not proof:  # (1)
        raise ProofError("consistency proof is empty")
    first, *rest = [old_root, *proof] if old_size & (old_size - 1) == 0 else proof  # (2)
    fn, sn = old_size - 1, new_size - 1  # (3)
    while fn & 1:  # (4)
        fn, sn = fn >> 1, sn >> 1
    old_result = new_result = first  # (5)
    for sibling in rest:  # (6)
        if sn == 0:
            raise ProofError("consistency proof is longer than the tree is high")
        if fn & 1 or fn == sn:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new_result = node_hash(new_result, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:  # (7)
        raise ProofError("consistency proof is shorter than the tree is high")
    if not compare_digest(old_result, old_root):
        raise ProofError("consistency proof leads to another old root")
    if not compare_digest(new_result, new_root):
        raise ProofError("consistency proof leads to another new root")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(hash_) != HASH_SIZE for hash_ in hashes):
        raise ProofError(f"a hash is not {HASH_SIZE} bytes long")


def split(count: int) -> int:
    """Return the largest power of two smaller than `count` (k in RFC 6962 2.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(low: int, high: int, read: NodeReader) -> bytes:
    """Return the tree hash of the leaves [low, high), a range that RFC 6962's splitting of [0, n) yields."""
    count = high - low
    if count & (count - 1) == 0:  # complete, and `low` a multiple of `count`
        level = count.bit_length() - 1
        return read(level, low >> level)
    middle = low + split(count)
    return node_hash(_range_hash(low, middle, read), _range_hash(middle, high, read))
