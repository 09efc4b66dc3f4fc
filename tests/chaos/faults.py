"""What can be done to a county: each fault begins, lasts, and is undone by what its beginning returned.

Not here: when which comes (`run`), what must hold in spite of it (`checker`).
"""

import random
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from exchange.directory.update import revoke_key
from exchange.ports.transport import Message
from exchange.settings import Rabbit
from exchange.storage import open_hub_store
from exchange.topology import INGRESS, OUT, Lane
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.county import QuietLog, TrialNode
from exchange.wiring.founding import enroll_far
from exchange.wiring.hub import Administration, open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.places import NodePlace
from exchange.wiring.provision import provision
from exchange.wiring.system import SystemClock
from tests.chaos.county import ChaosCounty, Undo
from tests.chaos.points import POINTS, kind_of

__all__ = ["FAULTS", "Fault"]

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`longest`: seconds. `needs_disks`: only where small file systems can be mounted."""

    name: str
    begin: Callable[[ChaosCounty, random.Random], Undo]
    longest: float = 6.0
    needs_disks: bool = False


def _nothing() -> None:
    pass


# processes


def kill(county: ChaosCounty, chance: random.Random) -> Undo:
    for program in chance.sample(list(county.all_programs().values()), chance.randint(1, 3)):
        program.kill()
    return _nothing


def kill_at_a_point(county: ChaosCounty, chance: random.Random) -> Undo:
    program = chance.choice(list(county.all_programs().values()))
    county.arm(program, chance.choice(POINTS[kind_of(program.name)]), chance.randint(1, 3))
    return _nothing


def halt(county: ChaosCounty, chance: random.Random) -> Undo:
    """SIGSTOP: the broker gives its work to others, the database keeps its locks."""
    program = chance.choice(county.programs())
    program.halt()
    return program.resume


def roll(county: ChaosCounty, chance: random.Random) -> Undo:
    """Stopped in order and started, one after the other, as for a new release."""
    for program in county.programs():
        with county.down(program):
            status = program.stop()
        # One that was just being started has not come to listen for the signal yet.
        assert status in (0, -signal.SIGTERM, -signal.SIGKILL), f"{program.name} ended with {status}"
        program.start()
    return _nothing


# servers


def kill_broker(county: ChaosCounty, chance: random.Random) -> Undo:
    county.broker.kill()
    return county.broker.start


def wipe_broker(county: ChaosCounty, chance: random.Random) -> Undo:
    """Queues, messages, accounts: all gone. An operator provisions it again."""
    county.broker.wipe()
    return partial(_provision, county)


def memory_alarm(county: ChaosCounty, chance: random.Random) -> Undo:
    county.broker.rabbitmqctl("set_vm_memory_high_watermark", "0.00001")
    return lambda: _quietly(county, "set_vm_memory_high_watermark", "0.4")


def disk_alarm(county: ChaosCounty, chance: random.Random) -> Undo:
    county.broker.rabbitmqctl("set_disk_free_limit", "4000GB")
    return lambda: _quietly(county, "set_disk_free_limit", "50MB")


def kill_database(county: ChaosCounty, chance: random.Random) -> Undo:
    """In the middle of whatever it is committing."""
    county.database.kill()
    return county.database.start


def _quietly(county: ChaosCounty, *arguments: str) -> None:
    county.broker.rabbitmqctl(*arguments)


def _provision(county: ChaosCounty) -> None:
    with county.hub_store() as store:
        place = county.hub_place()
        directory = open_administration(place.home(), store, QuietLog()).administrator.current()
        provision(place, directory)


# lines


def cut(county: ChaosCounty, chance: random.Random) -> Undo:
    for line in chance.sample(list(county.lines.values()), chance.randint(1, len(county.lines))):
        line.reset()
    return _nothing


def cut_in_the_middle(county: ChaosCounty, chance: random.Random) -> Undo:
    chance.choice(list(county.lines.values())).cut_after(chance.randint(1, 5_000))
    return _nothing


def half_open(county: ChaosCounty, chance: random.Random) -> Undo:
    line = chance.choice(list(county.lines.values()))
    line.half_open()
    return line.reset


def stall(county: ChaosCounty, chance: random.Random) -> Undo:
    line = chance.choice(list(county.lines.values()))
    line.stall()
    return line.flow


def slow(county: ChaosCounty, chance: random.Random) -> Undo:
    """512 kbit/s, 600 ms there and back."""
    line = county.lines["broker-tls"]
    line.latency_seconds, line.bytes_per_second = 0.3, 64_000

    def undo() -> None:
        line.latency_seconds = line.bytes_per_second = 0.0

    return undo


def lying_confirms(county: ChaosCounty, chance: random.Random) -> Undo:
    what = chance.choice(("false_confirm", "lost_confirm", "late_confirm"))
    county.set_fault(what, chance.uniform(0.2, 0.6))
    return lambda: county.clear_fault(what)


# clocks, offices


def wrong_clock(county: ChaosCounty, chance: random.Random) -> Undo:
    """At a node or at all of the hub: an hour, or three days, ahead or behind."""
    programs = chance.choice([[node.root.name] for node in county.nodes] + [list(county.workers)])
    seconds = chance.choice((_HOUR, -_HOUR, 72.5 * _HOUR, -72.5 * _HOUR))
    for program in programs:
        county.set_fault("clock", seconds, program)
    return lambda: county.clear_fault("clock")


def office_away(county: ChaosCounty, chance: random.Random) -> Undo:
    county.set_fault("office", chance.choice((0.5, 1.0)))
    return lambda: county.clear_fault("office")


# disks


def full_node_disk(county: ChaosCounty, chance: random.Random) -> Undo:
    return _fill(chance.choice(county.nodes).root)


def full_file_disk(county: ChaosCounty, chance: random.Random) -> Undo:
    return _fill(county.hub_root / "hub" / "files")


def full_database_disk(county: ChaosCounty, chance: random.Random) -> Undo:
    """PostgreSQL may stop for it; then it is started again."""
    free = _fill(county.database.folder)

    def undo() -> None:
        free()
        county.database.kill()
        county.database.start()

    return undo


def _fill(folder: Path) -> Undo:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1 << 8, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return lambda: ballast.unlink(missing_ok=True)


def flipped_byte(county: ChaosCounty, chance: random.Random) -> Undo:
    """In a file at the hub or at a node; an operator puts the file back from a backup."""
    roots = [county.hub_root / "hub" / "files", *(node.root / "node" / "files" for node in county.nodes)]
    blobs = [path for root in roots for path in sorted(root.glob("??/??/*")) if path.stat().st_size]
    if not blobs:
        return _nothing
    blob = chance.choice(blobs)
    right = blob.read_bytes()
    wrong = bytearray(right)
    wrong[chance.randrange(len(wrong))] ^= 0x20
    blob.write_bytes(wrong)

    def undo() -> None:
        new = blob.with_suffix(".restored")
        new.write_bytes(right)
        new.replace(blob)

    return undo


def flipped_row(county: ChaosCounty, chance: random.Random) -> Undo:
    """In a document that a node keeps; an operator puts the store's page back from a backup."""
    database = chance.choice(county.nodes).root / "node" / "node.sqlite"
    rows = _sql(database, "SELECT rowid, document FROM documents WHERE box = 'sent' ORDER BY received DESC LIMIT 5")
    if not rows:
        return _nothing
    row, right = chance.choice(rows)
    wrong = bytes(right).replace("通知".encode(), "通告".encode(), 1)
    _sql(database, "UPDATE documents SET document = ? WHERE rowid = ?", wrong, row)

    def undo() -> None:
        _sql(database, "UPDATE documents SET document = ? WHERE rowid = ?", right, row)

    return undo


def _sql(database: Path, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        return connection.execute(statement, values).fetchall()


# strangers


def twins(county: ChaosCounty, chance: random.Random) -> Undo:
    """A copy of a node runs beside it, as from a cloned machine: each takes what is for both. An operator ends the
    copy and has the node ask the hub for what it missed, as after a restoring."""
    node, copy = chance.choice(county.nodes), county.root / "twin"
    began = SystemClock().now()
    shutil.rmtree(copy, ignore_errors=True)
    skipped = shutil.ignore_patterns("ballast", "*.sqlite*", "web.url")
    shutil.copytree(node.root, copy, ignore=skipped)
    database = Path("node") / "node.sqlite"
    with closing(sqlite3.connect(node.root / database)) as source, closing(sqlite3.connect(copy / database)) as target:
        source.backup(target)
    program = county.node_program("twin", copy)
    program.start()

    def undo() -> None:
        program.kill()
        node.program.kill()
        Layout(node.root).restored_file.write_text(began.isoformat() + "\n", encoding="utf-8")

    return undo


def poison(county: ChaosCounty, chance: random.Random) -> Undo:
    """What is no document, in the hub's queues and in an inbox."""
    county.expected |= {
        "XML_ENCODING",
        "XML_SYNTAX",
        "XML_PROFILE",
        "SCHEMA",
        "XML_DTD_FORBIDDEN",
        "XML_LIMIT",
        "XML_MALFORMED",
    }
    bodies = [b"", b"<Envelope/>", b"\xff" * 100, b"<!DOCTYPE a><a/>", b"<a>" * 5000]
    transport = RabbitTransport(Rabbit(urls=(county.broker.url(),)))
    publisher = transport.publisher()
    unit = chance.choice(county.units).code
    for body in bodies:
        publisher.publish(
            [
                Message(exchange=INGRESS, key=Lane.NORMAL.value, body=body),
                Message(exchange=INGRESS, key=Lane.RECEIPT.value, body=body),
                Message(exchange=OUT, key=unit, body=body),
            ]
        )
    transport.close()
    return _nothing


# keys


def rotate_key(county: ChaosCounty, chance: random.Random) -> Undo:
    """A unit gets its next key, while documents under the one before are on their way."""
    node = chance.choice(county.nodes)
    _enroll_again(county, node, chance)
    node.program.kill()  # an operator starts it again, so that it logs in with the new certificate
    return _nothing


def revoke_and_enrol(county: ChaosCounty, chance: random.Random) -> Undo:
    """What was signed by the key and not received yet is refused, with a signed reason."""
    county.expected |= {"CERT_REVOKED", "SIG_KEY_UNKNOWN", "RECEIPT_INVALID"}
    node = chance.choice(county.nodes)
    unit = chance.choice(node.units)
    with _administration(county) as administration:
        now = SystemClock().now() - timedelta(milliseconds=1)
        entry = administration.administrator.current().by_code[unit]
        old = next(key.fingerprint for key in entry.keys if key.revoked is None)
        administration.administrator.change(lambda directory: revoke_key(directory, unit, old, now, "stolen"))

    def undo() -> None:
        with _administration(county) as administration:
            code = administration.enroller.invite([unit])[unit]
        enroll_far(NodePlace.open(node.root), unit, unit, code)
        node.program.kill()

    return undo


def _enroll_again(county: ChaosCounty, node: TrialNode, chance: random.Random) -> None:
    unit = chance.choice(node.units)
    with _administration(county) as administration:
        code = administration.enroller.invite([unit])[unit]
    enroll_far(NodePlace.open(node.root), unit, unit, code)


class _administration:  # noqa: N801  # reads as the context manager that it is
    def __init__(self, county: ChaosCounty) -> None:
        self._store = open_hub_store(county.database.url("yidi"))
        self._made = open_administration(county.hub_place().home(), self._store, QuietLog())

    def __enter__(self) -> Administration:
        return self._made

    def __exit__(self, *_: object) -> None:
        self._store.close()


FAULTS = (
    Fault("kill", kill),
    Fault("kill at a point", kill_at_a_point),
    Fault("halt", halt, longest=90.0),
    Fault("roll", roll),
    Fault("kill the broker", kill_broker),
    Fault("wipe the broker", wipe_broker),
    Fault("memory alarm", memory_alarm, longest=15.0),
    Fault("disk alarm", disk_alarm, longest=15.0),
    Fault("kill the database", kill_database),
    Fault("cut", cut),
    Fault("cut in the middle", cut_in_the_middle),
    Fault("half open", half_open, longest=12.0),
    Fault("stall", stall, longest=12.0),
    Fault("512 kbit/s, 600 ms", slow, longest=12.0),
    Fault("lying confirms", lying_confirms, longest=10.0),
    Fault("wrong clock", wrong_clock, longest=10.0),
    Fault("office away", office_away, longest=10.0),
    Fault("node's disk full", full_node_disk, needs_disks=True),
    Fault("file disk full", full_file_disk, needs_disks=True),
    Fault("database's disk full", full_database_disk, needs_disks=True),
    Fault("flipped byte", flipped_byte),
    Fault("flipped row", flipped_row),
    Fault("twins", twins, longest=8.0),
    Fault("poison", poison),
    Fault("next key", rotate_key),
    Fault("revoked key", revoke_and_enrol),
)
