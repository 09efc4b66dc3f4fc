"""`yidi inbox` and `yidi show`: what units of this machine have received."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from exchange.cli.hub.notice import tell_notices
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, received_document, sent_document, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, named, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.model.envelope import Envelope, EnvelopeKey
    from exchange.model.unit import UnitCode
    from exchange.ports.node import Box, NodeSession
    from exchange.ports.records import DeliveryRecord, DocumentRecord

__all__ = ["register"]

Unit = Annotated[
    str | None,
    typer.Option(
        "--unit",
        "-u",
        help=both("收文单位；省略为本机全部", "receiving unit; all here if left out"),
        autocompletion=complete_unit,
    ),
]


def register(application: typer.Typer) -> None:
    application.command(
        help=both("收件箱，新的在前", "the inbox, newest first"), epilog="yidi inbox --unit 区财政局 --open"
    )(inbox)
    application.command(
        help=both("查看一件公文；--save 存出其文件", "one document; --save writes its files"),
        epilog="yidi show 3f2a9c01 --unit 区财政局 --save ./收文",
    )(show)


def inbox(
    unit: Unit = None,
    data: Data = DEFAULT_DATA,
    only_open: Annotated[bool, typer.Option("--open", help=both("只看待签收", "only what waits for signing"))] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=both("每单位至多几件", "at most, per unit"))] = 100,
    as_json: AsJson = False,
) -> None:
    from exchange.ports.node import Box

    with desk(data) as opened:
        directory = opened.directory()
        with opened.node_store.begin() as session:
            units = [find_unit(directory, unit)] if unit else session.units()
            notices = [(code, one) for code, one in session.notices(opened.node.node.clock.now()) if code in units]
            listed = [
                (code, document, deliveries[0])
                for code in units
                for document, deliveries in session.listing(code, Box.INBOX, limit)
                if deliveries and (not only_open or deliveries[0].state.open)
            ]
    listed.sort(key=lambda item: item[1].received, reverse=True)
    if as_json:
        show_json([_value(directory, *item) for item in listed])
        return
    tell_notices(notices)
    rows = [
        (
            document.key.id[:8],
            unit_name(directory, code),
            unit_name(directory, document.key.sender),
            ("【急】" if document.urgent else "") + document.title,
            local(document.received),
            named(delivery.state.business),
            delivery.state.signed.person if delivery.state.signed else "",
        )
        for code, document, delivery in listed
    ]
    columns = [
        ("编号", "id"), ("收文单位", "unit"), ("发文单位", "from"), ("标题", "title"), ("收到", "received"),
        ("状态", "state"), ("签收人", "signed by"),
    ]  # fmt: skip
    show_table(columns, rows)


def _value(
    directory: "Directory", unit: str, document: "DocumentRecord", delivery: "DeliveryRecord"
) -> dict[str, object]:
    state = delivery.state
    return {
        "id": document.key.id,
        "unit": unit,
        "sender": document.key.sender,
        "sender_name": unit_name(directory, document.key.sender),
        "title": document.title,
        "urgent": document.urgent,
        "received": stamp(document.received),
        "sign_by": stamp(delivery.sign_by),
        "state": state.business.name,
        "state_zh": state.business.chinese,
        "signed": stamp(state.signed.at) if state.signed else None,
        "signed_by": state.signed.person if state.signed else None,
    }


def show(
    document_id: Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))],
    unit: Unit = None,
    data: Data = DEFAULT_DATA,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help=both("把文件存到这个目录", "write its files into DIR"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.codec.read import read_envelope

    with desk(data) as opened:
        directory = opened.directory()
        code = find_unit(directory, unit) if unit else None
        with opened.node_store.begin() as session:
            holder, box, key = _held(session, code, document_id)
            record = session.documents(box, [(holder, key)])[(holder, key)]
        envelope = read_envelope(record.document)
        if save is not None:
            for path in _save(envelope, save, opened.node.node.files.open):
                if not as_json:
                    print(path)
    if as_json:
        show_json(_envelope_value(directory, envelope, record))
    else:
        _print(directory, envelope, record)


def _held(session: "NodeSession", unit: "UnitCode | None", text: str) -> "tuple[UnitCode, Box, EnvelopeKey]":
    """A document that this machine received or sent. All who hold it hold the same bytes: any copy will do."""
    from exchange.ports.node import Box

    found = {key: holder for holder, key in session.find(unit, Box.INBOX, text)}
    if len(found) == 1:
        ((key, holder),) = found.items()
        return holder, Box.INBOX, key
    if found:
        holder, key = received_document(session, unit, text)  # says which
        return holder, Box.INBOX, key
    key = sent_document(session, unit, text)
    return key.sender, Box.SENT, key


def _save(envelope: "Envelope", target: Path, open_file: Callable[[str], BinaryIO]) -> Iterator[Path]:
    """Where each file lies now. Names were checked when the envelope was made and when it was read: none leads out of
    `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in envelope.files:
        path = target / entry.name
        with open_file(entry.sha256) as source, path.open("xb") as copy:
            shutil.copyfileobj(source, copy)
        yield path


def _rows(directory: "Directory", envelope: "Envelope", record: "DocumentRecord") -> list[tuple[str, str]]:
    metadata = envelope.metadata
    return [
        (say("编号", "id"), envelope.id),
        (say("标题", "title"), metadata.title),
        (say("发文单位", "from"), f"{unit_name(directory, envelope.sender)} {envelope.sender}"),
        (say("文种", "type"), metadata.document_type.chinese),
        (say("发文字号", "number"), metadata.issued_number or ""),
        (say("紧急程度", "urgency"), metadata.emergency_degree or ""),
        (say("签发人", "signers"), "、".join(metadata.signers)),
        (say("主送", "to"), "、".join(metadata.main_receivers)),
        (say("抄送", "copies"), "、".join(metadata.copy_receivers)),
        (say("成文日期", "date"), str(metadata.issued_date)),
        (say("收到", "received"), local(record.received)),
        (say("签收期限", "sign by"), local(envelope.sign_by)),
        (say("不涉密声明", "not classified, says"), envelope.declaration.name),
        (say("正文", "text"), envelope.content or ""),
        *((entry.role.chinese, f"{entry.name} ({entry.size:,} B)") for entry in envelope.files),
        (say("信封摘要", "digest"), record.digest),
    ]


def _print(directory: "Directory", envelope: "Envelope", record: "DocumentRecord") -> None:
    rows = [row for row in _rows(directory, envelope, record) if row[1]]
    show_table([("项目", "what"), ("内容", "content")], rows)


def _envelope_value(directory: "Directory", envelope: "Envelope", record: "DocumentRecord") -> dict[str, object]:
    metadata = envelope.metadata
    return {
        "id": envelope.id,
        "sender": envelope.sender,
        "sender_name": unit_name(directory, envelope.sender),
        "title": metadata.title,
        "type": metadata.document_type.value,
        "type_zh": metadata.document_type.chinese,
        "number": metadata.issued_number,
        "urgency": metadata.emergency_degree,
        "created": stamp(envelope.created),
        "received": stamp(record.received),
        "sign_by": stamp(envelope.sign_by),
        "content": envelope.content,
        "recipients": [{"code": one.unit, "role": one.role.value} for one in envelope.recipients],
        "files": [
            {"role": one.role.value, "name": one.name, "size": one.size, "sha256": one.sha256} for one in envelope.files
        ],
        "digest": record.digest,
    }
