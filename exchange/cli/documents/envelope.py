"""`yidi envelope verify`: an envelope's file, judged and explained in words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk, layout_of
from exchange.cli.output import local, show_json, show_table, stamp
from exchange.errors import YidiError

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.trust.verify import VerifiedEnvelope

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(help=both("信封文件", "envelope files"), no_args_is_help=True)
    application.callback()(_nothing)
    application.command(
        help=both(
            "验证一个信封文件（XML）并说明结果：按哪一版目录、哪个密钥、在什么时刻有效，或错在哪里",
            "Judge an envelope's file (XML) and explain: by which directory and key, as of when, or what is wrong",
        ),
        epilog="yidi envelope verify envelope.xml\n\nyidi envelope verify envelope.xml --directory directory.xml",
    )(verify)
    return application


def _nothing() -> None:
    """A group of one command stays a group."""


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=both("信封 XML", "the envelope's XML"))],
    data: Data = DEFAULT_DATA,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory",
            exists=True,
            dir_okay=False,
            help=both("目录快照文件，代替数据目录中的", "a directory snapshot"),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.trust.verify import Verifier

    document = file.read_bytes()
    held, at, why = _from_file(directory, data) if directory else _from_data(data, document)
    try:
        verified = Verifier(held).envelope(document, at)
    except YidiError as error:
        if as_json:
            show_json(
                {"file": str(file), "ok": False, "code": error.code, "message": error.message, "detail": error.detail}
            )
        else:
            print(f"✗ {_meaning(error.code)}")
            for line in _explained(document, error):
                print(f"    {line}")
        raise
    if as_json:
        show_json(_value(file, verified, held, at))
    else:
        _print(verified, held, at, why)


def _from_file(path: Path, data: Path) -> "tuple[Directory, datetime, str]":
    """A directory from a file, under the anchor of the data directory when there is one."""
    from exchange.codec.read import read_directory
    from exchange.trust.anchor import verify_directory

    now = datetime.now(UTC)
    layout = layout_of(data)
    document = path.read_bytes()
    if layout.anchor_file.exists():
        held, _ = verify_directory(document, layout.anchor(), now, None)
        return held, now, say("目录由信任锚验证；以现在为准", "directory verified under the anchor; as of now")
    held = read_directory(document)
    return (
        held,
        now,
        say("注意：没有信任锚，目录本身未验证", "NOTE: no anchor at hand, the directory itself is not verified"),
    )


def _from_data(data: Path, document: bytes) -> "tuple[Directory, datetime, str]":
    """The directory of a data directory; as of when the hub received these bytes, if it did."""
    from exchange.codec.read import read_envelope
    from exchange.trust.digest import sha256_hex

    with desk(data) as opened:
        held = opened.directory()
        try:
            key = read_envelope(document).key
        except YidiError:
            return held, datetime.now(UTC), ""
        with opened.hub_store.begin() as session:
            record = session.documents([key]).get(key)
    if record is not None and record.digest == sha256_hex(document):
        return held, record.received, say("以交换中心受理时刻为准", "as of when the hub accepted it")
    return (
        held,
        datetime.now(UTC),
        say("交换中心没有这些字节；以现在为准", "the hub does not hold these bytes; as of now"),
    )


_MEANINGS = {
    "SIG_DIGEST": ("签名之后内容被改动", "the content was changed after it was signed"),
    "SIG_VALUE": ("签名值与密钥不符", "the signature was not made by this key"),
    "SIG_KEY_UNKNOWN": ("签名密钥不在目录中", "the directory gives this key to nobody"),
    "SIG_SENDER_UNKNOWN": ("发文单位不在目录中", "the sender is not in the directory"),
    "SIG_SENDER_MISMATCH": ("用别的单位的密钥签名", "signed with another unit's key"),
    "SIG_WRAP": ("签名指向的不是整个信封", "the signature is about something else than the whole envelope"),
    "SIG_MISSING": ("没有签名", "there is no signature"),
    "CERT_EXPIRED": ("密钥在该时刻已过期", "the key had expired by then"),
    "CERT_REVOKED": ("密钥在该时刻已作废", "the key had been revoked by then"),
    "WRONG_HUB": ("属于另一个交换中心", "made for another exchange"),
    "SCHEMA": ("不符合信封格式", "does not follow the envelope's schema"),
}


def _meaning(code: str) -> str:
    return say(*_MEANINGS.get(code, ("不是有效的信封", "not a valid envelope")))


def _explained(document: bytes, error: YidiError) -> list[str]:
    """What the judge said, and every fault of the document's form, in words."""
    from exchange.codec.explain import explain
    from exchange.codec.signed import DocumentKind

    said = [line for line in (error.message, error.detail) if line]
    return said + [line for line in explain(document, DocumentKind.ENVELOPE) if line not in said]


def _value(file: Path, verified: "VerifiedEnvelope", held: "Directory", at: datetime) -> dict[str, object]:
    envelope = verified.envelope
    return {
        "file": str(file),
        "ok": True,
        "id": envelope.id,
        "sender": envelope.sender,
        "sender_name": unit_name(held, envelope.sender),
        "title": envelope.metadata.title,
        "recipients": len(envelope.recipients),
        "digest": verified.digest,
        "key": verified.fingerprint,
        "directory_version": held.version,
        "at": stamp(at),
    }


def _print(verified: "VerifiedEnvelope", held: "Directory", at: datetime, why: str) -> None:
    envelope = verified.envelope
    print(
        say("✓ 信封有效：签名完好，出自目录中的密钥", "✓ valid: the signature is good and its key is the directory's")
    )
    rows = [
        (say("标题", "title"), envelope.metadata.title),
        (say("编号", "id"), envelope.id),
        (say("发文单位", "sender"), f"{unit_name(held, envelope.sender)} {envelope.sender}"),
        (say("收文单位", "recipients"), len(envelope.recipients)),
        (say("文件", "files"), "、".join(entry.name for entry in envelope.files)),
        (say("摘要", "digest"), verified.digest),
        (say("密钥", "key"), verified.fingerprint),
        (say("目录", "directory"), f"{held.hub} v{held.version}"),
        (say("判断时刻", "judged as of"), f"{local(at)} {why}"),
    ]
    show_table([("项目", "what"), ("内容", "content")], rows)
