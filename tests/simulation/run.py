"""One seed: a world, people and an attacker in it, everything going wrong; then healing, two restarts, the audit."""

import random
from dataclasses import dataclass

from exchange.services.audit.promises import audit
from exchange.testing.broker import Faults
from exchange.topology import ASIDE_QUEUES, Lane, inbox_queue, work_queue
from tests.simulation.attack import attack
from tests.simulation.county import COUNTY
from tests.simulation.crash import SimulatedCrash
from tests.simulation.trace import check_trace
from tests.simulation.workload import administer, decide, send, speak
from tests.simulation.world import World

__all__ = ["Outcome", "heal", "one_round", "simulate", "verdict"]

_ROUNDS = 250  # a document's whole time to be delivered is fifty, and an answer to everything takes ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run came to. `failures` is empty when every promise held."""

    failures: tuple[str, ...]
    events: tuple[str, ...]
    documents: int
    points: int


def simulate(seed: int) -> Outcome:
    chance = random.Random(seed)
    crash = chance.choice((0.0, 0.002, 0.01, 0.03))

    def decide_crash(count: int, name: str) -> None:
        if world.running and chance.random() < crash:
            raise SimulatedCrash(name)

    world = World(chance, decide=decide_crash, nodes=chance.randint(2, 3), units=chance.randint(4, 5))
    failures: list[str] = []
    try:
        _faults(world)
        heal(world)
        failures += verdict(world)
    except Exception as error:  # noqa: BLE001  # whatever nobody foresaw is a finding too
        failures.append(f"{type(error).__name__}: {error}")
        world.event(f"the run itself ended with {error!r}")
    return Outcome(
        failures=tuple(failures),
        events=tuple(world.events),
        documents=len(world.promised),
        points=world.points.count,
    )


def _faults(world: World) -> None:
    chance = world.chance
    world.broker.faults = _draw_faults(chance)
    world.interleave = chance.choice((0.0, 0.05, 0.15))
    world.office_down = chance.choice((0.0, 0.3))
    deeds = [(send, 6), (decide, 8), (speak, 2), (attack, 5), (administer, 1), (_trouble, 1)]
    processes = list(world.processes.values())
    for _ in range(chance.randint(50, 110)):
        if chance.random() < 0.25:
            deed = chance.choices([one for one, _ in deeds], [weight for _, weight in deeds])[0]
            deed(world, chance.randrange(len(world.mailrooms))) if deed is send else deed(world)  # type: ignore[operator]
        else:
            process = chance.choice(processes)
            for step in list(process.steps) if chance.random() < 0.5 else [chance.choice(list(process.steps))]:
                world.run(process, step)
        world.pass_time(chance.choice((0, 0, 1, 5, 20)))


def _draw_faults(chance: random.Random) -> Faults:
    def sometimes(most: float) -> float:
        return chance.uniform(0, most) if chance.random() < 0.4 else 0.0

    return Faults(
        lose=sometimes(0.3),
        refuse=sometimes(0.2),
        unknown_stored=sometimes(0.2),
        unknown_lost=sometimes(0.2),
        duplicate=sometimes(0.3),
        reorder=sometimes(0.5),
        delay=sometimes(0.3),
        longest_delay_seconds=300,
        lose_ack=sometimes(0.2),
        cut=sometimes(0.2),
    )


def _trouble(world: World) -> None:
    """The broker is wiped, goes down or comes back; a process is killed at rest."""
    what = world.chance.choice(("wipe", "stop", "start", "kill"))
    world.event(f"trouble: {what}")
    if what == "wipe":
        world.broker.wipe(keep_topology=True)
    elif what == "stop":
        world.broker.stop()
    elif what == "start":
        world.broker.start()
    else:
        world.chance.choice(list(world.processes.values())).start()


def heal(world: World) -> None:
    """No more faults; everybody works until nothing is open. Raises TimeoutError when that does not end."""
    world.event("healing begins")
    world.broker.faults, world.interleave, world.office_down = Faults(), 0.0, 0.0
    world.broker.start()
    world.points.quiet = world.calm = True
    world.restart()  # a connection that begins anew brings back what was taken and never acknowledged
    for _ in range(_ROUNDS):
        if not one_round(world):
            if not _open(world):
                world.event("all is quiet")
                return
            world.pass_time(35)  # longer than any wait
    raise TimeoutError(f"still open {_ROUNDS} rounds after healing: {_open(world)}")


# One round carries a document from office to office: what a step leaves is taken up by the next.
_ORDER = (
    *(("node", step) for step in ("refresh", "collect", "relay")),
    *(("router", "route"), ("node", "receive"), ("node", "hand_over"), ("node", "relay")),
    *(("acknowledger", "acknowledge"), ("sealer", "seal")),
    *(("clock", step) for step in ("dispatch", "remind", "forward", "note")),
    *(("node", step) for step in ("receive", "tell", "note")),
    ("acknowledger", "acknowledge"),
)


def one_round(world: World) -> int:
    """Everybody works once; how much was done."""
    return sum(
        world.run_if_due(process, step)
        for kind, step in _ORDER
        for name, process in world.processes.items()
        if name.partition("-")[0] == kind
    )


def _open(world: World) -> dict[str, int]:
    """What is not done yet, by name."""
    found: dict[str, int] = {}
    with world.hub_store.inner.begin() as session:
        counts = session.counts()
    found["forwards"] = counts["forwards_open"]
    found["unsealed"] = counts["entries_unsealed"]
    for state in ("submitted", "accepted", "relayed", "undelivered"):
        found[state] = counts[f"deliveries_{state}"]
    for number, room in enumerate(world.mailrooms):
        with room.store.inner.begin() as session:
            counts = session.counts()
        for what in ("outbox_open", "handovers_open", "untold"):
            found[f"node-{number} {what}"] = counts[what]
    for queue in [*map(work_queue, Lane), *ASIDE_QUEUES, *map(inbox_queue, world.units)]:
        found[queue] = world.broker.depth(queue)
    return {name: count for name, count in found.items() if count}


def verdict(world: World) -> list[str]:
    """Everything that is wrong once all is quiet."""
    failures = _restarted(world)
    report = audit(
        world.hub_store.inner,
        COUNTY.anchor,
        hub_files=world.hub_files,
        nodes=[(room.store.inner, room.files) for room in world.mailrooms],
        settled=True,
    )
    return [*failures, *report.lines(), *check_trace(world)]


def _restarted(world: World) -> list[str]:
    """Two restarts without traffic change nothing."""
    stores = [world.hub_store, *(room.store for room in world.mailrooms)]
    marks = [len(store.commits) for store in stores]
    history = len(world.broker.history)
    for _ in range(2):
        world.restart()
        one_round(world)
    wrote = [
        f"after a restart without traffic {commit.who} wrote: {', '.join(sorted(commit.calls))}"
        for store, mark in zip(stores, marks, strict=True)
        for commit in store.commits[mark:]
        if commit.wrote
    ]
    said = [
        f"after a restart without traffic {step.client} published to {step.queue}"
        for step in world.broker.history[history:]
        if step.action == "publish"
    ]
    return wrote + said
