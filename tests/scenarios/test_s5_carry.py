"""S5.2: a unit with no line at all. Its documents and receipts travel as signed packages on a disk, both ways, by the
commands that people type at the hub and at the unit's node, each with a data directory of its own.

Death at every single step of unpacking: `tests/contract/test_carry_killed.py`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import Unit
from exchange.ports.office import Address
from exchange.testing.metrics import RecordingLog
from exchange.wiring.desk import open_desk
from exchange.wiring.layout import Layout
from tests.scenarios.commands import PROGRAM
from tests.scenarios.documents import notice, text_file
from tests.scenarios.embedded import EmbeddedStage, found
from tests.scenarios.stage import Apart, Maker, wait
from tests.unit.cli.commands import Result, yidi

FILE = text_file("安排.txt", "三日内完成。" * 9000)

# The hub tries again at once what a command could not publish: the exchange beside it does that.
SOON = {f"YIDI_HUB_TIMING__RETRY__{name}_SECONDS": "0.01" for name in ("FLOOR", "BASE", "CONFIRMED")}

# The command, killed just before the n-th of its commits that write anything.
KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
left, wrote = int(sys.argv.pop(1)), False
def look(_connection, _cursor, statement, *_):
    global wrote
    wrote = wrote or statement.lstrip().split()[0] in ("INSERT", "UPDATE", "DELETE")
def commit(_connection):
    global left, wrote
    left, wrote = left - wrote, False
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, "before_cursor_execute", look)
event.listen(Engine, "commit", commit)
from exchange.cli import main
main()
"""


@dataclass
class Courier:
    """Whoever carries the disk between the hub and the node of the unit without a line."""

    apart: Apart
    office: Unit
    disk: Path
    sheet: Path

    def at_hub(self, *command: str | Path) -> Result:
        return yidi("hub", *command, "--json", data=self.apart.hub, **SOON)

    def at_node(self, *command: str | Path) -> Result:
        return yidi("node", *command, "--json", data=self.apart.node)

    def packed(self, result: Result) -> Path:
        assert result.code == 0, result.err
        (one,) = result.json
        return Path(one["file"])

    def from_node(self) -> Path:
        return self.packed(self.at_node("pack", self.apart.unit, "--out", self.disk))

    def from_hub(self) -> Path:
        return self.packed(self.at_hub("pack", self.apart.unit, "--out", self.disk))

    def up(self) -> None:
        assert self.at_hub("unpack", self.from_node()).code == 0

    def down(self) -> None:
        assert self.at_node("unpack", self.from_hub()).code == 0

    def settle(self) -> None:
        """Until each side knows that the other knows."""
        wait("nothing is under way", self._goes_round)
        assert self.apart.stage.broken_promises() == []

    def _goes_round(self) -> bool:
        self.up()
        self.down()
        with closing(open_desk(Layout(self.apart.node), RecordingLog())) as desk:
            desk.node.officer.hand_over()  # what the node's process does beside all this, with or without a line
            desk.node.officer.tell()
        self.up()
        return self.apart.stage.at_rest()

    def has_for_node(self, event: str, key: EnvelopeKey) -> bool:
        """Whether the hub would pack this receipt now."""
        path = self.from_hub()
        (shown,) = self.at_node("unpack", path, "--dry-run").json
        path.unlink()
        return (event, key.id) in [(one["event"], one["id"]) for one in shown["receipts"]]

    def write_here(self, title: str) -> EnvelopeKey:
        """Somebody at the unit without a line writes to the office."""
        body = self.disk.parent / "正文.txt"
        body.write_text("请予支持。" * 9000, encoding="utf-8")
        sent = yidi("send", "--from", self.apart.unit, "--to", self.office.code, "--title", title, "--type", "函",
                    "--body", body, "--declared-by", "李四", "--json", data=self.apart.node)  # fmt: skip
        assert sent.code == 0, sent.err
        return EnvelopeKey(self.apart.unit, EnvelopeId(sent.json["id"]))

    def write_there(self, title: str) -> EnvelopeKey:
        """The office writes to the unit without a line; on return the hub has it."""
        key = self.apart.stage.submit(notice(self.office, [Address(to=self.apart.unit)], title, files=(FILE,)))
        wait("accepted", lambda: self.view(key).transport is TransportState.ACCEPTED)
        return key

    def view(self, key: EnvelopeKey) -> Any:
        """What the office knows of its own document."""
        (state,) = self.apart.stage.view(key).values()
        return state

    def listed(self, key: EnvelopeKey) -> int:
        """How often the unit's inbox has it."""
        return yidi("inbox", "--unit", self.apart.unit, "--json", data=self.apart.node).out.count(key.id)


@pytest.fixture(scope="module")
def apart(maker: Maker, office: Unit, sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """One for all: in the end nothing of all that was sent and done is open, and every promise was kept."""
    made = maker.apart(tmp_path_factory.mktemp("apart"), office)
    try:
        yield made
        Courier(made, office, tmp_path_factory.mktemp("disk"), sheet).settle()
    finally:
        made.mend()


@pytest.fixture
def courier(apart: Apart, office: Unit, sheet: Path, tmp_path: Path) -> Courier:
    disk = tmp_path / "disk"
    disk.mkdir()
    return Courier(apart, office, disk, sheet)


def test_documents_and_receipts_go_both_ways_without_a_line(courier: Courier) -> None:
    apart, disk = courier.apart, courier.disk
    ours, theirs = courier.write_there("关于更换门牌的通知"), courier.write_here("关于借用会场的函")

    courier.from_hub()
    courier.from_node()  # both lie on the disk that goes round
    assert courier.at_node("unpack", disk).code == 0
    taken = courier.at_hub("unpack", disk)
    assert taken.code == 0
    assert [one["new"] for one in taken.json] == [1]

    assert courier.listed(ours) == 1
    assert yidi("sign", ours.id, "--unit", apart.unit, "--person", "周涛", data=apart.node).code == 0
    wait("the office has it", lambda: theirs in apart.stage.inbox(courier.office.code))
    apart.stage.sign(courier.office.code, theirs, "罗文")
    wait("that stands at the hub", lambda: courier.has_for_node("SIGNED", theirs))

    courier.up()
    wait("the office knows who signed", lambda: courier.view(ours).business is BusinessState.SIGNED)
    assert courier.view(ours).signed.person == "周涛"
    assert courier.view(ours).transport is TransportState.DELIVERED
    courier.down()
    tracked = yidi("track", theirs.id, "--json", data=apart.node).json
    (delivery,) = tracked["recipients"]
    assert delivery["signed_by"] == "罗文"


def test_what_a_package_holds_is_listed_and_nothing_is_taken(courier: Courier) -> None:
    key = courier.write_here("关于报送联系人的函")
    path = courier.from_node()
    (shown,) = courier.at_hub("unpack", path, "--dry-run").json
    (document,) = [one for one in shown["documents"] if one["id"] == key.id]
    assert (document["title"], document["files"]) == ("关于报送联系人的函", 1)
    assert document["recipients"] == [courier.office.code]
    assert courier.at_hub("unpack", path).json[0]["new"] == 1  # so it was not taken before


@pytest.mark.long_on_servers
def test_packages_come_twice_and_out_of_order_and_each_document_is_there_once(courier: Courier) -> None:
    first = courier.write_here("关于增加人员的函")
    old = courier.from_node()
    second = courier.write_here("关于增加设备的函")
    new = courier.from_node()
    came = [courier.at_hub("unpack", path).json[0]["new"] for path in (new, old, new)]
    assert came == [2, 0, 0]
    wait("the office has both", lambda: {first, second} <= courier.apart.stage.inbox(courier.office.code).keys())

    third = courier.write_there("关于停水的通知")
    old = courier.from_hub()
    fourth = courier.write_there("关于停电的通知")
    new = courier.from_hub()
    came = [courier.at_node("unpack", path).json[0]["new"] for path in (new, old, new)]
    assert came == [2, 0, 0]
    assert [courier.listed(key) for key in (third, fourth)] == [1, 1]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def tampered(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


@pytest.mark.long_on_servers
def test_a_package_that_is_cut_short_tampered_or_of_another_hub_is_refused_and_the_sound_one_taken(
    courier: Courier, tmp_path: Path
) -> None:
    key = courier.write_here("关于更换印章的函")
    good = courier.from_node()
    bad = [Path(shutil.copy(good, good.with_name(f"{number}.carry"))) for number in range(2)]
    cut_short(bad[0])
    tampered(bad[1])
    bad.append(of_another_hub(tmp_path, courier))

    result = courier.at_hub("unpack", *bad, good)

    assert result.code == 1
    assert [Path(one["file"]) for one in result.json] == [good]
    assert all(path.name in result.err for path in bad)
    assert "Traceback" not in result.err
    wait("the office has it", lambda: key in courier.apart.stage.inbox(courier.office.code))


def of_another_hub(place: Path, courier: Courier) -> Path:
    """What a unit of the same code packed for its hub, elsewhere."""
    other = place / "other"
    found(other)
    stage = EmbeddedStage(other)
    try:
        stage.import_units(courier.sheet)
    finally:
        stage.close()
    assert yidi("node", "enroll", courier.apart.unit, data=other).code == 0
    return courier.packed(yidi("node", "pack", courier.apart.unit, "--out", courier.disk, "--json", data=other))


@pytest.mark.long_on_servers
@pytest.mark.parametrize("side", ["hub", "node"])
def test_killed_in_the_middle_of_unpacking_it_goes_on_and_nothing_is_lost_or_doubled(
    courier: Courier, side: str
) -> None:
    if side == "hub":
        key, data = courier.write_here("关于修缮房屋的函"), courier.apart.hub
        path = courier.from_node()
    else:
        key, data = courier.write_there("关于修缮房屋的通知"), courier.apart.node
        path = courier.from_hub()
    ends = [killed(number, side, "unpack", path, "--data", data) for number in (1, 2, 3)]
    assert ends[:2] == [-signal.SIGKILL] * 2
    done = (courier.at_hub if side == "hub" else courier.at_node)("unpack", path)
    assert done.code == 0, done.err
    if side == "hub":
        wait("the office has it", lambda: key in courier.apart.stage.inbox(courier.office.code))
    else:
        assert courier.listed(key) == 1


def killed(number: int, *arguments: str | Path) -> int:
    command = [sys.executable, "-c", KILLED, str(number), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=os.environ | SOON, timeout=50, check=False).returncode


def on_a_full_disk(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """As if the disk were full: no file may grow beyond 32 KiB."""
    command = ["bash", "-c", 'ulimit -f 32 && exec "$@"', "bash", *PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=50, check=False)


@pytest.mark.long_on_servers
def test_a_full_disk_is_said_and_leaves_no_half_package(courier: Courier) -> None:
    courier.write_here("关于核对账目的函")
    result = on_a_full_disk("node", "pack", courier.apart.unit, "--out", courier.disk, "--data", courier.apart.node)
    assert result.returncode == 1
    assert "PACKAGE_WRITE" in result.stderr
    assert "磁盘空间" in result.stderr
    assert list(courier.disk.iterdir()) == []
    courier.up()

    key = courier.write_there("关于核对账目的通知")
    path = courier.from_hub()
    result = on_a_full_disk("node", "unpack", path, "--data", courier.apart.node)
    assert result.returncode == 1
    assert re.search("STORAGE_(FULL|DISK)", result.stderr)  # SQLite tells a limit from a disk that is full
    assert "Traceback" not in result.stderr
    assert courier.at_node("unpack", path).json[0]["documents"] == 1
    assert courier.listed(key) == 1
