"""A node process at rest: services, loops and stores of all units of a data directory, and nothing to do. It says
`idle` once every unit has signed with its key and the loops have gone round, and ends with its standard input."""

import sys
import threading
import time
from pathlib import Path

from exchange.cli.opened import CommandLog
from exchange.files.hub import HubFileExchange
from exchange.files.local import LocalFiles
from exchange.storage import open_hub_store, open_node_store
from exchange.telemetry import make_metrics
from exchange.transport.portable import PortableTransport
from exchange.wiring.layout import Layout
from exchange.wiring.node import StoreFeed, open_node
from workers import node
from workers.garbage import collect_seldom
from workers.inboxes import Inboxes
from workers.runner import Runner, Step

_ROUNDS_SECONDS = 1.0


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    settings, log, metrics = layout.settings(), CommandLog(), make_metrics()
    hub_store, node_store = open_hub_store(layout.hub_database()), open_node_store(layout.node_database())
    transport = PortableTransport(settings.transport)
    files = HubFileExchange(LocalFiles(layout.hub / "files"), hub_store)
    feed = StoreFeed(hub_store)
    services = open_node(layout.node_home(settings), node_store, files, feed, transport.publisher(), metrics, log)
    services.refresher.refresh()
    with node_store.begin() as session:
        units = session.units()
    for unit in units:
        services.node.keys(unit).sign(b"idle")
    inboxes = Inboxes(transport, node_store)
    steps = [
        Step(name="node.units", run=inboxes.follow, every_seconds=1.0),
        *node.mailbox_steps(services.receiver, services.relay, services.refresher, inboxes),
    ]
    clock = services.node.clock
    runners = [
        Runner("mailboxes", steps, clock, metrics, log),
        Runner("offices", node.office_steps(services.officer, services.office_decider), clock, metrics, log),
    ]
    threads = [threading.Thread(target=runner.run) for runner in runners]
    collect_seldom()
    for thread in threads:
        thread.start()
    time.sleep(_ROUNDS_SECONDS)
    print("idle", flush=True)
    sys.stdin.read()
    for runner in runners:
        runner.stop()


if __name__ == "__main__":
    main()
