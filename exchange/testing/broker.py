"""A broker in memory that may do everything a broker can do wrong, from a seed.

    FakeBroker       the queues, what goes wrong, and the history of all that happened
    Faults           how often each thing goes wrong
    FakeTransport    one process's connection to it (`broker.transport("router")`); a crash is closing it

It carries bytes, knows `exchange.topology` and keeps a broker's rules: units that were not declared are UNROUTABLE, a
unit may write to its own ingress alone, and what a consumer held when its connection went comes again.

Not here: waiting. `receive` returns at once whatever its timeout, since time is the simulation's to advance.
"""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.time import Clock
from exchange.ports.transport import Delivered, Message, PublishResult
from exchange.testing.clock import FakeClock
from exchange.topology import ASIDE, ASIDE_KEYS, DEAD, OUT, Lane, aside_queue, in_exchange, inbox_queue, work_queue

__all__ = ["FakeBroker", "FakeConsumer", "FakePublisher", "FakeTransport", "Faults", "Hook", "Step"]

Hook = Callable[[str], None]
"""Called with `publish.before`, `publish.each` (before each message of a batch), `publish.after`, and `receive`, `ack`
and `reject` with `.before` and `.after`. What it raises ends that process there; the broker keeps what it had."""

_IN = in_exchange(UnitCode(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Chances from 0 to 1, each drawn per message unless said otherwise."""

    lose: float = 0  # ACCEPTED, and gone: the false confirm
    refuse: float = 0  # REFUSED, not stored
    unknown_stored: float = 0  # UNKNOWN, but there: the lost confirm
    unknown_lost: float = 0  # UNKNOWN, and not there: the line broke on the way in
    duplicate: float = 0  # stored twice
    reorder: float = 0  # stored anywhere in its queue
    delay: float = 0  # to be received up to `longest_delay_seconds` later
    longest_delay_seconds: float = 3600
    lose_ack: float = 0  # lost on its way: the message comes again once the connection goes
    cut: float = 0  # per receive: the connection breaks, what was held comes again, its tags are stale

    def __post_init__(self) -> None:
        chances = {field.name: getattr(self, field.name) for field in fields(self)}
        del chances["longest_delay_seconds"]
        wrong = [name for name, chance in chances.items() if not 0 <= chance <= 1]
        if wrong:
            raise ValueError(f"not a chance from 0 to 1: {', '.join(wrong)}")


class Step(NamedTuple):
    """One thing that happened. `outcome` is what the client was told, `stored` how many copies the broker then held."""

    client: str
    action: str  # publish, receive, ack, reject, return, wipe
    queue: str
    body: bytes
    tag: int = 0
    outcome: PublishResult | None = None
    stored: int = 0


@dataclass(slots=True)
class _Entry:
    body: bytes
    user: str | None
    redelivered: bool = False
    died_in: str | None = None


class FakeBroker:
    """`faults` and `hook` may be changed while it runs: heal it by `broker.faults = Faults()`."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        faults: Faults | None = None,
        chance: int | random.Random = 0,
        hook: Hook | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self.hook = hook
        self.history: list[Step] = []
        self._clock = clock or FakeClock()
        self._chance = random.Random(chance) if isinstance(chance, int) else chance  # noqa: S311  # repeatable on purpose
        self._queues: dict[str, deque[_Entry]] = {}
        self._routes: dict[tuple[str, str], str] = {}
        self._later: list[tuple[float, int, str, _Entry]] = []
        self._delayed = 0
        self._transports: list[FakeTransport] = []
        self.down = False

    def transport(self, name: str = "", *, hook: Hook | None = None) -> "FakeTransport":
        """A process's own view; `hook` is called instead of the broker's."""
        transport = FakeTransport(self, name, hook)
        self._transports.append(transport)
        return transport

    def depth(self, queue: str) -> int:
        """Messages waiting, the delayed ones included; not those that a consumer holds."""
        return len(self._queues.get(queue, ())) + sum(name == queue for _, _, name, _ in self._later)

    def stop(self) -> None:
        """Down until `start`: publishing is UNKNOWN, receiving raises, and every connection is gone."""
        self.down = True
        self._disconnect()

    def start(self) -> None:
        self.down = False

    def wipe(self, *, keep_topology: bool = False) -> None:
        """Every message is gone, and all that was declared unless told to keep it."""
        self._disconnect()
        self.history.append(Step("", "wipe", "", b""))
        self._later.clear()
        if keep_topology:
            for queue in self._queues.values():
                queue.clear()
        else:
            self._queues.clear()
            self._routes.clear()

    def _disconnect(self) -> None:
        for transport in self._transports:
            transport.close()

    # What follows is for the transports.

    def declare(self, units: Iterable[UnitCode]) -> None:
        for queue in (DEAD, *map(work_queue, Lane)):
            self._queues.setdefault(queue, deque())
        for key in ASIDE_KEYS:
            self._queues.setdefault(aside_queue(key), deque())
            self._routes[ASIDE, key] = aside_queue(key)
        for unit in units:
            self._queues.setdefault(inbox_queue(unit), deque())
            self._routes[OUT, unit] = inbox_queue(unit)
            for lane in Lane:
                self._routes[in_exchange(unit), lane.value] = work_queue(lane)

    def publish(self, client: str, message: Message) -> PublishResult:
        outcome, stored = self._publish(message)
        self.history.append(
            Step(client, "publish", self._route(message) or "", message.body, outcome=outcome, stored=stored)
        )
        return outcome

    def _publish(self, message: Message) -> tuple[PublishResult, int]:
        faults = self.faults
        if self.down:
            return PublishResult.UNSENT, 0
        if self.happens(faults.unknown_lost):
            return PublishResult.UNKNOWN, 0
        owner = message.exchange.removeprefix(_IN) if message.exchange.startswith(_IN) else None
        if owner != message.user or self.happens(faults.refuse):
            return PublishResult.REFUSED, 0
        queue = self._route(message)
        if queue is None:
            return PublishResult.UNROUTABLE, 0
        copies = 0 if self.happens(faults.lose) else 2 if self.happens(faults.duplicate) else 1
        for _ in range(copies):
            self._store(queue, _Entry(message.body, message.user or message.vouched))
        return (PublishResult.UNKNOWN if self.happens(faults.unknown_stored) else PublishResult.ACCEPTED), copies

    def _route(self, message: Message) -> str | None:
        return self._routes.get((message.exchange, message.key))

    def _store(self, queue: str, entry: _Entry) -> None:
        waiting = self._queues[queue]
        if self.happens(self.faults.delay):
            self._delayed += 1
            ready = self._clock.monotonic() + self._chance.uniform(0, self.faults.longest_delay_seconds)
            heapq.heappush(self._later, (ready, self._delayed, queue, entry))
        elif self.happens(self.faults.reorder):
            waiting.insert(self._chance.randint(0, len(waiting)), entry)
        else:
            waiting.append(entry)

    def take(self, queues: Sequence[str], limit: int, *, in_turn: bool = False) -> list[tuple[str, _Entry]]:
        while self._later and self._later[0][0] <= self._clock.monotonic():
            _, _, queue, entry = heapq.heappop(self._later)
            self._queues[queue].append(entry)
        taken: list[tuple[str, _Entry]] = []
        turns = [queue for queue in queues if self._queues.get(queue)]
        while turns and len(taken) < limit:
            queue = turns.pop(0)
            taken.append((queue, self._queues[queue].popleft()))
            if self._queues[queue]:
                turns.insert(len(turns) if in_turn else 0, queue)
        return taken

    def give_back(self, held: Sequence[tuple[str, _Entry]]) -> None:
        """To where they came from: the head of their queue, in order."""
        for queue, entry in reversed(held):
            entry.redelivered = True
            self._queues[queue].appendleft(entry)

    def bury(self, queue: str, entry: _Entry) -> None:
        entry.died_in = queue
        self._queues[DEAD].append(entry)

    def happens(self, chance: float) -> bool:
        return chance > 0 and self._chance.random() < chance


class FakeTransport:
    """Implements `exchange.ports.transport.Transport`."""

    def __init__(self, broker: FakeBroker, name: str, hook: Hook | None) -> None:
        self.broker = broker
        self.name = name
        self._hook = hook
        self._consumers: list[FakeConsumer] = []

    def declare(self, units: Iterable[UnitCode]) -> None:
        if self.broker.down:
            raise TransportError("the broker did not take the declaration")
        self.broker.declare(units)

    def publisher(self) -> "FakePublisher":
        return FakePublisher(self)

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> "FakeConsumer":
        consumer = FakeConsumer(self, queues, in_turn=in_turn)
        self._consumers.append(consumer)
        return consumer

    def close(self) -> None:
        """The process ends, in order or not: what its consumers hold comes again."""
        for consumer in self._consumers:
            consumer.close()

    def step(self, name: str) -> None:
        if (hook := self._hook or self.broker.hook) is not None:
            hook(name)


class FakePublisher:
    def __init__(self, transport: FakeTransport) -> None:
        self._transport = transport

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        transport, results = self._transport, []
        transport.step("publish.before")
        for message in batch:
            transport.step("publish.each")
            results.append(transport.broker.publish(transport.name, message))
        transport.step("publish.after")
        return results

    def close(self) -> None:
        pass


class FakeConsumer:
    def __init__(self, transport: FakeTransport, queues: Sequence[str], *, in_turn: bool = False) -> None:
        self._transport = transport
        self._broker = transport.broker
        self._queues, self._in_turn = tuple(queues), in_turn
        self._held: dict[int, tuple[str, _Entry]] = {}
        self._last_tag = 0

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        self._transport.step("receive.before")
        if self._broker.down:
            raise TransportError("lost the broker while receiving")
        if self._broker.happens(self._broker.faults.cut):
            self.close()
            return []
        batch = []
        for queue, entry in self._broker.take(self._queues, limit, in_turn=self._in_turn):
            self._last_tag += 1
            self._held[self._last_tag] = (queue, entry)
            self._record("receive", queue, entry, self._last_tag)
            batch.append(
                Delivered(
                    tag=self._last_tag,
                    queue=queue,
                    body=entry.body,
                    user=entry.user,
                    redelivered=entry.redelivered,
                    died_in=entry.died_in,
                )
            )
        self._transport.step("receive.after")
        return batch

    def ack(self, tags: Iterable[int]) -> None:
        self._transport.step("ack.before")
        for tag in tags:
            if tag in self._held and not self._broker.happens(self._broker.faults.lose_ack):
                self._record("ack", *self._held.pop(tag), tag)
        self._transport.step("ack.after")

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        self._transport.step("reject.before")
        held = [(tag, *self._held.pop(tag)) for tag in tags if tag in self._held]
        for tag, queue, entry in held:
            self._record("return" if requeue else "reject", queue, entry, tag)
            if not requeue:
                self._broker.bury(queue, entry)
        if requeue:
            self._broker.give_back([(queue, entry) for _, queue, entry in held])
        self._transport.step("reject.after")

    def close(self) -> None:
        for tag, (queue, entry) in self._held.items():
            self._record("return", queue, entry, tag)
        self._broker.give_back(list(self._held.values()))
        self._held.clear()

    def _record(self, action: str, queue: str, entry: _Entry, tag: int) -> None:
        self._broker.history.append(Step(self._transport.name, action, queue, entry.body, tag))
