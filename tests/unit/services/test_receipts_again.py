"""What the hub answers when bytes come to the acknowledger that it has seen before, or that are no receipt."""

from exchange.directory.update import change_unit, revoke_key
from exchange.ports.transport import Message
from exchange.topology import Lane, in_exchange
from tests.unit.services.hub_and_node import A, B, World


def test_a_recorded_receipt_that_comes_again_under_a_key_since_revoked_stays_recorded() -> None:
    world = World()
    key = world.delivered()
    fingerprint = world.signer(B).fingerprint
    world.change_directory(lambda directory: revoke_key(directory, B, fingerprint, world.clock.now(), "丢失"))
    _repeat_all_receipts(world)
    assert world.hub.quarantine() == []
    assert world.hub.log.events("alarm") == []
    assert world.receiving.said(B, key) == ["DELIVERED"]
    assert world.receiving.open_outbox(B) == []


def test_nor_does_it_matter_that_its_unit_has_left() -> None:
    world = World()
    world.delivered()
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    _repeat_all_receipts(world)
    assert world.hub.quarantine() == []
    assert world.receiving.open_outbox(B) == []


def test_a_document_among_the_receipts_does_not_close_its_senders_outbox() -> None:
    world = World()
    key = world.submit()
    with world.sending.store.begin() as session:
        (row,) = session.due_outbox(world.clock.now(), 10)
    publisher = world.broker.transport("stray").publisher()
    publisher.publish([Message(exchange=in_exchange(A), key=Lane.RECEIPT.value, body=row.document, user=A)])
    world.hub.acknowledge()
    world.hub.forwarder.note()
    world.sending.receive()
    assert world.sending.open_outbox(A) == [key.id]


def _repeat_all_receipts(world: World) -> None:
    with world.receiving.store.begin() as session:
        for _, record in session.receipts_after(None, 100):
            session.reopen_receipts(B, record.envelope, world.clock.now())
    world.settle()
