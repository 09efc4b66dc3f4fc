"""A node's services over its home: beside its hub, or far from it."""

import shutil
from dataclasses import dataclass
from importlib.metadata import version

from exchange.ports.directory import DirectoryFeed
from exchange.ports.files import FileExchange
from exchange.ports.history import HistoryFeed
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.transport import Publisher
from exchange.services.node.confirm import Confirmer
from exchange.services.node.decide import Decider
from exchange.services.node.handover import Officer
from exchange.services.node.mark import Marker
from exchange.services.node.node import Node
from exchange.services.node.office_decide import OfficeDecider
from exchange.services.node.office_health import OfficeHealth
from exchange.services.node.present import Presenter
from exchange.services.node.recall import Recaller
from exchange.services.node.receive import Receiver
from exchange.services.node.recover import Recoverer
from exchange.services.node.refresh import Refresher
from exchange.services.node.reissue import Reissuer
from exchange.services.node.relay import Relay
from exchange.services.node.submit import Submitter
from exchange.services.node.tokens import Tokens
from exchange.services.node.uploaded import UploadedFiles
from exchange.services.secrecy.plain_text import PlainText
from exchange.wiring.homes import NodeHome
from exchange.wiring.layout import Layout
from exchange.wiring.offices import OpenOffices, open_offices
from exchange.wiring.parts import Parts
from exchange.wiring.system import SystemIds, system_chance

__all__ = ["NodeServices", "StoreFeed", "open_node", "open_recoverer"]


class StoreFeed:
    """The directory feed of a node that shares a machine with its hub."""

    def __init__(self, store: HubStore) -> None:
        self._store = store

    def newer(self, version: int) -> bytes | None:
        with self._store.begin() as session:
            if session.directory_version() <= version:
                return None
            record = session.directory()
        return None if record is None else record.document


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeServices:
    node: Node
    submitter: Submitter
    relay: Relay
    receiver: Receiver
    refresher: Refresher
    offices: OpenOffices
    officer: Officer
    office_decider: OfficeDecider
    decider: Decider
    presenter: Presenter
    recaller: Recaller
    confirmer: Confirmer
    marker: Marker
    reissuer: Reissuer
    tokens: Tokens
    uploads: UploadedFiles


def open_node(
    home: NodeHome,
    store: NodeStore,
    exchange: FileExchange,
    feed: DirectoryFeed,
    publisher: Publisher,
    metrics: Metrics,
    log: Log,
    parts: Parts | None = None,
) -> NodeServices:
    parts = parts or Parts()
    node = Node(
        hub=home.hub,
        store=store,
        files=parts.files(home.files),
        exchange=exchange,
        publisher=publisher,
        keys=home.keys.signer,
        anchor=home.anchor,
        clock=parts.clock,
        ids=SystemIds(),
        chance=system_chance(),
        metrics=metrics,
        log=log,
        timing=home.timing,
    )
    offices = open_offices(home.choice, home.root, home.offices, parts, node.name_of)
    submitter, decider = Submitter(node, PlainText()), Decider(node)
    refresher, health = Refresher(node, feed), OfficeHealth()

    def disk() -> tuple[int, int]:
        found = shutil.disk_usage(home.root)
        return found.free, found.total

    return NodeServices(
        node=node,
        submitter=submitter,
        relay=Relay(node),
        receiver=Receiver(node, refresher),
        refresher=refresher,
        offices=offices,
        officer=Officer(node, offices, submitter, health),
        office_decider=OfficeDecider(node, offices, decider, health),
        decider=decider,
        presenter=Presenter(node, offices.name_of, health, disk, version("yidi")),
        recaller=Recaller(node),
        confirmer=Confirmer(node),
        marker=Marker(node),
        reissuer=Reissuer(node, submitter),
        tokens=Tokens(store, parts.clock, log),
        uploads=UploadedFiles(node),
    )


def open_recoverer(layout: Layout, services: NodeServices, history: HistoryFeed) -> Recoverer:
    """It has something to do in a data directory that was restored."""
    return Recoverer(
        services.node,
        services.refresher,
        history,
        layout.restored_since(),
        lambda: layout.restored_file.unlink(missing_ok=True),
    )
