"""`yidi node pack`, `unpack` and `yidi hub pack`, `unpack`: documents and receipts on a disk, where there is no line.

One package is for one unit and one way. Packing changes nothing and may be repeated; what was unpacked already is known
again. Beside the running exchange or without it.

Not here: what goes in and what is believed (`exchange.services.carry_node`, `exchange.services.carry_hub`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import explain, fail
from exchange.cli.language import both
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import progress, show_json, show_table, warn

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.model.carry import Way
    from exchange.model.unit import UnitCode
    from exchange.services.carry import Packed, Unpacked
    from exchange.services.carry_hub import HubCarrier
    from exchange.services.carry_node import NodeCarrier

__all__ = ["add_hub_carry_commands", "add_node_carry_commands"]

_MB = 1_000_000

Units = Annotated[
    list[str] | None,
    typer.Argument(help=both("单位代码或名称", "unit codes or names"), autocompletion=complete_unit),
]
Packages = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...", help=both("交换包", "packages"))
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help=both("写到哪个目录（如 U 盘）", "where to, a disk for one"))
]
Size = Annotated[
    int, typer.Option("--max-mb", min=1, help=both("每个包最多多少 MB；放不下的留到下一个包", "MB in one package"))
]


def add_node_carry_commands(application: typer.Typer) -> None:
    application.command(
        "pack",
        help=both(
            "线路不通时：把要交给中心的公文与回执装进交换包，每个单位一个文件。不改变任何状态，可反复装。",
            "No line: put what is for the hub into packages, a file for each unit. Changes nothing.",
        ),
        epilog="yidi node pack --out /media/usb\n\nyidi node pack 520304-001 --out /media/usb",
    )(node_pack)
    application.command(
        "unpack",
        help=both("收下中心交换包里的公文与回执；拆过的再拆无妨", "take in the hub's packages; twice does no harm"),
        epilog="yidi node unpack /media/usb/520304-001-to-unit-*.carry",
    )(node_unpack)


def add_hub_carry_commands(application: typer.Typer) -> None:
    application.command(
        "pack",
        help=both(
            "线路不通时：把给这些单位的公文与回执装进交换包，每个单位一个文件。不改变任何状态，可反复装。",
            "No line: put what these units are to get into packages, a file for each. Changes nothing.",
        ),
        epilog="yidi hub pack 520304-001 --out /media/usb",
    )(hub_pack)
    application.command(
        "unpack",
        help=both("受理单位交换包里的公文与回执；拆过的再拆无妨", "take in packages of units; twice does no harm"),
        epilog="yidi hub unpack /media/usb/520304-001-to-hub-*.carry",
    )(hub_unpack)


def node_pack(
    units: Units = None, out: Out = Path(), data: Data = DEFAULT_DATA, max_mb: Size = 4000, as_json: AsJson = False
) -> None:
    from exchange.model.carry import Way

    with desk(data) as opened:
        directory = opened.node.node.verifier().directory
        with opened.node_store.look() as session:
            hosted = session.units()
        wanted = [find_unit(directory, text) for text in units] if units else sorted(hosted)
        _pack(opened.node_carrier(), Way.TO_HUB, directory, wanted, out, max_mb, as_json=as_json)


def hub_pack(
    units: Annotated[
        list[str], typer.Argument(help=both("单位代码或名称", "unit codes or names"), autocompletion=complete_unit)
    ],
    out: Out = Path(),
    data: Data = DEFAULT_DATA,
    max_mb: Size = 4000,
    as_json: AsJson = False,
) -> None:
    from exchange.model.carry import Way

    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        wanted = [find_unit(directory, text) for text in units]
        _pack(opened.hub_carrier(), Way.TO_UNIT, directory, wanted, out, max_mb, as_json=as_json)


def node_unpack(packages: Packages, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        _unpack(opened.node_carrier(), packages, as_json=as_json)


def hub_unpack(packages: Packages, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        _unpack(opened.hub_carrier(), packages, as_json=as_json)


def _pack(
    carrier: "NodeCarrier | HubCarrier",
    way: "Way",
    directory: "Directory",
    units: "Sequence[UnitCode]",
    out: Path,
    max_mb: int,
    *,
    as_json: bool,
) -> None:
    """One that cannot be packed keeps no other from it."""
    from exchange.errors import YidiError

    if not out.is_dir():
        raise fail("NO_FOLDER", f"没有这个目录：{out}", f"no such folder: {out}")
    packed: list[tuple[Path, Packed]] = []
    faults = 0
    for unit in dict.fromkeys(units):
        name, path = unit_name(directory, unit), _new_file(out, unit, way)
        try:
            with progress(f"装包：{name}", f"packing for {name}") as told:
                packed.append((path, carrier.pack(unit, path, max_bytes=max_mb * _MB, told=told)))
        except YidiError as error:
            faults += 1
            warn(f"未装：{name}：{explain(error)}", f"not packed: {name}: {explain(error)}")
    if as_json:
        show_json([_packed_value(path, one) for path, one in packed])
    else:
        show_table(
            [("文件", "file"), ("公文", "documents"), ("回执", "receipts"), ("附件", "files"), ("大小", "MB"),
             ("留到下一包", "left"), ("本机损坏", "spoilt")],
            [(path, one.envelopes, one.receipts, one.files, _megabytes(path), one.no_room, one.spoilt)
             for path, one in packed],
        )  # fmt: skip
    if faults:
        raise fail("CARRY", f"{faults} 个单位没有装成，原因见上", f"{faults} were not packed, for the reasons above")


def _new_file(out: Path, unit: "UnitCode", way: "Way") -> Path:
    """For people: what it is, and when; for the rest a name that no other has."""
    return out / f"{unit}-{way.value}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(4)}.carry"


def _unpack(carrier: "NodeCarrier | HubCarrier", packages: Sequence[Path], *, as_json: bool) -> None:
    """One that is not taken keeps no other from it."""
    from exchange.errors import YidiError

    done: list[tuple[Path, Unpacked]] = []
    faults = 0
    for path in packages:
        try:
            with progress(f"拆包：{path.name}", f"unpacking {path.name}") as told:
                done.append((path, carrier.unpack(path, told=told)))
        except YidiError as error:
            faults += 1
            warn(f"没有收下 {path.name}：{explain(error)}", f"not taken: {path.name}: {explain(error)}")
    if as_json:
        show_json([_unpacked_value(path, one) for path, one in done])
    else:
        show_table(
            [("文件", "file"), ("单位", "unit"), ("公文", "documents"), ("其中新到", "new"), ("拒收", "refused"),
             ("未收下", "not taken"), ("回执", "receipts")],
            [(path.name, one.carry.unit, one.documents, one.new, one.refused, one.not_taken, one.receipts)
             for path, one in done],
        )  # fmt: skip
    if faults:
        raise fail("CARRY", f"{faults} 个交换包没有收下，原因见上", f"{faults} were not taken, for the reasons above")


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / _MB:.1f}"


def _packed_value(path: Path, one: "Packed") -> dict[str, object]:
    carry = one.carry
    return {
        "file": str(path),
        "package": carry.id,
        "unit": carry.unit,
        "way": carry.way.value,
        "documents": one.envelopes,
        "receipts": one.receipts,
        "files": one.files,
        "bytes": path.stat().st_size,
        "whole": carry.whole,
        "left": one.no_room,
        "spoilt": one.spoilt,
    }


def _unpacked_value(path: Path, one: "Unpacked") -> dict[str, object]:
    return {
        "file": str(path),
        "package": one.carry.id,
        "unit": one.carry.unit,
        "way": one.carry.way.value,
        "documents": one.documents,
        "new": one.new,
        "refused": one.refused,
        "not_taken": one.not_taken,
        "receipts": one.receipts,
    }
