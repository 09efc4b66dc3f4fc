"""`yidi hub backup`, `hub restore`, `node backup`, `node restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.acting import ByOperator, operator_of
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, CommandLog, Data
from exchange.cli.output import local
from exchange.cli.secret import private_url

if TYPE_CHECKING:
    from exchange.wiring.backup import Backup
    from exchange.wiring.restore import Restoring

__all__ = ["add_hub_commands", "add_node_commands"]

Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", file_okay=False, help=both("新目录，放备份", "new directory for it"))
]
SecretsOut = Annotated[
    Path | None,
    typer.Option(
        "--secrets",
        metavar="DIR",
        file_okay=False,
        help=both(
            "另一个新目录，放口令与密码；不给则不备份",
            "another new directory, for passphrase and passwords; else they stay behind",
        ),
    ),
]
Source = Annotated[
    Path, typer.Argument(metavar="FROM", exists=True, file_okay=False, help=both("备份目录", "directory of the backup"))
]
SecretsIn = Annotated[
    Path | None,
    typer.Option(
        "--secrets",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help=both("口令与密码的备份目录", "backup of passphrase and passwords"),
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL|@FILE",
        help=both("空的 PostgreSQL，若与原先不同", "an empty PostgreSQL, if it is another than before"),
    ),
]
Newest = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help=both(
            "任一节点用 yidi node directory 导出的较新目录，备份之后的注册与作废得以保留",
            "a newer snapshot that some node wrote with yidi node directory: saves what was enrolled and revoked since",
        ),
    ),
]
Reason = Annotated[
    str, typer.Option(help=both("恢复原因，写入通讯录，各单位可见", "why; the directory tells everybody"))
]


def add_hub_commands(group: typer.Typer) -> None:
    group.command(
        "backup",
        help=both(
            "备份交换中心（单机则连同节点），可在运行中执行：数据库、附件、密钥、设置",
            "back the hub up (on one machine the node, too), beside its running: database, files, keys, settings",
        ),
        epilog="yidi hub backup --data /var/lib/yidi --out /backup/2026-11-25 --secrets /safe/2026-11-25",
    )(hub_backup)
    group.command(
        "restore",
        help=both(
            "由备份恢复到新目录和空数据库，并以通讯录密钥签署声明；备份之后的公文和回执由各节点自动补回",
            "restore a backup into a new directory and an empty database, and declare it, signed with the "
            "directory key; nodes then bring back what came after it",
        ),
        epilog="yidi hub restore /backup/2026-11-25 --secrets /safe/2026-11-25 --data /var/lib/yidi "
        "--reason 磁盘损坏 --database @database.url",
    )(hub_restore)


def add_node_commands(group: typer.Typer) -> None:
    group.command(
        "directory",
        help=both(
            "把本节点所持的目录写成文件，供交换中心恢复时用",
            "write the directory that this node holds to a file, for a hub that must be restored",
        ),
        epilog="yidi node directory --data /var/lib/yidi-node --out directory.xml",
    )(node_directory)
    group.command(
        "backup",
        help=both("备份异地节点，可在运行中执行", "back up a node far from its hub, beside its running"),
        epilog="yidi node backup --data /var/lib/yidi-node --out /backup/2026-11-25 --secrets /safe/2026-11-25",
    )(node_backup)
    group.command(
        "restore",
        help=both(
            "由备份恢复节点到新目录；启动后自动向交换中心要回备份之后的收发记录",
            "restore a node into a new directory; once it runs it asks the hub for what came after the backup",
        ),
        epilog="yidi node restore /backup/2026-11-25 --secrets /safe/2026-11-25 --data /var/lib/yidi-node",
    )(node_restore)


def hub_backup(out: Out, data: Data = DEFAULT_DATA, secrets: SecretsOut = None) -> None:
    from exchange.wiring.backup import kind_of

    if kind_of(data) == "node":
        raise fail("NO_HUB", f"{data} 是节点：用 yidi node backup", f"{data} is a node's: yidi node backup")
    _back_up(data, out, secrets)


def node_backup(out: Out, data: Data = DEFAULT_DATA, secrets: SecretsOut = None) -> None:
    from exchange.wiring.backup import kind_of

    if kind_of(data) != "node":
        raise fail("NO_NODE", f"{data} 不是异地节点：用 yidi hub backup", f"{data} is no node's alone: yidi hub backup")
    _back_up(data, out, secrets)


def hub_restore(
    source: Source,
    reason: Reason,
    data: Data = DEFAULT_DATA,
    secrets: SecretsIn = None,
    database: Database = None,
    newest: Newest = None,
    operator: ByOperator = "",
) -> None:
    from exchange.wiring.restore import Restoring, restore

    url = private_url("--database", database)
    asked = Restoring(
        source=source,
        root=data,
        reason=reason,
        operator=operator_of(operator, reason),
        secrets=secrets,
        database=url,
        directory=newest,
    )
    backup, directory = restore(asked, ("hub", "machine"), CommandLog())
    _show_restored(asked, backup)
    if directory is not None:
        restored = directory.restorings[-1]
        print(
            say(
                f"目录第 {directory.version} 版声明：自账本第 {restored.size} 条起重新开始",
                f"directory version {directory.version} declares it: the ledger goes on from {restored.size} entries",
            )
        )
    if newest is None:
        print(
            say(
                "备份之后作废的密钥、停用的单位须立即再办一次：yidi hub units revoke",
                "keys revoked and units closed after the backup must be so again, at once: yidi hub units revoke",
            )
        )
    command = "yidi hub run" if backup.kind == "hub" else "yidi up"
    print(say("下一步：", "next:"), f"{command} --data {data}")


def node_directory(
    out: Annotated[Path, typer.Option(dir_okay=False, help=both("写入的文件", "the file to write"))],
    data: Data = DEFAULT_DATA,
) -> None:
    from exchange.cli.opened import desk

    with desk(data) as opened, opened.node_store.begin() as session:
        record = session.directory()
    if record is None:
        raise fail("DIRECTORY_MISSING", "本节点还没有目录", "this node holds no directory yet")
    out.write_bytes(record.document)
    print(say(f"目录第 {record.version} 版已写入 {out}", f"directory version {record.version} written to {out}"))


def node_restore(source: Source, data: Data = DEFAULT_DATA, secrets: SecretsIn = None) -> None:
    from exchange.wiring.restore import Restoring, restore

    asked = Restoring(source=source, root=data, secrets=secrets)
    backup, _ = restore(asked, ("node",), CommandLog())
    _show_restored(asked, backup)
    print(say("下一步：", "next:"), f"yidi node run --data {data}")


def _back_up(data: Path, out: Path, secrets: Path | None) -> None:
    from exchange.wiring.backup import back_up

    backup = back_up(data, out, secrets)
    size = f"{backup.bytes / 1_000_000:.1f} MB"
    print(
        say(
            f"已备份到 {out}：{len(backup.members)} 个文件，{size}，截至 {local(backup.taken)}",
            f"backed up to {out}: {len(backup.members)} files, {size}, as of {local(backup.taken)}",
        )
    )
    if secrets is None:
        print(
            say(
                f"口令与密码不在其中：请另存 {data / 'secrets'}，没有它备份打不开",
                f"passphrase and passwords are not in it: keep {data / 'secrets'} elsewhere, or this cannot be opened",
            )
        )
    else:
        print(
            say(
                f"口令与密码在 {secrets}，请与备份分开存放", f"passphrase and passwords are in {secrets}: keep it apart"
            )
        )


def _show_restored(asked: "Restoring", backup: "Backup") -> None:
    print(
        say(
            f"已恢复到 {asked.root}：{len(backup.members)} 个文件逐一核对无误，备份于 {local(backup.taken)}",
            f"restored into {asked.root}: {len(backup.members)} files, each checked; backed up {local(backup.taken)}",
        )
    )
