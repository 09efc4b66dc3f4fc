"""Unit codes are strict ASCII before anything else looks at them."""

import pytest

from exchange.errors import InvalidValueError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind, parse_hub_id, parse_unit_code


@pytest.mark.parametrize("code", ["520304-001", "520304100-001", "520304100201-000001"])
def test_a_code_is_region_and_number(code: str) -> None:
    assert parse_unit_code(code) == code


@pytest.mark.parametrize(
    "code",
    [
        *("", "520304", "520304-01", "520304-0000001", "5203041-001", " 520304-001", "520304-001\n", "520304–001"),
        *("５20304-001", "520304-00１", "520304-00\u200b1", "52o304-001", "٥20304-001"),
    ],
)
def test_whatever_else_looks_like_a_code_is_none(code: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_unit_code(code)


@pytest.mark.parametrize("hub", ["", "Hub.1", "hub 1", "h" * 64, "枢纽"])
def test_a_hub_id_is_a_short_lower_case_word(hub: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_hub_id(hub)


@pytest.mark.parametrize("name", ["", " 教育局", "教育局 ", "教育\u202e局", "教育\u200b局", "教" * 101])
def test_a_name_is_one_that_people_can_read(name: str) -> None:
    with pytest.raises(InvalidValueError):
        Unit(code=UnitCode("520304-001"), name=name, kind=UnitKind.GOVERNMENT, level=Level.COUNTY)


def test_no_unit_is_above_itself() -> None:
    code = UnitCode("520304-001")
    with pytest.raises(InvalidValueError):
        Unit(code=code, name="教育局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY, parent=code)
