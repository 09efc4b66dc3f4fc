"""`yidi hub groups`: named sets of units that a clerk may send to."""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.acting import ByOperator, MaybeWhy, operator_of
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import show_json, show_table
from exchange.model.unit import Level, UnitKind

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory, Group

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(help=both("发文分组", "groups of units"), no_args_is_help=True)
    application.command("list", help=both("列出分组", "list the groups"))(list_)
    application.command(
        help=both("分组现在包含哪些单位", "whom a group reaches now"), epilog="yidi hub groups show 各镇乡"
    )(show)
    application.command(
        help=both("新建或替换一个分组", "make a group or replace one"),
        epilog="yidi hub groups add flood 防汛成员单位 --member 520304-001 --member 区水务局",
    )(add)
    return application


def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
    if as_json:
        show_json([_value(directory, group) for group in directory.groups])
        return
    rows = [(group.id, group.name, len(directory.members(group))) for group in directory.groups]
    show_table([("标识", "id"), ("名称", "name"), ("单位数", "units")], rows)


def show(
    name: Annotated[str, typer.Argument(help=both("分组标识或名称", "id or name of the group"))],
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
    found = next((group for group in directory.groups if name in (group.id, group.name)), None)
    if found is None:
        raise fail("GROUP", f"没有分组“{name}”", f"no group {name!r}")
    if as_json:
        show_json(_value(directory, found))
        return
    rows = [(code, unit_name(directory, code)) for code in directory.members(found)]
    show_table([("代码", "code"), ("名称", "name")], rows, title=f"{found.name} {found.id} ({len(rows)})")


def add(  # noqa: PLR0917  # one for each option
    group_id: Annotated[str, typer.Argument(metavar="ID", help=both("标识：英文字母、数字、-", "letters, digits, -"))],
    name: Annotated[str, typer.Argument(help=both("名称，发文人所见", "the name that clerks see"))],
    data: Data = DEFAULT_DATA,
    member: Annotated[
        list[str] | None,
        typer.Option(help=both("成员单位，可重复", "a member, may be repeated"), autocompletion=complete_unit),
    ] = None,
    kind: Annotated[list[UnitKind] | None, typer.Option(help=both("类别，可重复", "kinds"))] = None,
    level: Annotated[list[Level] | None, typer.Option(help=both("层级，可重复", "levels"))] = None,
    region: Annotated[str, typer.Option(help=both("代码前缀", "beginning of the unit code"))] = "",
    reason: MaybeWhy = None,
    operator: ByOperator = "",
) -> None:
    from exchange.directory.snapshot import Group
    from exchange.directory.update import add_group
    from exchange.ports.acts import Deed

    if not (member or kind or level or region):
        raise typer.BadParameter(say("至少给出一个成员或条件", "name at least one member or rule"))
    deed = Deed(operator=operator_of(operator, reason), verb="groups add", target=group_id)
    with desk(data) as opened:
        administrator = opened.administration().administrator
        directory = administrator.current()
        made = Group(
            id=group_id,
            name=name,
            kinds=frozenset(kind or ()),
            levels=frozenset(level or ()),
            region=region,
            members=tuple(sorted({find_unit(directory, unit) for unit in member or ()})),
        )
        after = administrator.change(lambda directory: add_group(directory, made), [deed])
    count = len(after.members(made))
    print(say(f"分组 {name} 含 {count} 个单位，目录第 {after.version} 版",
              f"{name} reaches {count} units, directory version {after.version}"))  # fmt: skip


def _value(directory: "Directory", group: "Group") -> dict[str, object]:
    members = directory.members(group)
    return {
        "id": group.id,
        "name": group.name,
        "kinds": sorted(group.kinds),
        "levels": sorted(group.levels),
        "region": group.region,
        "units": [{"code": code, "name": unit_name(directory, code)} for code in members],
    }
