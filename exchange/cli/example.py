"""The example county that comes with Yidi, for commands that show or measure."""

from pathlib import Path

import exchange
from exchange.adapters.sheet import read_units
from exchange.model.unit import Unit

__all__ = ["example_sheet", "example_units"]


def example_sheet() -> Path:
    """Its 128 units as a CSV file."""
    inside = Path(exchange.__file__).parent
    places = [inside / "examples", inside.parent / "examples"]  # an installed package, a checkout
    return next(place for place in places if place.is_dir()) / "bozhou" / "units.csv"


def example_units() -> list[Unit]:
    return read_units(example_sheet())
