"""Who runs an operator's command, and why: what goes into `yidi hub acts` with what was done."""

import os
import pwd
from typing import Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both
from exchange.errors import InvalidValueError
from exchange.model.text import check_line
from exchange.ports.acts import Operator

__all__ = ["ByOperator", "MaybeWhy", "Why", "operator_of"]

ByOperator = Annotated[
    str,
    typer.Option("--operator", metavar="NAME", help=both("经办人姓名，记入操作记录", "who does it, for the record")),
]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help=both("为什么，记入操作记录", "why, for the record"))]
MaybeWhy = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help=both("为什么，记入操作记录", "why, for the record"))
]


def operator_of(name: str, reason: str | None) -> Operator:
    """The account is the operating system's; who used sudo is named, too. None: no reason is asked for."""
    try:
        if reason is not None:
            check_line("--reason", reason, 500)
        if name:
            check_line("--operator", name, 100)
    except InvalidValueError as error:
        raise fail("VALUE", f"经办人或理由不合要求：{error.message}", error.message) from None
    return Operator(account=_account(), name=name, reason=reason or "")


def _account() -> str:
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        account = f"uid {os.getuid()}"
    before = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"{account} (sudo: {before})" if before else account
