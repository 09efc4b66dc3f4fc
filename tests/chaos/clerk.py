"""The people of one node, beside its process as any command is: they send, sign, refuse and ask back.

What they were promised goes to the history: `intend` before a document is handed to the node, `sent` once the node has
answered. A clerk that was killed begins again at its first document without an answer, under the same reference, as a
person would who does not know what became of it.
"""

import argparse
import io
import json
import random
import time
from datetime import date
from functools import partial
from pathlib import Path

from exchange.cli.process import told_to_stop
from exchange.errors import YidiError
from exchange.model.document import DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import FileRole
from exchange.model.events import BusinessState
from exchange.model.receipt import Reason
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.office import Address, Draft, DraftFile
from exchange.storage import open_node_store
from exchange.transport.portable import PortableTransport
from exchange.trial.county import QuietLog
from exchange.wiring.node import NodeServices, open_node
from exchange.wiring.places import NodePlace
from tests.chaos.hooks import Hooks, history_of
from tests.simulation.world import NoMetrics

__all__ = ["add_arguments", "run_clerk"]

_SIZES = (10, 3_000, 60_000)
# A machine that is slow to begin again what died would be given more than it can carry, and prove no more by it.
_MOST_OPEN = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--documents", type=int, required=True, help="how many it sends")
    parser.add_argument("--pause", type=float, required=True, help="seconds between two deeds, at most twice that")
    parser.add_argument("--units", required=True, help="its own units, separated by commas")
    parser.add_argument("--county", required=True, help="all units")


class _NoFeed:
    def newer(self, version: int) -> bytes | None:
        return None


def run_clerk(arguments: argparse.Namespace, hooks: Hooks) -> None:
    place = NodePlace.open(arguments.data)
    root: Path = arguments.data.parent
    store = hooks.store(open_node_store)(place.layout.node_database())
    publisher = PortableTransport("memory://").publisher()  # a clerk publishes nothing
    parts = hooks.parts(root / "offices" / arguments.data.name)
    node = open_node(place.home(), store, None, _NoFeed(), publisher, NoMetrics(), QuietLog(), parts)  # type: ignore[arg-type]  # nor does it move files
    own, county = arguments.units.split(","), arguments.county.split(",")
    answered = _answered(history_of(root, hooks.name))
    for number in range(arguments.documents):
        if number in answered:
            continue
        chance = random.Random(f"{arguments.seed}/{arguments.data.name}/{number}")
        while _is_behind(node):
            if told_to_stop(0.5):
                return
        draft = _draft(chance, number, UnitCode(chance.choice(own)), [UnitCode(unit) for unit in county])
        _send(node, hooks, number, draft)
        _speak(node, hooks, chance)
        if told_to_stop(chance.uniform(0, 2 * arguments.pause)):
            return
    # What arrives last is signed for, too.
    chance = random.Random(f"{arguments.seed}/{arguments.data.name}/signing")
    hooks.write(act="done")
    while not told_to_stop(0.3):
        _speak(node, hooks, chance)


def _is_behind(node: NodeServices) -> bool:
    """A person who sees that nothing goes out waits before writing more."""
    with node.node.store.look() as session:
        return session.counts()["outbox_open"] > _MOST_OPEN


def _answered(history: Path) -> set[int]:
    lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    return {line["number"] for line in lines if line["act"] in ("sent", "refused")}


def _send(node: NodeServices, hooks: Hooks, number: int, draft: Draft) -> None:
    """Again and again until the node has answered: a full disk is no answer."""
    while True:
        hooks.write(act="intend", number=number)
        try:
            done = node.submitter.submit(draft)
        except YidiError as error:
            if not error.retryable:
                hooks.write(act="refused", number=number, code=error.code)
                return
            hooks.write(act="not_now", number=number, code=error.code)
            time.sleep(0.5)
        else:
            recipients = [str(unit) for unit in done.recipients]
            hooks.write(act="sent", number=number, sender=done.key.sender, id=done.key.id, recipients=recipients)
            return


def _draft(chance: random.Random, number: int, sender: UnitCode, county: list[UnitCode]) -> Draft:
    others = [unit for unit in county if unit != sender]
    chosen = others if chance.random() < 0.2 else chance.sample(others, chance.randint(1, min(3, len(others))))
    sizes = chance.sample(_SIZES, chance.choice((0, 0, 0, 1, 2)))
    urgent = EmergencyDegree.EXTRA_URGENT if chance.random() < 0.2 else None
    return Draft(
        sender=sender,
        to=tuple(Address(to=unit) for unit in chosen),
        metadata=Metadata(
            document_identifier=f"OID.{number}",
            document_type=DocumentType.NOTICE,
            title="关于开展安全检查的通知",
            emergency_degree=urgent,
            issuer_identification=("测试县",),
            issuer_signatures=("测试县",),
            issued_date=date(2026, 3, 1),
        ),
        content="请按要求落实。",
        files=tuple(_file(chance.getrandbits(32), size) for size in sizes),
        operator="张三",
        declared_by="张三",
        reference=f"chaos-{number}",
    )


def _file(seed: int, size: int) -> DraftFile:
    return DraftFile(
        role=FileRole.ATTACHMENT,
        name=f"附件{size}.bin",
        media_type="application/octet-stream",
        open=lambda: io.BytesIO(random.Random(seed).randbytes(size)),
    )


def _speak(node: NodeServices, hooks: Hooks, chance: random.Random) -> None:
    """Somebody says something about a document that lies unsigned in an inbox; now and then a sender asks one back."""
    with node.node.store.begin() as session:
        units = session.units()
        waiting = [
            (unit, document.key)
            for unit in units
            for document, deliveries in session.listing(unit, Box.INBOX, 50)
            if all(one.state.business is BusinessState.UNSIGNED for one in deliveries)
        ]
        sent = [(unit, document.key) for unit in units for document, _ in session.listing(unit, Box.SENT, 5)]
    deeds = []
    for unit, key in chance.sample(waiting, min(len(waiting), 5)):
        sign = partial(node.decider.sign, unit, key, "李四")
        reject = partial(node.decider.reject, unit, key, "李四", Reason.WRONG_UNIT, "不属本单位职责")
        deeds.append(sign if chance.random() < 0.9 else reject)
    if sent and chance.random() < 0.05:
        unit, key = chance.choice(sent)
        deeds.append(partial(node.recaller.recall, key, "张三", "发错了"))
    for deed in deeds:
        try:
            deed()
        except YidiError as error:
            hooks.write(act="not_said", code=error.code)
