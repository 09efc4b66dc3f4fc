"""Two sealers on one PostgreSQL, of which one sleeps between its reading and its writing."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

from exchange.ledger import merkle
from exchange.ports.hub import HubStore
from exchange.services.hub.seal import Sealer
from exchange.storage import open_hub_store
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.trial.servers import PostgresServer
from tests.contract.store_records import entry, envelope
from tests.integration.databases import new_database

_SLEEPER = """
import os, signal, sys
from tests.integration.test_sealers import sealer
from exchange.storage import open_hub_store

def sleep_before_writing(body):
    os.kill(os.getpid(), signal.SIGSTOP)
    return body

print(sealer(open_hub_store(sys.argv[1]), "sleeper", sleep_before_writing).seal())
"""


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        raise NotImplementedError


def sealer(store: HubStore, holder: str, sign_note: object = str) -> Sealer:
    assert callable(sign_note)
    return Sealer(store, Now(), sign_note, "origin", RecordingMetrics(), RecordingLog(), holder=holder)


def add_entries(store: HubStore, start: int, count: int) -> None:
    with store.begin() as session:
        session.add_entries([entry(number, envelope(number)) for number in range(start, start + count)])


def check_tree(store: HubStore, size: int) -> None:
    """Its leaves have no gap, and the newest checkpoint has the root that they give."""
    with store.begin() as session:
        entries, checkpoint = session.entries(0, size + 1), session.checkpoint()
    assert [leaf for leaf, _ in entries] == list(range(size))
    nodes = merkle.append(0, [one.leaf_hash for _, one in entries], lambda level, index: b"")
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.root) == (size, merkle.root(size, lambda level, index: nodes[level, index]))


def test_a_sealer_stopped_in_the_middle_is_refused_when_it_wakes_up(postgres: PostgresServer) -> None:
    with new_database(postgres) as url:
        store = open_hub_store(url)
        add_entries(store, 0, 5)
        sleeper = subprocess.Popen([sys.executable, "-c", _SLEEPER, url], stdout=subprocess.PIPE)
        try:
            os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
            # It holds nothing: routers write, and another takes over at once.
            add_entries(store, 5, 3)
            assert sealer(store, "other").seal(limit=2) == 2
            sleeper.send_signal(signal.SIGCONT)
            assert sleeper.communicate(timeout=50)[0] == b"0\n"
        finally:
            sleeper.kill()
        check_tree(store, 2)
        assert sealer(store, "third").seal() == 6
        check_tree(store, 8)
        store.close()
