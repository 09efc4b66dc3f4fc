"""The round trip of a test document: from a unit here to another one, and back by a recall.

Only when asked for: it is a document like any other, in quota and ledger, and the other unit's office sees it come and
go. Not here: what the doctor looks at without one (`checks_*`).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from exchange.cli.doctor.checks import Finding, failure, fine
from exchange.cli.failure import fail
from exchange.cli.language import say
from exchange.cli.naming import find_unit, unit_name
from exchange.model.calendar import COUNTY_TIME
from exchange.model.events import BusinessState, TransportState

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.model.envelope import EnvelopeKey
    from exchange.model.fold import DeliveryState
    from exchange.model.unit import UnitCode
    from exchange.ports.office import Draft
    from exchange.wiring.desk import Desk

__all__ = ["Trip", "round_trip"]

_CHECK = "round-trip"
_LOOK_SECONDS = 0.2
_TITLE = "联通测试，请勿办理，随即撤回 A test of the way, recalled at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """`to`, `sender`: a code or a name, as a person typed it; no sender: the first unit here that is not `to`.
    `patience`: for each half of the way."""

    to: str
    sender: str | None
    person: str
    patience: timedelta


def round_trip(desk: "Desk", trip: Trip, sleep: Callable[[float], None] = time.sleep) -> Iterator[Finding]:
    """Sends, waits until it is delivered, recalls it in any case, and waits until it came back."""
    directory = desk.directory()
    recipient = find_unit(directory, trip.to)
    sender = _sender(desk, directory, trip, recipient)
    there = f"{unit_name(directory, sender)} → {unit_name(directory, recipient)}"
    key = desk.node.submitter.submit(_draft(directory, sender, recipient, trip.person)).key

    def watch(enough: "Callable[[DeliveryState], bool]") -> "tuple[DeliveryState, float]":
        began = time.monotonic()
        while not enough(state := _state(desk, key)) and time.monotonic() - began < trip.patience.total_seconds():
            sleep(_LOOK_SECONDS)
        return state, time.monotonic() - began

    out, out_took = watch(lambda state: state.transport.settled)
    if out.transport is TransportState.REFUSED:
        why = out.failed.text if out.failed else ""
        found = say(f"{there}：交换中心不予受理：{why}", f"{there}: the hub refuses it: {why}")
        yield failure(_CHECK, found, "yidi track " + key.id[:8])
        return
    desk.node.recaller.recall(key, trip.person, say("联通测试", "a test of the way"))
    if out.transport is not TransportState.DELIVERED:
        yield failure(_CHECK, f"{there}{_stuck(out)}", _cure(out, key))
        return
    back, back_took = watch(lambda state: state.business >= BusinessState.RECALLED)
    if back.business < BusinessState.RECALLED:
        found = say(
            f"{there}：已送达，但撤回未得答复（{back.business.chinese}）",
            f"{there}: delivered, but its recall was not answered ({back.business.name})",
        )
        cure = say(
            f"对方节点可能未开启自动退还，请其答复撤回：yidi track {key.id[:8]}",
            f"the other node may ask a person first: have it answered; yidi track {key.id[:8]}",
        )
        yield failure(_CHECK, found, cure)
    else:
        yield fine(
            _CHECK,
            say(
                f"{there}：{out_took:.1f} 秒送达并得回执，{back_took:.1f} 秒撤回",
                f"{there}: delivered and receipted in {out_took:.1f} s, recalled in {back_took:.1f} s",
            ),
        )


def _sender(desk: "Desk", directory: "Directory", trip: Trip, recipient: "UnitCode") -> "UnitCode":
    with desk.node_store.begin() as session:
        hosted = sorted(session.units())
    if trip.sender is not None:
        return find_unit(directory, trip.sender)
    others = [unit for unit in hosted if unit != recipient and directory.is_active(unit)]
    if not others:
        raise fail(
            "VALUE",
            "往返测试须由本机单位发给另一单位：本机没有可用的发文单位",
            "a round trip goes from a unit here to another one: there is none here to send from",
        )
    return others[0]


def _draft(directory: "Directory", sender: "UnitCode", recipient: "UnitCode", person: str) -> "Draft":
    from exchange.model.document import DocumentType, Metadata
    from exchange.ports.office import Address, Draft

    local, name = datetime.now(UTC).astimezone(COUNTY_TIME), unit_name(directory, sender)
    return Draft(
        sender=sender,
        to=(Address(to=recipient),),
        metadata=Metadata(
            document_identifier=f"{sender}-test-{local:%Y%m%d%H%M%S}",
            document_type=DocumentType.LETTER,
            title=_TITLE,
            issuer_identification=(name,),
            issuer_signatures=(name,),
            issued_date=local.date(),
            signers=(person,),
            main_receivers=(unit_name(directory, recipient),),
        ),
        content=_TITLE,
        operator=person,
        declared_by=person,
    )


def _state(desk: "Desk", key: "EnvelopeKey") -> "DeliveryState":
    with desk.node_store.look() as session:
        (delivery,) = session.deliveries(key.sender, key)
    return delivery.state


def _stuck(state: "DeliveryState") -> str:
    if state.transport < TransportState.ACCEPTED:
        return say("：未得到交换中心受理", ": the hub has not accepted it")
    return say(
        f"：交换中心已受理，未送达（{state.transport.chinese}）",
        f": accepted by the hub, not delivered ({state.transport.name})",
    )


def _cure(state: "DeliveryState", key: "EnvelopeKey") -> str:
    if state.transport < TransportState.ACCEPTED:
        return say(
            "本机是否在运行？见上面 broker、outbox 各项；交换中心是否在运行？已请求撤回",
            "does this node run? See broker and outbox above; does the hub? Its recall is asked for",
        )
    return say(
        f"对方节点是否在运行？在交换中心 yidi hub online；已请求撤回。yidi track {key.id[:8]}",
        f"does the other node run? yidi hub online at the hub; its recall is asked for. yidi track {key.id[:8]}",
    )
