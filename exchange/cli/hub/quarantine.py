"""`yidi hub quarantine`: what the hub set aside, by cause, the messages of one cause, and one message.

Not here: being done with them (`replay`); what nodes set aside (`yidi hub audit`).
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.replay import HINDRANCES, replay, settle
from exchange.cli.language import both, say
from exchange.cli.naming import unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, show_json, show_table, stamp
from exchange.cli.trouble import trouble
from exchange.model.meanings import MEANINGS

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.records import QuarantineRecord

__all__ = ["group"]

_SHOWN = 50


def group() -> typer.Typer:
    application = typer.Typer(
        help=both("被隔离的报文：按原因汇总、查看", "messages set aside: by cause, and one of them"),
        no_args_is_help=True,
    )
    application.command(
        "list",
        help=both(
            "待处理的，按原因汇总，最近发生的在前；--cause 逐条列出", "what is open, by cause; --cause lists one by one"
        ),
        epilog="yidi hub quarantine list\n\nyidi hub quarantine list --cause SIG_VALUE",
    )(list_)
    application.command(
        help=both("查看一条被隔离的报文；--save 存出其原件", "one message set aside; --save writes its bytes"),
        epilog="yidi hub quarantine show 9f2c41aa --save message.xml",
    )(show)
    application.command(
        help=both(
            "重放：原因排除之后再判一次，来源账号不变；限速，逐条记入操作记录",
            "judge once more, when the cause is mended, under the account it came from; at a rate, each one recorded",
        ),
        epilog="yidi hub quarantine replay 9f2c41aa --reason 已升级\n\n"
        "yidi hub quarantine replay --cause 'BUG KeyError' --rate 5/s --reason 已升级 --operator 王芳",
    )(replay)
    application.command(
        help=both(
            "了结：不再重放，写明理由；原件保留", "be done with them, without judging them again; the bytes stay"
        ),
        epilog="yidi hub quarantine settle 9f2c41aa --reason 已请该单位重新发送",
    )(settle)
    return application


def list_(
    data: Data = DEFAULT_DATA,
    cause: Annotated[
        str | None, typer.Option("--cause", metavar="CODE", help=both("逐条列出此原因的", "those of one cause"))
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=both("至多几条", "at most"))] = 100,
    as_json: AsJson = False,
) -> None:
    if cause is not None:
        _list_cause(data, cause, limit, as_json=as_json)
        return
    with desk(data) as opened, opened.hub_store.begin() as session:
        causes = session.quarantine_causes()
    if as_json:
        show_json(
            [
                {
                    "code": one.code,
                    "messages": one.messages,
                    "users": one.users,
                    "first": stamp(one.first),
                    "last": stamp(one.last),
                }
                for one in causes
            ]
        )
        return
    columns = [
        ("代码", "code"), ("含义", "meaning"), ("条数", "messages"), ("账号数", "users"), ("最早", "first"),
        ("最近", "last"),
    ]  # fmt: skip
    rows = [
        (one.code, say(MEANINGS.get(one.code, ""), ""), one.messages, one.users, local(one.first), local(one.last))
        for one in causes
    ]
    show_table(columns, rows)
    if not rows:
        print(say("没有待处理的被隔离报文", "nothing that was set aside is open"))


def _list_cause(data: Path, cause: str, limit: int, *, as_json: bool) -> None:
    with desk(data) as opened:
        directory, replayer = opened.administration().administrator.current(), opened.replayer()
        with opened.hub_store.begin() as session:
            found = [record for _, record in session.open_quarantine(cause, 0, limit)]
        judged = [(record, replayer.hindrance(record)) for record in found]
    if as_json:
        show_json([_value(directory, one) | {"hindrance": why.value if why else None} for one, why in judged])
        return
    columns = [
        ("时间", "time"), ("来自", "from"), ("队列", "queue"), ("摘要", "digest"), ("可否重放", "may be replayed"),
    ]  # fmt: skip
    rows = [
        (
            local(one.at),
            unit_name(directory, one.user) or "-",
            one.queue,
            one.digest[:16],
            say(*HINDRANCES[why]) if why else say("可以", "yes"),
        )
        for one, why in judged
    ]
    show_table(columns, rows)
    if not rows:
        print(say(f"没有待处理的 {cause}", f"no {cause} is open"))


def show(
    digest: Annotated[str, typer.Argument(help=both("摘要或其开头", "digest or its beginning"))],
    data: Data = DEFAULT_DATA,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help=both("把原件存为新文件", "write its bytes to a new file"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    if not re.fullmatch("[0-9a-f]{4,64}", digest):
        raise fail("VALUE", f"{digest}：摘要为 4 至 64 位十六进制", f"{digest}: a digest is 4 to 64 hexadecimal digits")
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            found = session.quarantined_as(digest, _SHOWN)
    _check_one(digest, found)
    if save is not None:
        _save(found[0], save)
    if as_json:
        show_json([_value(directory, record) for record in found])
        return
    for record in found:
        rows = [(name, value) for name, value in _value(directory, record).items() if value is not None]
        show_table([("项目", "what"), ("内容", "value")], rows)


def _check_one(digest: str, found: "list[QuarantineRecord]") -> None:
    """The same bytes may have come by several queues and from several users."""
    if not found:
        raise fail(
            "NOT_FOUND",
            f"没有摘要以 {digest} 开头的被隔离报文；用 yidi hub audit 查看摘要",
            f"nothing with a digest that begins with {digest} was set aside; yidi hub audit shows digests",
        )
    if len(digests := sorted({record.digest for record in found})) > 1:
        near = ", ".join(one[:16] for one in digests[:5])
        raise fail("AMBIGUOUS", f"{digest} 对应多条报文，请多输几位：{near}", f"{digest} means several: {near}")


def _save(record: "QuarantineRecord", target: Path) -> None:
    if record.document is None:
        raise fail(
            "FILE_MISSING", "此报文只留摘要（可能涉密），没有原件", "of this one the digest alone was kept (secrecy)"
        )
    try:
        # For its owner alone: who may read the store may not be who may read the folder.
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise fail("FILE_EXISTS", f"{target} 已存在，请换一个名字", f"{target} exists, choose another name") from None
    except OSError as error:
        raise fail("INPUT", f"{target} 不能写：{trouble(error)}", f"{target}: {trouble(error)}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(record.document)


def _value(directory: "Directory", record: "QuarantineRecord") -> dict[str, object]:
    return {
        "at": stamp(record.at),
        "code": record.code,
        "from": record.user or None,
        "from_name": unit_name(directory, record.user) or None,
        "queue": record.queue,
        "digest": record.digest,
        "bytes": None if record.document is None else len(record.document),
        "detail": record.detail,
        "settled": stamp(record.settled),
        "settlement": record.settlement,
    }
