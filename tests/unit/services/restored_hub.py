"""A hub that is restored from a backup under its nodes, for the tests of healing.

Not here: nodes that are restored (`test_recover`), real servers (`tests/servers`).
"""

from datetime import datetime

from exchange.services.audit.promises import AuditReport, audit
from exchange.storage import SqlHubStore
from exchange.testing.stores import contents, memory_hub_store
from tests.unit.services.hub_and_node import COUNTY, HOURS, World

__all__ = ["Backup", "back_up", "judged", "restore", "rounds"]

Backup = tuple[bytes, datetime]


def back_up(world: World) -> Backup:
    assert isinstance(world.hub.store.inner, SqlHubStore)
    taken = world.clock.now()
    content = contents(world.hub.store.inner)
    world.pass_time(HOURS)  # longer than clocks may differ
    return content, taken


def restore(world: World, backup: Backup, *, declared: bool = True, files: bool = False) -> None:
    """The hub as of `backup`, with empty queues; without its files if `files` is not asked for."""
    content, taken = backup
    world.pass_time(HOURS)
    world.hub.transport.close()
    world.hub.store.inner = memory_hub_store(content)
    if not files:
        for digest in list(world.hub.files.digests()):
            world.hub.files.discard(digest)
    world.broker.wipe(keep_topology=True)
    if declared:
        world.hub.administrator.declare_restored(taken, "磁盘损坏")
    world.pass_time(HOURS)


def rounds(world: World, count: int = 6) -> None:
    """Everybody works, and time passes so that what was lost on the way is repeated."""
    for _ in range(count):
        world.refresh()
        world.settle()
        for side in world.nodes:
            side.officer.hand_over()
            side.officer.tell()
        world.hub.sealer.seal()
        world.pass_time(HOURS)
        world.hub.forwarder.forward()
        world.hub.dispatcher.dispatch()
    world.settle()
    world.hub.sealer.seal()


def judged(world: World) -> AuditReport:
    return audit(
        world.hub.store,
        COUNTY.anchor,
        hub_files=world.hub.files,
        nodes=[(side.store, side.files) for side in world.nodes],
        settled=True,
    )
