"""What a broken network and a bad unit put on the wire, and what the hub answered: seen from a tap on its publisher."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from exchange.codec.read import read_envelope
from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from exchange.ports.transport import Consumer, Message, Publisher, PublishResult, Transport
from exchange.topology import Lane, in_exchange
from exchange.trust.sign import sign_envelope

__all__ = ["TappedTransport", "impersonated", "put_on_wire", "tampered"]


class TappedTransport:
    """A transport whose publishers also note what goes to `watched` units: how the demo sees an answer byte for
    byte."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.watched: set[str] = set()
        self.seen: list[bytes] = []

    def declare(self, units: Iterable[UnitCode]) -> None:
        self._inner.declare(units)

    def publisher(self) -> Publisher:
        return _TappedPublisher(self, self._inner.publisher())

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        return self._inner.consumer(queues, in_turn=in_turn)

    def close(self) -> None:
        self._inner.close()


class _TappedPublisher:
    def __init__(self, tap: TappedTransport, inner: Publisher) -> None:
        self._tap, self._inner = tap, inner

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        self._tap.seen += [message.body for message in batch if message.key in self._tap.watched]
        return self._inner.publish(batch)

    def close(self) -> None:
        self._inner.close()


def put_on_wire(transport: Transport, user: UnitCode, document: bytes) -> None:
    """Publish `document` from `user`'s own broker account."""
    publisher = transport.publisher()
    publisher.publish([Message(exchange=in_exchange(user), key=Lane.NORMAL.value, body=document, user=user)])
    publisher.close()


def tampered(document: bytes) -> bytes:
    """The document with one word of its title exchanged, signature and all else untouched."""
    return document.replace("汛期".encode(), "旱期".encode(), 1)


def impersonated(document: bytes, new_id: str, thief: Signer) -> bytes:
    """A new document in the name of `document`'s sender, signed with another unit's own valid key."""
    envelope = read_envelope(document)
    return sign_envelope(replace(envelope, id=new_id), thief)  # type: ignore[arg-type]  # an id like any other
