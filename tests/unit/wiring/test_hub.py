"""Making a hub, and opening what was made."""

from pathlib import Path

import pytest

from exchange.directory.update import add_units
from exchange.errors import InputError, InvalidValueError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.storage import open_hub_store
from exchange.testing.metrics import RecordingLog
from exchange.trust.anchor import Anchor, verify_directory
from exchange.wiring.hub import establish_hub, open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.system import SystemClock, SystemIds, system_chance

HUB, NAME = "hub.520304", "播州区公文交换中心"


def test_a_new_hub_has_a_first_directory_that_its_anchor_verifies(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    anchor = establish_hub(layout, HUB, NAME, RecordingLog())
    assert layout.anchor() == anchor == Anchor.from_json(layout.anchor_file.read_text(encoding="utf-8"))
    store = open_hub_store(layout.hub_database())
    with store.begin() as session:
        record = session.directory()
    store.close()
    assert record is not None
    directory, _ = verify_directory(record.document, anchor, SystemClock().now(), None)
    assert (directory.version, directory.units, directory.hub) == (1, (), HUB)


def test_a_second_one_in_the_same_place_is_refused_and_the_first_is_untouched(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    establish_hub(layout, HUB, NAME, RecordingLog())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as refusal:
        establish_hub(layout, "hub.520305", NAME, RecordingLog())
    assert refusal.value.code == "EXISTS"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("hub", "name"), [("HUB", NAME), ("", NAME), (HUB, ""), (HUB, "一\n二"), (HUB, "x" * 101), (HUB, "\u202e")]
)
def test_a_wrong_name_is_refused_before_anything_is_made(tmp_path: Path, hub: str, name: str) -> None:
    with pytest.raises(InvalidValueError):
        establish_hub(Layout(tmp_path / "data"), hub, name, RecordingLog())
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ['A"B', "A\\B", "A'B", "A # B", "政务 [县]"])
def test_any_name_that_people_use_comes_back_from_the_settings(tmp_path: Path, name: str) -> None:
    layout = Layout(tmp_path)
    establish_hub(layout, HUB, name, RecordingLog())
    assert layout.settings().name == name


def test_an_administrator_works_beside_the_exchange_under_its_settings(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    anchor = establish_hub(layout, HUB, NAME, RecordingLog())
    with layout.settings_file.open("a", encoding="utf-8") as file:
        file.write("[hub_timing]\ndirectory_valid_days = 7\n")
    store = open_hub_store(layout.hub_database())
    unit = Unit(code=UnitCode("520304-001"), name="甲局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY)
    administration = open_administration(layout.hub_home(layout.settings()), store, RecordingLog())
    changed = administration.administrator.change(lambda directory: add_units(directory, [unit]))
    with store.begin() as session:
        record = session.directory()
    store.close()
    assert record is not None
    assert verify_directory(record.document, anchor, SystemClock().now(), None)[0] == changed
    assert (changed.expires - changed.issued).days == 7


def test_the_real_clock_counts_whole_milliseconds_and_ids_are_new() -> None:
    clock, ids, chance = SystemClock(), SystemIds(), system_chance()
    assert clock.now().microsecond % 1000 == 0
    assert clock.now().utcoffset() is not None
    assert clock.monotonic() <= clock.monotonic()
    assert ids.new() != ids.new()
    assert 1 <= chance.uniform(1, 2) <= 2
