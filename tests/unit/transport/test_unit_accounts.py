"""Each unit's messages go through its own account, and one account's trouble is nobody else's."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult
from exchange.topology import in_exchange, inbox_queue
from exchange.transport.unit_accounts import UnitAccounts

BUREAU, TOWN = UnitCode("520304-001"), UnitCode("520304-002")


@dataclass
class Account:
    """One unit's account: a transport, its publisher and its consumer in one."""

    fate: PublishResult = PublishResult.ACCEPTED
    waiting: list[Delivered] = field(default_factory=list)
    broken: bool = False
    published: list[Message] = field(default_factory=list)
    acked: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    closed: int = 0

    def declare(self, units: Iterable[UnitCode]) -> None:
        raise AssertionError("a unit's account may configure nothing")

    def publisher(self) -> Publisher:
        return self

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        return self

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        self.published += batch
        return [self.fate] * len(batch)

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        if self.broken:
            raise TransportError("lost the broker")
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    def ack(self, tags: Iterable[int]) -> None:
        self.acked += tags

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        self.returned += tags

    def close(self) -> None:
        self.closed += 1


def message(unit: UnitCode | None, body: bytes = b"x") -> Message:
    return Message(exchange=in_exchange(unit or TOWN), key="normal", body=body, user=unit)


def delivered(unit: UnitCode, tag: int) -> Delivered:
    return Delivered(tag=tag, queue=inbox_queue(unit), body=str(tag).encode(), user=None)


def open_both(accounts: dict[UnitCode, Account]) -> tuple[UnitAccounts, Consumer]:
    transport = UnitAccounts(accounts.__getitem__)
    transport.declare([BUREAU, TOWN])
    return transport, transport.consumer([inbox_queue(BUREAU), inbox_queue(TOWN)])


def test_each_message_goes_through_its_units_account_and_fates_keep_their_order() -> None:
    accounts = {BUREAU: Account(), TOWN: Account(fate=PublishResult.UNKNOWN)}
    publisher = UnitAccounts(accounts.__getitem__).publisher()
    batch = [message(TOWN, b"1"), message(BUREAU, b"2"), message(None), message(TOWN, b"3")]
    unknown, accepted, refused = PublishResult.UNKNOWN, PublishResult.ACCEPTED, PublishResult.REFUSED
    assert publisher.publish(batch) == [unknown, accepted, refused, unknown]
    assert [one.body for one in accounts[TOWN].published] == [b"1", b"3"]
    assert [one.body for one in accounts[BUREAU].published] == [b"2"]


def test_the_same_tag_of_two_accounts_is_answered_at_the_right_one() -> None:
    accounts = {unit: Account(waiting=[delivered(unit, 1), delivered(unit, 2)]) for unit in (BUREAU, TOWN)}
    _, consumer = open_both(accounts)
    batch = consumer.receive(10, 0)
    tags = {(one.queue, one.body): one.tag for one in batch}
    assert len(set(tags.values())) == 4
    consumer.ack([tags[inbox_queue(TOWN), b"2"], tags[inbox_queue(BUREAU), b"1"]])
    consumer.reject([tags[inbox_queue(TOWN), b"1"]], requeue=True)
    assert (accounts[TOWN].acked, accounts[BUREAU].acked) == ([2], [1])
    assert (accounts[TOWN].returned, accounts[BUREAU].returned) == ([1], [])


def test_a_full_inbox_does_not_keep_another_from_being_read() -> None:
    accounts = {BUREAU: Account(waiting=[delivered(BUREAU, n) for n in range(9)]), TOWN: Account()}
    accounts[TOWN].waiting = [delivered(TOWN, 1)]
    _, consumer = open_both(accounts)
    batches = [consumer.receive(2, 0), consumer.receive(2, 0)]
    assert inbox_queue(TOWN) in {one.queue for batch in batches for one in batch}


def test_an_account_in_trouble_holds_up_no_other() -> None:
    accounts = {BUREAU: Account(waiting=[delivered(BUREAU, 1)]), TOWN: Account(broken=True)}
    _, consumer = open_both(accounts)
    assert [one.body for one in consumer.receive(10, 0)] == [b"1"]
    with pytest.raises(TransportError):
        consumer.receive(10, 0)


def test_closing_closes_every_account() -> None:
    accounts = {BUREAU: Account(), TOWN: Account()}
    transport, _ = open_both(accounts)
    transport.close()
    assert [account.closed for account in accounts.values()] == [1, 1]


@dataclass
class Meeting(Account):
    """Answers once all accounts have been asked: who is asked alone waits in vain."""

    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=20))

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        self.barrier.wait()
        return super().publish(batch)

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        if limit == 0:
            self.barrier.wait()
        return super().receive(limit, timeout_seconds)

    def close(self) -> None:
        self.barrier.wait()
        super().close()


def test_accounts_connect_publish_and_close_beside_each_other() -> None:
    barrier = threading.Barrier(2, timeout=20)
    accounts: dict[UnitCode, Account] = {unit: Meeting(barrier=barrier) for unit in (BUREAU, TOWN)}
    transport, consumer = open_both(accounts)
    assert consumer.receive(10, 0) == []
    answers = transport.publisher().publish([message(BUREAU), message(TOWN)])
    assert answers == [PublishResult.ACCEPTED, PublishResult.ACCEPTED]
    transport.close()
