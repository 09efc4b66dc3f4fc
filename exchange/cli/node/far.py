"""`yidi node init`, `enroll --unit --code` and `run`: a node far from its hub, on RabbitMQ and HTTPS."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.check_config import CheckConfig, check_config
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, Data
from exchange.cli.process import alone, block_signals, open_face, open_log, programs_at, run_until_signal, shown_at

if TYPE_CHECKING:
    from workers.processes import Rooms

__all__ = ["enroll_one", "init", "run", "run_node"]


def init(
    hub: Annotated[str, typer.Option("--hub", metavar="URL", help=both("交换中心地址", "URL of the hub"))],
    ca_file: Annotated[
        Path,
        typer.Option(
            "--ca", exists=True, dir_okay=False, help=both("签发机构证书（PEM）", "certificate of its authority (PEM)")
        ),
    ],
    data: Data = DEFAULT_DATA,
    office: Annotated[str, typer.Option(help=both("办公系统接口，none 为无", "office adapter, or none"))] = "folder",
) -> None:
    from exchange.wiring.founding import found_node

    found_node(data, hub, ca_file, office)
    print(say(f"已建立节点于 {data}", f"made a node in {data}"))
    print(say("下一步：", "next:"), f"yidi node enroll --unit UNIT --code CODE --data {data}")


def enroll_one(data: Path, unit: str | None, code: str | None, hub: str | None, ca_file: Path | None) -> None:
    """With `hub` and `ca_file`, make the node first."""
    from exchange.model.unit import parse_unit_code
    from exchange.wiring.founding import enroll_far, found_node
    from exchange.wiring.places import NodePlace

    if unit is None or code is None:
        raise typer.BadParameter(say("--unit 与 --code 须同时给出", "give both --unit and --code"))
    if (hub is None) != (ca_file is None):
        raise typer.BadParameter(say("--hub 与 --ca 须同时给出", "give both --hub and --ca"))
    if hub is not None and ca_file is not None and not NodePlace.is_at(data):
        found_node(data, hub, ca_file, "folder")
    place, known = NodePlace.open(data), parse_unit_code(unit)
    enroll_far(place, known, known, code)
    print(say(f"{known} 已在本机注册，密钥不离开本机", f"{known} is enrolled here; its key never leaves this machine"))
    print(say("下一步：", "next:"), f"yidi node run --data {data}")


def run(
    data: Data = DEFAULT_DATA,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=both("网页端口，0 为任选", "its port, 0 for a free one"))
    ] = None,
    only_check: CheckConfig = False,
) -> None:
    if only_check:
        check_config(data)
    else:
        run_node(data, port)


def run_node(data: Path, port: int | None = None, *, rooms: "Rooms | None" = None) -> None:
    """Until a signal. `rooms`: in place of the real ones."""
    from exchange.wiring.places import NodePlace
    from workers.garbage import collect_seldom
    from workers.processes import open_node_process

    place = NodePlace.open(data)
    web, shown = place.settings.web, place.layout.web_url
    with alone(data, "yidi node run"):
        metrics, log = open_log("node", place.settings.traces, place.layout.root)
        block_signals()
        loops = open_node_process(place, metrics, log, rooms)
        collect_seldom()
        face = open_face(loops, metrics, web, port=port)
        with face as server, shown_at(shown, server.url, log), programs_at(place.layout, loops, log):
            print(say("节点已启动", "the node is running"), server.url, flush=True)
            run_until_signal(loops)
