"""Settings: parsed once by `main`, frozen, each documented on its field; the settings reference is generated from here.

Values come from a TOML file, the environment (`YIDI_...`) and a secrets directory, in rising order of authority.
Services take the small groups below and never look further. Not here: where things are (`exchange.wiring`) and what
they do with a value.

    base.py         what a group and a file of settings are; groups that hub and node both have
    broker.py       a connection to RabbitMQ
    hub_keeping.py  what a hub accepts, and for how long it keeps it
    hub.py          hub.toml
    office.py       office systems of a node's units
    node.py         node.toml
    machine.py      yidi.toml: hub and nodes on one machine
    load.py         reads them, and says what is wrong
"""

from exchange.settings.base import Retry, Traces, Web
from exchange.settings.broker import BrokerAddress, BrokerLine, Rabbit
from exchange.settings.hub import HubHttp, HubSettings, HubTiming, Workers
from exchange.settings.hub_keeping import Archive, FileKeeping, Quota
from exchange.settings.load import Fault, faults_of, load_hub, load_machine, load_node, read_table
from exchange.settings.machine import MachineSettings
from exchange.settings.node import NodeApi, NodeSettings, NodeTiming
from exchange.settings.office import AdapterSettings, Hosting

__all__ = [
    "AdapterSettings",
    "Archive",
    "BrokerAddress",
    "BrokerLine",
    "Fault",
    "FileKeeping",
    "Hosting",
    "HubHttp",
    "HubSettings",
    "HubTiming",
    "MachineSettings",
    "NodeApi",
    "NodeSettings",
    "NodeTiming",
    "Quota",
    "Rabbit",
    "Retry",
    "Traces",
    "Web",
    "Workers",
    "faults_of",
    "load_hub",
    "load_machine",
    "load_node",
    "read_table",
]
