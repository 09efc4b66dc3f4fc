"""What can be done to a county: each fault begins, lasts, and is undone by what its beginning returned.

Not here: when which comes (`run`), what must hold in spite of it (`checker`).
"""

import random
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from exchange.trial.county import QuietLog
from exchange.trial.servers import ServerError
from exchange.wiring.hub import open_administration
from exchange.wiring.provision import provision
from tests.chaos import network
from tests.chaos.county import ChaosCounty, Undo, nothing
from tests.chaos.disks import flipped_byte, flipped_row, full_database_disk, full_file_disk, full_node_disk
from tests.chaos.network import lose
from tests.chaos.points import POINTS, kind_of
from tests.chaos.strangers import foreign_account, poison, revoke_and_enrol, rotate_key, twins
from tests.chaos.volume import may_mount

__all__ = ["FAULTS", "Fault"]

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`longest`: seconds. `is_possible`: on this machine."""

    name: str
    begin: Callable[[ChaosCounty, random.Random], Undo]
    longest: float = 6.0
    is_possible: Callable[[], bool] = lambda: True


# processes


def kill(county: ChaosCounty, chance: random.Random) -> Undo:
    for program in chance.sample(list(county.all_programs().values()), chance.randint(1, 3)):
        program.kill()
    return nothing


def kill_at_a_point(county: ChaosCounty, chance: random.Random) -> Undo:
    program = chance.choice(list(county.all_programs().values()))
    county.arm(program, chance.choice(POINTS[kind_of(program.name)]), chance.randint(1, 3))
    return nothing


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
    return nothing


# servers


def kill_broker(county: ChaosCounty, chance: random.Random) -> Undo:
    county.broker.kill()
    return county.broker.start


def wipe_broker(county: ChaosCounty, chance: random.Random) -> Undo:
    """Queues, messages, accounts: all gone. An operator provisions it again."""
    county.broker.wipe()
    county.forged.clear()  # what was under way is gone
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


def power_cut(county: ChaosCounty, chance: random.Random) -> Undo:
    """Everything at once, and what nobody synced is gone from the disks. Then all of it comes back together; a broker
    that cannot, for it syncs some of its books late, comes back empty, as an operator has it do."""
    for program in county.all_programs().values():
        program.kill()
    county.broker.kill()
    county.database.kill()
    for volume in county.volumes():
        volume.cut_power()
    county.database.start()
    try:
        county.broker.start()
    except ServerError:
        return wipe_broker(county, chance)
    return nothing


# lines


def cut(county: ChaosCounty, chance: random.Random) -> Undo:
    for line in chance.sample(list(county.lines.values()), chance.randint(1, len(county.lines))):
        line.reset()
    return nothing


def cut_in_the_middle(county: ChaosCounty, chance: random.Random) -> Undo:
    chance.choice(list(county.lines.values())).cut_after(chance.randint(1, 5_000))
    return nothing


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


def fall_silent(county: ChaosCounty, chance: random.Random) -> Undo:
    """First no answer comes any more, then everything on all lines is lost, both ways; also, at the end, that the far
    ends have given them up. So whoever waits for an answer has nothing to send that could tell it."""
    lines = list(county.lines.values())
    for line in lines:
        line.stall()
    time.sleep(1.0)
    whole = lose(line.port for line in lines)

    def undo() -> None:
        for line in lines:
            line.reset()
        whole()

    return undo


def lose_packets(county: ChaosCounty, chance: random.Random) -> Undo:
    """A third of what goes over any of the lines."""
    return lose(county.ports(), 33)


def _lying(what: str) -> Callable[[ChaosCounty, random.Random], Undo]:
    """The broker says "I have it" of what it never got, or nothing of what it did, or says it late."""

    def lie(county: ChaosCounty, chance: random.Random) -> Undo:
        county.set_fault(what, chance.uniform(0.2, 0.6))
        return lambda: county.clear_fault(what)

    return lie


# clocks, offices


def _clock(sign: int) -> Callable[[ChaosCounty, random.Random], Undo]:
    """An hour, or three days, ahead or behind, at a node or at all of the hub. Half of what it sends meanwhile is lost,
    so that something waits for a time that it worked out by the wrong clock."""

    def set_wrong(county: ChaosCounty, chance: random.Random) -> Undo:
        programs = chance.choice([[node.root.name] for node in county.nodes] + [list(county.workers)])
        for program in programs:
            county.set_fault("clock", sign * chance.choice((_HOUR, 72.5 * _HOUR)), program)
            county.set_fault("false_confirm", 0.5, program)
        return lambda: _set_right(county, programs)

    return set_wrong


def _set_right(county: ChaosCounty, programs: Iterable[str]) -> None:
    for program in programs:
        county.clear_fault("clock", program)
        county.clear_fault("false_confirm", program)


def office_away(county: ChaosCounty, chance: random.Random) -> Undo:
    county.set_fault("office", chance.choice((0.5, 1.0)))
    return lambda: county.clear_fault("office")


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
    Fault("power cut", power_cut, is_possible=may_mount),
    Fault("cut", cut),
    Fault("cut in the middle", cut_in_the_middle),
    Fault("half open", half_open, longest=12.0),
    Fault("stall", stall, longest=12.0),
    Fault("silent lines", fall_silent, longest=20.0, is_possible=network.is_own),
    Fault("packets lost", lose_packets, longest=12.0, is_possible=network.is_own),
    Fault("512 kbit/s, 600 ms", slow, longest=12.0),
    Fault("false confirms", _lying("false_confirm"), longest=10.0),
    Fault("lost confirms", _lying("lost_confirm"), longest=10.0),
    Fault("late confirms", _lying("late_confirm"), longest=10.0),
    Fault("clock ahead", _clock(1), longest=10.0),
    Fault("clock behind", _clock(-1), longest=10.0),
    Fault("office away", office_away, longest=10.0),
    Fault("node's disk full", full_node_disk, is_possible=may_mount),
    Fault("file disk full", full_file_disk, is_possible=may_mount),
    Fault("database's disk full", full_database_disk, is_possible=may_mount),
    Fault("flipped byte", flipped_byte),
    Fault("flipped row", flipped_row),
    Fault("twins", twins, longest=8.0),
    Fault("poison", poison),
    Fault("foreign account", foreign_account),
    Fault("next key", rotate_key),
    Fault("revoked key", revoke_and_enrol),
)
