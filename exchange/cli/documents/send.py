"""`yidi send`: a document from a unit of this machine. On a terminal it shows whom it reaches and asks first."""

import mimetypes
import sys
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import is_terminal, local, show_json, show_table, warn
from exchange.model.calendar import COUNTY_TIME, MOST_HOURS
from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree

if TYPE_CHECKING:
    from exchange.directory.address import Expansion
    from exchange.directory.snapshot import Directory
    from exchange.model.envelope import FileRole
    from exchange.ports.office import Address, Draft, DraftFile

__all__ = ["document_type", "register"]

_STUCK = timedelta(minutes=10)
_MEDIA_TYPES = {
    ".ofd": "application/ofd",
    ".wps": "application/vnd.ms-works",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".txt": "text/plain",
}


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "发文。\n\n分组在发送时展开并固定；返回编号后即不会丢失，由 yidi up 送达。",
            "Send a document.\n\nGroups are expanded and frozen now; once the id is printed nothing is lost, and "
            "yidi up delivers it.",
        ),
        epilog="yidi send --from 区委办 --to 各镇乡 --cc 520304-017 --title 关于防汛工作的通知 "
        "--number 播办发〔2026〕12号 --urgency 特急 --body 通知.ofd --attach 名单.xlsx --declared-by 张三\n\n"
        "yidi send --from 520304-001 --to all --title 测试 --content 正文 --declared-by 张三 --preview",
    )(send)


def document_type(text: str) -> DocumentType:
    """文种 by its name or the standard's code."""
    for known in DocumentType:
        if text in (known.value, known.chinese, known.name):
            return known
    names = " ".join(known.chinese for known in DocumentType)
    raise typer.BadParameter(say(f"文种“{text}”不在其中：{names}", f"{text!r} is none of: {names}"))


def _urgency(text: str) -> EmergencyDegree:
    try:
        return EmergencyDegree(text)
    except ValueError:
        names = " ".join(EmergencyDegree)
        raise typer.BadParameter(say(f"紧急程度“{text}”不在其中：{names}", f"{text!r} is none of: {names}")) from None


def send(
    *,
    sender: Annotated[
        str, typer.Option("--from", help=both("发文单位代码或名称", "the sending unit"), autocompletion=complete_unit)
    ],
    to: Annotated[
        list[str],
        typer.Option(
            help=both("主送：单位或分组，可重复", "main recipient, may be repeated"), autocompletion=complete_unit
        ),
    ],
    title: Annotated[str, typer.Option(help=both("标题", "title"))],
    data: Data = DEFAULT_DATA,
    cc: Annotated[
        list[str] | None,
        typer.Option(help=both("抄送，可重复", "copy, may be repeated"), autocompletion=complete_unit),
    ] = None,
    kind: Annotated[
        DocumentType,
        typer.Option(
            "--type",
            parser=document_type,
            metavar="文种",
            show_default="通知",
            help=both("文种：通知、函、报告……", "e.g. 通知, 函, 报告"),
        ),
    ] = DocumentType.NOTICE,
    number: Annotated[str | None, typer.Option(help=both("发文字号", "issued number"))] = None,
    urgency: Annotated[
        EmergencyDegree | None,
        typer.Option(parser=_urgency, metavar="特急|加急", help=both("紧急程度", "urgency")),
    ] = None,
    body: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help=both("正文文件", "the document itself"))
    ] = None,
    attach: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help=both("附件，可重复", "attachment"))
    ] = None,
    content: Annotated[str | None, typer.Option(help=both("简短正文", "short text instead of a file"))] = None,
    signer: Annotated[
        list[str] | None, typer.Option(help=both("签发人，上行文必填", "signer, required upward"))
    ] = None,
    declared_by: Annotated[
        str | None, typer.Option(help=both("声明“本件不涉密”的人", "who declares it not classified"))
    ] = None,
    reviewed_by: Annotated[
        str | None, typer.Option(help=both("保密复核人", "who looked again when it was held"))
    ] = None,
    operator: Annotated[str | None, typer.Option(help=both("经办人，默认同声明人", "who sends it"))] = None,
    sign_within: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_HOURS, metavar="HOURS", help=both("几小时内签收", "hours to sign within")),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help=both("自编号：同一编号只发一次", "your own id: the same one is sent once"))
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help=both("只看送达范围，不发送", "only show whom it reaches"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=both("不再询问", "do not ask"))] = False,
    as_json: AsJson = False,
) -> None:
    from exchange.model.document import Metadata
    from exchange.ports.office import Draft

    declared = declared_by or _declaration(preview=preview)
    with desk(data) as opened:
        directory = opened.directory()
        unit = find_unit(directory, sender)
        name = unit_name(directory, unit)
        draft = Draft(
            sender=unit,
            kind=BusinessKind.DOCUMENT,
            to=_addresses(to, cc or []),
            metadata=Metadata(
                document_identifier=reference or number or f"{unit}-{datetime.now(COUNTY_TIME):%Y%m%d%H%M%S}",
                document_type=kind,
                title=title,
                issuer_identification=(name,),
                issuer_signatures=(name,),
                issued_date=_today(),
                emergency_degree=urgency,
                issued_number=number,
                signers=tuple(signer or ()),
                main_receivers=tuple(_printed(directory, one) for one in to),
                copy_receivers=tuple(_printed(directory, one) for one in cc or ()),
            ),
            content=content,
            files=_files(body, attach or []),
            operator=operator or declared,
            declared_by=declared,
            reviewed_by=reviewed_by,
            sign_within_hours=sign_within,
            reference=reference,
        )
        expansion = opened.node.submitter.preview(draft)
        if preview:
            _show_preview(directory, draft, expansion, as_json=as_json)
            return
        if is_terminal() and not yes:
            _show_preview(directory, draft, expansion, as_json=False)
            typer.confirm(say(f"发送给以上 {len(expansion.recipients)} 个单位？", "send it?"), abort=True)
        done = opened.node.submitter.submit(draft)
        with opened.node_store.look() as session:
            oldest = session.oldest_open()
    _say_what_is_stuck(oldest)
    if as_json:
        show_json(
            {"id": done.key.id, "sender": done.key.sender, "recipients": list(done.recipients), "again": done.again}
        )
        return
    if done.again:
        print(say("此编号已发送过，未重复发送", "this reference was sent before; not sent again"))
    print(say(f"已接收待发，编号 {done.key.id}，共 {len(done.recipients)} 个单位",
              f"accepted for sending, id {done.key.id}, {len(done.recipients)} recipients"))  # fmt: skip
    print(say("查看进度：", "follow it:"), f"yidi track {done.key.id[:8]} --data {data}")


def _say_what_is_stuck(oldest: datetime | None) -> None:
    """Here the line may be cut, or the unit be closed, and nobody be told: what was sent before shows it."""
    if oldest is not None and datetime.now(COUNTY_TIME) - oldest > _STUCK:
        warn(
            f"自 {local(oldest)} 起有报文未得到交换中心答复，本件也会留在本机：执行 yidi doctor 看原因与办法",
            f"the hub has not answered since {local(oldest)}, and this will stay here, too: yidi doctor says why",
        )


def _declaration(*, preview: bool) -> str:
    """Nothing is sent without a named person's word that it is not classified."""
    if preview:
        return "-"
    if not sys.stdin.isatty():
        raise typer.BadParameter(say("缺少 --declared-by：声明“本件不涉密”的人", "--declared-by is missing"))
    answer: str = typer.prompt(say("本件不涉密，声明人姓名", "not classified; declared by"))
    return answer


def _today() -> date:
    return datetime.now(COUNTY_TIME).date()


def _addresses(to: list[str], cc: list[str]) -> "tuple[Address, ...]":
    from exchange.model.envelope import RecipientRole
    from exchange.ports.office import Address

    return (
        *(Address(to=one, role=RecipientRole.MAIN) for one in to),
        *(Address(to=one, role=RecipientRole.COPY) for one in cc),
    )


def _printed(directory: "Directory", address: str) -> str:
    """What the document prints as its receiver: names, never codes."""
    group = directory.by_group.get(address)
    return group.name if group else unit_name(directory, address)


def _files(body: Path | None, attached: list[Path]) -> "tuple[DraftFile, ...]":
    from exchange.model.envelope import FileRole

    files = [_file(FileRole.BODY, body)] if body else []
    return (*files, *(_file(FileRole.ATTACHMENT, path) for path in attached))


def _file(role: "FileRole", path: Path) -> "DraftFile":
    from exchange.ports.office import DraftFile

    guessed = _MEDIA_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return DraftFile(
        role=role, name=path.name, media_type=guessed or "application/octet-stream", open=partial(_open, path)
    )


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _show_preview(directory: "Directory", draft: "Draft", expansion: "Expansion", *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "groups": list(expansion.groups),
                "recipients": [
                    {"code": one.unit, "name": unit_name(directory, one.unit), "role": one.role.value}
                    for one in expansion.recipients
                ],
            }
        )
        return
    rows = [(one.role.chinese, one.unit, unit_name(directory, one.unit)) for one in expansion.recipients]
    title = f"{draft.metadata.title}（{unit_name(directory, draft.sender)} → {len(rows)}）"
    show_table([("方式", "as"), ("代码", "code"), ("单位", "unit")], rows, title=title)
