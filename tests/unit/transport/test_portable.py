"""`PortableTransport` beyond the contract: isolation, waiting, cost, and what a broken broker makes of a batch."""

import threading
import time
from pathlib import Path

import pytest
from amqp.exceptions import AccessRefused, ChannelError, MessageNacked, NotFound, PreconditionFailed  # type: ignore[import-untyped]

from exchange.errors import InputError, TransportError
from exchange.model.unit import parse_unit_code
from exchange.ports.transport import Message, PublishResult
from exchange.topology import OUT, inbox_queue
from exchange.transport.link import Link, fate_of
from exchange.transport.portable import PortableTransport

TOWN = parse_unit_code("520304-001")
MESSAGE = Message(exchange=OUT, key=TOWN, body=b"<a/>")


def test_two_memory_brokers_in_one_process_never_mix() -> None:
    one, other = PortableTransport("memory://"), PortableTransport("memory://")
    one.declare([TOWN])
    other.declare([])
    assert other.publisher().publish([MESSAGE]) == [PublishResult.UNROUTABLE]
    one.publisher().publish([MESSAGE])
    assert other.consumer([inbox_queue(TOWN)]).receive(1, 0) == []
    assert len(one.consumer([inbox_queue(TOWN)]).receive(1, 0)) == 1


class _Counted(PortableTransport):
    """Counts how often a consumer looks into a queue: what waiting costs."""

    looks = 0

    def _link(self) -> Link:
        link = super()._link()
        channel = link.open()
        get = channel.basic_get

        def counted(queue: str) -> object:
            self.looks += 1
            return get(queue)

        channel.basic_get = counted
        return link


def test_waiting_ends_when_a_message_comes_and_burns_no_processor() -> None:
    transport = _Counted("memory://")
    transport.declare([TOWN])
    consumer, publisher = transport.consumer([inbox_queue(TOWN)]), transport.publisher()
    timer = threading.Timer(0.1, lambda: publisher.publish([MESSAGE]))
    began = time.monotonic()
    timer.start()
    assert len(consumer.receive(1, 30)) == 1
    assert time.monotonic() - began < 25  # the message ended it, not the time that was given
    assert transport.looks == 2
    timer.join()


def test_waiting_in_vain_lasts_as_long_as_asked_and_looks_twice() -> None:
    transport = _Counted("memory://")
    transport.declare([TOWN])
    consumer, began = transport.consumer([inbox_queue(TOWN)]), time.monotonic()
    assert consumer.receive(1, 0.2) == []
    assert time.monotonic() - began >= 0.2
    assert transport.looks == 2


@pytest.mark.filterwarnings("ignore:The ``noload``")  # in the driver, which never loads through it
def test_a_broker_outside_the_process_joins_two_transports(tmp_path: Path) -> None:
    url = f"sqla+sqlite:///{tmp_path}/broker.db"
    hub, node = PortableTransport(url), PortableTransport(url)
    hub.declare([TOWN])
    node.declare([TOWN])
    message = Message(exchange=OUT, key=TOWN, body=b"\x00\xff<a/>")
    assert hub.publisher().publish([message]) == [PublishResult.ACCEPTED]
    consumer = node.consumer([inbox_queue(TOWN)])
    [delivered] = consumer.receive(1, 5)
    consumer.close()
    [again] = consumer.receive(1, 5)
    assert (delivered.body, again.body) == (message.body, message.body)
    assert (delivered.redelivered, again.redelivered) == (False, True)


def test_a_url_that_nothing_speaks_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="carrier-pigeon"):
        PortableTransport("carrier-pigeon://coop")


def test_to_a_broker_that_is_not_there_nothing_is_sent_and_receiving_fails() -> None:
    transport = PortableTransport("amqp://guest:guest@127.0.0.1:1//", confirm_timeout_seconds=0.1)
    assert transport.publisher().publish([MESSAGE, MESSAGE]) == [PublishResult.UNSENT] * 2
    with pytest.raises(TransportError):
        transport.consumer([inbox_queue(TOWN)]).receive(1, 0)
    with pytest.raises(TransportError):
        transport.declare([TOWN])


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (MessageNacked(), PublishResult.REFUSED),
        (AccessRefused("write"), PublishResult.REFUSED),
        (PreconditionFailed("user_id"), PublishResult.REFUSED),
        (NotFound("no exchange"), PublishResult.UNROUTABLE),
        (ChannelError("NO_ROUTE", reply_code=312), PublishResult.UNROUTABLE),
        (ChannelError("?", reply_code=500), PublishResult.UNKNOWN),
        (TimeoutError(), PublishResult.UNKNOWN),
        (ConnectionResetError(), PublishResult.UNKNOWN),
    ],
)
def test_only_the_brokers_own_word_settles_the_fate_of_a_failed_message(error: Exception, fate: PublishResult) -> None:
    assert fate_of(error) is fate
