"""A worker, a node or a clerk as a process, with the hooks in place: what a run starts instead of the command.

worker NAME --number N --data DIR      as `yidi worker`
node run --data DIR                    as `yidi node run`
clerk --data DIR --seed S ...          the people of the node in DIR

`CHAOS_PACE` in the environment: so much faster do workers and nodes go round (`workers.runner`).
"""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from exchange.cli.node.far import run_node
from exchange.cli.process import block_signals
from exchange.cli.worker import run_worker
from exchange.errors import YidiError
from exchange.storage import open_hub_store, open_node_store
from exchange.transport.rabbitmq import RabbitTransport
from tests.chaos.clerk import add_arguments, run_clerk
from tests.chaos.hooks import Hooks
from workers.processes import Rooms


def main() -> None:
    block_signals()  # before the first thread, so that none takes a signal from who waits for it
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        _run(_arguments())
    except YidiError as error:  # as the command tells it
        sys.exit(f"{error.code}: {error.message}")


def _end_with(parent: int) -> None:
    """A run that was killed leaves nothing behind."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGKILL)


def _run(arguments: argparse.Namespace) -> None:
    root: Path = arguments.data.parent
    if arguments.what == "worker":
        name = f"{arguments.name}-{arguments.number}"
        run_worker(arguments.name, arguments.data, arguments.number, rooms=_rooms(root, name))
    elif arguments.what == "node":
        run_node(arguments.data, rooms=_rooms(root, arguments.data.name))
    else:
        run_clerk(arguments, Hooks(root, f"clerk-{arguments.data.name}"))


def _rooms(root: Path, name: str) -> Rooms:
    hooks = Hooks(root, name)
    return Rooms(
        hub_store=hooks.store(open_hub_store),
        node_store=hooks.store(open_node_store),
        transport=hooks.transport(RabbitTransport),
        parts=hooks.parts(root / "offices" / name),
        pace=float(os.environ.get("CHAOS_PACE", "1")),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.launch", description=__doc__)
    kinds = parser.add_subparsers(dest="what", required=True)
    worker = kinds.add_parser("worker")
    worker.add_argument("name")
    worker.add_argument("--number", type=int, default=1)
    node = kinds.add_parser("node")
    node.add_argument("run")
    clerk = kinds.add_parser("clerk")
    add_arguments(clerk)
    for kind in (worker, node, clerk):
        kind.add_argument("--data", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
