"""The stores and services of a data directory for one command, beside a running exchange or without one: a hub, a
node, or both.

Nothing is published from here: what a command stores is open in the outbox, from where the running exchange takes
it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from exchange.directory.snapshot import Directory
from exchange.errors import InputError
from exchange.files.hub import HubFileExchange
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log, UnitSample
from exchange.ports.transport import Message, PublishResult
from exchange.services.carry.hub import HubCarrier
from exchange.services.carry.node import NodeCarrier
from exchange.services.hub.hub import Hub
from exchange.services.hub.pause import Pauser
from exchange.services.hub.replay import Replayer
from exchange.storage import open_hub_store, open_node_store
from exchange.wiring.files import open_hub_files
from exchange.wiring.homes import HubHome, NodeHome
from exchange.wiring.hub import Administration, HubServices, open_administration, open_hub
from exchange.wiring.layout import Layout
from exchange.wiring.node import NodeServices, StoreFeed, open_node
from exchange.wiring.places import HubPlace, NodePlace, hosted

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

    def units(self, samples: Iterable[UnitSample]) -> None:
        pass

    def observe(self, name: str, value: float, **labels: str) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hub:
    home: HubHome
    store: HubStore


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    home: NodeHome
    store: NodeStore
    services: NodeServices


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`node` signs and stores; `administration()` changes the directory. What is not in this data directory raises
    InputError (NO_HUB, NO_NODE)."""

    layout: Layout
    log: Log
    hub_part: _Hub | None
    node_part: _Node | None
    ends: tuple[Callable[[], None], ...]

    @property
    def hub_home(self) -> HubHome:
        return self._hub().home

    @property
    def hub_store(self) -> HubStore:
        return self._hub().store

    @property
    def node_home(self) -> NodeHome:
        return self._node().home

    @property
    def node_store(self) -> NodeStore:
        return self._node().store

    @property
    def node(self) -> NodeServices:
        return self._node().services

    def administration(self) -> Administration:
        return open_administration(self.hub_home, self.hub_store, self.log)

    def hub_carrier(self) -> HubCarrier:
        """What it stores of a package is published by the running exchange, as if its broker had been away."""
        services = self._hub_services()
        files = HubFileExchange(services.hub.files, self.hub_store)
        return HubCarrier(services.hub, services.router, services.acknowledger, files)

    def announcing(self) -> Hub:
        """A hub that signs and stores; the running exchange sends."""
        return self._hub_services().hub

    def pauser(self) -> Pauser:
        return self._hub_services().pauser

    def replayer(self) -> Replayer:
        """The same holds for what it takes in."""
        services = self._hub_services()
        return Replayer(services.hub, services.router, services.acknowledger)

    def node_carrier(self) -> NodeCarrier:
        return NodeCarrier(self.node.node)

    def directory(self) -> Directory:
        """The directory as the node holds it, after asking the hub for a newer one; where there is no node, the
        hub's."""
        if self.node_part is None:
            return self.administration().administrator.current()
        self.node.refresher.refresh()
        return self.node.node.verifier().directory

    def close(self) -> None:
        for end in self.ends:
            end()

    def _hub_services(self) -> HubServices:
        return open_hub(self.hub_home, self.hub_store, _NoPublisher(), _NoMetrics(), self.log)

    def _hub(self) -> _Hub:
        if self.hub_part is None:
            raise InputError(
                f"{self.layout.root} is a node's: do this where the hub is, with its data directory", code="NO_HUB"
            )
        return self.hub_part

    def _node(self) -> _Node:
        if self.node_part is None:
            raise InputError(
                f"{self.layout.root} is a hub's: do this at the unit's node, with its data directory", code="NO_NODE"
            )
        return self.node_part


def open_desk(layout: Layout, log: Log) -> Desk:
    """Raises InputError (NO_DATA), StorageError, KeyStoreError."""
    if HubPlace.is_at(layout.root):
        return _hub_desk(HubPlace.open(layout.root), log)
    if NodePlace.is_at(layout.root):
        return _node_desk(NodePlace.open(layout.root), log)
    settings = layout.settings()
    hub_store, node_store = open_hub_store(layout.hub_database()), open_node_store(layout.node_database())
    hub, home = layout.hub_home(settings), layout.node_home(settings)
    exchange = HubFileExchange(open_hub_files(hub), hub_store)
    node = open_node(home, node_store, exchange, StoreFeed(hub_store), _NoPublisher(), _NoMetrics(), log)
    return Desk(
        layout=layout,
        log=log,
        hub_part=_Hub(home=hub, store=hub_store),
        node_part=_Node(home=home, store=node_store, services=node),
        ends=(hub_store.close, node_store.close),
    )


def _hub_desk(place: HubPlace, log: Log) -> Desk:
    store = open_hub_store(place.database())
    hub = _Hub(home=place.home(), store=store)
    return Desk(layout=place.layout, log=log, hub_part=hub, node_part=None, ends=(store.close,))


def _node_desk(place: NodePlace, log: Log) -> Desk:
    # No command at a hub waits for HTTP to load.
    from exchange.remote.feed import HttpDirectoryFeed  # noqa: PLC0415
    from exchange.remote.files import HttpFileExchange  # noqa: PLC0415

    home, store, client = place.home(), open_node_store(place.layout.node_database()), place.client()
    feed = HttpDirectoryFeed(client, lambda: hosted(store))
    node = open_node(home, store, HttpFileExchange(client), feed, _NoPublisher(), _NoMetrics(), log)
    part = _Node(home=home, store=store, services=node)
    return Desk(layout=place.layout, log=log, hub_part=None, node_part=part, ends=(client.close, store.close))
