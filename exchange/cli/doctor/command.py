"""`yidi doctor`: every check a support engineer would make, each with its cure."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.doctor.checks import Finding, Level, examine
from exchange.cli.doctor.round_trip import Trip, round_trip
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk, layout_of
from exchange.cli.output import show_json

__all__ = ["register"]

_MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.FAILURE: "✗"}


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "体检：单机、交换中心或节点，每项给出办法。\n\n设置、权限、磁盘、密钥、数据库、时钟、RabbitMQ、证书、目录、"
            "积压、隔离、运行状态；有不通过的，退出码为 1。什么都不改。\n\n另加 --round-trip 单位：发一件真的测试公文，"
            "送达后随即撤回。对方办公系统会看到它来去，请先打招呼。",
            "Examine a one-machine exchange, a hub or a node; each finding has its cure.\n\nSettings, modes, disk, "
            "keys, databases, clock, RabbitMQ, certificates, directory, backlog, quarantine, processes. The exit code "
            "is 1 when something fails. Nothing is changed.\n\nWith --round-trip UNIT a real test document goes there "
            "as well and is recalled as soon as it is delivered. That unit's office sees it come and go: tell them.",
        ),
        epilog="yidi doctor --data /var/lib/yidi\n\nyidi doctor --round-trip 区档案馆 --person 张三",
    )(doctor)


def doctor(
    data: Data = DEFAULT_DATA,
    to: Annotated[
        str | None,
        typer.Option(
            "--round-trip",
            metavar="UNIT",
            help=both("向此单位发测试公文并撤回", "send this unit a test document and recall it"),
            autocompletion=complete_unit,
        ),
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=both("测试公文由本机哪个单位发", "the unit here that sends it"),
            autocompletion=complete_unit,
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help=both("谁发测试公文（往返测试必填）", "who sends it; a round trip needs it"))
    ] = None,
    patience: Annotated[
        int,
        typer.Option(min=1, max=3600, metavar="SECONDS", help=both("每程至多等多久", "for each way")),
    ] = 60,
    as_json: AsJson = False,
) -> None:
    if to and not person:
        raise typer.BadParameter(say("缺少 --person：谁发测试公文", "--person is missing: who sends the document"))
    findings = _examine(data)
    if to and person:
        trip = Trip(to=to, sender=sender, person=person, patience=timedelta(seconds=patience))
        with desk(data) as opened:
            findings += round_trip(opened, trip)
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
    from exchange.cli.doctor import flow as checks_flow
    from exchange.cli.doctor import hub as checks_hub
    from exchange.cli.doctor import node as checks_node
    from exchange.cli.doctor import place as checks_place
    from exchange.cli.doctor.checks import Patient
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
