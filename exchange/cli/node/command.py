"""`yidi node`: the units that this machine hosts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.backup import add_node_commands
from exchange.cli.documents.carry import add_node_carry_commands
from exchange.cli.hub.acting import ByOperator, operator_of
from exchange.cli.hub.notice import notice_value, tell_notices
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.node import adapters, tokens, webhooks
from exchange.cli.node.far import enroll_one, init, run
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, progress, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.model.unit import UnitCode
    from exchange.wiring.desk import Desk

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(
        help=both("本机节点：注册单位、运行、现状", "this node: enrol units, run, state"), no_args_is_help=True
    )
    application.command(
        help=both("新建一个异地节点", "make a node far from its hub"),
        epilog="yidi node init --data /var/lib/yidi-node --hub https://hub.example:8443 --ca ca.pem",
    )(init)
    application.command(
        help=both("运行异地节点，直至 SIGTERM 或 Ctrl-C", "run a node far from its hub, until SIGTERM or Ctrl-C"),
        epilog="yidi node run --data /var/lib/yidi-node",
    )(run)
    application.command(
        help=both(
            "在本机注册单位：密钥在本机生成、从不离开；所有单位一次进入目录。中断后重来即可。",
            "Enrol units on this machine: keys are made here and never leave; all enter the directory in one version. "
            "Interrupted? Run it again.",
        ),
        epilog="yidi node enroll --all\n\nyidi node enroll 520304-001 --renew\n\n"
        "yidi node enroll --data /var/lib/yidi-node --unit 520304-001 --code ABCDE-FGHJK-MNPQR-STUVW",
    )(enroll)
    application.command(help=both("本机节点的现状", "the state of this node"))(status)
    application.add_typer(adapters.group(), name="adapters")
    application.add_typer(tokens.group(), name="tokens")
    application.add_typer(webhooks.group(), name="webhooks")
    add_node_commands(application)
    add_node_carry_commands(application)
    return application


def enroll(  # noqa: PLR0917  # one for each option
    units: Annotated[
        list[str] | None,
        typer.Argument(help=both("单位代码或名称", "unit codes or names"), autocompletion=complete_unit),
    ] = None,
    data: Data = DEFAULT_DATA,
    every: Annotated[bool, typer.Option("--all", help=both("目录中全部单位", "every active unit"))] = False,
    renew: Annotated[bool, typer.Option("--renew", help=both("已注册的换新密钥", "replace existing keys"))] = False,
    unit: Annotated[str | None, typer.Option(help=both("异地节点：单位代码", "far from the hub: the unit"))] = None,
    code: Annotated[str | None, typer.Option(help=both("异地节点：一次性注册码", "its one-time code"))] = None,
    hub: Annotated[
        str | None, typer.Option("--hub", metavar="URL", help=both("同时新建节点：交换中心", "make the node, too: hub"))
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option("--ca", dir_okay=False, help=both("同时新建节点：签发机构", "its authority (PEM)"))
    ] = None,
    operator: ByOperator = "",
) -> None:
    from exchange.wiring.enrolment import enroll_here

    if unit is not None or code is not None:
        enroll_one(data, unit, code, hub, ca_file)
        return

    if bool(units) == every:
        raise typer.BadParameter(say("给出单位，或用 --all", "name units, or give --all"))
    with desk(data) as opened:
        administration = opened.administration()
        chosen, enrolled = _choose(opened, units or [], renew=renew)
        if chosen:
            with progress(f"注册 {len(chosen)} 个单位", f"enrolling {len(chosen)} units") as told:
                keys = opened.node_home.keys
                enroll_here(administration, keys, opened.node_store, chosen, told, operator_of(operator, None))
            opened.node.refresher.refresh()
        version = administration.administrator.current().version
    print(
        say(f"已注册 {len(chosen)} 个单位，目录第 {version} 版", f"enrolled {len(chosen)}, directory version {version}")
    )
    if enrolled:
        print(
            say(
                f"此前已注册 {enrolled} 个（--renew 换新密钥）",
                f"{enrolled} were enrolled already (--renew replaces keys)",
            )
        )


def _choose(opened: "Desk", units: list[str], *, renew: bool) -> "tuple[list[UnitCode], int]":
    """The units to enrol, and how many of those asked for need nothing."""
    directory = opened.administration().administrator.current()
    keys = opened.node_home.keys
    with opened.node_store.begin() as session:
        hosted = set(session.units())
    if units:
        asked = list(dict.fromkeys(find_unit(directory, unit) for unit in units))
    else:
        asked = [entry.unit.code for entry in directory.units if entry.unit.active]
    now = opened.node.node.clock.now()
    valid = {
        entry.unit.code for entry in directory.units if any(k.revoked is None and k.valid_to > now for k in entry.keys)
    }
    done = {unit for unit in asked if unit in hosted and unit in valid and keys.has(unit)}
    chosen = [unit for unit in asked if renew or unit not in done]
    return chosen, len(asked) - len(chosen)


_COUNTED = {
    "sent": "已发公文",
    "inbox": "收件",
    "outbox_open": "待发",
    "handovers_open": "待入办公系统",
    "untold": "待告知办公系统",
    "quarantined": "被隔离",
}


# What keeps files from going up, where a word more helps; the others are in docs/errors.md.
_HELD = {
    "UPLOAD_QUOTA": (
        "本单位今日上传限额已用完，北京时间零时起自动继续",
        "the day's allowance at the hub is used up; they go on by themselves after midnight, Beijing time",
    ),
    "HUB_UNREACHABLE": ("连不上交换中心", "the hub cannot be reached"),
    "SIZE": ("超出中心一日的上传限额，请与中心联系", "more than the hub takes in a day: ask its administrator"),
}


def _counted(name: str) -> str:
    return say(_COUNTED.get(name, name), name.replace("_", " "))


def _held(code: str) -> str:
    meaning = _HELD.get(code)
    return (
        say(f"待上传文件：{meaning[0]}（{code}）", f"files wait: {meaning[1]} ({code})")
        if meaning
        else (say(f"待上传文件：{code}", f"files wait: {code}"))
    )


def _kept_out(code: str) -> str:
    from exchange.model.meanings import MEANINGS

    return say(f"进不了办公系统：{MEANINGS.get(code, '')}（{code}）", f"kept out of the office system: {code}")


def status(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        opened.node.refresher.refresh()
        with opened.node_store.begin() as session:
            hosted, counts, held = session.units(), session.counts(), session.directory_version()
            faults, kept_out = session.outbox_faults(), session.handover_faults()
            if refused := session.refused_by_offices():
                kept_out["OA_REJECTED"] = refused
            notices = session.notices(opened.node.node.clock.now())
            checkpoints = session.checkpoints()
        directory = opened.directory() if held else None
    keys = {
        code: max((k.valid_to for k in directory.by_code[code].keys if k.revoked is None), default=None)
        for code in hosted
        if directory is not None and code in directory.by_code
    }
    if as_json:
        show_json(
            {
                "directory_version": held,
                "units": [{"code": code, "key_valid_to": stamp(keys.get(code))} for code in hosted],
                "counts": counts,
                "checkpoints_held": len(checkpoints),
                "outbox_faults": faults,
                "handover_faults": kept_out,
                "notices": [notice_value(one) | {"unit": unit} for unit, one in notices],
            }
        )
        return
    tell_notices(notices)
    rows: list[tuple[str, object]] = [
        (say("目录版本", "directory version"), held),
        (say("所持检查点", "checkpoints held"), len(checkpoints)),
        *((_counted(name), count) for name, count in counts.items()),
        *((_held(code), count) for code, count in faults.items()),
        *((_kept_out(code), count) for code, count in kept_out.items()),
    ]
    show_table([("项目", "what"), ("现状", "state")], rows)
    if directory is not None:
        units = [(code, unit_name(directory, code), local(keys.get(code))[:10]) for code in hosted]
        show_table([("代码", "code"), ("名称", "name"), ("密钥有效至", "key valid to")], units)
