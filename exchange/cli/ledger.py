"""`yidi ledger verify`: the promises, recomputed from the stores alone."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.restored import restored_rows, restored_value
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, layout_of
from exchange.cli.output import show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.ports.hub import HubStore
    from exchange.ports.node import NodeStore
    from exchange.services.audit.report import AuditReport
    from exchange.services.hub.restoring import Restoring
    from exchange.wiring.layout import Layout
    from exchange.wiring.places import HubPlace

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(help=both("账本", "the ledger"), no_args_is_help=True)
    application.command(
        help=both(
            "由全部记录重算账本，可在运行中执行。\n\n每个检查点（包括各节点所持）都必须是它的前缀；"
            "每份公文与回执的字节、签名、状态都必须相符。",
            "Recompute the ledger from its entries, beside a running exchange or not.\n\n"
            "Every checkpoint, the hub's and those that nodes hold, must be a prefix of it; each document, receipt and "
            "state must agree.",
        ),
        epilog="yidi ledger verify\n\nyidi ledger verify --files --json",
    )(verify)
    return application


def verify(
    data: Data = DEFAULT_DATA,
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
    files: Annotated[
        bool, typer.Option("--files", help=both("同时重算全部附件的摘要（慢）", "hash every file too (slow)"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from exchange.files.local import LocalFiles
    from exchange.services.audit.promises import audit
    from exchange.wiring.archive import open_shelf
    from exchange.wiring.files import open_hub_files
    from exchange.wiring.places import HubPlace

    layout = layout_of(data)
    if HubPlace.is_at(data):
        _show(*_audit_hub(HubPlace.open(data), archives or (), files=files), as_json=as_json)
        return
    home = layout.hub_home(layout.settings())
    hub_files = open_hub_files(home) if files else None
    node_files = LocalFiles(layout.node / "files") if files else None
    with _copies(layout) as (hub, node), closing(open_shelf(home, archives or ())) as shelf:
        report = audit(hub, layout.anchor(), hub_files=hub_files, nodes=[(node, node_files)], shelf=shelf)
        restoring = _restoring(hub)
    _show(report, restoring, as_json=as_json)


def _restoring(hub: "HubStore") -> "Restoring | None":
    from exchange.services.held import directory_of
    from exchange.services.hub.restoring import last_restoring

    with hub.begin() as session:
        return last_restoring(session, directory_of(session.directory()))


def _audit_hub(place: "HubPlace", archives: "Sequence[Path]", *, files: bool) -> "tuple[AuditReport, Restoring | None]":
    """The hub alone: its nodes are elsewhere. The database itself shows all of it as of one moment."""
    from exchange.services.audit.promises import audit
    from exchange.storage import open_hub_store
    from exchange.wiring.archive import open_shelf
    from exchange.wiring.files import open_hub_files

    home = place.home()
    store = open_hub_store(place.snapshot_database())
    try:
        hub_files = open_hub_files(home) if files else None
        with closing(open_shelf(home, archives)) as shelf:
            return audit(store, place.layout.anchor(), hub_files=hub_files, shelf=shelf), _restoring(store)
    finally:
        store.close()


@contextmanager
def _copies(layout: "Layout") -> "Iterator[tuple[HubStore, NodeStore]]":
    """An audit reads everything in one transaction; so that a running exchange need not wait, it looks at copies."""
    from exchange.storage import open_hub_store, open_node_store
    from exchange.storage.sqlite_file import copy_database

    with tempfile.TemporaryDirectory(prefix=".verify-", dir=layout.root) as folder:
        # The node first: whatever it holds of the hub's, the hub's copy has then as well.
        node_url = copy_database(layout.node_database(), Path(folder) / "node.sqlite")
        hub_url = copy_database(layout.hub_database(), Path(folder) / "hub.sqlite")
        hub, node = open_hub_store(hub_url), open_node_store(node_url)
        try:
            yield hub, node
        finally:
            hub.close()
            node.close()


def _show(report: "AuditReport", restoring: "Restoring | None", *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "ok": report.ok,
                "restored": restored_value(restoring),
                "checks": [
                    {
                        "promise": one.check.promise,
                        "check": one.check.name,
                        "name_zh": one.check.chinese,
                        "name_en": one.check.english,
                        "examined": one.examined,
                        "findings": list(one.findings),
                    }
                    for one in report.results
                ],
                "archives_away": dict(report.away),
            }
        )
    else:
        for one in report.results:
            mark = "✗" if one.findings else "✓"
            print(f"{mark} {one.check.promise} {say(one.check.chinese, one.check.english)} ({one.examined})")
            for finding in one.findings[:20]:
                print(f"    {finding}")
        for file, count in report.away.items():
            print(
                say(
                    f"· {count} 份原件已存档，在 {file}，此处没有，只核对了账本记录；用 --archive 指定可一并核验",
                    f"· the bytes of {count} were archived in {file}, which is not here: their entries alone were "
                    "checked; name the file with --archive",
                )
            )
        for what, state in restored_rows(restoring):
            print(f"· {what}: {state}")
    if not report.ok:
        count = sum(len(one.findings) for one in report.results)
        raise fail("LEDGER", f"发现 {count} 处不符", f"{count} findings")
