"""Which room serves which port, for a one-machine exchange. Another database or broker is a change here and nowhere
else."""

from exchange.files.hub import HubFileExchange
from exchange.ports.files import FileExchange, Files
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.transport import Transport
from exchange.settings import MachineSettings
from exchange.storage import open_hub_store, open_node_store
from exchange.transport.portable import PortableTransport
from exchange.wiring.layout import Layout

__all__ = ["open_files_exchange", "open_stores", "open_transport"]


def open_stores(layout: Layout) -> tuple[HubStore, NodeStore]:
    return open_hub_store(layout.hub_database()), open_node_store(layout.node_database())


def open_transport(settings: MachineSettings) -> Transport:
    return PortableTransport(settings.transport)


def open_files_exchange(files: Files, store: HubStore) -> FileExchange:
    return HubFileExchange(files, store)
