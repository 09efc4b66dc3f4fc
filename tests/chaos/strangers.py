"""Whoever speaks that should not: twins, garbage, another's account; and keys that change while documents travel.

Not here: attacks on one document, which the vectors and the simulation have by the dozen.
"""

import random
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from exchange.directory.update import revoke_key
from exchange.model.events import Event
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.transport import Message
from exchange.settings import Rabbit
from exchange.storage import open_hub_store
from exchange.topology import INGRESS, OUT, Lane
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.county import QuietLog, TrialNode
from exchange.trial.wire import put_on_wire
from exchange.trust.digest import sha256_hex
from exchange.wiring.founding import enroll_far
from exchange.wiring.hub import Administration, open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.places import NodePlace
from exchange.wiring.system import SystemClock
from tests.chaos.county import ChaosCounty, Undo, nothing

_PATIENCE_STEPS, _STEP_SECONDS = 40, 0.25

__all__ = ["foreign_account", "poison", "revoke_and_enrol", "rotate_key", "twins"]


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
    return nothing


def foreign_account(county: ChaosCounty, chance: random.Random) -> Undo:
    """A unit sends what another one signed, by its own account: each as soon as it has such a receipt."""
    county.expected.add("RECEIPT_INVALID")
    unit = chance.choice(county.units).code
    receipt = _somebody_elses(county.node_of(unit), unit)
    put_on_wire(county, unit, receipt, Lane.RECEIPT)
    county.forged.add(sha256_hex(receipt))
    return nothing


def _somebody_elses(node: TrialNode, unit: UnitCode) -> bytes:
    """The first receipt about a document of `unit`'s that its recipient signed, when it is there."""
    for _ in range(_PATIENCE_STEPS):
        with node.store() as store, store.begin() as session:
            for document, _deliveries in session.listing(unit, Box.SENT, 100):
                for record in session.receipts_of(unit, document.key):
                    if record.event is Event.DELIVERED:
                        return record.document
        time.sleep(_STEP_SECONDS)
    raise LookupError(f"{unit} has no receipt of any other unit yet")


# keys


def rotate_key(county: ChaosCounty, chance: random.Random) -> Undo:
    """A unit gets its next key, while documents under the one before are on their way."""
    node = chance.choice(county.nodes)
    _enroll_again(county, node, chance)
    node.program.kill()  # an operator starts it again, so that it logs in with the new certificate
    return nothing


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
