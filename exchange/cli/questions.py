"""Questions to a person at a terminal: one line each, a sensible answer between brackets, secrets not shown.

Not here: what is asked (`exchange.cli.hub.init`). Without a terminal nobody is asked.
"""

import sys

import typer

from exchange.cli.doctor.checks import Finding, Level
from exchange.cli.language import say

__all__ = ["ask", "ask_secret", "ask_yes", "has_person", "tell"]


def has_person() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(chinese: str, english: str, default: str) -> str:
    answer: str = typer.prompt(say(chinese, english), default=default, show_default=bool(default))
    return answer.strip()


def ask_secret(chinese: str, english: str) -> str:
    """Empty if there is none."""
    answer: str = typer.prompt(say(chinese, english), default="", show_default=False, hide_input=True)
    return answer


def ask_yes(chinese: str, english: str, *, default: bool = True) -> bool:
    return typer.confirm(say(chinese, english), default=default)


def tell(findings: list[Finding]) -> bool:
    """Show each with its cure; whether nothing failed."""
    marks = {Level.OK: "✓", Level.WARNING: "!", Level.FAILURE: "✗"}
    for one in findings:
        typer.echo(f"{marks[one.level]} {one.found}", err=one.level is not Level.OK)
        if one.cure:
            typer.echo(f"    {say('办法', 'cure')}: {one.cure}", err=True)
    return all(one.level is not Level.FAILURE for one in findings)
