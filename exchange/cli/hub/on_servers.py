"""`yidi hub init --database --broker`, `provision` and `run`: a hub on RabbitMQ and PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.check_config import CheckConfig, check_config
from exchange.cli.language import both, say
from exchange.cli.manager import tell_alive, tell_ready, tell_stopping
from exchange.cli.opened import DEFAULT_DATA, Data, desk
from exchange.cli.output import warn
from exchange.cli.process import alone, block_signals, open_log, told_to_stop
from exchange.cli.running import moves

if TYPE_CHECKING:
    from exchange.wiring.places import HubPlace

__all__ = ["provision", "run", "show_founded"]


def show_founded(place: "HubPlace") -> None:
    """What was made, and what is next; provisions the broker where its management is known."""
    root, settings = place.layout.root, place.settings
    print(say(f"已建立交换中心 {settings.hub}（{settings.name}）", f"made the hub {settings.hub} ({settings.name})"))
    print(say("设置", "settings"), root / "hub.toml")
    print(
        say("口令与密码（请另行备份，丢失不可恢复）", "passphrase and passwords (keep a copy elsewhere)"),
        root / "secrets",
    )
    print(say("签发机构证书（分发给各节点）", "the authority's certificate (for every node)"), root / "tls" / "ca.pem")
    print(say("加入 RabbitMQ 的设置", "add to RabbitMQ's settings"), root / "tls" / "rabbitmq.conf")
    if place.management() is not None:
        provision(root)
    print(say("下一步：", "next:"), f"yidi hub units import FILE --data {root}; yidi hub run --data {root}")


def provision(
    data: Data = DEFAULT_DATA,
    out: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help=both("写成定义文件，供管理员导入", "write definitions for an administrator instead")
        ),
    ] = None,
) -> None:
    from exchange.wiring.places import HubPlace
    from exchange.wiring.provision import county_of, definitions
    from exchange.wiring.provision import provision as reconcile

    place = HubPlace.open(data)
    with desk(data) as opened:
        directory = opened.directory()
    if out is not None:
        out.touch(mode=0o600)
        out.write_bytes(definitions(county_of(place, directory)))
        print(
            say(f"已写入 {out}：rabbitmqctl import_definitions {out}", f"wrote {out}: rabbitmqctl import_definitions")
        )
        return
    changes = reconcile(place, directory)
    print(
        say(
            f"RabbitMQ 已按目录整理：设置 {len(changes.set)}，移除 {len(changes.removed)}",
            f"RabbitMQ is as the directory wants it: {len(changes.set)} set, {len(changes.removed)} removed",
        )
    )
    for name in changes.conflicts:
        warn(f"{name} 与所需不同，须删除后重建", f"{name} differs and must be deleted to be made anew")


def run(data: Data = DEFAULT_DATA, only_check: CheckConfig = False) -> None:
    if only_check:
        check_config(data)
        return
    from exchange.wiring.places import HubPlace
    from exchange.wiring.system import SystemClock
    from workers.supervisor import Supervisor

    place = HubPlace.open(data)
    with alone(data, "yidi hub run"):
        _, log = open_log("hub")
        block_signals()
        supervisor = Supervisor(
            place.settings.workers.plan(),
            lambda name, number: _spawn(data, name, number),
            SystemClock(),
            log,
            moves=lambda name, number: moves(data, f"{name}-{number}"),
        )
        try:
            supervisor.look()
            print(say("交换中心已启动", "the hub is running"), place.settings.http.url, flush=True)
            tell_ready()
            while not told_to_stop(0.5):
                supervisor.look()
                supervisor.end_stuck()
                tell_alive()
            tell_stopping()
            print(say("正在停止……", "stopping ..."), flush=True)
        finally:
            supervisor.stop()


def _spawn(data: Path, name: str, number: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "exchange.cli", "worker", name, "--number", str(number), "--supervised"]
    return subprocess.Popen(  # noqa: S603  # ourselves
        [*command, "--data", str(data)],
        # The service manager hears of the hub from its supervisor alone.
        env={key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the supervisor, which stops them in order
    )
