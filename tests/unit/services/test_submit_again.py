"""The same reference from two processes at the same moment."""

from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from exchange.services.node.submit import Submitted
from tests.unit.services.hub_and_node import B, World, a_draft


def test_who_loses_the_race_for_a_reference_gets_the_winners_answer() -> None:
    world, draft = World(), a_draft(B, reference="OA-1")
    winner: list[Submitted] = []

    def keys(unit: UnitCode) -> Signer:
        world.sending.node.keys = world.signer
        winner.append(world.sending.submitter.submit(draft))  # while the other is about to sign
        return world.signer(unit)

    world.sending.node.keys = keys
    loser = world.sending.submitter.submit(draft)
    assert (loser.key, loser.recipients, loser.again) == (winner[0].key, winner[0].recipients, True)
    assert world.sending.counts()["sent"] == 1
