"""What the history shows, beside the audit of the stores: responsibility was taken before it was acknowledged, one
question got one answer, nobody was sent another's documents, and nothing vanished.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from exchange.model.events import Event
from exchange.ports.node import Box
from exchange.testing.broker import Step
from exchange.topology import ASIDE_QUEUES, inbox_unit
from exchange.trust.digest import sha256_hex
from tests.simulation.county import ATTACKER
from tests.simulation.world import World

__all__ = ["check_trace"]

_EVENT = re.compile(rb"<Event>([A-Z_]+)</Event>")
_SUBJECT = re.compile(rb"<Sender>([^<]+)</Sender><EnvelopeId>([^<]+)</EnvelopeId><EnvelopeDigest>([^<]+)<")
_RECIPIENT = re.compile(rb'<Recipient paper="[a-z]+" printQuota="\d+" role="[a-z]+">([^<]+)</Recipient>')
_TAKES = {"add_documents", "add_receipts"}


def check_trace(world: World) -> Iterator[str]:
    """One line for each thing that must not have happened."""
    yield from _acknowledged_early(world)
    yield from _answers(world)
    yield from _strangers(world)
    yield from _vanished(world)
    yield from _forgeries(world)
    yield from _recalls(world)
    yield from _promises(world)
    for store in [world.hub_store, *(room.store for room in world.mailrooms)]:
        yield from (f"a state went back: {line}" for line in store.backwards)


def _acknowledged_early(world: World) -> Iterator[str]:
    commits: dict[str, list[int]] = defaultdict(list)
    for store in [world.hub_store, *(room.store for room in world.mailrooms)]:
        for commit in store.commits:
            if commit.calls & _TAKES:
                commits[commit.who].append(commit.position)
    taken: dict[tuple[str, int, bytes], int] = {}
    aside: dict[tuple[str, bytes], int] = {}
    for index, step in enumerate(world.broker.history):
        if step.action == "receive":
            taken[step.client, step.tag, step.body] = index
        elif step.action == "publish" and step.queue in ASIDE_QUEUES:
            aside[step.client, step.body] = index
        elif step.action == "ack":
            since = taken[step.client, step.tag, step.body]
            if aside.get((step.client, step.body), -1) > since:
                continue  # moved, or left to its sender where there was no room
            if not any(since < position <= index for position in commits[step.client]):
                yield f"{step.client} acknowledged {sha256_hex(step.body)[:12]} from {step.queue} before any commit"


def _answers(world: World) -> Iterator[str]:
    """ACCEPTED, REFUSED and DELIVERED about the same bytes are always the same receipt."""
    answers: dict[tuple[str, ...], set[bytes]] = defaultdict(set)
    seen: set[tuple[str, bytes]] = set()
    with world.hub_store.inner.begin() as session:
        refused = {row.digest for row in session.quarantined(100_000)}
    for step in world.broker.history:
        if step.action != "publish" or step.client == "attacker" or (step.queue, step.body) in seen:
            continue
        seen.add((step.queue, step.body))
        event, subject = _EVENT.search(step.body), _SUBJECT.search(step.body)
        if event and subject and event[1] in (b"ACCEPTED", b"REFUSED", b"DELIVERED"):
            author = step.client.split("-")[0]
            recipient = step.body[step.body.find(b"<Recipient>") :][11:30] if event[1] == b"DELIVERED" else b""
            name = (author, event[1].decode(), *(part.decode() for part in subject.groups()), recipient.decode())
            # What the hub refused for its key is said again under the next.
            if step.queue.startswith("inbox") or (author == "node" and sha256_hex(step.body) not in refused):
                answers[name].add(step.body)
    for name, bodies in answers.items():
        if len(bodies) > 1 and name[0] != "clock":
            yield f"{len(bodies)} different answers: {' '.join(name)}"


def _strangers(world: World) -> Iterator[str]:
    for step in world.broker.history:
        if step.action == "publish" and step.queue.startswith("inbox") and step.client != "attacker":
            unit, recipients = inbox_unit(step.queue), _RECIPIENT.findall(step.body)
            if recipients and unit.encode() not in recipients:
                yield f"{step.client} sent {unit} a document that is not for it"


def _vanished(world: World) -> Iterator[str]:
    """Whatever was acknowledged is recorded, set aside, or a mere confirmation."""
    with world.hub_store.inner.begin() as session:
        kept = {row.digest for row in session.quarantined(100_000)}
        kept |= {record.digest for record in session.documents_after(None, 100_000)}
        kept |= {record.digest for record in session.receipts_after(None, 100_000)}
        settled = {
            record.digest
            for record in session.documents_after(None, 100_000)
            for delivery in session.deliveries_of(record.key)
            if delivery.state.transport.name == "EXPIRED"
        }
    honest = {
        (step.queue, step.body)
        for step in world.broker.history
        if step.action == "publish" and step.client != "attacker"
    }
    genuine = {body for _, body in honest}
    by_unit: dict[str, set[str]] = {ATTACKER: set()}
    for room in world.mailrooms:
        with room.store.inner.begin() as session:
            for unit in room.units:
                mine = {row.digest for row in session.quarantined(unit, 100_000)}
                mine |= {document.digest for document, _ in session.listing(unit, Box.INBOX, 100_000)}
                mine |= {record.digest for owner, record in session.receipts_after(None, 100_000) if owner == unit}
                by_unit[unit] = mine | settled
    for queue, body in {(step.queue, step.body) for step in world.broker.history if step.action == "ack"}:
        known = by_unit[inbox_unit(queue)] if queue.startswith("inbox") else kept
        event = _EVENT.search(body)
        if (queue, body) not in honest and (queue == "work.receipt" or body in genuine):
            continue  # judged later, should its author or the hub repeat it; an attacker's word is not repeated
        if sha256_hex(body) not in known and not (event and event[1] == b"NOTED"):
            yield f"{sha256_hex(body)[:12]} from {queue} was acknowledged and is nowhere: {body[:80]!r}"


def _forgeries(world: World) -> Iterator[str]:
    """What an attacker made is in no document and no receipt anywhere, and what its account replayed was refused."""
    with world.hub_store.inner.begin() as session:
        held = {record.digest: "hub" for record in session.documents_after(None, 100_000)}
        held |= {record.digest: "hub" for record in session.receipts_after(None, 100_000)}
        refused = {row.digest for row in session.quarantined(100_000) if row.user == ATTACKER}
    for room in world.mailrooms:
        with room.store.inner.begin() as session:
            held |= {record.digest: str(unit) for unit, record in session.receipts_after(None, 100_000)}
            for unit in room.units:
                held |= {document.digest: unit for document, _ in session.listing(unit, Box.INBOX, 100_000)}
    yield from (f"{held[digest]} took {digest[:12]}, which is forged" for digest in world.forged & held.keys())
    if not any(step.action == "wipe" for step in world.broker.history):
        # An attacker does not repeat what the broker loses on its way aside.
        lost = {sha256_hex(step.body) for step in world.broker.history if _lost_aside(step)}
        for digest in world.refusable - refused - lost:
            yield f"{digest[:12]} came by another's account and was not refused"


def _lost_aside(step: Step) -> bool:
    return step.action == "publish" and step.queue in ASIDE_QUEUES and not step.stored


def _recalls(world: World) -> Iterator[str]:
    """Once signed for, a document goes back by a person's word alone."""
    for room in world.mailrooms:
        with room.store.inner.begin() as session:
            for unit in room.units:
                for document, deliveries in session.listing(unit, Box.INBOX, 100_000):
                    signed = deliveries[0].state.signed
                    for record in session.receipts_of(unit, document.key) if signed else ():
                        by_node = b'<Actor speaker="node">' in record.document and record.event is Event.RECALLED
                        if signed and by_node and record.at > signed.at:
                            yield f"{unit} {document.key}: signed for, and given back without a person"


def _promises(world: World) -> Iterator[str]:
    for room in world.mailrooms:
        yield from room.office.faults
        with room.store.inner.begin() as session:
            for key in world.promised:
                if key.sender in room.units and not session.documents(Box.SENT, [(key.sender, key)]):
                    yield f"{key} was accepted for sending and its node has it no more"
            for unit in room.units:
                for document, _ in session.listing(unit, Box.INBOX, 100_000):
                    record = session.handover(unit, document.key)
                    if (
                        record
                        and record.external_id
                        and record.external_id != room.office.taken.get((unit, document.key))
                    ):
                        yield f"{unit} {document.key}: the office knows it by another id"
