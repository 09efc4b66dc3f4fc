"""`yidi node`: enrolling units on this machine."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from exchange.ports.node import HandoverRecord
from exchange.storage import open_node_store
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import refuse, yidi
from tests.unit.services.hub_and_node import an_envelope


def test_enroll_all_takes_one_directory_version_for_all(tmp_path: Path, units_file: Path) -> None:
    data = tmp_path / "new"
    yidi("hub", "init", data=data)
    yidi("hub", "units", "import", units_file, data=data)
    result = yidi("node", "enroll", "--all", data=data)

    assert result.code == 0
    assert "已注册 4 个单位，目录第 3 版" in result.out


def test_enroll_again_does_nothing_and_says_so(data: Path) -> None:
    before = yidi("hub", "status", "--json", data=data).json["directory"]["version"]
    result = yidi("node", "enroll", "--all", data=data)

    assert "已注册 0 个单位" in result.out
    assert "此前已注册 4 个" in result.out
    assert yidi("hub", "status", "--json", data=data).json["directory"]["version"] == before


def test_renew_gives_a_new_key_and_keeps_the_old_for_what_is_under_way(data: Path) -> None:
    assert yidi("node", "enroll", "甲局", "--renew", data=data).code == 0
    keys = yidi("hub", "units", "list", "--json", data=data).json[0]["keys"]

    assert len(keys) == 2
    assert keys[0]["valid_to"] < keys[1]["valid_to"]


def test_units_and_all_exclude_each_other(data: Path) -> None:
    assert yidi("node", "enroll", data=data).code == 2
    assert yidi("node", "enroll", "甲局", "--all", data=data).code == 2


def test_status_has_stable_keys(data: Path) -> None:
    status = yidi("node", "status", "--json", data=data).json

    assert set(status) == {
        *("directory_version", "units", "counts", "checkpoints_held"),
        *("outbox_faults", "handover_faults", "notices"),
    }
    assert set(status["units"][0]) == {"code", "key_valid_to"}
    assert len(status["units"]) == 4


def test_status_says_what_keeps_documents_out_of_an_office(data: Path) -> None:
    with closing(open_node_store(Layout(data).node_database())) as store, store.begin() as session:
        unit, *_ = session.units()
        record = HandoverRecord(unit=unit, envelope=an_envelope().key, due=datetime.now(UTC), fault="ADAPTER_DOWN")
        session.add_handovers([record])

    assert yidi("node", "status", "--json", data=data).json["handover_faults"] == {"ADAPTER_DOWN": 1}
    (row,) = [line for line in yidi("node", "status", data=data).out.splitlines() if "ADAPTER_DOWN" in line]
    assert row.split() == ["进不了办公系统：办公系统不可用（ADAPTER_DOWN）", "1"]


def test_status_counts_what_an_office_refused_until_a_person_acts(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    refuse(data, document)
    assert yidi("node", "status", "--json", data=data).json["handover_faults"] == {"OA_REJECTED": 2}
    assert "办公系统不收此件（OA_REJECTED）" in yidi("node", "status", data=data).out
    assert yidi("sign", document, "--unit", "乙镇", "--person", "张三", data=data).code == 0

    assert yidi("node", "status", "--json", data=data).json["handover_faults"] == {"OA_REJECTED": 1}
