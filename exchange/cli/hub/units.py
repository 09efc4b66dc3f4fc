"""`yidi hub units`: importing a list, listing, and taking keys or whole units out of force."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.acting import ByOperator, MaybeWhy, operator_of
from exchange.cli.hub.pause import add_pause_commands
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import is_terminal, local, show_json, show_table, stamp, warn
from exchange.errors import InputError
from exchange.model.unit import UnitCode

if TYPE_CHECKING:
    from exchange.adapters.sheet import SheetError
    from exchange.directory.snapshot import Directory, UnitEntry
    from exchange.model.unit import Unit

__all__ = ["back_again", "group"]


def group() -> typer.Typer:
    application = typer.Typer(help=both("单位目录", "the units of the directory"), no_args_is_help=True)
    application.command(
        "import",
        help=both(
            "从 CSV 或 Excel 导入单位，并建立常用分组。\n\n表头须有 code、name、category_name、level，"
            "如 examples/bozhou/units.csv。全部正确才导入；列出每一个错误行。",
            "Import units from CSV or Excel, and make the usual groups.\n\nIts heading names code, name, category_name "
            "and level, as in examples/bozhou/units.csv. All of them, or none and every bad row with its line.",
        ),
        epilog="yidi hub units import 单位.csv --dry-run",
    )(import_)
    application.command("list", help=both("列出单位及其密钥", "list the units and their keys"))(list_)
    application.command(
        help=both(
            "作废单位的现有密钥（丢失或泄露）。\n\n此前已受理的公文不受影响。--deactivate 同时停用该单位。",
            "Revoke a unit's keys (lost or stolen).\n\nWhat the hub received before stands. --deactivate closes it.",
        ),
        epilog="yidi hub units revoke 520304-017 --reason 电脑被盗",
    )(revoke)
    add_pause_commands(application)
    return application


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=both("CSV 或 XLSX", "CSV or XLSX"))],
    data: Data = DEFAULT_DATA,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=both("只检查，不导入", "only check"))] = False,
    reason: MaybeWhy = None,
    operator: ByOperator = "",
    as_json: AsJson = False,
) -> None:
    from exchange.adapters.sheet import SheetError, read_units
    from exchange.ports.acts import Deed
    from exchange.wiring.enrolment import import_units

    deed = Deed(operator=operator_of(operator, reason), verb="units import", target=file.name)
    with desk(data) as opened:
        try:
            units = read_units(file)
        except SheetError as error:
            _show_faults(error, as_json=as_json)
            raise InputError(error.message.partition("\n")[0].rstrip(":"), code=error.code) from error
        administration = opened.administration()
        before = administration.administrator.current()
        added, changed = _difference(before, units)
        after = before if dry_run else import_units(administration, units, [deed])
    value = {
        "file": str(file),
        "rows": len(units),
        "added": added,
        "changed": changed,
        "dry_run": dry_run,
        "directory_version": after.version,
    }
    if as_json:
        show_json(value)
        return
    print(say(f"{len(units)} 行全部正确：新增 {len(added)}，变更 {len(changed)}",
              f"all {len(units)} rows are right: {len(added)} new, {len(changed)} changed"))  # fmt: skip
    if dry_run:
        print(say("只检查，未导入", "only checked, nothing imported"))
    else:
        print(say(f"目录现为第 {after.version} 版；下一步：", f"the directory is at version {after.version}; next: ")
              + _next_step(data))  # fmt: skip


def _next_step(data: Path) -> str:
    """Units on nodes of their own are given a code each; those of a one-machine exchange are enrolled here."""
    from exchange.wiring.places import HubPlace

    return f"yidi hub enroll UNIT --data {data}" if HubPlace.is_at(data) else "yidi node enroll --all"


def _show_faults(error: "SheetError", *, as_json: bool) -> None:
    """Every bad row with its line, so that a list is mended in one go."""
    if as_json:
        show_json(
            {"faults": [{"line": f.line, "column": f.column, "value": f.value, "rule": f.rule} for f in error.faults]}
        )
        return
    for fault in error.faults:
        print(fault, file=sys.stderr)


def _difference(directory: "Directory", units: "Sequence[Unit]") -> tuple[list[str], list[str]]:
    known = directory.by_code
    added = [unit.code for unit in units if unit.code not in known]
    changed = [unit.code for unit in units if unit.code in known and known[unit.code].unit != unit]
    return [str(code) for code in added], [str(code) for code in changed]


def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        hosted = set()
        if opened.node_part is not None:
            with opened.node_store.begin() as session:
                hosted = set(session.units())
    if as_json:
        show_json([{**_value(entry), "hosted_here": entry.unit.code in hosted} for entry in directory.units])
        return
    rows = [
        (
            entry.unit.code,
            entry.unit.name,
            entry.unit.kind.chinese,
            entry.unit.level.chinese,
            _key_state(entry) if entry.unit.active else say("已停用", "inactive"),
            say("本机", "here") if entry.unit.code in hosted else "",
        )
        for entry in directory.units
    ]
    columns = [
        ("代码", "code"),
        ("名称", "name"),
        ("类别", "kind"),
        ("层级", "level"),
        ("密钥", "key"),
        ("节点", "node"),
    ]
    show_table(columns, rows)


def _value(entry: "UnitEntry") -> dict[str, object]:
    return {
        "code": entry.unit.code,
        "name": entry.unit.name,
        "kind": entry.unit.kind.value,
        "level": entry.unit.level.value,
        "credit_code": entry.unit.credit_code,
        "parent": entry.unit.parent,
        "active": entry.unit.active,
        "keys": [
            {
                "fingerprint": key.fingerprint,
                "valid_from": stamp(key.valid_from),
                "valid_to": stamp(key.valid_to),
                "revoked": stamp(key.revoked),
            }
            for key in entry.keys
        ],
    }


def _key_state(entry: "UnitEntry") -> str:
    if not entry.keys:
        return say("未注册", "not enrolled")
    valid = [key for key in entry.keys if key.revoked is None]
    if not valid:
        return say("已作废", "revoked")
    return say("至 ", "to ") + local(max(key.valid_to for key in valid))[:10]


def revoke(
    unit: Annotated[str, typer.Argument(help=both("单位代码或名称", "unit"), autocompletion=complete_unit)],
    data: Data = DEFAULT_DATA,
    reason: Annotated[str, typer.Option(help=both("原因，写入目录", "why, written into the directory"))] = "OPERATOR",
    deactivate: Annotated[bool, typer.Option("--deactivate", help=both("同时停用单位", "close the unit too"))] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=both("不再询问", "do not ask"))] = False,
    operator: ByOperator = "",
) -> None:
    from exchange.directory.update import change_unit, revoke_key
    from exchange.ports.acts import Deed
    from exchange.wiring.system import SystemClock

    by = operator_of(operator, reason)
    with desk(data) as opened:
        administrator = opened.administration().administrator
        code = find_unit(administrator.current(), unit)
        now = SystemClock().now()
        if not yes:
            _ask(code)

        def change(directory: "Directory") -> "Directory":
            for key in directory.by_code[code].keys:
                if key.revoked is None and key.valid_to > now:
                    directory = revoke_key(directory, code, key.fingerprint, now, reason)
            return change_unit(directory, code, active=False) if deactivate else directory

        verbs = ["units revoke", "units deactivate"] if deactivate else ["units revoke"]
        before = administrator.current()
        after = administrator.change(change, [Deed(operator=by, verb=verb, target=code) for verb in verbs])
    if after.version == before.version:
        raise fail("STATE", f"{code} 没有可作废的密钥", f"{code} has no key to revoke")
    print(say(f"已作废 {code} 的密钥，目录第 {after.version} 版", f"revoked, directory version {after.version}"))
    warn(*back_again(data, code, closed=deactivate))


def back_again(data: Path, code: UnitCode, *, closed: bool) -> tuple[str, str]:
    """What lets it send again: at its own node, or on a one-machine exchange."""
    from exchange.wiring.places import HubPlace

    steps, steps_english = [f"yidi node enroll {code} --renew"], [f"yidi node enroll {code} --renew"]
    if HubPlace.is_at(data):
        steps = [f"yidi hub enroll {code}", f"在其节点 yidi node enroll --unit {code} --code 注册码，再重启节点"]
        steps_english = [f"yidi hub enroll {code}", f"at its node yidi node enroll --unit {code} --code CODE, restart"]
    if closed:
        steps.insert(0, "yidi hub units import 含该单位的名单")
        steps_english.insert(0, "yidi hub units import LIST (with its row)")
    return (
        f"该单位在重新{'启用并' if closed else ''}注册前不能发文：{'；'.join(steps)}",
        f"it cannot send until it is {'opened and ' if closed else ''}enrolled again: {'; '.join(steps_english)}",
    )


def _ask(code: str) -> None:
    if not is_terminal():
        raise fail("CONFIRM", "请加 --yes 确认", "confirm with --yes")
    typer.confirm(say(f"作废 {code} 的全部密钥？", f"revoke every key of {code}?"), abort=True)
