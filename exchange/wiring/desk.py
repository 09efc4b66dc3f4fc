"""The stores and services of a data directory for one command, beside a running exchange or without one.

Nothing is published from here: what a command stores is open in the outbox, from where the running exchange takes
it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.directory.snapshot import Directory
from exchange.files.hub import HubFileExchange
from exchange.files.local import LocalFiles
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log
from exchange.ports.transport import Message, PublishResult
from exchange.settings import MachineSettings
from exchange.storage import open_hub_store, open_node_store
from exchange.wiring.hub import Administration, open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.node import NodeServices, StoreFeed, open_node

__all__ = ["Desk", "open_desk"]


class _NoPublisher:
    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        return [PublishResult.UNKNOWN] * len(batch)

    def close(self) -> None:
        pass


class _NoMetrics:
    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        pass

    def gauge(self, name: str, value: float | None, **labels: str) -> None:
        pass

    def observe(self, name: str, value: float, **labels: str) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`node` signs and stores; `administration()` changes the directory."""

    layout: Layout
    settings: MachineSettings
    hub_store: HubStore
    node_store: NodeStore
    node: NodeServices
    log: Log

    def administration(self) -> Administration:
        return open_administration(self.layout.hub_home(self.settings), self.hub_store, self.log)

    def directory(self) -> Directory:
        """The directory as the node holds it, after asking the hub for a newer one."""
        self.node.refresher.refresh()
        return self.node.node.verifier().directory

    def close(self) -> None:
        self.hub_store.close()
        self.node_store.close()


def open_desk(layout: Layout, log: Log) -> Desk:
    """Raises InputError (NO_DATA), StorageError, KeyStoreError."""
    settings = layout.settings()
    hub_store, node_store = open_hub_store(layout.hub_database()), open_node_store(layout.node_database())
    exchange = HubFileExchange(LocalFiles(layout.hub / "files"), hub_store)
    home, feed = layout.node_home(settings), StoreFeed(hub_store)
    node = open_node(home, node_store, exchange, feed, _NoPublisher(), _NoMetrics(), log)
    return Desk(layout=layout, settings=settings, hub_store=hub_store, node_store=node_store, node=node, log=log)
