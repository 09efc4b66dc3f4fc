"""What people do: write, send, sign, refuse, answer, ask back; and what an administrator does to keys."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import BinaryIO

from exchange.directory.snapshot import Directory
from exchange.directory.update import add_key, end_key, revoke_key
from exchange.model.document import DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import EnvelopeKey, FileRole, RecipientRole
from exchange.model.receipt import Reason
from exchange.model.unit import UnitCode
from exchange.ports.office import Address, Draft, DraftFile
from exchange.trust.certificates import key_entry
from tests.simulation.county import GROUP, signer
from tests.simulation.world import World

__all__ = ["NOTICE", "administer", "decide", "draft", "send", "speak"]

NOTICE = Metadata(
    document_identifier="OID.1",
    document_type=DocumentType.NOTICE,
    title="关于开展安全检查的通知",
    issuer_identification=("测试县",),
    issuer_signatures=("测试县",),
    issued_date=date(2026, 3, 1),
)
_URGENT = Metadata(
    document_identifier="OID.2",
    document_type=DocumentType.NOTICE,
    title="关于防汛的紧急通知",
    emergency_degree=EmergencyDegree.EXTRA_URGENT,
    issuer_identification=("测试县",),
    issuer_signatures=("测试县",),
    issued_date=date(2026, 3, 1),
)
_SIZES = (0, 10, 300, 5000)
_OVERLAP = timedelta(hours=3)  # longer than a document takes, as it is in a county


def draft(world: World, sender: UnitCode, *, reference: str | None = None) -> Draft:
    chance = world.chance
    others = [unit for unit in world.units if unit != sender]
    if chance.random() < 0.25:
        to = [Address(to=GROUP)]
    else:
        chosen = chance.sample(others, chance.randint(1, min(3, len(others))))
        to = [Address(to=unit, role=chance.choice(list(RecipientRole))) for unit in chosen]
    sizes = chance.sample(_SIZES, chance.choice((0, 0, 1, 2)))
    return Draft(
        sender=sender,
        to=tuple(to),
        metadata=_URGENT if chance.random() < 0.2 else NOTICE,
        content="请按要求落实。" if chance.random() < 0.3 else None,
        files=tuple(_file(chance.randint(1, 3), size) for size in sizes),
        operator="张三",
        declared_by="张三",
        reference=reference,
    )


def _file(kind: int, size: int) -> DraftFile:
    def open_file() -> BinaryIO:
        return io.BytesIO((b"%d" % kind) * size)

    return DraftFile(
        role=FileRole.ATTACHMENT, name=f"附件{size}.bin", media_type="application/octet-stream", open=open_file
    )


def send(world: World, number: int) -> None:
    """A person sends, or the office puts a document out."""
    room = world.mailrooms[number]
    unit = world.chance.choice(room.units)
    reference = f"r{world.chance.randint(1, 3)}" if world.chance.random() < 0.4 else None
    wanted = draft(world, unit, reference=reference)
    if reference is not None and world.chance.random() < 0.5:
        waiting = room.office.drafts.setdefault(unit, [])
        if all(one.reference != reference for one in waiting):
            waiting.append(wanted)
        return

    def submit() -> None:
        done = room.submitter.submit(wanted)
        world.promised[done.key] = done.recipients

    world.act(number, f"submit by {unit}", submit)


def decide(world: World) -> None:
    """Somebody at a recipient says something about a document that it may or may not have."""
    found = _some_document(world)
    if found is None:
        return
    key, recipients = found
    unit = world.chance.choice(recipients)
    number = next(n for n, room in enumerate(world.mailrooms) if unit in room.units)
    decider = world.mailrooms[number].decider
    said: list[tuple[str, Callable[[], object]]] = [
        ("sign", partial(decider.sign, unit, key, "李四")),
        ("sign", partial(decider.sign, unit, key, "王五")),
        ("reject", partial(decider.reject, unit, key, "李四", Reason.WRONG_UNIT, "不属本单位职责")),
        ("send_back", partial(decider.send_back, unit, key, "李四", Reason.FORMAT, "格式有误")),
        ("answer", partial(decider.answer, unit, key, "李四", "已办结")),
        ("give_back", partial(decider.give_back, unit, key, "李四")),
        ("keep", partial(decider.keep, unit, key, "李四", "已办理")),
    ]
    name, action = world.chance.choice(said)
    world.act(number, f"{name} by {unit} {key}", action)


def speak(world: World) -> None:
    """A sender asks a document back, or urges."""
    found = _some_document(world)
    if found is None:
        return
    key, recipients = found
    number = next(n for n, room in enumerate(world.mailrooms) if key.sender in room.units)
    recaller = world.mailrooms[number].recaller
    one = world.chance.choice(recipients)
    said: list[tuple[str, Callable[[], object]]] = [
        ("recall", partial(recaller.recall, key, "张三", "发错了")),
        ("recall one", partial(recaller.recall, key, "张三", "发错了", one)),
        ("remind", partial(recaller.remind, key, "张三", "请尽快签收", one)),
    ]
    name, action = world.chance.choice(said)
    world.act(number, f"{name} {key}", action)


def _some_document(world: World) -> tuple[EnvelopeKey, tuple[UnitCode, ...]] | None:
    return world.chance.choice(list(world.promised.items())) if world.promised else None


def administer(world: World) -> None:
    """A unit gets its next key; the one before ends soon, or was stolen and ends now."""
    unit = world.chance.choice(world.units)
    old = signer(unit, world.generation[unit])
    new = signer(unit, world.generation[unit] + 1)
    now = world.clock.now()
    stolen = world.chance.random() < 0.3

    def change(directory: Directory) -> Directory:
        if stolen:
            directory = revoke_key(directory, unit, old.fingerprint, now, "stolen")
        else:
            directory = end_key(directory, unit, old.fingerprint, now + _OVERLAP)
        return add_key(directory, unit, key_entry(new.certificate))

    world.points.quiet = True
    world.administrator.change(change)
    world.points.quiet = False
    if stolen:
        world.stolen.append((unit, world.generation[unit]))
    world.generation[unit] += 1
    world.event(f"{unit} gets key {world.generation[unit]}{' for a stolen one' if stolen else ''}")
