"""What the hub takes from the lanes, shared fairly among senders: one unit's flood keeps no other waiting.

    FairIntake   a consumer of the lanes that moves a flood aside, and of what was moved when the lanes are empty
    Share        how many of each sender's messages a backlogged lane has let through

Who waits behind a flood cannot be seen, since a queue shows its head alone. So, while a lane is backlogged, only so
many messages of each sender are let through; the rest is published to one of the queues of `aside`, and acknowledged
after the confirm. Moving a message costs a small part of judging it: a flood is out of the way at once, then whoever
waited behind it is served, and the flood itself whenever the lanes have nothing, each of its queues in turn. A lane
that is not backlogged is served as it comes.

Urgent documents have a share of their own, for they have a lane of their own; beyond it they lose their urgency.

Nothing here keeps a message: what is lost on the way comes again from its sender's outbox.

Limits: shares are counted in each process, so that so many routers let through so many times as much. Units whose names
lead to the same queue of `aside` wait for each other there, in the order in which they came.

Not here: limits of a day (`quota`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from exchange.errors import TransportError
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult
from exchange.topology import ASIDE, aside_key

__all__ = ["FairIntake", "Share"]

_IN_A_ROW = 50
_WINDOW = 10_000
_ROUNDS = 20  # of moving, before what was let through meanwhile is served
_GONE = {PublishResult.ACCEPTED, PublishResult.REFUSED}


class Share:
    """Of one lane, since it was last seen empty. Each sender may have `in_a_row`, or else twice an equal share of all
    that was let through, as if one more sender waited than were seen: so whoever is alone gets no more, and senders
    who all send much are never held against each other."""

    def __init__(self, in_a_row: int = _IN_A_ROW) -> None:
        self._in_a_row = in_a_row
        self._had: Counter[str] = Counter()
        self._total = 0

    def grant(self, sender: str) -> bool:
        if self._total >= _WINDOW:  # what was long ago is forgiven
            self.clear()
        if self._had[sender] >= max(self._in_a_row, 2 * self._total / (len(self._had) + 1)):
            return False
        self._had[sender] += 1
        self._total += 1
        return True

    def clear(self) -> None:
        self._had.clear()
        self._total = 0


class FairIntake:
    """Implements `Consumer`. `lanes` names the queues that `consumer` serves, in their order; `aside` serves those of
    `aside` in turn."""

    def __init__(
        self,
        consumer: Consumer,
        lanes: Sequence[str],
        aside: Consumer,
        publisher: Publisher,
        metrics: Metrics,
        log: Log,
        *,
        in_a_row: int = _IN_A_ROW,
    ) -> None:
        self._consumers = (consumer, aside)
        self._publisher, self._metrics, self._log = publisher, metrics, log
        self._shares = {lane: Share(in_a_row) for lane in lanes}
        self._told: set[tuple[str, str]] = set()

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        """Empty, too, after some rounds of moving alone: then whoever runs this may look whether to stop."""
        lanes, aside = self._consumers
        batch, drained = self._from_lanes(limit)
        try:
            if drained:
                batch += [_tagged(message, 1) for message in aside.receive(limit - len(batch), 0)]
        except TransportError:
            if not batch:
                raise  # else what we hold is served; who asks again hears of it
        if drained and not batch and timeout_seconds > 0:
            batch = self._sift(lanes.receive(limit, timeout_seconds), limit)
        return batch

    def _from_lanes(self, limit: int) -> tuple[list[Delivered], bool]:
        """What is served now, and whether the lanes have nothing more."""
        batch: list[Delivered] = []
        for _ in range(_ROUNDS):
            asked = limit - len(batch)
            try:
                chunk = self._consumers[0].receive(asked, 0)
            except TransportError:
                if not batch:
                    raise
                return batch, False
            batch += self._sift(chunk, asked)
            if len(chunk) < asked:
                return batch, True
            if len(batch) == limit:
                break
        return batch, False

    def _sift(self, chunk: Sequence[Delivered], asked: int) -> list[Delivered]:
        """What of `chunk` is served now; the rest is moved aside."""
        # As many as were asked for: there may be more of the last one's lane, and all before that one are empty.
        backlogged = chunk[-1].queue if chunk and len(chunk) == asked else None
        for lane, share in self._shares.items():
            if lane == backlogged:
                break
            share.clear()
            self._told = {told for told in self._told if told[0] != lane}
        surplus = [
            message
            for message in chunk
            if message.queue == backlogged and not self._shares[backlogged].grant(message.user or "")
        ]
        moved = self._move(surplus) if surplus else set()
        return [_tagged(message, 0) for message in chunk if message.tag not in moved]

    def _move(self, surplus: Sequence[Delivered]) -> set[int]:
        """Tags of those that are gone from the lane. Where even `aside` is full they are left to their sender's outbox;
        where the broker gives no clear answer they are served here and now."""
        for message in surplus:
            self._tell(message)
        results = self._publisher.publish(
            [
                Message(exchange=ASIDE, key=aside_key(message.user), body=message.body, vouched=message.user)
                for message in surplus
            ]
        )
        fates = [(message.tag, fate) for message, fate in zip(surplus, results, strict=True) if fate in _GONE]
        for fate in _GONE:
            count = sum(one is fate for _, one in fates)
            if count:
                outcome = "moved" if fate is PublishResult.ACCEPTED else "left"
                self._metrics.count("yidi_router_aside_total", count, outcome=outcome)
        moved = {tag for tag, _ in fates}
        self._consumers[0].ack(moved)
        return moved

    def _tell(self, message: Delivered) -> None:
        """Once while a backlog lasts: metrics name no unit."""
        told = (message.queue, message.user or "")
        if told not in self._told:
            self._told.add(told)
            self._log.warning("unit_floods", queue=message.queue, user=message.user)

    def ack(self, tags: Iterable[int]) -> None:
        for consumer, own in self._split(tags):
            consumer.ack(own)

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        for consumer, own in self._split(tags):
            consumer.reject(own, requeue=requeue)

    def close(self) -> None:
        for consumer in self._consumers:
            consumer.close()

    def _split(self, tags: Iterable[int]) -> list[tuple[Consumer, list[int]]]:
        given = list(tags)
        parts = [[tag // 2 for tag in given if tag % 2 == which] for which in (0, 1)]
        return [(consumer, own) for consumer, own in zip(self._consumers, parts, strict=True) if own]


def _tagged(message: Delivered, which: int) -> Delivered:
    """Two consumers count their tags each from 1."""
    return replace(message, tag=2 * message.tag + which)
