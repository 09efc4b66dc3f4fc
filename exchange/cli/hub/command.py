"""`yidi hub`: making an exchange, its state, one-time codes, and what was set aside."""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.archive import add_hub_command, archive_event, archive_rows, archive_value
from exchange.cli.backup import add_hub_commands
from exchange.cli.documents.carry import add_hub_carry_commands
from exchange.cli.hub.acting import ByOperator, MaybeWhy, operator_of
from exchange.cli.hub.acts import add_acts_command
from exchange.cli.hub.certificates import add_certificates_command
from exchange.cli.hub.init import init
from exchange.cli.hub.journey import add_journey_command
from exchange.cli.hub.migrate import add_migrate_command
from exchange.cli.hub.notice import add_notice_command
from exchange.cli.hub.on_servers import provision, run
from exchange.cli.hub.presence import add_presence_commands
from exchange.cli.hub.report import add_report_command
from exchange.cli.hub.resend import add_resend_command
from exchange.cli.hub.search import add_search_command
from exchange.cli.hub.tls import add_tls_command
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk, layout_of
from exchange.cli.output import local, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.cli.running import Running
    from exchange.ports.records import QuarantineRecord

__all__ = ["group"]


def group() -> typer.Typer:
    application = typer.Typer(
        help=both(
            "交换中心：初始化、单位、分组、证书发放、安全记录", "the hub: set-up, units, groups, enrolment, trouble"
        ),
        no_args_is_help=True,
    )
    application.command(
        help=both(
            "新建一个交换：密钥、签发机构、目录第 1 版", "make a new exchange: keys, authority, directory version 1"
        ),
        epilog="yidi hub init --data /var/lib/yidi --id hub.520304 --name 播州区公文交换中心\n\n"
        "yidi hub init --data /var/lib/yidi --database @database.url "
        "--broker amqp://yidi-hub@127.0.0.1:5672/%2F --management @management.url "
        "--url https://hub.example:8443 --broker-tls broker.example:5671",
    )(init)
    application.command(
        help=both(
            "运行交换中心：每个工作进程各一个进程，退出即重启，SIGTERM 依次停止",
            "run the hub: one process per worker, each started again when it dies; SIGTERM stops all in order",
        ),
        epilog="yidi hub run --data /var/lib/yidi",
    )(run)
    application.command(
        help=both(
            "按目录整理 RabbitMQ：账号、权限、队列、限额；可反复执行",
            "make RabbitMQ as the directory wants it: accounts, permissions, queues, limits; may be repeated",
        ),
        epilog="yidi hub provision --data /var/lib/yidi\n\nyidi hub provision --out definitions.json",
    )(provision)
    application.command(help=both("交换中心的现状", "the state of the hub"), epilog="yidi hub status --json")(status)
    application.command(
        help=both(
            "为单位生成一次性注册码，只显示一次，7 天有效；旧码随即作废",
            "make one-time enrolment codes, shown once and valid for 7 days; an earlier code is void",
        ),
        epilog="yidi hub enroll 520304-001 区财政局",
    )(enroll)
    application.command(
        help=both(
            "被隔离的报文与安全警报，以及每次存档", "messages set aside, what they mean for security, and each archive"
        ),
        epilog="yidi hub audit --limit 20",
    )(audit)
    add_hub_commands(application)
    add_hub_command(application)
    add_tls_command(application)
    add_certificates_command(application)
    add_journey_command(application)
    add_presence_commands(application)
    add_search_command(application)
    add_report_command(application)
    add_notice_command(application)
    add_acts_command(application)
    add_resend_command(application)
    add_hub_carry_commands(application)
    add_migrate_command(application)
    return application


def status(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    from exchange.cli.hub.restored import restored_rows, restored_value
    from exchange.cli.running import running, workers
    from exchange.services.hub.restoring import last_restoring

    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            counts, checkpoint = session.counts(), session.checkpoint()
            restoring, archives = last_restoring(session, directory), session.archives()
        node_counts: dict[str, int] = {}
        hosted = []
        if opened.node_part is not None:
            with opened.node_store.begin() as session:
                node_counts, hosted = session.counts(), session.units()
    web, posts = running(layout_of(data)), workers(layout_of(data))
    active = [entry for entry in directory.units if entry.unit.active]
    value = {
        "hub": directory.hub,
        "running": web.ready if web else bool(posts) and all(post and post.ready for post in posts.values()),
        "workers": {name: bool(post and post.ready) for name, post in posts.items()},
        "web": web.url if web else None,
        "directory": {
            "version": directory.version,
            "issued": stamp(directory.issued),
            "expires": stamp(directory.expires),
            "units": len(active),
            "enrolled": sum(bool(entry.keys) for entry in active),
            "groups": len(directory.groups),
        },
        "ledger": {"size": checkpoint.size if checkpoint else 0, "at": stamp(checkpoint.at) if checkpoint else None},
        "restored": restored_value(restoring),
        "archives": [archive_value(record) for record in archives],
        "counts": counts,
        "node": {"hosted": len(hosted), "counts": node_counts},
    }
    if as_json:
        show_json(value)
        return
    rows: list[tuple[str, object]] = [
        (say("交换中心", "hub"), directory.hub),
        *_running_rows(web, posts),
        (
            say("目录", "directory"),
            say(f"第 {directory.version} 版，有效至 {local(directory.expires)}",
                f"version {directory.version}, valid until {local(directory.expires)}"),
        ),
        (say("单位", "units"), f"{len(active)} ({say('已注册', 'enrolled')} {sum(bool(e.keys) for e in active)})"),
        (say("账本", "ledger"), f"{checkpoint.size} @ {local(checkpoint.at)}" if checkpoint else "0"),
        *restored_rows(restoring),
        *archive_rows(archives),
        *((f"hub.{name}", count) for name, count in counts.items() if count),
        *((f"node.{name}", count) for name, count in node_counts.items() if count),
    ]  # fmt: skip
    show_table([("项目", "what"), ("现状", "state")], rows)


def _running_rows(web: "Running | None", posts: "dict[str, Running | None]") -> list[tuple[str, object]]:
    """Of a one-machine exchange, or of each worker of a hub."""
    if not posts:
        return [
            (say("运行", "running"), f"{web.url} {'' if web.ready else web.faults}" if web else say("未运行", "no"))
        ]
    ready, silent, lame = say("正常", "ready"), say("无应答", "no answer"), say("未就绪 ", "not ready: ")
    return [(name, (ready if one.ready else lame + one.faults) if one else silent) for name, one in posts.items()]


def enroll(
    units: Annotated[
        list[str], typer.Argument(help=both("单位代码或名称", "unit codes or names"), autocompletion=complete_unit)
    ],
    data: Data = DEFAULT_DATA,
    reason: MaybeWhy = None,
    operator: ByOperator = "",
    as_json: AsJson = False,
) -> None:
    by = operator_of(operator, reason)
    with desk(data) as opened:
        administration = opened.administration()
        directory = administration.administrator.current()
        codes = administration.enroller.invite([find_unit(directory, unit) for unit in units], by)
    if as_json:
        show_json([{"unit": unit, "code": code} for unit, code in codes.items()])
        return
    rows = [(unit, unit_name(directory, unit), code) for unit, code in codes.items()]
    show_table([("单位", "unit"), ("名称", "name"), ("一次性注册码", "one-time code")], rows)


def audit(
    data: Data = DEFAULT_DATA,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=both("至多几条", "at most"))] = 100,
    as_json: AsJson = False,
) -> None:
    with desk(data) as opened:
        with opened.hub_store.begin() as session:
            found = [("hub", record) for record in session.quarantined(limit)]
            found += [("hub", archive_event(record)) for record in session.archives()]
        if opened.node_part is not None:
            with opened.node_store.begin() as session:
                found += [("node", record) for record in session.quarantined(None, limit)]
    found = sorted(found, key=lambda item: item[1].at, reverse=True)[:limit]
    if as_json:
        show_json([_audit_value(where, record) for where, record in found])
        return
    rows = [(local(r.at), where, r.code, r.user or "-", r.queue, r.digest[:16], r.detail or "") for where, r in found]
    columns = [
        ("时间", "time"), ("处所", "where"), ("代码", "code"), ("来自", "from"), ("队列", "queue"), ("摘要", "digest"),
        ("说明", "detail"),
    ]  # fmt: skip
    show_table(columns, rows)
    if not rows:
        print(say("没有被隔离的报文", "nothing was set aside"))


def _audit_value(where: str, record: "QuarantineRecord") -> dict[str, object]:
    return {
        "at": stamp(record.at),
        "where": where,
        "code": record.code,
        "from": record.user or None,
        "queue": record.queue,
        "digest": record.digest,
        "bytes_kept": record.document is not None,
        "detail": record.detail,
    }
