"""Adapters by name. A package of its own adds one with an entry point of group `yidi.adapters`:

    [project.entry-points."yidi.adapters"]
    folder = "exchange.adapters.folder:FolderAdapter"

The object named is called with the directory that adapters of this node may use, and returns an `OfficeAdapter`.
"""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from exchange.errors import AdapterError
from exchange.ports.office import OfficeAdapter

__all__ = ["GROUP", "adapter_names", "load_adapter"]

GROUP = "yidi.adapters"


def adapter_names() -> list[str]:
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_adapter(name: str, root: Path) -> OfficeAdapter:
    """The adapter `name`, working under `root`. Raises AdapterError (ADAPTER_UNKNOWN, ADAPTER_BROKEN)."""
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        known = ", ".join(adapter_names()) or "none at all"
        raise AdapterError(f"no adapter is called {name!r}; installed: {known}", code="ADAPTER_UNKNOWN")
    if len({entry.value for entry in found}) > 1:
        values = ", ".join(sorted(entry.value for entry in found))
        raise AdapterError(f"several adapters are called {name!r}: {values}", code="ADAPTER_BROKEN")
    return _make(found[0], root)


def _make(entry: EntryPoint, root: Path) -> OfficeAdapter:
    try:
        made: OfficeAdapter = entry.load()(root)
    except (ImportError, AttributeError, TypeError) as error:
        raise AdapterError(
            f"adapter {entry.name!r} ({entry.value}) does not load", code="ADAPTER_BROKEN", detail=repr(error)
        ) from error
    return made
