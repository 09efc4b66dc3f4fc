"""When a queue is given up: never while waiting could help."""

from dataclasses import replace

from exchange.transport.rabbit_healing import Healer
from exchange.transport.rabbit_state import BrokerNode, BrokerState, QuorumQueue

NODES = tuple(BrokerNode(name=name, running=True) for name in ("a", "b", "c"))
HEALTHY = QuorumQueue(name="work.normal", members=("a", "b", "c"), online=("a", "b", "c"), told=True)
SILENT = replace(HEALTHY, name="inbox.520304-001", told=False)
STATE = BrokerState(release="3.10.8", nodes=NODES, queues=(HEALTHY, SILENT))
OURS = {HEALTHY.name, SILENT.name}


class Broker:
    """Says what it is told to say, and remembers what was deleted."""

    def __init__(self, state: BrokerState = STATE) -> None:
        self.state = state
        self.deleted: list[str] = []

    def healer(self) -> Healer:
        return Healer(lambda: self.state, self.deleted.append)


def test_a_queue_that_tells_nothing_for_a_minute_is_deleted_once() -> None:
    broker = Broker()
    healer = broker.healer()
    assert [healer.heal(OURS, now) for now in (0, 15, 30, 45)] == [()] * 4
    assert healer.heal(OURS, 60) == (SILENT.name,)
    assert broker.deleted == [SILENT.name]
    assert healer.heal(OURS, 61) == ()  # the new one has its own minute


def test_one_word_from_its_leader_begins_the_minute_anew() -> None:
    broker = Broker()
    healer = broker.healer()
    healer.heal(OURS, 0)
    broker.state = replace(STATE, queues=(HEALTHY, replace(SILENT, told=True)))
    healer.heal(OURS, 30)
    broker.state = STATE
    assert healer.heal(OURS, 60) == healer.heal(OURS, 119) == ()
    assert healer.heal(OURS, 120) == (SILENT.name,)


def test_while_a_node_is_down_or_cut_off_nothing_is_given_up() -> None:
    for trouble in (replace(NODES[2], running=False), replace(NODES[2], partitioned=True)):
        broker = Broker(replace(STATE, nodes=(*NODES[:2], trouble)))
        healer = broker.healer()
        assert [healer.heal(OURS, now) for now in range(0, 600, 15)] == [()] * 40
        broker.state = STATE
        assert healer.heal(OURS, 600) == ()  # waiting counts from when all were there
        assert broker.deleted == []


def test_a_broker_that_keeps_no_statistics_loses_no_queue() -> None:
    broker = Broker(replace(STATE, queues=(SILENT, replace(HEALTHY, told=False))))
    healer = broker.healer()
    assert [healer.heal(OURS, now) for now in (0, 60, 120)] == [()] * 3


def test_queues_of_others_are_left_alone() -> None:
    broker = Broker()
    healer = broker.healer()
    assert [healer.heal({HEALTHY.name}, now) for now in (0, 60, 120)] == [()] * 3
    assert broker.deleted == []
