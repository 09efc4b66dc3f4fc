"""`yidi evidence`: one file that proves what happened to a document, and its check off line."""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import show_json
from exchange.errors import RefusedError

if TYPE_CHECKING:
    from exchange.model.envelope import EnvelopeKey
    from exchange.ports.hub import HubSession
    from exchange.services.evidence.gather import EvidenceExporter
    from exchange.services.evidence.verify import EvidenceReport
    from exchange.trust.anchor import Anchor

__all__ = ["group", "read_anchor"]

_TRIES = 4


def group() -> typer.Typer:
    application = typer.Typer(help=both("证据包：导出与离线验证", "evidence packages"), no_args_is_help=True)
    application.command(
        help=both(
            "导出一件公文的全部证据为一个文件", "everything that proves what happened to a document, in one file"
        ),
        epilog="yidi evidence export 3f2a9c01 --out 证据.zip\n\nyidi evidence export 3f2a9c01 -o s.zip --digests-only",
    )(export)
    application.command(
        help=both(
            "离线验证证据包，不需要交换在运行；--anchor 用事先保存的信任锚",
            "Check a package off line, without any exchange; --anchor is what you kept of the exchange beforehand",
        ),
        epilog="yidi evidence verify 证据.zip --anchor anchor.json",
    )(verify)
    return application


def export(
    document_id: Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))],
    out: Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help=both("写到哪个文件", "where to write it"))],
    data: Data = DEFAULT_DATA,
    digests_only: Annotated[
        bool, typer.Option("--digests-only", help=both("不含正文附件，只含其摘要", "digests instead of files"))
    ] = False,
    archives: Annotated[
        list[Path] | None,
        typer.Option(
            "--archive",
            metavar="FILE|DIR",
            exists=True,
            help=both(
                "存档文件或其所在目录，若已移出原处；可多次给出",
                "archive file, or the folder they are in, if not where the hub keeps them; may be repeated",
            ),
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=both("覆盖已有文件", "overwrite"))] = False,
    as_json: AsJson = False,
) -> None:
    from exchange.services.evidence.gather import EvidenceExporter
    from exchange.wiring.archive import open_shelf
    from exchange.wiring.files import open_hub_files
    from exchange.wiring.system import SystemClock

    if out.exists() and not force:
        raise fail("FILE_EXISTS", f"{out} 已存在，用 --force 覆盖", f"{out} exists: overwrite it with --force")
    with desk(data) as opened:
        with opened.hub_store.begin() as session:
            key = _found(session, document_id)
        sign_note = opened.hub_home.keys.ledger(opened.hub_home.id).note
        files = open_hub_files(opened.hub_home)
        with closing(open_shelf(opened.hub_home, archives or ())) as shelf:
            exporter = EvidenceExporter(
                opened.hub_store, files, SystemClock(), sign_note, opened.layout.anchor(), shelf
            )
            report = _export(exporter, key, out, with_files=not digests_only)
    _show(report, out, as_json=as_json)
    if not as_json:
        print(
            say(
                f"核验方须另行取得 {opened.layout.anchor_file}（yidi evidence verify --anchor）",
                f"whoever verifies it needs {opened.layout.anchor_file}, got by other means (--anchor)",
            )
        )


def _export(exporter: "EvidenceExporter", key: "EnvelopeKey", out: Path, *, with_files: bool) -> "EvidenceReport":
    """A running exchange seals every second: what came just now is waited for, a little."""
    for _ in range(_TRIES):
        try:
            return exporter.export(key, out, with_files=with_files)
        except RefusedError as error:
            if error.code != "NOT_SEALED":
                raise
        time.sleep(1)
    return exporter.export(key, out, with_files=with_files)


def _found(session: "HubSession", text: str) -> "EnvelopeKey":
    found = session.find(text)
    if not found:
        raise fail("NOT_FOUND", f"交换中心没有编号以 {text} 开头的公文", f"the hub has no document {text}")
    if len(found) > 1:
        raise fail("AMBIGUOUS", f"{text} 对应多件公文，请多输几位", f"{text} means several documents")
    return found[0]


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=both("证据包", "the package"))],
    anchor: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help=both("信任锚 anchor.json", "the anchor file"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.services.evidence.verify import verify as examine

    report = examine(file, read_anchor(anchor) if anchor else None)
    _show(report, file, as_json=as_json)


def read_anchor(path: Path) -> "Anchor":
    """Raises InputError."""
    from exchange.trust.anchor import Anchor

    return Anchor.from_json(path.read_text(encoding="utf-8", errors="replace"))  # damaged bytes are damaged JSON


def _show(report: "EvidenceReport", path: Path, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "file": str(path),
                "ok": report.ok,
                "checks": [
                    {"name_zh": one.name_zh, "name_en": one.name_en, "ok": one.ok, "detail": one.detail}
                    for one in report.checks
                ],
                "warnings": list(report.warnings),
            }
        )
    else:
        for one in report.checks:
            print(
                f"{'✓' if one.ok else '✗'} {say(one.name_zh, one.name_en)}  {one.detail if not one.ok else ''}".rstrip()
            )
        for warning in report.warnings:
            print(f"! {warning}")
        print(
            say(
                f"{path}：验证{'通过' if report.ok else '未通过'}",
                f"{path}: {'verified' if report.ok else 'NOT verified'}",
            )
        )
    if not report.ok:
        raise fail("EVIDENCE", f"{path} 未通过验证", f"{path} does not verify")
