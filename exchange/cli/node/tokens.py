"""`yidi node tokens new | list | revoke`: which programs may use the node's interface."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.naming import find_unit
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, show_json, show_table, stamp
from exchange.model.program import Scope

if TYPE_CHECKING:
    from exchange.model.program import Token

__all__ = ["group"]

_DAYS = 365


def group() -> typer.Typer:
    application = typer.Typer(help=both("程序接口的令牌", "tokens of the interface for programs"), no_args_is_help=True)
    application.command(
        help=both(
            "为一个程序发放令牌。\n\n令牌只显示这一次，本机只存其摘要。权限：read 查阅，submit 发文，receive 取文入库，"
            "sign 签收与反馈，webhooks 事件推送。",
            "Make a token for a program.\n\nIt is shown this once; only its hash is kept here. Scopes: read, submit, "
            "receive, sign, webhooks.",
        ),
        epilog="yidi node tokens new 区政府办OA --unit 区政府办 --scope read --scope submit --scope receive",
    )(new)
    application.command("list", help=both("全部令牌", "all tokens"), epilog="yidi node tokens list")(listing)
    application.command(
        help=both("作废令牌，立即生效", "revoke a token, at once"), epilog="yidi node tokens revoke 3f2a9c01"
    )(revoke)
    return application


def new(
    name: Annotated[str, typer.Argument(help=both("哪个程序", "which program"))],
    data: Data = DEFAULT_DATA,
    units: Annotated[
        list[str] | None,
        typer.Option(
            "--unit",
            "-u",
            help=both("限于哪个单位，可重复；省略为本机全部", "for which unit, may be repeated; all here if left out"),
            autocompletion=complete_unit,
        ),
    ] = None,
    scopes: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help=both("权限，可重复；省略为 read", "what it may do; read if left out")),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help=both("几天后失效", "days until it expires"))] = _DAYS,
    as_json: AsJson = False,
) -> None:
    with desk(data) as opened:
        codes = [find_unit(opened.directory(), unit) for unit in units or []]
        made = opened.node.tokens.issue(name, scopes or [Scope.READ], codes, timedelta(days=days))
    if as_json:
        show_json(_value(made.token) | {"token": made.text})
        return
    print(made.text)
    print(
        say(
            f"请立即交给“{name}”保管，之后无法再次显示；失效 {local(made.token.expires)}",
            f"give it to {name!r} now: it is not shown again; expires {local(made.token.expires)}",
        )
    )
    if not opened.layout.api_url.exists():
        print(
            say(
                "接口尚未开启：在设置文件中写入 [api] port = 8087 后重新启动",
                "the interface is not on: write [api] port = 8087 into the settings file and start again",
            )
        )


def listing(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        tokens = opened.node.tokens.listing()
        now = opened.node.node.clock.now()
    if as_json:
        show_json([_value(token) for token in tokens])
        return
    rows = [
        (
            token.id,
            token.name,
            say("、".join(scope.chinese for scope in sorted(token.scopes)), " ".join(sorted(token.scopes))),
            " ".join(token.units) or say("全部", "all"),
            local(token.expires),
            local(token.used),
            say("已作废", "revoked")
            if token.revoked
            else say("已过期", "expired")
            if token.expires and now >= token.expires
            else say("有效", "valid"),
        )
        for token in tokens
    ]
    columns = [
        ("编号", "id"), ("程序", "program"), ("权限", "scopes"), ("单位", "units"), ("失效", "expires"),
        ("最近使用", "last used"), ("状态", "state"),
    ]  # fmt: skip
    show_table(columns, rows)


def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help=both("令牌编号", "its id"))], data: Data = DEFAULT_DATA
) -> None:
    with desk(data) as opened:
        revoked = opened.node.tokens.revoke(token)
    print(say(f"已作废 {revoked.id} {revoked.name}", f"revoked {revoked.id} {revoked.name}"))


def _value(token: "Token") -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "units": list(token.units),
        "created": stamp(token.created),
        "expires": stamp(token.expires),
        "revoked": stamp(token.revoked),
        "used": stamp(token.used),
    }
