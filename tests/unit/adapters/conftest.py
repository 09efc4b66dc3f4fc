"""The folders of one unit for every test of this room."""

from tests.unit.adapters.offices import office

__all__ = ["office"]
