"""`yidi hub quarantine`: what the hub set aside, by cause, and one message of it.

Only looks: nothing is sent again or removed from here. Not here: what nodes set aside (`yidi hub audit`).
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.naming import unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, show_json, show_table, stamp
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
        "list", help=both("按原因汇总，最近发生的在前", "by cause, the latest first"), epilog="yidi hub quarantine list"
    )(list_)
    application.command(
        help=both("查看一条被隔离的报文；--save 存出其原件", "one message set aside; --save writes its bytes"),
        epilog="yidi hub quarantine show 9f2c41aa --save message.xml",
    )(show)
    return application


def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
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
        print(say("没有被隔离的报文", "nothing was set aside"))


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
        raise fail("INPUT", f"{target} 不能写：{error.strerror}", f"{target}: {error.strerror}") from None
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
    }
