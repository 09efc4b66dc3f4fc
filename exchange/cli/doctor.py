"""`yidi doctor`: every check a support engineer would make, each with its cure."""

from contextlib import closing
from pathlib import Path

import typer

from exchange.cli.checks import Finding, Level, examine
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, layout_of
from exchange.cli.output import show_json

__all__ = ["register"]

_MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.FAILURE: "✗"}


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "体检：单机、交换中心或节点，每项给出办法。\n\n设置、权限、磁盘、密钥、数据库、时钟、RabbitMQ、证书、目录、"
            "积压、隔离、运行状态；有不通过的，退出码为 1。什么都不改。",
            "Examine a one-machine exchange, a hub or a node; each finding has its cure.\n\nSettings, modes, disk, "
            "keys, databases, clock, RabbitMQ, certificates, directory, backlog, quarantine, processes. The exit code "
            "is 1 when something fails. Nothing is changed.",
        ),
        epilog="yidi doctor --data /var/lib/yidi",
    )(doctor)


def doctor(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    findings = _examine(data)
    if as_json:
        show_json(
            [{"check": one.check, "level": one.level.value, "found": one.found, "cure": one.cure} for one in findings]
        )
    else:
        for one in findings:
            print(f"{_MARKS[one.level]} {one.check}: {one.found}")
            if one.cure:
                print(f"    {say('办法', 'cure')}: {one.cure}")
    failed = sum(one.level is Level.FAILURE for one in findings)
    if failed:
        typer.echo(say(f"{failed} 项不通过", f"{failed} checks failed"), err=True)
        raise typer.Exit(1)


def _examine(data: Path) -> list[Finding]:
    """Of whatever `data` holds. No exchange there is one plain line, and not a dozen findings."""
    from exchange.cli import checks_flow, checks_hub, checks_node, checks_place
    from exchange.cli.checks import Patient
    from exchange.wiring.places import HubPlace, NodePlace

    layout = layout_of(data)
    if HubPlace.is_at(data):
        hub = checks_hub.HubPatient(layout)
        _ = hub.settings
        with closing(hub):
            return list(examine(hub, checks_hub.CHECKS))
    if NodePlace.is_at(data):
        node = checks_node.NodePatient(layout)
        _ = node.settings
        with closing(node):
            return list(examine(node, checks_node.CHECKS))
    layout.settings()
    with closing(Patient(layout)) as patient:
        return list(examine(patient, (*checks_place.CHECKS, *checks_flow.CHECKS)))
