"""`yidi doctor`: every check a support engineer would make, each with its cure."""

from contextlib import closing

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, layout_of
from exchange.cli.output import show_json

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "体检，每项给出办法。\n\n数据目录、磁盘、密钥、数据库、时钟、目录、证书、积压、隔离、运行状态；"
            "有不通过的，退出码为 1。",
            "Examine the exchange; each finding has its cure.\n\nData directory, disk, keys, databases, clock, "
            "directory, certificates, backlog, quarantine, process. The exit code is 1 when something fails.",
        ),
        epilog="yidi doctor --data /var/lib/yidi",
    )(doctor)


def doctor(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    from exchange.cli import checks_flow, checks_place
    from exchange.cli.checks import Level, Patient, examine

    layout = layout_of(data)
    layout.settings()  # no exchange: one plain line, not fourteen findings
    with closing(Patient(layout)) as patient:
        findings = list(examine(patient, (*checks_place.CHECKS, *checks_flow.CHECKS)))
    if as_json:
        show_json(
            [{"check": one.check, "level": one.level.value, "found": one.found, "cure": one.cure} for one in findings]
        )
    else:
        marks = {Level.OK: "✓", Level.WARNING: "!", Level.FAILURE: "✗"}
        for one in findings:
            print(f"{marks[one.level]} {one.check}: {one.found}")
            if one.cure:
                print(f"    {say('办法', 'cure')}: {one.cure}")
    failed = sum(one.level is Level.FAILURE for one in findings)
    if failed:
        typer.echo(say(f"{failed} 项不通过", f"{failed} checks failed"), err=True)
        raise typer.Exit(1)
