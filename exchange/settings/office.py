"""Which office systems a node's units have, and what the settings of an adapter are."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from exchange.model.unit import parse_unit_code
from exchange.settings.base import File, Frozen

__all__ = ["AdapterSettings", "Hosting", "check_reached"]


class AdapterSettings(Frozen):
    """What every adapter's settings derive from: frozen, and a name that is not a field is an error."""


class Hosting(File):
    """Which office system each hosted unit has."""

    office: str = Field(
        default="folder",
        description="Office system of the hosted units: a table of `offices`, an adapter (an entry point of "
        "yidi.adapters) without settings, or none.",
    )
    office_of: dict[str, str] = Field(default={}, description="Office systems of single units, by unit code.")
    offices: dict[str, dict[str, Any]] = Field(
        default={},
        description="Settings of office systems, a table each: `adapter` (its name, if that is not the table's) and "
        "what that adapter asks for.",
    )

    @field_validator("office_of")
    @classmethod
    def _check_units_of_offices(cls, value: dict[str, str]) -> dict[str, str]:
        for code in value:
            parse_unit_code(code)
        return value


def check_reached(offices: Mapping[str, Mapping[str, Any]], port: int | None) -> None:
    """What offices ask of this node is asked of its HTTP for programs. Raises ValueError where there is none: an office
    would call, or look for a file, and nobody would answer."""
    if port is not None:
        return
    for name, table in offices.items():
        if table.get("calls"):
            raise ValueError(f"offices.{name}.calls: this office calls the node, so set api.port")
        if table.get("node_url") and table.get("files_by") != "base64":
            raise ValueError(f"offices.{name}.node_url: this office fetches files from the node, so set api.port")
