"""A hub's workers all at once: each with a store of its own on one database, over a broker that doubles everything,
hands it to anybody in any order, and says of every fifth publication that it does not know.

Threads, not processes: what could go wrong between them goes wrong in the database.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from exchange.codec.kind import DocumentKind, root_tag
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Noted, Receipt, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.transport import Delivered, Message, PublishResult
from exchange.services.evidence.facts import read_receipt
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.dispatch import Dispatcher
from exchange.services.hub.forward import Forwarder
from exchange.services.hub.hub import Hub
from exchange.services.hub.remind import Reminder
from exchange.services.hub.route import Router
from exchange.services.hub.seal import Sealer
from exchange.services.secrecy.plain_text import PlainText
from exchange.settings import HubTiming, Retry
from exchange.storage import open_hub_store
from exchange.testing.clock import FakeClock
from exchange.testing.files import MemoryFiles
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_receipt
from tests.unit.services.hub_and_node import COUNTY, B, C, D, a_receipt, directory_record
from workers.batch import take

__all__ = ["TIMING", "Broker", "Crowd", "Units"]

_SECOND = 1 / 3600
TIMING = HubTiming(
    retry=Retry(floor_seconds=0.1, base_seconds=0.1, cap_seconds=0.4, confirmed_seconds=0.3),
    deliver_within_hours=8 * _SECOND,
    sign_within_hours={"": 2 * _SECOND},
    remind_every_hours=_SECOND,
    remind_at_most=3,
)


class RunningClock:
    """As the fake clock begins, and then with the time that passes."""

    def __init__(self) -> None:
        self._since, self._start = time.monotonic(), FakeClock().now()

    def now(self) -> datetime:
        return self._start + timedelta(milliseconds=int(self.monotonic() * 1000))

    def monotonic(self) -> float:
        return time.monotonic() - self._since


class Broker:
    """Queues that any thread may use. `published`: (unit, body) -> how often the hub sent it."""

    def __init__(self, seed: int) -> None:
        self._lock, self._chance = threading.Lock(), random.Random(seed)
        self._queues: dict[str, list[Delivered]] = {"work.normal": [], "work.receipt": []}
        self._tags = count(1)
        self.in_hand = 0
        self.published: Counter[tuple[UnitCode, bytes]] = Counter()
        self._fresh: list[tuple[UnitCode, bytes]] = []

    def put(self, queue: str, user: UnitCode, bodies: Iterable[bytes]) -> None:
        """Each twice."""
        with self._lock:
            for body in bodies:
                for _ in range(2):
                    self._queues[queue].append(Delivered(tag=next(self._tags), queue=queue, body=body, user=user))

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        with self._lock:
            sent = [(UnitCode(message.key), message.body) for message in batch]
            self.published.update(sent)
            self._fresh += sent
            return [PublishResult.UNKNOWN if self._chance.random() < 0.2 else PublishResult.ACCEPTED for _ in sent]

    def close(self) -> None: ...

    def take_published(self) -> list[tuple[UnitCode, bytes]]:
        with self._lock:
            fresh, self._fresh = self._fresh, []
        return fresh

    def draw(self, queue: str, limit: int) -> list[Delivered]:
        with self._lock:
            waiting = self._queues[queue]
            self._chance.shuffle(waiting)
            drawn, self._queues[queue] = waiting[:limit], waiting[limit:]
            self.in_hand += len(drawn)
            return drawn

    def give_back(self, messages: Sequence[Delivered]) -> None:
        with self._lock:
            for message in messages:
                self._queues[message.queue].append(message)

    def settle(self, number: int) -> None:
        with self._lock:
            self.in_hand -= number

    def is_empty(self) -> bool:
        with self._lock:
            return not any(self._queues.values()) and not self.in_hand and not self._fresh


class Consumer:
    """One worker's consumer on a queue of the broker."""

    def __init__(self, broker: Broker, queue: str) -> None:
        self._broker, self._queue = broker, queue
        self._held: dict[int, Delivered] = {}

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        drawn = self._broker.draw(self._queue, limit)
        self._held |= {message.tag: message for message in drawn}
        return drawn

    def ack(self, tags: Iterable[int]) -> None:
        self._broker.settle(sum(self._held.pop(tag, None) is not None for tag in tags))

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        assert requeue
        back = [self._held.pop(tag) for tag in tags if tag in self._held]
        self._broker.give_back(back)
        self._broker.settle(len(back))

    def close(self) -> None: ...


class Units:
    """The recipients: B and C sign, D only receives, E is off. Each notes what the hub tells it, two ways round."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._numbers = count(1)
        self._answered: set[tuple[UnitCode, bytes]] = set()

    def step(self) -> int:
        told: dict[UnitCode, list[Noted]] = {}
        fresh = self._broker.take_published()
        for unit, body in fresh:
            tag = root_tag(body)
            if tag is not None and tag[0] == DocumentKind.ENVELOPE.root:
                self._receive(unit, body)
            elif (receipt := read_receipt(body)).event is not Event.NOTED:
                told.setdefault(unit, []).append(Noted(receipt=receipt.id, digest=sha256_hex(body)))
        for unit, noted in told.items():
            once = list({one.receipt: one for one in noted}.values())
            self._broker.put("work.receipt", unit, [self._note(unit, once), self._note(unit, once[::-1])])
        return len(fresh)

    def _receive(self, unit: UnitCode, body: bytes) -> None:
        if unit not in (B, C, D) or (unit, body) in self._answered:
            return
        self._answered.add((unit, body))
        said = [a_receipt(Event.DELIVERED, body, unit, speaker=Speaker.NODE, number=next(self._numbers))]
        if unit != D:
            said.append(
                a_receipt(Event.SIGNED, body, unit, speaker=Speaker.PERSON, person="王五", number=next(self._numbers))
            )
        self._broker.put("work.receipt", unit, said)

    def _note(self, unit: UnitCode, noted: Sequence[Noted]) -> bytes:
        receipt = Receipt(
            id=ReceiptId(f"1c6e2f0e-0d7c-4a57-8c43-{next(self._numbers):012}"),
            hub=HUB,
            event=Event.NOTED,
            actor=Actor(speaker=Speaker.NODE, unit=unit),
            at=FakeClock().now(),
            noted=tuple(noted),
        )
        return sign_receipt(receipt, COUNTY.signers[unit])


@dataclass
class Crowd:
    """Workers in threads. `failures`: what any of them raised."""

    url: str
    broker: Broker
    log: RecordingLog = field(default_factory=RecordingLog)
    failures: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _opened: ExitStack = field(default_factory=ExitStack)
    _clock: RunningClock = field(default_factory=RunningClock)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def start(self, *, routers: int, acknowledgers: int, clocks: int, sealers: int) -> None:
        with self.store().begin() as session:
            session.add_directory(directory_record())
        for _ in range(routers):
            self._run(take_from(self.broker, "work.normal", Router(self._hub(), PlainText()).route))
        for _ in range(acknowledgers):
            self._run(take_from(self.broker, "work.receipt", Acknowledger(self._hub()).acknowledge))
        for _ in range(clocks):
            hub = self._hub()
            forwarder = Forwarder(hub)
            self._run(Dispatcher(hub).dispatch, forwarder.forward, forwarder.note, Reminder(hub).remind)
        for number in range(sealers):
            note = COUNTY.ledger.note
            sealer = Sealer(
                self.store(), self._clock, note, HUB, RecordingMetrics(), self.log, holder=f"sealer-{number}"
            )
            self._run(partial(sealer.seal, 7))
        self._run(Units(self.broker).step)

    def store(self) -> HubStore:
        store = open_hub_store(self.url)
        self._opened.callback(store.close)
        return store

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=50)
        self._opened.close()

    def _hub(self) -> Hub:
        number = next(self._numbers)
        return Hub(
            id=HUB,
            store=self.store(),
            files=MemoryFiles(),
            publisher=self.broker,
            signer=COUNTY.hub,
            clock=self._clock,
            ids=SeededIds(number),
            chance=random.Random(number),
            metrics=RecordingMetrics(),
            log=self.log,
            timing=TIMING,
        )

    def _run(self, *steps: Callable[[], int]) -> None:
        def loop() -> None:
            while not self._stop.is_set():
                try:
                    if not sum(step() for step in steps):
                        self._stop.wait(0.02)
                except BaseException as error:  # noqa: BLE001  # shown by the main thread
                    self.failures.append(error)
                    self._stop.wait(0.05)

        self._threads.append(threading.Thread(target=loop, daemon=True))
        self._threads[-1].start()


def take_from(broker: Broker, queue: str, serve: Callable[[Sequence[Delivered], Consumer], int]) -> Callable[[], int]:
    consumer = Consumer(broker, queue)
    return lambda: take(consumer, serve, 10)  # type: ignore[arg-type]
