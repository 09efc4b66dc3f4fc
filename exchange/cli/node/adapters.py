"""`yidi node adapters`: which office systems are connected, whether their settings fit them, what can be set."""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import show_json, show_table
from exchange.errors import YidiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exchange.model.unit import UnitCode
    from exchange.ports.office import Misfit
    from exchange.wiring.offices import OpenOffices

__all__ = ["group", "misfits"]


def group() -> typer.Typer:
    application = typer.Typer(help=both("办公系统接口", "office systems"), no_args_is_help=True)
    application.command("list", help=both("各单位接的办公系统", "which office each unit has"))(list_)
    application.command(
        help=both(
            "设置是否与办公系统相符：表单、字段、账号，缺什么、在哪里。不改动办公系统。",
            "Whether the settings fit the office: forms, fields, accounts; what is missing, where. Changes nothing.",
        ),
        epilog="yidi node adapters check",
    )(check)
    application.command(
        help=both("一种接口可以设置什么（JSON Schema）", "what an adapter can be told (JSON Schema)"),
        epilog="yidi node adapters schema folder",
    )(schema)
    return application


def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    from exchange.adapters.registry import adapter_names

    with desk(data) as opened:
        with opened.node_store.begin() as session:
            hosted = session.units()
        offices, directory = opened.node.offices, opened.directory()
        rows = [
            (name, unit, unit_name(directory, unit))
            for name in (*offices.adapters, "none")
            for unit in offices.units_of(name, hosted)
        ]
    if as_json:
        units = [{"unit": unit, "office": name} for name, unit, _ in rows]
        show_json({"installed": adapter_names(), "units": units})
        return
    print(say("已安装的接口：", "installed:"), "、".join(adapter_names()))
    show_table([("办公系统", "office"), ("代码", "code"), ("名称", "name")], rows)


def check(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        with opened.node_store.begin() as session:
            hosted = session.units()
        found = list(misfits(opened.node.offices, hosted))
    if as_json:
        show_json([{"where": one.where, "found": one.found, "cure": one.cure} for one in found])
    else:
        for one in found:
            print(f"✗ {one.where}: {one.found}\n    {say('办法', 'cure')}: {one.cure}")
        if not found:
            print(say("✓ 设置与办公系统相符", "✓ the settings fit the office systems"))
    if found:
        raise typer.Exit(1)


def misfits(offices: "OpenOffices", hosted: "Sequence[UnitCode]") -> "Iterator[Misfit]":
    """What does not fit in any office of the hosted units; an office that does not answer is one, too."""
    from dataclasses import replace

    from exchange.ports.office import Misfit

    for name, adapter in offices.adapters.items():
        try:
            for one in adapter.check(offices.units_of(name, hosted)):
                yield replace(one, where=f"offices.{name}.{one.where}")
        except YidiError as error:
            found = f"{error}" + (f" ({error.detail})" if error.detail else "")
            cure = say("办公系统是否在运行？地址、账号是否正确？", "does it run? Are address and account right?")
            yield Misfit(where=f"offices.{name}", found=found, cure=cure)


def schema(name: Annotated[str, typer.Argument(help=both("接口名称", "name of the adapter"))]) -> None:
    from exchange.adapters.registry import find_adapter

    show_json(find_adapter(name).Settings.model_json_schema())
