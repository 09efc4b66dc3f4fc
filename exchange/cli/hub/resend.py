"""`yidi hub resend`: one document is dispatched again, by an operator and for a reason.

Not here: what is done for whom (`exchange.services.hub.resend`). Late deliveries are repeated by themselves.
"""

from typing import Annotated

import typer

from exchange.cli.hub.acting import ByOperator, Why, operator_of
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, hub_document, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import show_json, show_table

__all__ = ["add_resend_command"]

_WORDS = {
    "hastened": ("尚未送达，立即再投", "on its way: dispatched now"),
    "again": ("再投一次", "dispatched once more"),
    "receipts": ("补发全部回执", "all receipts again"),
    "delivered": ("已送达，未再投；确需再投用 --to 指明", "has it: left alone; name it by --to"),
    "withdrawn": ("已撤回、替代或作废，不再投", "recalled, superseded or void: never again"),
    "archived": ("原件已存档，不能再投", "its bytes are archived: cannot be sent"),
}


def add_resend_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "补投一件公文：给尚未收到的单位；--to 指明的单位收到过也再投，不会重复生效；--to 发文单位则补发回执",
            "dispatch a document again to whom it has not reached; by --to also to a unit that had it, which takes it "
            "once; to its sender: all receipts again",
        ),
        epilog="yidi hub resend 3f2a9c01 --reason 单位来电未收到\n\n"
        "yidi hub resend 3f2a9c01 --to 南白镇 --reason 硬盘损坏 --operator 王芳",
    )(resend)


def resend(
    document_id: Annotated[str, typer.Argument(metavar="ID", help=both("编号或其开头", "id or its beginning"))],
    reason: Why,
    data: Data = DEFAULT_DATA,
    to: Annotated[
        str | None,
        typer.Option(help=both("只给此单位", "to this unit alone"), autocompletion=complete_unit),
    ] = None,
    operator: ByOperator = "",
    as_json: AsJson = False,
) -> None:
    from exchange.services.hub.resend import order_resend
    from exchange.wiring.system import SystemClock

    by = operator_of(operator, reason)
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        unit = None if to is None else find_unit(directory, to)
        with opened.hub_store.begin() as session:
            key = hub_document(session, document_id)
        found = order_resend(opened.hub_store, key, unit, by, SystemClock().now())
    if as_json:
        show_json([{"id": key.id, "unit": unit, "outcome": one.value} for unit, one in found.items()])
        return
    rows = [(unit, unit_name(directory, unit), say(*_WORDS[one.value])) for unit, one in found.items()]
    show_table([("代码", "code"), ("单位", "unit"), ("结果", "outcome")], rows)
