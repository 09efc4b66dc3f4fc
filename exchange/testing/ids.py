"""Ids that a seed repeats."""

import random
import uuid

__all__ = ["SeededIds"]


class SeededIds:
    """`exchange.ports.time.Ids`: version 4 UUIDs from a seed, or from a simulation's own chance."""

    def __init__(self, chance: int | random.Random = 0) -> None:
        self._chance = random.Random(chance) if isinstance(chance, int) else chance  # noqa: S311  # on purpose

    def new(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
