"""What an attacker does who is a unit of this exchange, holds another unit's broker account, or stands at the broker
itself. What it sends must never get into effect.

Limits: the attacker has no unit's key but its own, except in `contradict` and `bind_other_bytes`, which stand for a
unit whose node went wrong.
"""

from collections.abc import Callable
from dataclasses import replace

from exchange.codec.envelope import decode
from exchange.codec.kind import kind_of
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.model.envelope import Envelope, EnvelopeId, Recipient
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.ports.transport import Message
from exchange.testing.keys import HUB
from exchange.topology import OUT, Lane, in_exchange
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_envelope, sign_receipt
from tests.simulation.county import ATTACKER, COUNTY, signer
from tests.simulation.world import World

__all__ = ["ATTACKS", "attack"]


_UNKNOWN = 99  # the generation of keys that never enter a directory


def attack(world: World) -> None:
    seen = _seen(world)
    if not seen:
        return
    document = world.chance.choice(seen)
    act = world.chance.choice(ATTACKS)
    world.event(f"attack: {act.__name__} {sha256_hex(document)[:12]}")
    act(world, document, decode(parse_signed(document, DocumentKind.ENVELOPE).body))


def garbage(world: World, document: bytes, envelope: Envelope) -> None:
    for body in (b"", b"<Envelope/>", document[: len(document) // 2], b"\xff" * 100):
        _inject(world, ATTACKER, Lane.NORMAL, _forged(world, body))
        _inject(world, ATTACKER, Lane.RECEIPT, body)


def tamper(world: World, document: bytes, envelope: Envelope) -> None:
    """Another title under the old signature: by the sender's own account, and at the broker into an inbox."""
    changed = _forged(world, document.replace("关于".encode(), "取消".encode()))
    _inject(world, envelope.sender, Lane.NORMAL, changed)
    _to_inbox(world, envelope.recipients[0].unit, changed)


def impersonate(world: World, document: bytes, envelope: Envelope) -> None:
    """In another's name, by the attacker's account, by the other's, and at the broker: with the attacker's key, or with
    a key under a good certificate in the other's name that no directory holds."""
    new = replace(envelope, id=_new_id(world), files=())
    key = world.chance.choice((COUNTY.signers[ATTACKER], signer(envelope.sender, _UNKNOWN)))
    forged = _forged(world, sign_envelope(new, key))
    _inject(world, ATTACKER, Lane.NORMAL, forged)
    _inject(world, envelope.sender, Lane.URGENT, forged)
    _to_inbox(world, envelope.recipients[0].unit, forged)


def use_stolen_key(world: World, document: bytes, envelope: Envelope) -> None:
    """The thief of a revoked key, who has the unit's account as well."""
    if world.stolen:
        unit, generation = world.chance.choice(world.stolen)
        to = next(one for one in world.units if one != unit)
        new = replace(envelope, id=_new_id(world), sender=unit, recipients=(Recipient(unit=to),), files=())
        _inject(world, unit, Lane.NORMAL, _forged(world, sign_envelope(new, signer(unit, generation))))


def wrap(world: World, document: bytes, envelope: Envelope) -> None:
    """The attacker's own good envelope, with another in the victim's name beside the signed one."""
    own = replace(envelope, id=_new_id(world), sender=ATTACKER, files=())
    signed = sign_envelope(own, COUNTY.signers[ATTACKER])
    inner = signed.replace(ATTACKER.encode(), envelope.sender.encode())
    wrapped = inner[: inner.rindex(b"<ds:Signature")] + signed + b"</Envelope>"
    _inject(world, envelope.sender, Lane.NORMAL, _forged(world, wrapped))


def replay(world: World, document: bytes, envelope: Envelope) -> None:
    """The very bytes again: by the sender's account (a duplicate), by the attacker's, and into inboxes of anybody."""
    _inject(world, envelope.sender, Lane.NORMAL, document)
    if _inject(world, ATTACKER, Lane.NORMAL, document):
        world.refusable.add(sha256_hex(document))
    for unit in world.units:
        if unit not in {recipient.unit for recipient in envelope.recipients}:
            _to_inbox(world, unit, document)


def contradict(world: World, document: bytes, envelope: Envelope) -> None:
    """The sender's own key signs other contents under the same id: a node restored from a backup, say."""
    changed = replace(envelope, content="另一份", files=(), recipients=(Recipient(unit=envelope.recipients[0].unit),))
    other = sign_envelope(changed, signer(envelope.sender, world.generation[envelope.sender]))
    _inject(world, envelope.sender, Lane.NORMAL, other)


def forge_receipts(world: World, document: bytes, envelope: Envelope) -> None:
    """Another unit's word with the attacker's key; the attacker's own about what it never got; the hub's."""
    digest, unit = sha256_hex(document), envelope.recipients[0].unit
    key = COUNTY.signers[ATTACKER]
    other = _forged(world, sign_receipt(_receipt(world, envelope, digest, unit), key))
    own = _forged(world, sign_receipt(_receipt(world, envelope, digest, ATTACKER), key))
    for body in (other, own):
        _inject(world, ATTACKER, Lane.RECEIPT, body)
    _inject(world, unit, Lane.RECEIPT, other)
    _to_inbox(world, envelope.sender, other)
    accepted = replace(
        _receipt(world, envelope, digest, unit),
        event=Event.ACCEPTED,
        actor=Actor(speaker=Speaker.HUB),
        subject=Subject(envelope=envelope.key, digest=digest),
    )
    _to_inbox(world, envelope.sender, _forged(world, sign_receipt(accepted, key)))


def replay_receipts(world: World, document: bytes, envelope: Envelope) -> None:
    """A unit's own good receipt, by another's account."""
    receipts = [
        step.body
        for step in world.broker.history
        if step.action == "publish" and step.client.startswith("node") and step.queue == "work.receipt"
    ]
    receipt = world.chance.choice(receipts) if receipts else None
    if receipt and _inject(world, ATTACKER, Lane.RECEIPT, receipt):
        world.refusable.add(sha256_hex(receipt))


def bind_other_bytes(world: World, document: bytes, envelope: Envelope) -> None:
    """A recipient's own key, about another document than the one that is recorded."""
    unit = world.chance.choice(envelope.recipients).unit
    receipt = _receipt(world, envelope, sha256_hex(document + b" "), unit)
    signed = sign_receipt(receipt, signer(unit, world.generation[unit]))
    _inject(world, unit, Lane.RECEIPT, _forged(world, signed))


ATTACKS: tuple[Callable[[World, bytes, Envelope], None], ...] = (
    *(
        garbage,
        tamper,
        impersonate,
        use_stolen_key,
        wrap,
        replay,
        contradict,
        forge_receipts,
        replay_receipts,
        bind_other_bytes,
    ),
)


def _seen(world: World) -> list[bytes]:
    """Envelopes that units have sent so far."""
    sent = {
        step.body: None
        for step in world.broker.history
        if step.action == "publish" and step.client.startswith("node") and step.queue != "work.receipt"
    }
    return [body for body in sent if kind_of(body) is DocumentKind.ENVELOPE]


def _forged(world: World, body: bytes) -> bytes:
    """`body`, which must never get into effect."""
    world.forged.add(sha256_hex(body))
    return body


def _inject(world: World, account: UnitCode, lane: Lane, body: bytes) -> bool:
    """Whether a queue has it now."""
    world.broker.publish("attacker", Message(exchange=in_exchange(account), key=lane.value, body=body, user=account))
    return world.broker.history[-1].stored > 0


def _to_inbox(world: World, unit: UnitCode, body: bytes) -> None:
    world.broker.publish("attacker", Message(exchange=OUT, key=unit, body=body))


def _receipt(world: World, envelope: Envelope, digest: str, unit: UnitCode) -> Receipt:
    return Receipt(
        id=ReceiptId(world.ids.new()),
        hub=HUB,
        event=Event.SIGNED,
        actor=Actor(speaker=Speaker.PERSON, unit=unit, person="赵六"),
        at=world.clock.now(),
        subject=Subject(envelope=envelope.key, digest=digest, recipient=unit),
    )


def _new_id(world: World) -> EnvelopeId:
    return EnvelopeId(world.ids.new())
