"""What a node lends an office system beside its settings."""

from collections.abc import Mapping
from pathlib import Path

from exchange.adapters.registry import Place, load_adapter
from exchange.model.unit import UnitCode
from exchange.ports.office import OfficeAdapter
from exchange.testing.files import MemoryFiles
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.wiring.layout import Layout
from exchange.wiring.node import StoreFeed, open_node
from exchange.wiring.parts import Parts
from exchange.wiring.rooms import open_files_exchange, open_stores, open_transport
from tests.unit.cli.commands import yidi

UNITS = "code,name,category,level\n520304-001,甲局,government,county\n520304-002,乙镇,township,township\n"


def test_an_office_can_name_units_as_the_directory_does(tmp_path: Path) -> None:
    data, units = tmp_path / "data", tmp_path / "units.csv"
    units.write_text(UNITS, encoding="utf-8")
    for arguments in (("hub", "init"), ("hub", "units", "import", units), ("node", "enroll", "--all")):
        assert yidi(*arguments, data=data).code == 0
    layout = Layout(data)
    settings = layout.settings()
    hub_store, node_store = open_stores(layout)
    lent: list[Place] = []

    def keep(table: Mapping[str, object], place: Place) -> OfficeAdapter:
        lent.append(place)
        return load_adapter(table, place)

    services = open_node(
        layout.node_home(settings),
        node_store,
        open_files_exchange(MemoryFiles(), hub_store),
        StoreFeed(hub_store),
        open_transport(settings).publisher(),
        RecordingMetrics(),
        RecordingLog(),
        Parts(adapter=keep),
    )
    services.refresher.refresh()
    (place,) = lent
    assert place.name_of(UnitCode("520304-002")) == "乙镇"
    assert place.name_of(UnitCode("520304-999")) == ""
    for store in (services.offices, node_store, hub_store):
        store.close()
