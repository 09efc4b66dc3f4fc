"""The office system of each hosted unit, as the settings say; each is opened once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from exchange.adapters.links import FileLinks
from exchange.adapters.registry import Place
from exchange.errors import InputError
from exchange.model.presence import NO_OFFICE
from exchange.model.unit import UnitCode
from exchange.ports.office import OfficeAdapter, OfficeCalls
from exchange.settings import Hosting
from exchange.wiring.parts import Parts

__all__ = ["OpenOffices", "open_offices"]


class OpenOffices:
    """Called with a unit: its adapter, or None for one that reads its inbox here. `adapters`: each by the name of its
    table."""

    def __init__(self, choice: Hosting, adapters: Mapping[str, OfficeAdapter], links: Mapping[str, FileLinks]) -> None:
        self._choice, self.adapters, self._links = choice, adapters, links

    def __call__(self, unit: UnitCode) -> OfficeAdapter | None:
        return self.adapters.get(self.name_of(unit))

    def name_of(self, unit: UnitCode) -> str:
        """Of the table of its office, `none` where it has none."""
        return self._choice.office_of.get(unit, self._choice.office)

    def links(self, name: str) -> FileLinks | None:
        """By which the office of that table fetches files."""
        return self._links.get(name)

    def calls(self, name: str) -> OfficeCalls | None:
        """Where the office of that table calls by itself."""
        adapter = self.adapters.get(name)
        return adapter.office_calls if adapter is not None else None

    def units_of(self, name: str, units: Sequence[UnitCode]) -> list[UnitCode]:
        return [unit for unit in units if self.name_of(unit) == name]

    def close(self) -> None:
        with ExitStack() as stack:  # each, whatever another raises
            for adapter in self.adapters.values():
                stack.callback(adapter.close)


def open_offices(
    choice: Hosting,
    data: Path,
    offices: Path,
    parts: Parts | None = None,
    name_of: Callable[[UnitCode], str] = lambda _unit: "",
) -> OpenOffices:
    """Nothing is asked of an office yet. Raises AdapterError, InputError."""
    parts = parts or Parts()
    adapters, links = {}, {}
    for name in sorted({choice.office, *choice.office_of.values()} - {NO_OFFICE}):
        place = Place(name=name, data=data, offices=offices, name_of=name_of)
        adapters[name], links[name] = parts.adapter(choice.offices.get(name, {}), place), place.links
    if unused := choice.offices.keys() - adapters.keys():
        raise InputError(
            f"offices.{min(unused)}: no unit has this office; name it in `office` or `office_of`", code="SETTINGS"
        )
    return OpenOffices(choice, adapters, links)
