"""`yidi check-config`, and `--check-config` of what runs: all that is wrong with the settings, before a start.

Not here: the checks (`exchange.cli.settings_check`).
"""

import os
from typing import Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data
from exchange.cli.output import show_json

__all__ = ["CheckConfig", "check_config", "register"]


def register(application: typer.Typer) -> None:
    application.command(
        name="check-config",
        help=both(
            "检查设置：文件与 YIDI_ 变量，一次说出全部问题，什么都不启动。\n\n写错的名称（并给出最相近的）、类型与"
            "范围、办公系统的表、缺少的文件、他人可读的密钥与口令、被占用的端口。有问题时退出码为 1。",
            "Examine the settings, file and YIDI_ variables: every problem at once, nothing is started.\n\nMisspelt "
            "names (with the nearest right one), types and bounds, tables of offices, missing files, secrets that "
            "others may read, ports in use. The exit code is 1 when there is a problem.",
        ),
        epilog="yidi check-config --data /var/lib/yidi",
    )(check_config)


def check_config(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    from exchange.cli.settings_check import problems

    found = list(problems(data, os.environ))
    if as_json:
        show_json([{"where": p.where, "setting": p.setting, "found": p.found, "cure": p.cure} for p in found])
    else:
        for one in found:
            print(f"✗ {one.where}: {': '.join(filter(None, (one.setting, one.found)))}")
            print(f"    {say('办法', 'cure')}: {one.cure}")
        if not found:
            print(say("设置没有问题", "the settings are right"))
    if found:
        typer.echo(say(f"{len(found)} 个问题", f"problems: {len(found)}"), err=True)
        raise typer.Exit(1)


CheckConfig = Annotated[
    bool,
    typer.Option("--check-config", help=both("只检查设置，不启动", "check the settings and start nothing")),
]
