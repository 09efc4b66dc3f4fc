"""Of refused classified material nothing stays at the hub, whenever it dies and however often it is sent."""

from collections.abc import Callable
from typing import BinaryIO

import pytest

from exchange.errors import StorageError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.text import NOT_LOOKED_AT, FileText
from exchange.services.node.submit import Submitter
from tests.unit.services.hub_and_node import HOURS, A, B, World, a_draft, a_file

MARKED = "机密★一年\n关于某事的通知\n".encode()


class Blind:
    """The text source of a sender that does not look."""

    def lines(self, name: str, media_type: str, open_file: Callable[[], BinaryIO]) -> FileText:
        return NOT_LOOKED_AT


def a_marked_document(world: World) -> EnvelopeKey:
    """Its file is at the hub, and it waits to be judged."""
    draft = a_draft(B, files=[a_file("附件.txt", MARKED, "text/plain")])
    key = Submitter(world.sending.node, Blind()).submit(draft).key
    world.sending.relay.relay()
    assert blobs(world)
    return key


def blobs(world: World) -> list[str]:
    return list(world.hub.files.digests())


@pytest.mark.parametrize("step", ["commit-before", "commit-after", "publish.before", "ack.before"])
def test_a_hub_that_dies_while_refusing_keeps_nothing(step: str) -> None:
    world = World()
    key = a_marked_document(world)
    world.kill_hub(step, world.hub.route)
    for _ in range(3):
        world.settle()
        world.pass_time(HOURS)
    assert blobs(world) == []
    assert world.hub.said(key) == ["REFUSED"]
    assert world.sending.open_outbox(A) == []


def test_files_uploaded_again_for_a_refusal_that_was_lost_do_not_stay() -> None:
    world = World()
    a_marked_document(world)
    world.hub.route()
    world.empty(A)
    world.pass_time(HOURS)
    world.sending.relay.relay()
    assert blobs(world)
    world.hub.route()
    world.hub.discarder.discard()
    assert blobs(world) == []


def test_what_a_disk_cannot_delete_is_deleted_when_it_can() -> None:
    def hook(step: str, sha256: str) -> None:
        if step == "discard":
            raise StorageError("the disk does not answer")

    world = World()
    a_marked_document(world)
    world.hub.files.hook = hook
    world.hub.route()
    with pytest.raises(StorageError):
        world.hub.discarder.discard()
    assert blobs(world)
    world.hub.files.hook = None
    world.settle()
    assert blobs(world) == []
