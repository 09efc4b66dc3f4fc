"""`yidi hub migrate`: a hub's database is brought to this release's tables, beside the running release before.

Whoever opens a hub does so anyhow. This is for who must know that it succeeds before anything running is touched, and
has the database alone: no keys, no data directory.
"""

from typing import Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.secret import private_url

__all__ = ["add_migrate_command"]


def add_migrate_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "把中心的数据库升级到本版本的表结构；上一版本可同时运行；空库不动",
            "bring a hub's database to this release's tables, beside the running release before; an empty one is left",
        ),
        epilog="yidi hub migrate --database @database.url",
    )(migrate)


def migrate(
    database: Annotated[
        str,
        typer.Option(
            metavar="URL|@FILE",
            help=both("PostgreSQL 的地址；有口令时写入文件", "PostgreSQL's URL; in a file if it holds a password"),
        ),
    ],
) -> None:
    from exchange.storage import open_hub_store
    from exchange.storage.migrate import HEADS
    from exchange.storage.survey import survey_database

    url = private_url("--database", database) or ""
    facts = survey_database(url)
    if facts.trouble is not None:
        raise fail(
            "STORAGE_LOST",
            f"数据库 {facts.where} 不可用（{facts.trouble.value}）{facts.detail}",
            f"database {facts.where} cannot be used ({facts.trouble.value}) {facts.detail}",
        )
    if not facts.ours:
        typer.echo(say("库中还没有交换中心，没有改动", "no hub is in it yet: nothing was changed"))
        return
    open_hub_store(url).close()
    typer.echo(f"{facts.ours} → {HEADS['hub']}")
