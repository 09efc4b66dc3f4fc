"""`yidi hub acts`: what operators did here, when and why.

Not here: what happened to documents (`yidi hub journey`), what was set aside (`yidi hub quarantine`).
"""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.ports.acts import Act

__all__ = ["add_acts_command"]


def add_acts_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "操作记录：谁、何时、对什么、做了什么、为什么、结果如何；只增不改",
            "what operators did: who, when, to what, why, with what result; nothing is ever changed in it",
        ),
        epilog="yidi hub acts --limit 20\n\nyidi hub acts --before 120 --json",
    )(acts)


def acts(
    data: Data = DEFAULT_DATA,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=both("至多几条", "at most"))] = 50,
    before: Annotated[
        int | None, typer.Option(min=1, metavar="NO", help=both("从此序号之前的一条起", "from the one before this on"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    with desk(data) as opened, opened.hub_store.begin() as session:
        found = session.acts(before, limit)
    if as_json:
        show_json([_value(number, act) for number, act in found])
        return
    columns = [
        ("序号", "no"), ("时间", "time"), ("账号", "account"), ("经办人", "operator"), ("操作", "what"),
        ("对象", "to what"), ("结果", "result"), ("理由", "why"),
    ]  # fmt: skip
    rows = [
        (number, local(act.at), act.account, act.operator, act.verb, act.target, act.outcome, act.reason)
        for number, act in found
    ]
    show_table(columns, rows)
    if not rows:
        print(say("还没有操作记录", "nothing was done yet"))


def _value(number: int, act: "Act") -> dict[str, object]:
    return {
        "no": number,
        "at": stamp(act.at),
        "account": act.account,
        "operator": act.operator or None,
        "verb": act.verb,
        "target": act.target,
        "reason": act.reason,
        "outcome": act.outcome,
    }
