"""A real `yidi up` is killed in the middle of its work and started again: nothing is missing and nothing is doubled."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.cli.opened import CommandLog
from exchange.files.local import LocalFiles
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import TransportState
from exchange.model.unit import Unit
from exchange.ports.node import Box
from exchange.ports.office import Address
from exchange.services.audit.promises import audit
from exchange.wiring.desk import Desk, open_desk
from exchange.wiring.layout import Layout
from tests.scenarios.commands import PROGRAM
from tests.scenarios.documents import notice, text_file
from tests.scenarios.stage import wait

DOCUMENTS = 4


@contextmanager
def up(data: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`yidi up` over `data`, killed without a word when the block ends."""
    process = subprocess.Popen([*PROGRAM, "up", "--data", str(data)], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def desk(data: Path) -> Iterator[Desk]:
    """The same data seen from beside the process, as its commands see it."""
    opened = open_desk(Layout(data), CommandLog())
    yield opened
    opened.close()


def arrived(desk: Desk, keys: Sequence[EnvelopeKey], others: Sequence[Unit]) -> int:
    with desk.node_store.begin() as session:
        return len(session.documents(Box.INBOX, [(unit.code, key) for unit in others for key in keys]))


def all_known(desk: Desk, keys: Sequence[EnvelopeKey]) -> bool:
    with desk.node_store.begin() as session:
        deliveries = [record for key in keys for record in session.deliveries(key.sender, key)]
    return all(record.state.transport is TransportState.DELIVERED for record in deliveries)


def at_rest(desk: Desk) -> bool:
    must_empty = {"forwards_open", "entries_unsealed", "outbox_open", "handovers_open", "owed"}
    with desk.hub_store.begin() as hub, desk.node_store.begin() as node:
        return not any(count for counts in (hub.counts(), node.counts()) for what, count in counts.items()
                       if what in must_empty)  # fmt: skip


def test_killed_in_the_middle_and_started_again_it_loses_and_doubles_nothing(
    data: Path, desk: Desk, units: list[Unit], office: Unit
) -> None:
    others = [unit for unit in units if unit.code != office.code][:40]
    to = [Address(to=unit.code) for unit in others]
    file = text_file("安排.txt", "三日内完成。")
    keys = [
        desk.node.submitter.submit(notice(office, to, f"关于门牌的第{n}号通知", files=(file,))).key
        for n in range(DOCUMENTS)
    ]
    expected = DOCUMENTS * len(others)

    with up(data) as process:
        wait("some are there", lambda: arrived(desk, keys, others) > 0)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    reached = arrived(desk, keys, others)
    assert not all_known(desk, keys), "it was too late for a kill in the middle"

    with up(data) as process:
        wait("all are there, and the sender knows", lambda: all_known(desk, keys))
        wait("everything at rest", lambda: at_rest(desk))
        process.terminate()
        assert process.wait() == 0

    assert 0 < reached <= expected
    assert arrived(desk, keys, others) == expected
    for unit in others:
        with desk.node_store.begin() as session:
            assert len(session.listing(unit.code, Box.INBOX)) == DOCUMENTS
    layout = Layout(data)
    files = LocalFiles(layout.hub / "files"), LocalFiles(layout.node / "files")
    report = audit(
        desk.hub_store, layout.anchor(), hub_files=files[0], nodes=[(desk.node_store, files[1])], settled=True
    )
    assert report.ok, [result.findings for result in report.results if result.findings]
