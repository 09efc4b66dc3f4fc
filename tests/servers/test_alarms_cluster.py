"""A node of a broker's cluster is lost: one alarm says so, and nobody is told anything else, for all goes on."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from exchange.model.unit import Unit
from exchange.trial.cluster import RabbitCluster
from exchange.trial.county import TrialCounty, TrialPlan
from tests.servers.alarms.matrix import Fault
from tests.servers.alarms.play import begun, play
from tests.servers.alarms.watched import Undo, Watched, plan, watched
from tests.servers.four import UNITS

_DELIVERED = "sum(yidi_acknowledger_deliver_seconds_count)"


class ClusterCounty(TrialCounty):
    """Its broker is three. The hub's workers begin at the last of them, its management and the node at the first."""

    def __init__(self, root: Path, units: Sequence[Unit], plan: TrialPlan) -> None:
        super().__init__(root, units, plan)
        self.broker.close()
        self.cluster = RabbitCluster(plugins=["rabbitmq_auth_mechanism_ssl"])
        self.broker = self.cluster.nodes[0]
        urls = [f"amqp://yidi-hub@127.0.0.1:{one.port}/%2F" for one in reversed(self.cluster.nodes)]
        for program in self.workers.values():
            program.environment = {**program.environment, "YIDI_RABBIT__URLS": json.dumps(urls)}

    def start_broker(self) -> None:
        self.cluster.start()

    def close(self) -> None:
        super().close()
        self.cluster.close()

    def lose(self, exchange: Watched) -> Undo:
        """Whoever was connected there goes on elsewhere."""
        lost = self.cluster.nodes[-1]
        lost.kill()
        before = delivered(exchange)
        exchange.until("documents must go on", lambda: delivered(exchange) > before)
        return lost.start


def delivered(exchange: Watched) -> float:
    return sum(float(one["value"][1]) for one in exchange.watch.ask(_DELIVERED))


@pytest.fixture
def county(tmp_path: Path) -> Iterator[ClusterCounty]:
    (tmp_path / "county").mkdir()
    with ClusterCounty(tmp_path / "county", UNITS, plan(nodes=1)) as made:
        yield made


@pytest.mark.long
@pytest.mark.timeout(900)  # a loaded machine
def test_a_lost_node_of_the_brokers_cluster_is_told_once_and_nothing_else_is(
    county: ClusterCounty, tmp_path: Path
) -> None:
    with watched(county, tmp_path) as exchange:
        exchange.until("all must be well", lambda: not exchange.firing() and not begun(exchange.told, still=True))
        play(
            exchange,
            [Fault(name="a node of the broker is lost", begin=county.lose, fires=("YidiBrokerNodeDown clock-1",))],
            frozenset(),
        )
