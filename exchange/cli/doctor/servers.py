"""Findings about RabbitMQ and PostgreSQL: what is wrong with them, and what to type. Before a hub is made, and after.

Not here: what is asked of them (`exchange.storage.survey`, `exchange.transport.rabbit_survey`), when it is asked.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from exchange.cli.doctor.checks import Finding, failure, fine
from exchange.cli.language import say
from exchange.storage.survey import OLDEST, DatabaseFacts, DatabaseTrouble
from exchange.transport.rabbit_survey import BrokerFacts, BrokerTrouble, listens

__all__ = ["apart", "broker", "broker_port", "database", "database_for_new", "postgres_clock"]

_CLOCK_SECONDS = 5.0


def database(facts: DatabaseFacts) -> Iterator[Finding]:
    """Whether it answers and is fit to hold a hub, this one's or a new one's."""
    if facts.trouble is not None:
        yield failure("database", *_database_trouble(facts))
        return
    faults = list(_database_faults(facts))
    yield from faults or [fine("database", f"PostgreSQL {facts.release} {facts.where} {facts.database}")]


def _database_faults(facts: DatabaseFacts) -> Iterator[Finding]:
    if facts.major < OLDEST:
        cure = say(
            f"安装 PostgreSQL {OLDEST} 或更新版本（Debian 12：sudo apt-get install postgresql）",
            f"install PostgreSQL {OLDEST} or newer (Debian 12: sudo apt-get install postgresql)",
        )
        yield failure(
            "database",
            say(f"PostgreSQL {facts.release} 过旧", f"PostgreSQL {facts.release} is too old"),
            cure,
        )
    if facts.encoding != "UTF8":
        cure = f"sudo -u postgres createdb --template template0 --encoding UTF8 --owner {facts.user} {facts.database}"
        yield failure(
            "database",
            say(f"字符编码为 {facts.encoding}，须为 UTF8", f"its encoding is {facts.encoding}, not UTF8"),
            cure,
        )
    if not facts.may_create:
        cure = f'sudo -u postgres psql -c \'ALTER DATABASE "{facts.database}" OWNER TO "{facts.user}"\''
        found = say(f"用户 {facts.user} 不能在其中建表", f"user {facts.user} may not make tables there")
        yield failure("database", found, cure)
    if not facts.durable:
        cure = say("postgresql.conf 中设 fsync = on 并重启", "set fsync = on in postgresql.conf and restart")
        found = say("fsync 已关闭：断电会丢公文", "fsync is off: a power cut loses documents")
        yield failure("database", found, cure)


def _database_trouble(facts: DatabaseFacts) -> tuple[str, str]:
    create = f"sudo -u postgres createdb --encoding UTF8 --template template0 --owner {facts.user} {facts.database}"
    match facts.trouble:
        case DatabaseTrouble.ADDRESS:
            return (
                say("不是 PostgreSQL 地址", "not a URL of PostgreSQL"),
                "postgresql://USER:PASSWORD@HOST:5432/DATABASE",
            )
        case DatabaseTrouble.UNREACHABLE:
            return (
                say(f"{facts.where} 无应答", f"nothing answers at {facts.where}"),
                say(
                    "核对主机与端口；启动：sudo systemctl start postgresql",
                    "check host and port; start it: sudo systemctl start postgresql",
                ),
            )
        case DatabaseTrouble.LOGIN:
            return (
                say(
                    f"用户 {facts.user} 或其口令不对（{facts.detail}）",
                    f"user {facts.user} or password ({facts.detail})",
                ),
                say("新建或改口令：", "make it, or change its password: ")
                + f"sudo -u postgres createuser --pwprompt {facts.user}; "
                f"sudo -u postgres psql -c '\\password {facts.user}'",
            )
        case DatabaseTrouble.MISSING:
            return say(f"没有数据库 {facts.database}", f"there is no database {facts.database}"), create
        case _:
            return facts.detail, say("见 PostgreSQL 日志", "see PostgreSQL's log")


def database_for_new(facts: DatabaseFacts) -> Iterator[Finding]:
    """Whether a new hub may have it."""
    if facts.founded:
        found = say(f"数据库 {facts.database} 已属于一个交换中心", f"the database {facts.database} is a hub's already")
        yield failure("database", found, _another(facts))
    elif facts.others:
        some = "、".join(facts.others[:3])
        found = say(
            f"数据库 {facts.database} 不是空的，有 {len(facts.others)} 张表（{some}）",
            f"the database {facts.database} is not empty: {len(facts.others)} tables ({some})",
        )
        yield failure("database", found, _another(facts))


def _another(facts: DatabaseFacts) -> str:
    name = f"{facts.database}_hub"
    return say("另建一个空库：", "make an empty one: ") + (
        f"sudo -u postgres createdb --encoding UTF8 --template template0 --owner {facts.user} {name}"
    )


def apart(whose: str, ahead_seconds: float) -> str:
    """How far the clock of `whose` is from this machine's, in words that need no sign."""
    off = f"{abs(ahead_seconds):.1f}"
    if float(off) == 0:
        return say(f"{whose}的时钟与本机一致", f"{whose} and this machine have the same time")
    way = say("快", "ahead of") if ahead_seconds > 0 else say("慢", "behind")
    return say(f"{whose}的时钟比本机{way} {off} 秒", f"the clock of {whose} is {off} s {way} this machine's")


def postgres_clock(facts: DatabaseFacts) -> Iterator[Finding]:
    ahead = facts.ahead_seconds
    if facts.trouble is not None:
        return
    found = apart(say("数据库", "the database"), ahead)
    if abs(ahead) > _CLOCK_SECONDS:
        yield failure("clock", found, say("两机均用 chrony/ntp 校时", "set both by chrony or ntp"))
    else:
        yield fine("clock", found)


def broker(facts: BrokerFacts) -> Iterator[Finding]:
    if facts.trouble is not None:
        yield failure("broker", *_broker_trouble(facts))
        return
    whole = fine(
        "broker", f"RabbitMQ {facts.release} {facts.where}" + say(f"，{facts.nodes} 个成员", f", nodes: {facts.nodes}")
    )
    yield from list(_broker_faults(facts)) or [whole]


def _broker_faults(facts: BrokerFacts) -> Iterator[Finding]:
    if not facts.supported:
        found = say(f"不支持 RabbitMQ {facts.release}", f"RabbitMQ {facts.release} is not supported")
        yield failure("broker", found, say("使用 3.10 至 4.x", "use 3.10 to 4.x"))
    if not facts.external:
        found = say(
            "RabbitMQ 未启用插件 rabbitmq_auth_mechanism_ssl，单位无法用证书登录",
            "RabbitMQ's plug-in rabbitmq_auth_mechanism_ssl is off: units cannot log in by certificate",
        )
        yield failure("broker", found, "sudo rabbitmq-plugins enable rabbitmq_auth_mechanism_ssl")
    for node in facts.down:
        found = say(f"集群成员 {node} 未运行", f"node {node} of the cluster does not run")
        yield failure("broker", found, say("在该机执行：", "there: ") + "sudo systemctl start rabbitmq-server")
    for alarm in facts.alarms:
        found = say(f"RabbitMQ 报警：{alarm}，停止收文", f"RabbitMQ's alarm: {alarm}; it takes nothing")
        cure = say("为 RabbitMQ 腾出内存或磁盘", "make room for RabbitMQ: memory or disk")
        yield failure("broker", found, cure)


def _broker_trouble(facts: BrokerFacts) -> tuple[str, str]:
    match facts.trouble:
        case BrokerTrouble.ADDRESS:
            return (
                say("不是 RabbitMQ 管理接口的地址", "not a URL of RabbitMQ's management"),
                "http://USER:PASSWORD@HOST:15672",
            )
        case BrokerTrouble.UNREACHABLE:
            return (
                say(
                    f"RabbitMQ 管理接口 {facts.where} 无应答", f"RabbitMQ's management does not answer at {facts.where}"
                ),
                "sudo systemctl start rabbitmq-server; sudo rabbitmq-plugins enable rabbitmq_management",
            )
        case BrokerTrouble.LOGIN:
            return (
                say(f"RabbitMQ 用户 {facts.user} 或其口令不对", f"RabbitMQ's user {facts.user} or its password"),
                f"sudo rabbitmqctl change_password {facts.user}"
                + say("（guest 只能在本机登录）", " (guest may log in from its own machine alone)")
                + say("；没有这个用户（RabbitMQ 被清空或新装）：", "; where there is none (a wiped or new RabbitMQ): ")
                + f"sudo rabbitmqctl add_user {facts.user}; sudo rabbitmqctl set_user_tags {facts.user} administrator; "
                + f"sudo rabbitmqctl set_permissions {facts.user} '.*' '.*' '.*'"
                + say("。交换中心用的口令在 secrets/management", ". The hub's password is in secrets/management"),
            )
        case BrokerTrouble.RIGHTS:
            return (
                say(f"RabbitMQ 用户 {facts.user} 不是管理员", f"RabbitMQ's user {facts.user} is no administrator"),
                f"sudo rabbitmqctl set_user_tags {facts.user} administrator",
            )
        case _:
            return facts.detail, say("见 RabbitMQ 日志", "see RabbitMQ's log")


def broker_port(url: str) -> Iterator[Finding]:
    """Whether something listens where the hub's workers will go."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or (5671 if parts.scheme == "amqps" else 5672)
    except ValueError:
        host, port = "", 0
    if parts.scheme not in {"amqp", "amqps"} or not host or not parts.username:
        found = say("不是 RabbitMQ 账号的地址", "not a URL of an account on RabbitMQ")
        yield failure("broker", found, "amqp://yidi-hub@HOST:5672/%2F")
    elif not listens(host, port):
        found = say(f"RabbitMQ {host}:{port} 无应答", f"RabbitMQ does not answer at {host}:{port}")
        cure = say("启动，或改端口：", "start it, or name another port: ") + "sudo systemctl start rabbitmq-server"
        yield failure("broker", found, cure)
