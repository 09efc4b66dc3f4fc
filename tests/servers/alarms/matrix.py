"""Which alarms each fault fires, of which of them people are told, and that no other does.

Not here: what is done (`faults`), how it is judged (`play`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.chaos.volume import may_mount
from tests.servers.alarms import faults
from tests.servers.alarms.watched import HERE, HUB, NODES, THERE
from tests.servers.four import A, B, C, D

__all__ = ["LASTING", "ROWS", "Fault", "all_faults", "named"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`fires`: what people are told of, once when it begins and once when it is over. `follows`: what fires, too, and
    nobody is told of. `may_fire`, `may_follow`: the same of what does so if it lasts. `lingers`: it looks back so long
    that the next row does not wait for its end."""

    name: str
    begin: faults.Begin
    fires: tuple[str, ...]
    follows: tuple[str, ...] = ()
    may_fire: tuple[str, ...] = ()
    may_follow: tuple[str, ...] = ()
    lingers: bool = False
    is_possible: Callable[[], bool] = field(default=lambda: True)


def named(alert: str, places: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{alert} {place}" for place in places)


STEPS = named("YidiStepFailing", (*HUB, *NODES))
STUCK = named("YidiOutboxStuck", NODES)
REFUSES = named("YidiBrokerRefuses", (*HUB, *NODES))
UNREAD = named("YidiWorkUnread", ("work.normal", "work.urgent"))
LATE = ("YidiDeliveriesStandStill", "YidiDeliveriesLate")
WAITING = named("YidiUnitOutboxStuck", (*HERE, *THERE))

# Those of one row begin together, each at another place.
ROWS = (
    (
        Fault(
            name="quarantine grows",
            begin=faults.garbage,
            fires=("YidiQuarantineGrows clock-1",),
            may_fire=("YidiSecurityAlarm router-1",),
            lingers=True,
        ),
        Fault(
            name="unit's clock wrong",
            begin=faults.clock_of("node-2"),
            fires=named("YidiUnitClockWrong", THERE),
            may_fire=("YidiSecurityAlarm node-2",),  # set right, it goes back
        ),
        Fault(
            name="sealer's loop stuck",
            begin=faults.stuck("sealer-1"),
            fires=("YidiWorkerNotSeen sealer-1",),
            follows=("YidiNoCheckpoint clock-1",),
        ),
    ),
    (
        Fault(
            name="router ended",
            begin=faults.ended("router-1"),
            fires=("YidiDown router-1",),
            follows=(*UNREAD, "YidiOutboxStuck node-1"),
            may_follow=WAITING,
        ),
    ),
    (
        Fault(
            name="acknowledger dead, and nothing delivered for a quarter of an hour",
            begin=faults.standstill,
            fires=("YidiDown acknowledger-1",),
            follows=("YidiWorkUnread work.receipt", "YidiDeliveriesStandStill", *STUCK),
            may_follow=("YidiDeliveriesLate", *WAITING),
        ),
        Fault(
            name="sealer halted",
            begin=faults.halted("sealer-1"),
            fires=("YidiDown sealer-1",),
            follows=("YidiNoCheckpoint clock-1",),
        ),
    ),
    (
        Fault(
            name="broker's disk full",
            begin=faults.broker_disk,
            fires=("YidiBrokerAlarm clock-1",),
            follows=("YidiOutboxStuck node-1",),
            may_follow=(*REFUSES, *STUCK, *WAITING),
        ),
    ),
    (
        Fault(
            name="broker down",
            begin=faults.broker_down,
            fires=("YidiBrokerDown",),
            follows=named("YidiStepFailing", ("router-1", "node-1")),
            may_follow=(*STEPS, *REFUSES, *STUCK, *WAITING),
        ),
    ),
    (
        Fault(
            name="database down",
            begin=faults.database_down,
            fires=("YidiDatabaseDown",),
            follows=("YidiStepFailing clock-1",),
            may_follow=(*STEPS, *STUCK, *WAITING),
        ),
    ),
    (
        Fault(
            name="hub's clock wrong",
            begin=faults.clock_of(*HUB),
            fires=named("YidiUnitClockWrong", (*HERE, *THERE)),
            may_fire=("YidiSecurityAlarm clock-1",),
        ),
        Fault(
            name="disk full",
            begin=faults.full_disk,
            fires=named("YidiDiskFull", ("clock-1", *NODES)),
            is_possible=may_mount,
        ),
    ),
    (
        Fault(
            name="hub's machine off",
            begin=faults.machine_off,
            fires=named("YidiDown", HUB),
            follows=(*STUCK[:1], *named("YidiStepFailing", NODES)),
            may_follow=(*STEPS, *REFUSES, *STUCK, *UNREAD, *WAITING),
        ),
    ),
    (
        Fault(
            name="router's loop stuck",
            begin=faults.stuck("router-1"),
            fires=("YidiWorkerNotSeen router-1",),
            follows=STUCK[:1],
            may_follow=(*STUCK, *LATE, *WAITING),
        ),
        Fault(
            name="many units silent",
            begin=faults.crowd_silent,
            fires=("YidiDown node-2", "YidiManyUnitsSilent clock-1"),
            follows=(f"YidiUnitSilent {B}",),
        ),
    ),
    (
        Fault(
            name="unit's node silent since yesterday",
            begin=faults.silent_node,
            fires=("YidiDown node-2", *named("YidiUnitSilent", (B, D))),
        ),
        Fault(
            name="forged message",
            begin=faults.forged,
            fires=("YidiSecurityAlarm acknowledger-1",),
            may_fire=("YidiSecurityAlarm node-1",),  # it hears that the hub refused what went out in its unit's name
        ),
        Fault(
            name="flood",
            begin=faults.flood,
            fires=("YidiUnitFloods router-1",),
        ),
    ),
)
# Slow ones: they begin first, and end so long before the last row that nobody waits for what looks back an hour.
LASTING = (
    Fault(
        name="office away",
        begin=faults.office_away,
        fires=("YidiOfficeRefuses node-1", *named("YidiUnitOfficeDown", (A, C))),
    ),
    Fault(
        name="key and directory end soon",
        begin=faults.ends_soon,
        fires=(
            "YidiCertificateExpiring node-1",
            *named("YidiDirectoryExpiring", ("clock-1", *NODES)),
        ),
    ),
)


def all_faults() -> Iterator[Fault]:
    yield from LASTING
    for row in ROWS:
        yield from row
