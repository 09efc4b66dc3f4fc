"""Import and enrolment on one machine, healed by running them again; and the desk that commands work at."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.directory.update import add_group
from exchange.errors import InputError, KeyStoreError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.ports.node import Box
from exchange.testing.metrics import RecordingLog
from exchange.wiring.desk import Desk, open_desk
from exchange.wiring.enrolment import enroll_here, import_units
from exchange.wiring.hub import establish_hub
from exchange.wiring.layout import Layout
from tests.unit.services.hub_and_node import a_draft

A, B = (
    Unit(code=UnitCode(f"520304-00{n}"), name=f"第{n}局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY) for n in (1, 2)
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    layout = Layout(tmp_path)
    establish_hub(layout, "hub.520304", "测试县", RecordingLog())
    desk = open_desk(layout, RecordingLog())
    yield desk
    desk.close()


def enroll(desk: Desk, *units: UnitCode) -> None:
    keys = desk.node_home.keys
    enroll_here(desk.administration(), keys, desk.node_store, units)


def hosted(desk: Desk) -> list[UnitCode]:
    with desk.node_store.begin() as session:
        return session.units()


def test_units_and_the_usual_groups_come_in_one_version(desk: Desk) -> None:
    directory = import_units(desk.administration(), [A, B])
    assert directory.version == 2
    assert set(directory.by_group) == {"kind-government", "all"}


def test_importing_again_changes_no_group_that_somebody_changed(desk: Desk) -> None:
    directory = import_units(desk.administration(), [A])
    mine = replace(directory.by_group["all"], name="全县", members=(A.code,))
    desk.administration().administrator.change(lambda directory: add_group(directory, mine))
    directory = import_units(desk.administration(), [A, B])
    assert directory.by_group["all"] == mine
    assert set(directory.by_code) == {A.code, B.code}


def test_enrolled_units_are_hosted_and_can_send_at_once(desk: Desk) -> None:
    import_units(desk.administration(), [A, B])
    enroll(desk, A.code, B.code)
    assert hosted(desk) == [A.code, B.code]
    assert desk.directory().version == 3
    done = desk.node.submitter.submit(a_draft("all", sender=A.code))
    assert done.recipients == (B.code,)
    with desk.node_store.begin() as session:
        assert session.documents(Box.SENT, [(A.code, done.key)])


def test_progress_is_told_unit_by_unit(desk: Desk) -> None:
    import_units(desk.administration(), [A, B])
    told: list[tuple[int, int]] = []
    keys = desk.node_home.keys
    enroll_here(desk.administration(), keys, desk.node_store, [A.code, B.code], lambda n, of: told.append((n, of)))
    assert told == [(1, 2), (2, 2)]


def test_enrolling_again_gives_the_next_key_and_hosts_once(desk: Desk) -> None:
    import_units(desk.administration(), [A, B])
    enroll(desk, A.code)
    enroll(desk, A.code)
    assert hosted(desk) == [A.code]
    keys = desk.directory().by_code[A.code].keys
    assert len(keys) == 2
    desk.node.submitter.submit(a_draft(B.code, sender=A.code))


def test_a_crash_before_the_key_was_certified_is_healed_by_running_it_again(desk: Desk) -> None:
    import_units(desk.administration(), [A, B])
    keys = desk.node_home.keys
    keys.prepare(A.code)  # and here it died
    with pytest.raises(KeyStoreError):
        keys.signer(A.code)
    enroll(desk, A.code)
    assert len(desk.directory().by_code[A.code].keys) == 1


def test_nothing_is_published_from_a_desk(desk: Desk) -> None:
    import_units(desk.administration(), [A, B])
    enroll(desk, A.code)
    desk.directory()
    desk.node.submitter.submit(a_draft(B.code, sender=A.code))
    desk.node.relay.relay()
    with desk.node_store.begin() as session:
        assert len(session.open_outbox(A.code)) == 1


def test_a_desk_needs_an_exchange(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hub init") as fault:
        open_desk(Layout(tmp_path), RecordingLog())
    assert fault.value.code == "NO_DATA"


def test_an_exchange_whose_making_did_not_finish_is_said_so(desk: Desk) -> None:
    desk.layout.anchor_file.unlink()
    with pytest.raises(InputError, match="did not finish") as fault:
        open_desk(desk.layout, RecordingLog())
    assert fault.value.code == "NO_DATA"
