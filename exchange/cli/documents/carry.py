"""`yidi node pack`, `unpack` and `yidi hub pack`, `unpack`: documents and receipts on a disk, where there is no line.

One package is for one unit and one way. Packing changes nothing and may be repeated; what was unpacked already is known
again. Beside the running exchange or without it.

Not here: what goes in and what is believed (`exchange.services.carry.node`, `exchange.services.carry.hub`), how it is
printed (`carried`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from exchange.cli.documents.carried import show_contents, show_packed, show_unpacked
from exchange.cli.failure import explain, fail
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import progress, warn

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.model.carry import Way
    from exchange.model.unit import UnitCode
    from exchange.services.carry.hub import HubCarrier
    from exchange.services.carry.node import NodeCarrier
    from exchange.services.carry.package import Packed

    Carrier = NodeCarrier | HubCarrier

__all__ = ["add_hub_carry_commands", "add_node_carry_commands"]

T = TypeVar("T")

_MB = 1_000_000
_SUFFIX = ".carry"

Units = Annotated[
    list[str] | None,
    typer.Argument(help=both("单位代码或名称", "unit codes or names"), autocompletion=complete_unit),
]
Packages = Annotated[
    list[Path],
    typer.Argument(
        exists=True, metavar="FILE...", help=both("交换包，或放着交换包的目录", "packages, or folders of packages")
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=both("只验证并列出内容，什么都不收", "verify and list, and take nothing"))
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
        epilog="yidi node unpack /media/usb\n\nyidi node unpack /media/usb/520304-001-to-unit-*.carry --dry-run",
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
        epilog="yidi hub unpack /media/usb\n\nyidi hub unpack /media/usb/520304-001-to-hub-*.carry --dry-run",
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


def node_unpack(
    packages: Packages, data: Data = DEFAULT_DATA, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    with desk(data) as opened:
        _unpack(opened.node_carrier(), packages, dry_run=dry_run, as_json=as_json)


def hub_unpack(packages: Packages, data: Data = DEFAULT_DATA, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        _unpack(opened.hub_carrier(), packages, dry_run=dry_run, as_json=as_json)


def _pack(
    carrier: "Carrier",
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
    show_packed(packed, as_json=as_json)
    if faults:
        raise fail("CARRY", f"{faults} 个单位没有装成，原因见上", f"{faults} were not packed, for the reasons above")


def _new_file(out: Path, unit: "UnitCode", way: "Way") -> Path:
    """For people: what it is, and when; for the rest a name that no other has."""
    return out / f"{unit}-{way.value}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(4)}{_SUFFIX}"


def _unpack(carrier: "Carrier", packages: Sequence[Path], *, dry_run: bool, as_json: bool) -> None:
    """One that is not taken keeps no other from it."""
    paths = list(_in_order(carrier, packages))
    if dry_run:
        looked, faults = _each(paths, say("查看", "looking at"), carrier.look)
        show_contents(looked, as_json=as_json)
    else:
        done, faults = _each(paths, say("拆包", "unpacking"), carrier.unpack)
        show_unpacked(done, as_json=as_json)
    if faults:
        raise fail("CARRY", f"{faults} 个交换包没有收下，原因见上", f"{faults} were not taken, for the reasons above")


def _each(paths: Iterable[Path], verb: str, do: "Callable[..., T]") -> "tuple[list[tuple[Path, T]], int]":
    """What `do` says of each package, and how many it refused."""
    from exchange.errors import YidiError

    done: list[tuple[Path, T]] = []
    faults = 0
    for path in paths:
        try:
            with progress(f"{verb} {path.name}", f"{verb} {path.name}") as told:
                done.append((path, do(path, told=told)))
        except YidiError as error:
            faults += 1
            warn(f"没有收下 {path.name}：{explain(error)}", f"not taken: {path.name}: {explain(error)}")
    return done, faults


def _in_order(carrier: "Carrier", packages: Sequence[Path]) -> Iterator[Path]:
    """Files as they are named; of a folder the packages that are for here, the oldest first."""
    for path in packages:
        if not path.is_dir():
            yield path
            continue
        ours, others = _packages_in(carrier, path)
        if others:
            warn(
                f"{path} 中另有 {others} 个交换包不是给这里的，没有打开", f"{path}: {others} packages are not for here"
            )
        if not ours:
            raise fail("NO_PACKAGE", f"{path} 中没有给这里的交换包", f"{path} holds no package for here")
        yield from ours


def _packages_in(carrier: "Carrier", folder: Path) -> tuple[list[Path], int]:
    """By when they say they were made. What cannot be read is taken last, and then refused by name."""
    from exchange.errors import YidiError
    from exchange.services.carry.contents import claims

    ours: list[tuple[datetime, Path]] = []
    unreadable: list[Path] = []
    others = 0
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            carry = claims(path)
        except YidiError:
            unreadable.append(path)
            continue
        if carrier.is_for_here(carry):
            ours.append((carry.made, path))
        else:
            others += 1
    return [path for _, path in sorted(ours)] + unreadable, others
