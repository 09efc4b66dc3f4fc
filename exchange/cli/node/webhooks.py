"""`yidi node webhooks list | replay`: where programs are told what happens, as the node's administrator sees it.

Not here: registering one, which is its program's (`exchange.web.node_api.webhooks`).
"""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.model.webhook import Webhook

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(help=both("程序的推送地址", "where programs are told"), no_args_is_help=True)
    application.command("list", help=both("全部推送地址", "all of them"), epilog="yidi node webhooks list")(listing)
    application.command(
        help=both(
            "重新推送，已停止的也重新开始。\n\n不给 --after 从停下处继续；给了编号，从那一号之后全部再推送一遍。",
            "Tell a program again, also one that had ended.\n\nWithout --after it goes on where it stopped; with it, "
            "everything after that number is told again.",
        ),
        epilog="yidi node webhooks replay 3f2a9c017a0b4c61 --after 0",
    )(replay)
    return application


def listing(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    from exchange.services.node.tell_programs import Webhooks

    with desk(data) as opened:
        found = Webhooks(opened.node.node).of(None)
    if as_json:
        show_json([_value(one) for one in found])
        return
    columns = [("编号", "id"), ("地址", "address"), ("令牌", "token"), ("已到", "after"), ("状态", "state")]
    show_table(columns, [(one.id, one.url, one.token, str(one.cursor), _state(one)) for one in found])


def replay(
    webhook: Annotated[str, typer.Argument(metavar="ID", help=both("推送地址的编号", "its id"))],
    data: Data = DEFAULT_DATA,
    after: Annotated[int | None, typer.Option(min=0, help=both("从这一号之后", "everything after this number"))] = None,
) -> None:
    from exchange.services.node.tell_programs import Webhooks

    with desk(data) as opened:
        one = Webhooks(opened.node.node).replay(None, webhook, after)
    print(say(f"{one.id} 从 {one.cursor} 号之后继续推送", f"{one.id} is told what comes after {one.cursor}"))


def _state(one: "Webhook") -> str:
    if one.ended:
        return say(f"已停止：{one.ended}", f"ended: {one.ended}")
    if one.failing is not None:
        return say(f"{local(one.failing)} 起未被接收", f"not taken since {local(one.failing)}")
    return say("正常", "well")


def _value(one: "Webhook") -> dict[str, object]:
    return {
        "id": one.id,
        "url": one.url,
        "token": one.token,
        "units": list(one.units),
        "types": list(one.types),
        "after": one.cursor,
        "failing": stamp(one.failing),
        "ended": one.ended,
    }
