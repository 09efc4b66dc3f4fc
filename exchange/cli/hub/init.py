"""`yidi hub init`: a new exchange on one machine, or a hub on RabbitMQ and PostgreSQL.

A person at a terminal is asked for what no option gave, and each server is looked at as soon as it is named, so that
what is wrong is said while the answer can still be changed. Without a terminal, options say all. In both cases nothing
is made before both servers were found fit.

Not here: the making (`exchange.wiring.founding`), what fit means (`exchange.cli.doctor.servers`).
"""

import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

import typer

from exchange.cli.doctor.checks import Finding
from exchange.cli.failure import fail
from exchange.cli.hub.on_servers import show_founded
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, CommandLog, Data, layout_of
from exchange.cli.output import progress
from exchange.cli.questions import ask, ask_secret, ask_yes, has_person, tell
from exchange.cli.secret import private_url

if TYPE_CHECKING:
    from exchange.wiring.founding import HubPlan

__all__ = ["init"]

_HUB, _NAME = "hub.520304", "公文交换中心"
_NOBODY = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options said; None is not said."""

    hub: str | None
    name: str | None
    database: str | None = field(repr=False)
    broker: str | None = field(repr=False)
    management: str | None = field(repr=False)
    url: str | None
    broker_tls: str | None

    @property
    def is_real(self) -> bool:
        return any(one is not None for one in (self.database, self.broker, self.management, self.url, self.broker_tls))


def init(
    data: Data = DEFAULT_DATA,
    hub_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            help=both(f"交换中心标识，写入每个信封 [{_HUB}]", f"id of the hub, signed into every envelope [{_HUB}]"),
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help=both(f"交换中心名称 [{_NAME}]", f"name of the hub [{_NAME}]"))
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL|@FILE", help=both("PostgreSQL 地址，或存放它的文件", "URL of PostgreSQL, or a file with it")
        ),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL|@FILE", help=both("交换中心在 RabbitMQ 的账号", "the hub's account on RabbitMQ")),
    ] = None,
    management: Annotated[
        str | None,
        typer.Option(
            metavar="URL|@FILE", help=both("RabbitMQ 管理接口，管理员账号", "RabbitMQ's management, administrator")
        ),
    ] = None,
    url: Annotated[str | None, typer.Option(help=both("节点访问交换中心的地址", "the hub as nodes reach it"))] = None,
    broker_tls: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help=both("节点访问 RabbitMQ 的地址", "the broker as nodes reach it")),
    ] = None,
) -> None:
    asked = _Asked(
        hub=hub_id,
        name=name,
        database=private_url("--database", database),
        broker=private_url("--broker", broker),
        management=private_url("--management", management),
        url=url,
        broker_tls=broker_tls,
    )
    if asked.is_real or (has_person() and hub_id is None and name is None and _wants_servers()):
        _found(data, _asked_plan(asked) if has_person() else _given_plan(asked))
    else:
        _establish(data, hub_id or _HUB, name or _NAME)


def _wants_servers() -> bool:
    typer.echo(
        say(
            "单机试用不需要任何服务器；正式的交换中心用 RabbitMQ 与 PostgreSQL。",
            "A trial on one machine needs no server; a real hub uses RabbitMQ and PostgreSQL.",
        )
    )
    return ask_yes("建立正式的交换中心？", "Make a real hub?", default=False)


def _establish(data: Path, hub: str, name: str) -> None:
    from exchange.wiring.hub import establish_hub

    layout = layout_of(data)
    establish_hub(layout, hub, name, CommandLog())
    print(say(f"已建立交换 {hub}（{name}）于 {data}", f"made the exchange {hub} ({name}) in {data}"))
    print(say("节点信任的起点（分发给异地节点）：", "what nodes trust from the start:"), layout.anchor_file)
    print(
        say("密钥口令（请另行备份，丢失不可恢复）：", "passphrase of the keys (keep a copy elsewhere):"),
        layout.root / "secrets" / "passphrase",
    )
    print(say("下一步：", "next:"), f"yidi hub units import FILE --data {data}")


def _found(data: Path, plan: "HubPlan") -> None:
    from exchange.wiring.founding import found_hub

    with progress("建立密钥、签发机构、证书、库表、目录", "making keys, authority, certificates, tables, directory"):
        place = found_hub(data, plan, CommandLog())
    show_founded(place)


def _given_plan(asked: _Asked) -> "HubPlan":
    """From options alone. Raises what stands in the way, all of it shown."""
    if asked.database is None or asked.broker is None:
        raise typer.BadParameter(say("--database 与 --broker 须同时给出", "give both --database and --broker"))
    findings = [*_look_at_database(asked.database), *_look_at_broker(asked.broker, asked.management)]
    if not tell(findings):
        raise fail("SERVERS", "先解决以上各项，什么都没有建立", "mend these first; nothing was made")
    return _plan(asked)


def _plan(asked: _Asked) -> "HubPlan":
    from exchange.wiring.founding import HubPlan

    return HubPlan(
        hub=asked.hub or _HUB,
        name=asked.name or _NAME,
        database=asked.database or "",
        broker=asked.broker or "",
        management=asked.management,
        url=asked.url or "https://127.0.0.1:8443",
        broker_tls=asked.broker_tls or "127.0.0.1:5671",
    )


# ---------------------------------------------------------------------------------------------- looking


def _look_at_database(url: str) -> list[Finding]:
    from exchange.cli.doctor import servers as checks_servers
    from exchange.storage.survey import survey_database

    facts = survey_database(url)
    return [*checks_servers.database(facts), *checks_servers.database_for_new(facts)]


def _look_at_broker(account: str, management: str | None) -> list[Finding]:
    from exchange.cli.doctor import servers as checks_servers
    from exchange.transport.rabbit_survey import survey_broker

    findings = [] if management is None else list(checks_servers.broker(survey_broker(management)))
    return [*findings, *checks_servers.broker_port(account)]


# ----------------------------------------------------------------------------------------------- asking


def _asked_plan(asked: _Asked) -> "HubPlan":
    typer.echo(say("直接回车取方括号中的值，Ctrl-C 放弃。", "Enter takes the value in brackets, Ctrl-C gives up."))
    hub = asked.hub or ask("交换中心标识", "id of the hub", _HUB)
    name = asked.name or ask("交换中心名称", "name of the hub", _NAME)
    database = _good_database(asked.database)
    broker, management = _good_broker(asked.broker, asked.management)
    host = socket.getfqdn()
    url = asked.url or ask("节点访问交换中心的地址", "the hub as nodes reach it", f"https://{host}:8443")
    broker_tls = asked.broker_tls or ask(
        "节点访问 RabbitMQ 的地址（TLS）", "the broker as nodes reach it (TLS)", f"{host}:5671"
    )
    complete = replace(
        asked, hub=hub, name=name, database=database, broker=broker, management=management, url=url,
        broker_tls=broker_tls,
    )  # fmt: skip
    if complete != asked and not ask_yes("开始建立？", "Make it?"):
        raise typer.Abort
    return _plan(complete)


def _good_database(given: str | None) -> str:
    """Asked again until it is fit; an option is looked at first."""
    url = given
    while url is None or not tell(_look_at_database(url)):
        typer.echo("PostgreSQL")
        before = urlsplit(url or "")
        host = ask("  主机", "  host", before.hostname or "127.0.0.1")
        port = ask("  端口", "  port", str(_port(url, 5432)))
        name = ask("  数据库", "  database", before.path.removeprefix("/") or "yidi")
        user = ask("  用户", "  user", before.username or "yidi")
        password = ask_secret("  口令（不显示）", "  password (not shown)")
        url = f"postgresql://{_login(user, password)}@{host}:{port}/{quote(name, safe='')}"
    return url


def _good_broker(given: str | None, management: str | None) -> tuple[str, str | None]:
    is_wanted = management is not None or given is None  # an account alone: somebody else manages that broker
    if is_wanted and (management is None or not tell(_look_at_management(management))):
        management = _good_management()
    account = given
    while account is None or not tell(_look_at_broker(account, None)):
        typer.echo(
            say(
                "RabbitMQ：交换中心自己的账号（口令自动生成）", "RabbitMQ: the hub's own account (its password is made)"
            )
        )
        host = urlsplit(management or account or "").hostname or "127.0.0.1"
        host = ask("  主机", "  host", host)
        port = ask("  端口", "  port", str(_port(account, 5672)))
        user = ask("  用户", "  user", urlsplit(account or "").username or "yidi-hub")
        vhost = ask("  虚拟主机", "  virtual host", "/")
        account = f"amqp://{quote(user, safe='')}@{host}:{port}/{quote(vhost, safe='')}"
    return account, management


def _good_management() -> str | None:
    """None where only somebody else may touch the broker."""
    where, user = "http://127.0.0.1:15672", "yidi-admin"
    while True:
        typer.echo(
            say(
                f"RabbitMQ 管理接口（由他人管理、只用定义文件时填 {_NOBODY}）",
                f"RabbitMQ's management ({_NOBODY} where only somebody else may touch it)",
            )
        )
        where = ask("  地址", "  address", where)
        if where == _NOBODY:
            return None
        user = ask("  管理员用户", "  administrator", user)
        password = ask_secret("  口令（不显示）", "  password (not shown)")
        scheme, _, rest = where.rpartition("://")
        url = f"{scheme or 'http'}://{_login(user, password)}@{rest}"
        if tell(_look_at_management(url)):
            return url


def _look_at_management(url: str) -> list[Finding]:
    from exchange.cli.doctor import servers as checks_servers
    from exchange.transport.rabbit_survey import survey_broker

    return list(checks_servers.broker(survey_broker(url)))


def _port(url: str | None, default: int) -> int:
    try:
        return urlsplit(url or "").port or default
    except ValueError:
        return default


def _login(user: str, password: str) -> str:
    return quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
