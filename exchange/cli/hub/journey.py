"""`yidi hub journey`: one document as the hub saw it: its recipients' states, and everything recorded about it.

Not here: what its sender's node holds (`yidi track`), and proof (`yidi evidence export`).
"""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import hub_document, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, named, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.records import DeliveryRecord
    from exchange.services.hub.journey import Journey, Step

__all__ = ["add_journey_command"]


def add_journey_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "一件公文的全程：各收文单位的状态、下次投递，以及按登记先后的全部经过",
            "one document's journey: each recipient's state and next dispatch, and all that was recorded of it",
        ),
        epilog="yidi hub journey 3f2a9c01\n\nyidi hub journey 3f2a9c01 --json",
    )(journey)


def journey(
    document_id: Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))],
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    from exchange.services.hub.journey import journey as journey_of
    from exchange.wiring.archive import open_shelf

    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        shelf = open_shelf(opened.hub_home, [])
        try:
            with opened.hub_store.begin() as session:
                found = journey_of(session, shelf, hub_document(session, document_id))
        finally:
            shelf.close()
    assert found is not None  # found a moment ago, and documents stay
    if as_json:
        show_json(_value(directory, found))
    else:
        _print(directory, found)


def _print(directory: "Directory", found: "Journey") -> None:
    document = found.document
    print(document.title)
    print(
        f"{say('编号', 'id')} {document.key.id} ",
        f"{unit_name(directory, document.key.sender)} {document.key.sender} ",
        f"{say('受理', 'accepted')} {local(document.received)} ",
        f"{say('账本', 'ledger')} {_place(found.leaf)}",
    )
    columns = [
        ("收文单位", "recipient"), ("传输", "transport"), ("办理", "business"), ("投递次数", "dispatches"),
        ("下次投递", "next"), ("签收人", "by"),
    ]  # fmt: skip
    show_table(columns, [_delivery_row(directory, one) for one in found.deliveries])
    columns = [
        ("登记", "recorded"), ("经过", "event"), ("收文单位", "recipient"), ("由", "by"), ("账本", "ledger"),
        ("说明", "words"),
    ]  # fmt: skip
    show_table(columns, [_step_row(directory, step) for step in found.steps], title=say("经过", "timeline"))


def _place(leaf: int | None) -> str:
    return say("待封存", "unsealed") if leaf is None else str(leaf)


def _delivery_row(directory: "Directory", one: "DeliveryRecord") -> tuple[object, ...]:
    state = one.state
    return (
        unit_name(directory, one.key.recipient),
        named(state.transport),
        named(state.business),
        one.attempts,
        local(one.due),
        state.signed.person if state.signed else "",
    )


def _step_row(directory: "Directory", step: "Step") -> tuple[object, ...]:
    said = step.said
    if said is None:
        by, words = "", say("原件在存档中：", "archived: ") + ", ".join(step.record.archived)
    else:
        by = said.actor.person or unit_name(directory, said.actor.unit) or say("交换中心", "hub")
        words = " ".join(filter(None, (said.reason, said.text)))
    recipient = unit_name(directory, step.record.recipient)
    return local(step.at), named(step.record.event), recipient, by, _place(step.leaf), words


def _value(directory: "Directory", found: "Journey") -> dict[str, object]:
    document = found.document
    return {
        "id": document.key.id,
        "sender": document.key.sender,
        "sender_name": unit_name(directory, document.key.sender),
        "title": document.title,
        "accepted": stamp(document.received),
        "digest": document.digest,
        "ledger": found.leaf,
        "recipients": [
            {
                "unit": one.key.recipient,
                "name": unit_name(directory, one.key.recipient),
                "transport": one.state.transport.name,
                "business": one.state.business.name,
                "dispatches": one.attempts,
                "next": stamp(one.due),
                "signed_by": one.state.signed.person if one.state.signed else None,
            }
            for one in found.deliveries
        ],
        "steps": [_step_value(step) for step in found.steps],
    }


def _step_value(step: "Step") -> dict[str, object]:
    said = step.said
    return {
        "recorded": stamp(step.at),
        "at": stamp(step.record.at),
        "event": step.record.event.name,
        "event_zh": step.record.event.chinese,
        "recipient": step.record.recipient,
        "by": said.actor.unit if said else None,
        "person": said.actor.person if said else None,
        "reason": said.reason if said else None,
        "text": said.text if said else None,
        "receipt": step.record.id,
        "ledger": step.leaf,
        "archived": list(step.record.archived),
    }
