"""Some leaves of a Merkle tree, proved together: with the fewest hashes of everything beside them they give the root.

Leaves that stand beside each other share nearly all of their audit paths, so a thousand of them need some forty hashes
and not a thousand paths. Any single path can still be taken out.

Not here: the tree itself (`exchange.ledger.merkle`).
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from exchange.errors import ProofError
from exchange.ledger import merkle
from exchange.ledger.merkle import NodeReader, node_hash

__all__ = ["Excerpt", "beside"]

Place = tuple[int, int]


def beside(indexes: Sequence[int], size: int, read: NodeReader) -> dict[Place, bytes]:
    """The stored nodes that, together with the leaves at `indexes` (rising), give the root of `size` leaves."""
    return {place: read(*place) for place in _places(indexes, 0, size)} if size else {}


class Excerpt:
    """`leaves`: leaf hashes by index; `nodes`: what `beside` gave. Nothing of it is believed until `root` is the one
    that a checkpoint states."""

    def __init__(self, size: int, leaves: Mapping[int, bytes], nodes: Mapping[Place, bytes]) -> None:
        self._size, self._leaves, self._beside = size, leaves, nodes
        self._indexes = sorted(leaves)
        self._computed: dict[Place, bytes] = {}

    def root(self) -> bytes:
        """The root that leaves and nodes lead to. Every leaf takes part in it. Raises `ProofError`."""
        if not self._indexes or not 0 <= self._indexes[0] <= self._indexes[-1] < self._size:
            raise ProofError(f"there are no such leaves in a tree of {self._size}")
        return merkle.root(self._size, self._node)

    def path(self, index: int) -> tuple[bytes, ...]:
        """The audit path of one of the leaves. Raises `ProofError`."""
        return tuple(merkle.inclusion_proof(index, self._size, self._node))

    def _node(self, level: int, index: int) -> bytes:
        place = (level, index)
        if not _has(self._indexes, index << level, (index + 1) << level):
            if place not in self._beside:
                raise ProofError(f"the node at level {level}, index {index} is missing")
            return self._beside[place]
        # What has a leaf of ours below it is computed, never taken: so no leaf can be passed over.
        if level == 0:
            return self._leaves[index]
        if place not in self._computed:
            self._computed[place] = node_hash(self._node(level - 1, index * 2), self._node(level - 1, index * 2 + 1))
        return self._computed[place]


def _places(indexes: Sequence[int], low: int, high: int) -> Iterator[Place]:
    count = high - low
    if not _has(indexes, low, high):
        if count & (count - 1) == 0:  # complete, and `low` a multiple of `count`
            level = count.bit_length() - 1
            yield level, low >> level
            return
    elif count == 1:
        return
    middle = low + merkle.split(count)
    yield from _places(indexes, low, middle)
    yield from _places(indexes, middle, high)


def _has(indexes: Sequence[int], low: int, high: int) -> bool:
    place = bisect_left(indexes, low)
    return place < len(indexes) and indexes[place] < high
