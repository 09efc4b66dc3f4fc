"""`yidi track`: who has a document, who signed for it and when; without an id, the documents sent from this machine."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, sent_document, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import brief, is_terminal, local, named, show_json, show_table, stamp
from exchange.model.events import BusinessState, TransportState
from exchange.model.receipt import Reason

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.model.envelope import Envelope
    from exchange.model.fold import DeliveryState
    from exchange.model.receipt import Receipt
    from exchange.ports.records import DeliveryRecord
    from exchange.wiring.desk import Desk

__all__ = ["register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What the sender holds about one of its documents."""

    directory: "Directory"
    envelope: "Envelope"
    deliveries: "Sequence[DeliveryRecord]"
    receipts: "Sequence[Receipt]"

    @property
    def delivered(self) -> int:
        return sum(one.state.transport is TransportState.DELIVERED for one in self.deliveries)

    @property
    def signed(self) -> int:
        return sum(one.state.signed is not None for one in self.deliveries)

    @property
    def open(self) -> bool:
        return any(one.state.open for one in self.deliveries)


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "公文在谁手里。\n\n每个收文单位的传输与办理状态、时间与签收人，以及经过。不给编号则列出最近发出的公文。",
            "Who has a document.\n\nEach recipient's states, times and signer, and the timeline. Without an id, what "
            "was sent lately.",
        ),
        epilog="yidi track 3f2a9c01\n\nyidi track 3f2a9c01 --watch\n\nyidi track --unit 区委办 --json",
    )(track)


def track(
    document_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help=both("编号或其开头", "id or its beginning"))
    ] = None,
    data: Data = DEFAULT_DATA,
    unit: Annotated[
        str | None, typer.Option("--unit", "-u", help=both("发文单位", "the sender"), autocompletion=complete_unit)
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help=both("持续显示，直到全部签收", "follow until all have signed"))
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=both("列出时至多几件", "at most, when listing"))] = 50,
    as_json: AsJson = False,
) -> None:
    if document_id is None:
        _list(data, unit, limit, as_json=as_json)
    elif watch and not as_json:
        _watch(data, document_id, unit)
    else:
        tracked = _load(data, document_id, unit)
        if as_json:
            show_json(_value(tracked))
        else:
            _print(tracked)


def _load(data: Path, document_id: str, unit: str | None) -> Tracked:
    with desk(data) as opened:
        return _read(opened, document_id, unit)


def _read(opened: "Desk", document_id: str, unit: str | None) -> Tracked:
    from exchange.codec.read import read_envelope, read_receipt
    from exchange.ports.node import Box

    directory = opened.directory()
    code = find_unit(directory, unit) if unit else None
    with opened.node_store.begin() as session:
        key = sent_document(session, code, document_id)
        record = session.documents(Box.SENT, [(key.sender, key)])[(key.sender, key)]
        deliveries = session.deliveries(key.sender, key)
        receipts = session.receipts_of(key.sender, key)
    return Tracked(
        directory=directory,
        envelope=read_envelope(record.document),
        deliveries=sorted(deliveries, key=lambda one: one.key.recipient),
        receipts=sorted(
            (read_receipt(one.document) for one in receipts),
            key=lambda one: (one.at, one.id),
        ),
    )


def _watch(data: Path, document_id: str, unit: str | None) -> None:
    shown: object = None
    with desk(data) as opened:
        while True:
            tracked = _read(opened, document_id, unit)
            if (now := [one.state for one in tracked.deliveries]) != shown:
                shown = now
                if is_terminal():
                    print("\033[2J\033[H", end="")  # clear the screen, to the top
                _print(tracked)
            if not tracked.open:
                return
            time.sleep(1)


def _print(tracked: Tracked) -> None:
    envelope, directory = tracked.envelope, tracked.directory
    print(f"{envelope.metadata.title}  {envelope.metadata.issued_number or ''}".rstrip())
    print(f"{say('编号', 'id')} {envelope.id}  {unit_name(directory, envelope.sender)} {envelope.sender}  "
          f"{say('发送', 'sent')} {local(envelope.created)}")  # fmt: skip
    total = len(tracked.deliveries)
    print(
        f"{named(TransportState.DELIVERED)} {tracked.delivered}/{total}",
        f" {named(BusinessState.SIGNED)} {tracked.signed}/{total}",
    )
    for receipt in tracked.receipts:
        if receipt.reason is Reason.QUOTA:
            print(_over_quota(receipt))
    roles = {one.unit: one.role.chinese for one in envelope.recipients}
    rows = [
        (
            unit_name(directory, one.key.recipient),
            roles.get(one.key.recipient, ""),
            named(one.state.transport),
            brief(one.state.delivered.at) if one.state.delivered else "",
            named(one.state.business),
            brief(one.state.signed.at) if one.state.signed else "",
            one.state.signed.person if one.state.signed else "",
            _remark(one.state),
        )
        for one in tracked.deliveries
    ]
    columns = [
        ("收文单位", "recipient"), ("方式", "as"), ("传输", "transport"), ("送达", "delivered"), ("办理", "business"),
        ("签收", "signed"), ("签收人", "by"), ("备注", "remark"),
    ]  # fmt: skip
    show_table(columns, rows)
    _print_events(tracked)


def _print_events(tracked: Tracked) -> None:
    rows = [
        (
            brief(one.at),
            named(one.event),
            unit_name(tracked.directory, one.subject.recipient if one.subject else None),
            one.actor.person or (unit_name(tracked.directory, one.actor.unit) or say("交换中心", "hub")),
            " ".join(filter(None, (one.reason, one.text))),
        )
        for one in tracked.receipts
    ]
    columns = [("时间", "time"), ("经过", "event"), ("收文单位", "recipient"), ("由", "by"), ("说明", "words")]
    show_table(columns, rows, title=say("经过", "timeline"))


def _over_quota(receipt: "Receipt") -> str:
    """What to do: this document is at its end, and a new one will do only when the day is over."""
    until = dict(receipt.attributes).get("until", "")
    with suppress(ValueError):  # another hub's way to write it, shown as it is
        until = local(datetime.fromisoformat(until))
    return say(
        f"超出每日发文限额，未受理。{until} 起请用 yidi send 重新发送，会得到新的编号（用过 --reference 的须换一个）；"
        "本编号不再受理。",
        f"Over the day's quota, not accepted. From {until} on, send it anew with yidi send, which gives a new id (with "
        "--reference: another one); this id stays refused.",
    )


def _remark(state: "DeliveryState") -> str:
    # Whose text is long and the same for every recipient stands above the table.
    moments = [moment for moment in (state.failed, state.closed) if moment]
    words = [
        moment.reason if moment.reason == Reason.QUOTA else " ".join(filter(None, (moment.reason, moment.text)))
        for moment in moments
    ]
    if state.reminders:
        words.append(say(f"催办 {state.reminders} 次", f"reminded {state.reminders} times"))
    if state.recall_denied:
        words.append(say("撤回被拒", "recall denied") + f" {state.recall_denied.text}")
    return "; ".join(filter(None, words))


def _value(tracked: Tracked) -> dict[str, object]:
    envelope, directory = tracked.envelope, tracked.directory
    roles = {one.unit: one.role.value for one in envelope.recipients}
    return {
        "id": envelope.id,
        "sender": envelope.sender,
        "title": envelope.metadata.title,
        "sent": stamp(envelope.created),
        "sign_by": stamp(envelope.sign_by),
        "total": len(tracked.deliveries),
        "delivered": tracked.delivered,
        "signed": tracked.signed,
        "open": tracked.open,
        "recipients": [
            {
                "unit": one.key.recipient,
                "name": unit_name(directory, one.key.recipient),
                "role": roles.get(one.key.recipient),
                **_state_value(one.state),
            }
            for one in tracked.deliveries
        ],
        "events": [
            {
                "at": stamp(one.at),
                "event": one.event.name,
                "event_zh": one.event.chinese,
                "recipient": one.subject.recipient if one.subject else None,
                "by": one.actor.unit,
                "person": one.actor.person,
                "reason": one.reason,
                "text": one.text,
                "attributes": dict(one.attributes),
                "receipt": one.id,
            }
            for one in tracked.receipts
        ],
    }


def _state_value(state: "DeliveryState") -> dict[str, object]:
    ended = state.closed or state.failed
    return {
        "transport": state.transport.name,
        "transport_zh": state.transport.chinese,
        "business": state.business.name,
        "business_zh": state.business.chinese,
        "delivered": stamp(state.delivered.at) if state.delivered else None,
        "signed": stamp(state.signed.at) if state.signed else None,
        "signed_by": state.signed.person if state.signed else None,
        "first_read": stamp(state.first_read.at) if state.first_read else None,
        "reminders": state.reminders,
        "reason": ended.reason if ended else None,
        "text": ended.text if ended else None,
    }


def _list(data: Path, unit: str | None, limit: int, *, as_json: bool) -> None:
    from exchange.ports.node import Box

    with desk(data) as opened:
        directory = opened.directory()
        with opened.node_store.begin() as session:
            units = [find_unit(directory, unit)] if unit else session.units()
            listed = [item for code in units for item in session.listing(code, Box.SENT, limit)]
    listed = sorted(listed, key=lambda item: item[0].received, reverse=True)[:limit]
    values = [
        {
            "id": document.key.id,
            "sender": document.key.sender,
            "sender_name": unit_name(directory, document.key.sender),
            "title": document.title,
            "sent": stamp(document.received),
            "total": len(deliveries),
            "delivered": sum(one.state.transport is TransportState.DELIVERED for one in deliveries),
            "signed": sum(one.state.signed is not None for one in deliveries),
        }
        for document, deliveries in listed
    ]
    if as_json:
        show_json(values)
        return
    rows = [
        (
            str(value["id"])[:8],
            value["sender_name"],
            value["title"],
            local(document.received),
            f"{value['delivered']}/{value['total']}",
            f"{value['signed']}/{value['total']}",
        )
        for value, (document, _) in zip(values, listed, strict=True)
    ]
    columns = [
        ("编号", "id"), ("发文单位", "from"), ("标题", "title"), ("发送", "sent"), ("送达", "delivered"),
        ("签收", "signed"),
    ]  # fmt: skip
    show_table(columns, rows)
