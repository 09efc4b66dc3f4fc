"""Checks of a hub on real servers: its own place, RabbitMQ and PostgreSQL as they are, the broker as the directory
wants it, what the workers and nodes meet.

Not here: what it shares with a one-machine exchange (`checks_flow`, `checks_place`), nor what servers must be
(`checks_servers`).
"""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.cli.doctor import flow as checks_flow
from exchange.cli.doctor import servers as checks_servers
from exchange.cli.doctor.checks import SOON, Check, Finding, Place, current_directory, failure, fine, warning
from exchange.cli.doctor.logins import hub_kept_out
from exchange.cli.doctor.place import disk, private
from exchange.cli.doctor.reach import file_store, reach
from exchange.cli.failure import fail
from exchange.cli.language import say
from exchange.cli.output import local
from exchange.cli.running import workers
from exchange.errors import TransportError, YidiError
from exchange.storage.survey import DatabaseFacts, survey_database
from exchange.trust.servers import server_end

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.hub import HubStore
    from exchange.settings import HubSettings
    from exchange.transport.rabbit_state import BrokerState
    from exchange.wiring.places import HubPlace

__all__ = ["CHECKS", "HubPatient", "certificate_end"]

_OWNERS = ("authority", "directory", "hub", "ledger")
_HTTP_SECONDS = 5.0
_TOLD_SECONDS = 6.0  # RabbitMQ tells of its queues every five


class HubPatient(Place):
    runs = "yidi hub run"

    @cached_property
    def place(self) -> "HubPlace":
        from exchange.wiring.places import HubPlace

        return HubPlace.open(self.layout.root)

    @property
    def settings(self) -> "HubSettings":
        return self.place.settings

    @cached_property
    def database(self) -> DatabaseFacts:
        return survey_database(self.place.database())

    @cached_property
    def hub_store(self) -> "HubStore":
        from exchange.storage import open_hub_store
        from exchange.storage.migrate import HEADS

        if self.database.ours != HEADS["hub"]:  # opening it would bring it there: an examination changes nothing
            raise fail("STORAGE", "数据库现在不能用", "the database cannot be used as it is")
        return open_hub_store(self.place.database())

    @cached_property
    def directory(self) -> "Directory":
        return current_directory(self.hub_store, self.layout)

    @cached_property
    def broker(self) -> "BrokerState":
        from exchange.wiring.provision import state_of

        return state_of(self.place)


def settings(patient: HubPatient) -> Iterator[Finding]:
    yield fine("settings", f"{patient.layout.root / 'hub.toml'} {patient.settings.hub}")


def modes(patient: HubPatient) -> Iterator[Finding]:
    root = patient.layout.root
    yield from private(root / "secrets", patient.layout.hub / "keys", *sorted((root / "tls").glob("*.key")))


def keys(patient: HubPatient) -> Iterator[Finding]:
    store, faults = patient.place.home().keys, []
    for owner in _OWNERS:
        try:
            store.load(owner)
        except YidiError as error:
            faults.append(error.message)
    cure = say(
        f"核对口令文件 {patient.settings.passphrase_file}；密钥文件从备份恢复",
        f"is {patient.settings.passphrase_file} this hub's? Restore key files from a backup",
    )
    yield from [failure("keys", fault, cure) for fault in faults] or [
        fine("keys", say("口令与 4 个密钥可用", "passphrase and 4 keys work"))
    ]


def database(patient: HubPatient) -> Iterator[Finding]:
    from exchange.storage.migrate import HEADS

    facts = patient.database
    yield from checks_servers.database(facts)
    yield from checks_servers.postgres_clock(facts)
    if facts.trouble is None and facts.ours != HEADS["hub"]:
        cure = say(
            "用与数据相符的版本；旧结构在下次 yidi hub run 时自动升级",
            "use the release that fits; an older schema is upgraded by yidi hub run",
        )
        yield failure("schema", f"{facts.ours or '-'} ≠ {HEADS['hub']}", cure)


def broker(patient: HubPatient) -> Iterator[Finding]:
    """The server, and the account that the workers use."""
    from exchange.transport.rabbit_survey import survey_broker
    from exchange.transport.rabbitmq import RabbitTransport

    if (url := patient.place.management()) is not None:
        yield from checks_servers.broker(survey_broker(url))
    rabbit = patient.place.rabbit()
    try:
        RabbitTransport(rabbit).log_in()
        yield fine("account", say("交换中心的账号可登录 RabbitMQ", "the hub's account gets in at RabbitMQ"))
    except TransportError as error:
        yield hub_kept_out(error.detail or error.message, f"yidi hub provision --data {patient.layout.root}")


def topology(patient: HubPatient) -> Iterator[Finding]:
    """A dry run of the reconciliation."""
    from exchange.wiring.provision import compare

    if patient.place.management() is None:
        found = say("RabbitMQ 由他人管理，未核对账号与权限", "RabbitMQ is somebody else's: accounts were not compared")
        yield fine("topology", found)
        return
    changes = compare(patient.place, patient.directory)
    cure = f"yidi hub provision --data {patient.layout.root}"
    if changes.set or changes.removed:
        names = checks_flow.few([*changes.set, *changes.removed])
        found = say(f"RabbitMQ 与目录不一致：{names}", f"RabbitMQ is not as the directory wants it: {names}")
        yield failure("topology", found, cure)
    for name in changes.conflicts:
        found = say(f"{name} 的类型或参数与所需不同", f"{name} was made otherwise")
        yield failure("topology", found, say("待其为空后删除，再执行 ", "let it run empty, delete it, then ") + cure)
    if not (changes.set or changes.removed or changes.conflicts):
        yield fine("topology", say("账号、权限、队列、限额与目录一致", "accounts, permissions, queues, limits fit"))


def queues(patient: HubPatient) -> Iterator[Finding]:
    """Leaders, members, and whether anybody takes what lies there."""
    if patient.place.management() is None:
        return
    if before := patient.broker.silent:  # new ones, or a broker's that has just begun, tell a moment later
        time.sleep(_TOLD_SECONDS)
        del patient.broker
    state = patient.broker
    if silent := [name for name in state.silent if name in before]:
        cure = (
            say("yidi hub run 在一分钟后自行重建；或逐个 ", "yidi hub run makes them anew after a minute; or each by ")
            + f"rabbitmqctl delete_queue {silent[0]}"
        )
        found = say(f"{len(silent)} 个队列没有主节点：", f"{len(silent)} queues have no leader: ")
        yield failure("queues", found + checks_flow.few(silent), cure)
    behind = [one.name for one in state.queues if len(one.online) < len(one.members)]
    few = [one.name for one in state.queues if len(one.members) < min(3, len(state.nodes))]
    idle = [one for one in state.queues if one.name.startswith("work.") and one.messages and not one.consumers]
    if behind:
        found = say(f"成员不全在线：{checks_flow.few(behind)}", f"not all members follow: {checks_flow.few(behind)}")
        yield warning("queues", found, "rabbitmq-queues quorum_status QUEUE")
    if few:
        found = say(f"副本不足三份：{checks_flow.few(few)}", f"fewer than three members: {checks_flow.few(few)}")
        yield warning("queues", found, "rabbitmq-queues grow NODE all")
    for one in idle:
        found = say(f"{one.name} 有 {one.messages} 件，无人取", f"{one.name} holds {one.messages}, nobody takes them")
        yield failure("queues", found, say(f"{patient.runs} 是否运行？", f"does {patient.runs} run?"))
    for one in state.queues:
        if one.name == "dead" and one.messages:
            found = say(f"dead 中有 {one.messages} 件无法处理的报文", f"dead holds {one.messages} messages")
            yield warning(
                "queues", found, say("见 docs/operations.md 的“隔离”", "see Quarantine in docs/operations.md")
            )
    if not (silent or behind or few or idle):
        waiting = sum(one.messages for one in state.queues)
        yield fine(
            "queues", say(f"{len(state.queues)} 个队列，{waiting} 件在途", f"{len(state.queues)}, {waiting} messages")
        )


def lines(patient: HubPatient) -> Iterator[Finding]:
    yield from reach([patient.settings.http.url, *patient.settings.rabbit.urls])


def certificates(patient: HubPatient) -> Iterator[Finding]:
    root = patient.layout.root
    named = [patient.settings.http.certificate_file, "tls/broker.pem", "tls/ca.pem"]
    for path in [root / name for name in named if name and (root / name).exists()]:
        yield certificate_end(patient, path, f"yidi hub tls --renew --data {root}")
    held = [key.valid_to for key in patient.directory.hub_keys if key.revoked is None]
    if max(held, default=patient.now) <= patient.now:
        cure = say("从备份恢复，或联系开发者", "restore a backup, or ask the makers")
        yield failure("certificates", say("交换中心没有有效密钥", "the hub has no valid key"), cure)


def certificate_end(patient: Place, path: Path, cure: str) -> Finding:
    end = server_end(path.read_bytes())
    found = say(f"{path.name} 有效至 {local(end)[:10]}", f"{path.name} is good until {local(end)[:10]}")
    if end <= patient.now:
        return failure("certificates", say("证书已过期：", "ended: ") + found, cure)
    return warning("certificates", found, cure) if end <= patient.now + SOON else fine("certificates", found)


def http(patient: HubPatient) -> Iterator[Finding]:
    """As a node would ask, by name and with the certificate that it gets."""
    url, ca_file = patient.settings.http.url, patient.layout.root / "tls" / "ca.pem"
    context = ssl.create_default_context(cafile=ca_file) if ca_file.exists() else ssl.create_default_context()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with direct.open(f"{url}/v1/health", timeout=_HTTP_SECONDS) as answer:
            answer.read(100)
        yield fine("http", f"{url}")
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            cure = f"yidi hub tls --renew --data {patient.layout.root}; " + say("再重启 yidi hub run", "start it again")
            yield failure("http", say(f"{url} 的证书不被信任：", f"{url}: its certificate: ") + str(error.reason), cure)
        else:
            cure = say(
                f"{patient.runs} 是否运行？{url} 的域名与端口是否指向本机？",
                f"does {patient.runs} run? Do name and port of {url} lead here?",
            )
            yield failure("http", say(f"{url} 无应答：", f"{url} does not answer: ") + str(error.reason), cure)


def processes(patient: HubPatient) -> Iterator[Finding]:
    """Every worker that wrote its address down, and that there is one of each kind."""
    posts = workers(patient.layout)
    start = f"yidi hub run --data {patient.layout.root}"
    for name in ("web", "router", "acknowledger", "clock", "sealer"):
        if not any(post.rpartition("-")[0] == name for post in posts):
            yield failure("workers", say(f"没有 {name}", f"there is no {name}"), start)
    for name, post in posts.items():
        if post is None:
            yield failure("workers", say(f"{name} 无应答", f"{name} does not answer"), start)
        elif not post.ready:
            cure = say("查看其日志中失败的步骤", "see its log for the step that fails")
            yield failure("workers", say(f"{name} 未就绪 ", f"{name} is not ready: ") + post.faults, cure)
        else:
            yield fine("workers", say(f"{name} 就绪", f"{name} is ready"))


def files(patient: HubPatient) -> Iterator[Finding]:
    from exchange.wiring.files import open_bucket

    yield from file_store(patient.layout.hub / "files", "hub")  # where files lie, or come in
    if not (store := patient.settings.files.store):
        return
    try:
        open_bucket(patient.place.home()).probe()
    except YidiError as error:
        cure = say(
            "检查 hub.toml 的 [files]（证书看 ca_file）、密钥文件，以及该密钥能否在此前缀下列出、读、写、删",
            "look at [files] in hub.toml (ca_file for its certificate), the credentials, and whether they may list, "
            "read, write and delete under it",
        )
        yield failure("files", f"{store}: {error}", cure)
    else:
        yield fine("files", say(f"{store} 可列出、读、写、删", f"{store} may be listed, read, written, deleted"))


CHECKS: tuple[Check[HubPatient], ...] = (
    settings,
    modes,
    disk,
    keys,
    database,
    files,
    checks_flow.clock,
    lines,
    broker,
    topology,
    queues,
    certificates,
    http,
    processes,
    checks_flow.directory_life,
    checks_flow.deliveries,
    checks_flow.ledger,
    checks_flow.heard,
    checks_flow.hub_quarantine,
)
