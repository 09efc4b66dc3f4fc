"""What an office puts out waits while the trouble is the node's own, says why, and goes when that has passed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.adapters.folder import FolderAdapter
from exchange.directory.snapshot import Directory
from exchange.directory.update import change_unit, revoke_key
from exchange.errors import KeyStoreError
from exchange.model.events import Event
from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from exchange.ports.office import OfficeDecision
from exchange.services.node.handover import Officer
from exchange.services.node.office_health import OfficeHealth
from exchange.services.node.refresh import Refresher
from exchange.services.node.submit import Submitter
from exchange.testing.keys import EXPIRES
from exchange.testing.stores import memory_node_store
from tests.unit.adapters.offices import FILES, MANIFEST
from tests.unit.services.hub_and_node import COUNTY, A, B, Texts, World, a_draft, directory_record


def put_out(root: Path) -> None:
    draft = root / A / "outbox" / "OA-7"
    draft.mkdir()
    for name, data in FILES.items():
        (draft / name).write_bytes(data)
    (draft / "manifest.json").write_text(json.dumps(MANIFEST | {"主送": [B], "抄送": []}), encoding="utf-8")
    (draft / "READY").touch()


def test_a_folder_waits_for_the_nodes_first_directory(tmp_path: Path) -> None:
    world, folders, health, store = World(), FolderAdapter(tmp_path), OfficeHealth(), memory_node_store()
    node = replace(world.sending.node, store=store)
    officer = Officer(node, lambda _: folders, Submitter(node, Texts()), health)
    with store.begin() as session:
        session.add_unit(A, world.clock.now())
    officer.collect()
    put_out(tmp_path)
    for _ in range(2):
        assert officer.collect() == 0
        assert (health.fault(A), [path.name for path in (tmp_path / A / "outbox").iterdir()]) == (
            "DIRECTORY_MISSING",
            ["OA-7"],
        )
    assert list((tmp_path / A / "error").iterdir()) == []
    Refresher(node, world.sending.feed).refresh()
    assert (officer.collect(), health.fault(A)) == (1, None)
    assert sorted(path.name for path in (tmp_path / A / "done").iterdir()) == ["OA-7", "OA-7.json"]


def without_its_unit(directory: Directory) -> Directory:
    return replace(directory, units=tuple(one for one in directory.units if one.unit.code != A))


def test_a_draft_of_a_unit_that_the_directory_does_not_name_yet_waits() -> None:
    world = World()
    newer, store = world.sending.node, memory_node_store()
    with store.begin() as session:
        session.add_unit(A, world.clock.now())
        session.save_directory(directory_record(without_its_unit(COUNTY.directory)))
    node = replace(newer, store=store)
    office = world.sending.office
    office.drafts = [a_draft(B, reference="OA-7")]
    health = OfficeHealth()
    assert Officer(node, lambda _: office, Submitter(node, Texts()), health).collect() == 0
    assert (health.fault(A), office.answers) == ("SIG_SENDER_UNKNOWN", [])
    assert world.sending.officer.collect() == 1


def test_a_draft_waits_while_the_directory_is_too_old() -> None:
    world = World()
    world.sending.office.drafts = [a_draft(B, reference="OA-7")]
    world.clock.jump(EXPIRES - world.clock.now())
    assert (world.sending.officer.collect(), world.sending.office.answers) == (0, [])
    world.hub.administrator.renew()
    world.refresh()
    assert world.sending.officer.collect() == 1


@pytest.mark.parametrize("trouble", ["unreadable", "revoked"])
def test_drafts_and_decisions_wait_for_a_key_that_can_be_used(trouble: str) -> None:
    world = World()
    key, office = world.delivered(B), world.receiving.office
    world.receiving.officer.hand_over()
    office.drafts = [a_draft(A, sender=B, reference="OA-7")]
    office.decided_here = [OfficeDecision(key=key, event=Event.SIGNED, person="李四", reference="D-1")]

    def unreadable(unit: UnitCode) -> Signer:
        raise KeyStoreError(f"others may read {unit}")

    if trouble == "unreadable":
        world.receiving.node.keys = unreadable
    else:
        fingerprint = COUNTY.signers[B].fingerprint
        world.change_directory(lambda old: revoke_key(old, B, fingerprint, world.clock.now(), "lost"))
        world.refresh()
    world.receiving.officer.collect()
    if trouble == "unreadable":
        world.receiving.office_decider.take()
    assert office.answers == []


def test_a_unit_that_was_suspended_is_told_so() -> None:
    world = World()
    world.sending.office.drafts = [a_draft(B, reference="OA-7")]
    world.change_directory(lambda directory: change_unit(directory, A, active=False))
    world.refresh()
    world.sending.officer.collect()
    assert world.sending.office.answers == [("OA-7", "NOT_AUTHORISED")]
