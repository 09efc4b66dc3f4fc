"""Moving large files apart from the loop that carries documents, so that no document waits until a file is through.

Not here: moving them (`exchange.services.node.relay`, `exchange.services.node.fetch`), threads (`workers.moves`).
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, Protocol

from exchange.model.envelope import FileEntry

__all__ = ["LIGHT_BYTES", "InTurn", "MoveLane", "Moves", "is_heavy"]

LIGHT_BYTES: Final = 256 * 1024
"""What a document's files may weigh together to travel with it, in its turn: four seconds on a line of 512 kbit/s."""


class MoveLane(StrEnum):
    """What is moved at the same time: the large file of an ordinary document stops no urgent one's."""

    UP_URGENT = "up-urgent"
    UP = "up"
    DOWN_URGENT = "down-urgent"
    DOWN = "down"


class Moves(Protocol):
    def done(self, lane: MoveLane, key: tuple[str, ...], move: Callable[[], None]) -> bool:
        """Whether the move of that key has come to its end. It is begun when it has not been, and asked for again
        later; what it raised is raised to the one who asks, and then it is forgotten. One loop alone asks."""
        ...

    def is_awaited(self, key: tuple[str, ...]) -> bool:
        """Whether it was asked for and its end has not been told."""
        ...

    def forget(self, key: tuple[str, ...]) -> None:
        """Nobody will ask for it again: it need not begin, and what became of it is told to nobody."""
        ...


class InTurn:
    """Moves at once and to the end: for whoever has nothing else to do."""

    def done(self, lane: MoveLane, key: tuple[str, ...], move: Callable[[], None]) -> bool:  # noqa: ARG002  # a port
        move()
        return True

    def is_awaited(self, key: tuple[str, ...]) -> bool:  # noqa: ARG002  # a port
        return False

    def forget(self, key: tuple[str, ...]) -> None:
        pass


def is_heavy(files: Iterable[FileEntry]) -> bool:
    return sum(file.size for file in files) > LIGHT_BYTES
