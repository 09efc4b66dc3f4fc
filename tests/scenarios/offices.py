"""Office systems in the settings of a node, as its administrator would write them there."""

import json
from collections.abc import Mapping
from pathlib import Path

from exchange.model.unit import UnitCode
from tests.scenarios.stage import OFFICE_SECRET

__all__ = ["write_offices"]


def write_offices(settings: Path, offices: Mapping[UnitCode, Mapping[str, object]], secret: str) -> None:
    """Into `settings`, and the secret into the file beside it that tables name."""
    (settings.parent / OFFICE_SECRET).write_text(secret, encoding="utf-8")
    names = {unit: f"oa-{unit}" for unit in offices}
    tables = {names[unit]: table for unit, table in offices.items()}
    lines = f"office_of = {_toml(names)}\noffices = {_toml(tables)}\n"
    settings.write_text(lines + settings.read_text("utf-8"), "utf-8")  # before the first table


def _toml(value: object) -> str:
    """Text is written in JSON as in TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
