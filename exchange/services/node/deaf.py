"""Offices that do not take the result of one document, and others that wait behind it.

Not here: what is done with a result that was not taken; it stays at the office, which is asked again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from exchange.errors import AdapterError

__all__ = ["Deaf"]

_MOST: Final = 5


class Deaf:
    """Of one round through one office."""

    def __init__(self) -> None:
        self._faults: list[AdapterError] = []

    @contextmanager
    def passed_over(self) -> Iterator[None]:
        """Around one result. The fifth that the office does not take is raised at once: it may be away altogether."""
        try:
            yield
        except AdapterError as error:
            self._faults.append(error)
            if len(self._faults) == _MOST:
                raise

    def tell(self) -> None:
        """Raises the first, at the end of the round."""
        if self._faults:
            raise self._faults[0]
