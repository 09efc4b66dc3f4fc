"""One unit's key cannot be used: the file is gone, or open to others. Every other unit of its node goes on."""

from exchange.errors import KeyStoreError
from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from tests.unit.services.hub_and_node import B, C, World


def a_world_without_the_key_of_b() -> World:
    world = World()

    def keys(unit: UnitCode) -> Signer:
        if unit == B:
            raise KeyStoreError("others may read it")
        return world.signer(unit)

    world.receiving.node.keys = keys
    return world


def test_the_other_units_of_the_node_receive() -> None:
    world = a_world_without_the_key_of_b()
    key = world.delivered(B, C)
    assert set(world.receiving.deliveries(C, key)) == {C}
    assert world.hub.delivery(key, C).state.delivered is not None


def test_its_own_documents_come_again_and_arrive_once_the_key_is_back() -> None:
    world = a_world_without_the_key_of_b()
    key = world.delivered(B, C)
    assert "key_unusable" in world.receiving.log.events("alarm")
    assert world.receiving.quarantine() == []
    world.receiving.node.keys = world.signer
    world.pass_time(world.hub.hub.timing.deliver_within / 2)
    world.hub.dispatcher.dispatch()
    world.settle()
    assert world.hub.delivery(key, B).state.delivered is not None


def test_the_other_units_confirm_what_they_received() -> None:
    world = World()
    key = world.delivered(B, C)
    for unit in (B, C):
        world.sending.recaller.remind(key, "张三", "请尽快签收", unit)
    world.sending.relay.relay()
    world.hub.acknowledge()
    world.receiving.receive()
    world.receiving.node.keys = a_world_without_the_key_of_b().receiving.node.keys
    world.receiving.relay.note()
    world.hub.acknowledge()
    assert world.hub.counts()["forwards_open"] == 1
