"""`yidi sign`, `reject`, `return`, `feedback`, `answer-recall`: what a named person of the receiving unit decides."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, received_document, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, named, show_json, stamp
from exchange.model.receipt import Reason

if TYPE_CHECKING:
    from exchange.model.envelope import EnvelopeKey
    from exchange.model.receipt import Receipt
    from exchange.model.unit import UnitCode
    from exchange.services.node.decide import Decider

__all__ = ["register"]

DocumentId = Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))]
Unit = Annotated[
    str | None,
    typer.Option("--unit", "-u", help=both("收文单位", "the unit that holds it"), autocompletion=complete_unit),
]
Person = Annotated[str, typer.Option("--person", "-p", help=both("签收人等，具名", "the named person who decides"))]
Text = Annotated[str, typer.Option(help=both("说明", "in words"))]
Why = Annotated[Reason, typer.Option("--reason", help=both("原因代码", "reason code"))]


def register(application: typer.Typer) -> None:
    application.command(
        help=both("签收：核对文件完整后由具名的人签收", "sign for a document, after its files were checked"),
        epilog="yidi sign 3f2a9c01 --unit 区财政局 --person 李四",
    )(sign)
    application.command(
        help=both("拒收（签收前）", "reject a document, before signing"),
        epilog="yidi reject 3f2a9c01 -u 区财政局 -p 李四 --reason WRONG_UNIT --text 非本单位职责",
    )(reject)
    application.command(
        "return",
        help=both("退文（签收后）", "send a document back, after signing"),
        epilog="yidi return 3f2a9c01 -u 区财政局 -p 李四 --reason INCOMPLETE --text 缺附件二",
    )(send_back)
    application.command(help=both("办理反馈（签收后）", "tell the sender what was done, after signing"))(feedback)
    application.command(
        help=both("答复已签收公文的撤回请求", "answer a recall that came after signing"),
        epilog="yidi answer-recall 3f2a9c01 -u 区财政局 -p 李四 --keep --text 已办理",
    )(answer_recall)


def sign(
    document_id: DocumentId, person: Person, unit: Unit = None, data: Data = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    _decide(document_id, unit, data, lambda by, code, key: by.sign(code, key, person), as_json=as_json)


def reject(
    document_id: DocumentId,
    person: Person,
    reason: Why,
    text: Text,
    unit: Unit = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    _decide(document_id, unit, data, lambda by, code, key: by.reject(code, key, person, reason, text), as_json=as_json)


def send_back(
    document_id: DocumentId,
    person: Person,
    reason: Why,
    text: Text,
    unit: Unit = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    _decide(
        document_id, unit, data, lambda by, code, key: by.send_back(code, key, person, reason, text), as_json=as_json
    )


def feedback(
    document_id: DocumentId,
    person: Person,
    text: Text,
    unit: Unit = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    _decide(document_id, unit, data, lambda by, code, key: by.answer(code, key, person, text), as_json=as_json)


def answer_recall(
    document_id: DocumentId,
    person: Person,
    give_back: Annotated[
        bool, typer.Option("--give-back/--keep", help=both("同意撤回，或保留", "give it back, or keep it"))
    ],
    text: Text = "",
    unit: Unit = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    def answer(by: "Decider", code: "UnitCode", key: "EnvelopeKey") -> "Receipt":
        return by.give_back(code, key, person) if give_back else by.keep(code, key, person, text)

    _decide(document_id, unit, data, answer, as_json=as_json)


def _decide(
    document_id: str,
    unit: str | None,
    data: Path,
    decision: "Callable[[Decider, UnitCode, EnvelopeKey], Receipt]",
    *,
    as_json: bool,
) -> None:
    with desk(data) as opened:
        directory = opened.directory()
        wanted = find_unit(directory, unit) if unit else None
        with opened.node_store.begin() as session:
            code, key = received_document(session, wanted, document_id)
        receipt = decision(opened.node.decider, code, key)
    if as_json:
        show_json({"receipt": receipt.id, "event": receipt.event, "id": key.id, "unit": code, "at": stamp(receipt.at)})
        return
    print(f"{named(receipt.event)}  {unit_name(directory, code)}  {receipt.actor.person}  {local(receipt.at)}")
    print(say("回执已签名待发", "the receipt is signed and on its way"), receipt.id)
