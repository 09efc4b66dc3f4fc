"""`yidi hub archive` and `yidi archive verify`: old months as files, made at the hub, checked anywhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.documents.evidence import read_anchor
from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, progress, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.ports.hub import ArchiveRecord
    from exchange.ports.records import QuarantineRecord
    from exchange.services.archive.month import Archived, Archiver, Postponed
    from exchange.wiring.desk import Desk

__all__ = ["add_hub_command", "archive_event", "archive_rows", "archive_value", "group"]


def add_hub_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "按月存档：把已全部办结的旧月份的签名原件写成一个文件，逐字节核验后才从数据库移出，可在运行中执行。\n\n"
            "账本、投递状态、受理回执仍在数据库中；保留几个月由设置 archive.keep_months 决定。",
            "Move old months' signed bytes out of the database, each into one file that is read back and verified "
            "first, beside a running exchange or not.\n\nOnly months in which nothing is waited for any more. "
            "The ledger, all states and every ACCEPTED stay. archive.keep_months says how many months stay.",
        ),
        epilog="yidi hub archive --data /var/lib/yidi\n\nyidi hub archive --list",
    )(archive)


def group() -> typer.Typer:
    application = typer.Typer(help=both("存档文件", "archive files"), no_args_is_help=True)
    application.callback()(lambda: None)  # else the only command would be the group itself
    application.command(
        help=both(
            "离线核验存档文件：每个摘要、签名、账本证明，不需要交换在运行；--anchor 用事先保存的信任锚",
            "Check an archive file off line: every digest, signature and proof, without any exchange; --anchor is what "
            "you kept of the exchange beforehand",
        ),
        epilog="yidi archive verify hub.520304-2026-01.archive.zip --anchor anchor.json",
    )(verify)
    return application


def archive(
    data: Data = DEFAULT_DATA,
    listing: Annotated[
        bool, typer.Option("--list", help=both("只列出已有的存档", "only list what was archived"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from exchange.wiring.archive import open_archiver

    with desk(data) as opened:
        if listing:
            _show_all(opened, as_json=as_json)
            return
        archiver = open_archiver(opened.hub_home, opened.layout.anchor(), opened.hub_store, opened.log)
        archived, postponed = _run(archiver)
        folder = opened.hub_home.archives
    if as_json:
        show_json(
            {
                "archived": [archive_value(one.record) for one in archived],
                "postponed": [
                    {
                        "month": str(one.month),
                        "documents": [str(key) for key in one.documents],
                        "unsealed": one.unsealed,
                    }
                    for one in postponed
                ],
            }
        )
        return
    for one in archived:
        record = one.record
        print(
            say(
                f"{one.month} 已存档：{folder / record.file}，公文 {record.documents} 件，回执 {record.receipts} 份",
                f"{one.month} archived: {folder / record.file}, {record.documents} documents, "
                f"{record.receipts} receipts",
            )
        )
    for waiting in postponed:
        print(_why(waiting))
    if archived:
        print(
            say(
                "请把存档文件复制到另一处并核验：yidi archive verify",
                "copy the files to another place, and check them there: yidi archive verify",
            )
        )
    elif not postponed:
        print(say("没有到期可存档的月份", "no month is due to be archived"))


def _run(archiver: "Archiver") -> "tuple[list[Archived], list[Postponed]]":
    from exchange.services.archive.month import Archived, Piece, Postponed

    archived: list[Archived] = []
    postponed: list[Postponed] = []
    with progress("正在存档……", "archiving ...") as show:
        for step in archiver.run(take_over=True):
            if isinstance(step, Piece):
                show(step.done, step.total)
            elif isinstance(step, Archived):
                archived.append(step)
            else:
                postponed.append(step)
    return archived, postponed


def _why(postponed: "Postponed") -> str:
    if not postponed.documents:
        return say(
            f"{postponed.month} 暂不存档：还有 {postponed.unsealed} 条记录未封存",
            f"{postponed.month} not archived: {postponed.unsealed} records are not sealed yet",
        )
    names = ", ".join(str(key) for key in postponed.documents[:3])
    return say(
        f"{postponed.month} 暂不存档：有公文尚未办结（投递、催办或撤回未了），如 {names}",
        f"{postponed.month} not archived: a delivery, reminder or recall is still open, e.g. of {names}",
    )


def _show_all(opened: "Desk", *, as_json: bool) -> None:
    with opened.hub_store.begin() as session:
        records = session.archives()
    if as_json:
        show_json([archive_value(record) for record in records])
        return
    folder = opened.hub_home.archives
    here, away = say("在", "here"), say("不在此处", "not here")
    show_table(
        [
            ("文件", "file"), ("公文", "documents"), ("回执", "receipts"), ("大小", "bytes"), ("存档时间", "archived"),
            ("文件在否", "where"), ("SHA-256", "SHA-256"),
        ],
        [
            (r.file, r.documents, r.receipts, r.bytes, local(r.written), here if (folder / r.file).exists() else away,
             r.sha256)
            for r in records
        ],
    )  # fmt: skip
    if not records:
        print(say("尚无存档", "nothing was archived yet"))


def archive_value(record: "ArchiveRecord") -> dict[str, object]:
    return {
        "file": record.file,
        "month": f"{record.start:%Y-%m}",
        "sha256": record.sha256,
        "bytes": record.bytes,
        "documents": record.documents,
        "receipts": record.receipts,
        "written": stamp(record.written),
        "removed": stamp(record.removed),
    }


def archive_rows(records: "list[ArchiveRecord]") -> list[tuple[str, object]]:
    """For `yidi hub status`."""
    if not records:
        return []
    last = records[-1]
    return [
        (say("存档", "archives"), say(f"{len(records)} 个，最近 {last.file}", f"{len(records)}, the last {last.file}"))
    ]


def archive_event(record: "ArchiveRecord") -> "QuarantineRecord":
    """The line about it in `yidi hub audit`; its digest is the file's."""
    from exchange.ports.records import QuarantineRecord

    detail = say(
        f"公文 {record.documents} 件、回执 {record.receipts} 份的原件移入存档文件 {record.file}"
        + ("" if record.removed else "（尚未移完）"),
        f"the bytes of {record.documents} documents and {record.receipts} receipts were moved to {record.file}"
        + ("" if record.removed else " (not finished)"),
    )
    return QuarantineRecord(
        digest=record.sha256, document=None, queue="", user="", code="ARCHIVED", detail=detail, at=record.written
    )


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=both("存档文件", "the archive file"))],
    anchor: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help=both("信任锚 anchor.json", "the anchor file"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.errors import PackageError
    from exchange.services.archive.verify import verify_archive

    try:
        report = verify_archive(file, read_anchor(anchor) if anchor else None)
    except PackageError as error:
        raise fail(
            "ARCHIVE", f"{file} 未通过核验：{error.message}", f"{file} does not verify: {error.message}"
        ) from error
    manifest = report.manifest
    if as_json:
        show_json(
            {
                "file": str(file),
                "ok": True,
                "hub": manifest.hub,
                "month": f"{manifest.start:%Y-%m}",
                "documents": manifest.documents,
                "receipts": manifest.receipts,
                "directories": sorted(manifest.stored),
                "ledger": {"size": report.checkpoint.size, "root": report.checkpoint.root.hex()},
                "unanchored_fingerprint": report.fingerprint,
            }
        )
        return
    print(
        say(
            f"✓ {manifest.hub} {manifest.start:%Y-%m}：公文 {manifest.documents} 件，回执 {manifest.receipts} 份，"
            f"目录 {len(manifest.stored)} 版",
            f"✓ {manifest.hub} {manifest.start:%Y-%m}: {manifest.documents} documents, {manifest.receipts} receipts, "
            f"{len(manifest.stored)} directory versions",
        )
    )
    print(
        say(
            f"✓ 每一份都在账本之中（{report.checkpoint.size} 条，根 {report.checkpoint.root.hex()}），签名与摘要无误",
            f"✓ each stands in the ledger of {report.checkpoint.size} entries, root {report.checkpoint.root.hex()}; "
            "signatures and digests are right",
        )
    )
    if report.fingerprint:
        print(
            say(
                f"! 未提供信任锚：请通过其他途径核对目录密钥指纹 {report.fingerprint}",
                f"! no anchor was given: compare this fingerprint of the directory key by other means: "
                f"{report.fingerprint}",
            )
        )
    print(say(f"{file}：核验通过", f"{file}: verified"))
