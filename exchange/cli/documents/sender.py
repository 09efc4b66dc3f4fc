"""`yidi recall` and `yidi remind`: what a sender may still do about a document."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, sent_document, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import show_json

__all__ = ["register"]

DocumentId = Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))]
Person = Annotated[str, typer.Option("--person", "-p", help=both("经办人", "who asks"))]
Recipients = Annotated[
    list[str] | None,
    typer.Option(
        "--unit", "-u", help=both("只对这些收文单位，可重复", "only these recipients"), autocompletion=complete_unit
    ),
]


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "撤回：未签收的由对方节点自动退还，已签收的由对方决定", "recall: unsigned copies come back by themselves"
        ),
        epilog="yidi recall 3f2a9c01 --person 张三 --text 附件有误",
    )(recall)
    application.command(
        help=both("催办：未签收的全部，或用 --unit 指明", "remind all who have not signed, or those named by --unit"),
        epilog="yidi remind 3f2a9c01 --person 张三 --text 请今日签收",
    )(remind)


def recall(
    document_id: DocumentId,
    person: Person,
    text: Annotated[str, typer.Option(help=both("理由", "why"))],
    unit: Recipients = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    with desk(data) as opened:
        directory = opened.directory()
        with opened.node_store.begin() as session:
            key = sent_document(session, None, document_id)
        asked = [find_unit(directory, one) for one in unit or ()]
        recaller = opened.node.recaller
        receipts = [recaller.recall(key, person, text, one) for one in asked] or [recaller.recall(key, person, text)]
    if as_json:
        show_json({"id": key.id, "receipts": [receipt.id for receipt in receipts], "units": asked or None})
        return
    whom = "、".join(unit_name(directory, one) for one in asked) or say("全部收文单位", "all recipients")
    print(say(f"已请求撤回：{whom}", f"recall asked of: {whom}"))


def remind(
    document_id: DocumentId,
    person: Person,
    text: Annotated[str, typer.Option(help=both("催办语", "what to say"))] = "请尽快签收",
    unit: Recipients = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    reminded = _remind(data, document_id, person, text, unit or [])
    if as_json:
        show_json({"units": [code for code, _ in reminded]})
        return
    print(
        say(f"已催办 {len(reminded)} 个单位：", f"reminded {len(reminded)}:"), "、".join(name for _, name in reminded)
    )


def _remind(data: Path, document_id: str, person: str, text: str, units: list[str]) -> list[tuple[str, str]]:
    from exchange.model.events import BusinessState

    with desk(data) as opened:
        directory = opened.directory()
        with opened.node_store.begin() as session:
            key = sent_document(session, None, document_id)
            deliveries = session.deliveries(key.sender, key)
        unsigned = [one.key.recipient for one in deliveries if one.state.business < BusinessState.SIGNED]
        asked = [find_unit(directory, one) for one in units] or unsigned
        if not asked:
            raise fail("STATE", "全部已签收，无需催办", "everybody has signed: nobody is left to remind")
        for one in asked:
            opened.node.recaller.remind(key, person, text, one)
    return [(one, unit_name(directory, one)) for one in asked]
