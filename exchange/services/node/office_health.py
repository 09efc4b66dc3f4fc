"""Whether each unit's office system answers: the last outcome of each thing that is asked of it.

Told by the services that speak with offices, read by the one that says that the node is there; each in its own loop.
Kept in memory: a new process knows as soon as it has asked.
"""

from exchange.model.unit import UnitCode

__all__ = ["OfficeHealth"]


class OfficeHealth:
    def __init__(self) -> None:
        self._faults: dict[tuple[UnitCode, str], str] = {}

    def answered(self, unit: UnitCode, asked: str) -> bool:
        """Whether it did not answer this the last time."""
        return self._faults.pop((unit, asked), None) is not None

    def failed(self, unit: UnitCode, asked: str, code: str) -> None:
        self._faults[(unit, asked)] = code

    def fault(self, unit: UnitCode) -> str | None:
        """The code of what its office fails with now."""
        # A copy: another loop may note an outcome meanwhile.
        return next((code for (whose, _), code in sorted(self._faults.copy().items()) if whose == unit), None)
