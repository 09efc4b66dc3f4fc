"""Adapters by name. A package of its own adds one with an entry point of group `yidi.adapters`:

    [project.entry-points."yidi.adapters"]
    myoffice = "my_package:MyOffice"

What is named is an `AdapterKind`: the class of its settings, and `open`. docs/adapters/README.md has a whole one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast

from exchange.adapters.links import FileLinks
from exchange.errors import AdapterError, InputError
from exchange.model.unit import UnitCode
from exchange.ports.office import OfficeAdapter
from exchange.settings import AdapterSettings, read_table

__all__ = ["GROUP", "AdapterKind", "Place", "adapter_names", "find_adapter", "load_adapter"]

GROUP = "yidi.adapters"


def _nameless(_unit: UnitCode) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a node lends an adapter. `name`: of its table in the settings. `data`: files that settings name are relative
    to it. `offices`: where it may keep files of its own, beside others. `name_of`: a unit's name in the directory, for
    people to read; "" when it is not known."""

    name: str
    data: Path
    offices: Path
    name_of: Callable[[UnitCode], str] = _nameless

    @property
    def links(self) -> FileLinks:
        """By which the office fetches files by itself."""
        return FileLinks(self.offices / f".links-{self.name}")

    def secret(self, setting: str, file: str) -> str:
        """What stands in the file that `setting` names. Raises InputError."""
        path = self.data / file
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"offices.{self.name}.{setting}: {path}: {error}", code="SETTINGS") from error


class AdapterKind(Protocol):
    """What an entry point names: a class is one."""

    Settings: type[AdapterSettings]

    def open(self, settings: Any, place: Place) -> OfficeAdapter:
        """An adapter with these settings, an instance of `Settings`. Asks nobody anything yet. Raises InputError."""
        ...


def adapter_names() -> list[str]:
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def find_adapter(name: str) -> AdapterKind:
    """Raises AdapterError (ADAPTER_UNKNOWN, ADAPTER_BROKEN)."""
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        known = ", ".join(adapter_names()) or "none at all"
        raise AdapterError(f"no adapter is called {name!r}; installed: {known}", code="ADAPTER_UNKNOWN")
    if len({entry.value for entry in found}) > 1:
        values = ", ".join(sorted(entry.value for entry in found))
        raise AdapterError(f"several adapters are called {name!r}: {values}", code="ADAPTER_BROKEN")
    try:
        kind = found[0].load()
    except (ImportError, AttributeError) as error:
        raise _broken(name, found[0].value, repr(error)) from error
    if not (isinstance(getattr(kind, "Settings", None), type) and callable(getattr(kind, "open", None))):
        raise _broken(name, found[0].value, "it has no Settings or no open")
    return cast("AdapterKind", kind)


def load_adapter(table: Mapping[str, object], place: Place) -> OfficeAdapter:
    """The adapter of one table of settings. Raises AdapterError as `find_adapter`, InputError (SETTINGS)."""
    settings = {key: value for key, value in table.items() if key != "adapter"}
    kind = find_adapter(str(table.get("adapter", place.name)))
    return kind.open(read_table(kind.Settings, settings, f"offices.{place.name}"), place)


def _broken(name: str, value: str, detail: str) -> AdapterError:
    return AdapterError(f"adapter {name!r} ({value}) does not load", code="ADAPTER_BROKEN", detail=detail)
