"""What is done to an exchange that is watched: each begins, and returns what ends it.

Where a cause would take hours or days even so, its value is put into the hub's database: documents accepted a quarter
of an hour ago, units not heard since yesterday. The key that ends and the directory that expires are signed so.

Not here: which alarms that must fire (`matrix`).
"""

import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from exchange.directory.update import end_key
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.topology import Lane
from exchange.wiring.system import SystemClock
from tests.servers.alarms.watched import HUB, THERE, Undo, Watched
from tests.servers.four import A, B, D

__all__ = [
    "Begin",
    "broker_disk",
    "broker_down",
    "clock_of",
    "crowd_silent",
    "database_down",
    "dead",
    "ended",
    "ends_soon",
    "flood",
    "forged",
    "full_disk",
    "garbage",
    "halted",
    "machine_off",
    "office_away",
    "silent_node",
    "standstill",
    "stuck",
]

Begin = Callable[[Watched], Undo]

_OFF_SECONDS = 200
_SECOND, _MINUTE, _DAY = (f"{seconds} * 1000000::bigint" for seconds in (1, 60, 86_400))


def _nothing() -> None:
    """It ends by itself."""


# processes


def dead(*names: str) -> Begin:
    def begin(watched: Watched) -> Undo:
        programs = [one for one in watched.county.programs() if one.name in names]
        for program in programs:
            program.kill()

        def undo() -> None:
            for program in programs:
                program.start()

        return undo

    return begin


def ended(name: str) -> Begin:
    """The process ended in order, and nobody started it again."""

    def begin(watched: Watched) -> Undo:
        (program,) = (one for one in watched.county.programs() if one.name == name)
        program.stop()
        return program.start

    return begin


def halted(name: str) -> Begin:
    """The process is there and does nothing."""

    def begin(watched: Watched) -> Undo:
        (program,) = (one for one in watched.county.programs() if one.name == name)
        program.halt()
        return program.resume

    return begin


def stuck(name: str) -> Begin:
    """The process answers, but its loop waits for its store."""
    return lambda watched: watched.set_fault("stuck", 1.0, name)


def standstill(watched: Watched) -> Undo:
    """Nobody records receipts; a quarter of an hour has passed, in which the units were there all the time."""
    undo = dead("acknowledger-1")(watched)
    time.sleep(5)  # what is sent from now on is on its way
    watched.sql(
        f"UPDATE deliveries SET expires = expires - 30 * {_MINUTE} WHERE due IS NOT NULL;"
        f"UPDATE presences SET since = since - 60 * {_MINUTE}"
    )
    return undo


def silent_node(watched: Watched) -> Undo:
    """Off, and two of its units were not heard since yesterday."""
    undo = dead("node-2")(watched)
    time.sleep(2)  # what it said last has been read
    _set_back(watched, _DAY, (B, D))
    return undo


def crowd_silent(watched: Watched) -> Undo:
    """Off for ten minutes, with all its units; one of them had not been heard since yesterday."""
    undo = dead("node-2")(watched)
    time.sleep(2)
    _set_back(watched, f"10 * {_MINUTE}", THERE)
    _set_back(watched, _DAY, (B,))
    return undo


def _set_back(watched: Watched, by: str, units: Iterable[UnitCode] | None = None) -> None:
    """So long ago was what these units, or all, said last."""
    which = "" if units is None else " WHERE unit IN ({})".format(", ".join(f"'{unit}'" for unit in units))
    watched.sql(f"UPDATE presences SET said = said - {by}, heard = heard - {by}, since = since - {by}{which}")


def office_away(watched: Watched) -> Undo:
    return watched.set_fault("office", 1.0, "node-1")


# servers and disks


def broker_down(watched: Watched) -> Undo:
    watched.county.broker.stop()
    return watched.county.broker.start


def broker_disk(watched: Watched) -> Undo:
    watched.county.broker.rabbitmqctl("set_disk_free_limit", "4000GB")

    def undo() -> None:
        watched.county.broker.rabbitmqctl("set_disk_free_limit", "50MB")

    return undo


def database_down(watched: Watched) -> Undo:
    watched.county.database.stop()
    return watched.county.database.start


def machine_off(watched: Watched) -> Undo:
    """All of the hub with its broker and its database."""
    undo = [dead(*HUB)(watched), broker_down(watched), database_down(watched)]

    def start() -> None:
        for one in reversed(undo):
            one()

    return start


def full_disk(watched: Watched) -> Undo:
    """Of the machine on which all data lies."""
    _resize(watched.county.root, "4600m")
    return lambda: _resize(watched.county.root, "6g")


def _resize(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


# clocks, keys


def clock_of(*programs: str) -> Begin:
    """Minutes ahead. When it is right again, the hub goes on for as many minutes with what it heard last; here not."""

    def begin(watched: Watched) -> Undo:
        set_right = watched.set_fault("clock", _OFF_SECONDS, *programs)

        def undo() -> None:
            set_right()
            time.sleep(2)  # what was said by the wrong clock has been read
            _set_back(watched, f"{_OFF_SECONDS} * {_SECOND}")

        return undo

    return begin


def ends_soon(watched: Watched) -> Undo:
    """A's key in ten days, the directory in two."""
    with ExitStack() as stack:
        administrator = watched.administrator(stack, valid_days=2)
        before = administrator.current()
        (key,) = before.by_code[A].keys
        at = SystemClock().now() + timedelta(days=10)
        administrator.change(lambda directory: end_key(directory, A, key.fingerprint, at))

    def undo() -> None:
        with ExitStack() as stack:
            administrator = watched.administrator(stack, valid_days=30)
            administrator.change(lambda directory: replace(directory, units=before.units))

    return undo


# messages


def forged(watched: Watched) -> Undo:
    """A unit sends in what another one signed."""
    with watched.county.node_of(B).store() as store, store.begin() as session:
        (document, _), *_ = session.listing(B, Box.INBOX, 1)
        receipt = next(one.document for one in session.receipts_of(B, document.key) if one.event.value == "DELIVERED")
    watched.publish([receipt], Lane.RECEIPT)
    return _nothing


def flood(watched: Watched) -> Undo:
    """One document, again and again."""
    with watched.county.node_of(A).store() as store, store.begin() as session:
        (document, _), *_ = session.listing(A, Box.SENT, 1)
        (record,) = session.documents(Box.SENT, [(A, document.key)]).values()
    watched.publish([record.document] * 2500, Lane.NORMAL)
    return _nothing


def garbage(watched: Watched) -> Undo:
    watched.publish([b"<a>%d" % number for number in range(12)], Lane.NORMAL)
    return _nothing
