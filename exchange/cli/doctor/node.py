"""Checks of a node far from its hub: its own place, the two lines that it needs, what waits.

Not here: what it shares with others (`checks_place`), the hub's side (`checks_hub`).
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING

from exchange.cli.doctor import flow as checks_flow
from exchange.cli.doctor.checks import SOON, Check, Finding, Place, failure, fine, warning
from exchange.cli.doctor.hub import certificate_end
from exchange.cli.doctor.logins import unit_kept_out
from exchange.cli.doctor.place import disk, kept_out, offices_of, private
from exchange.cli.doctor.programs import programs_of
from exchange.cli.doctor.reach import file_store, reach
from exchange.cli.doctor.servers import apart
from exchange.cli.language import say
from exchange.cli.output import local
from exchange.cli.running import running
from exchange.errors import TransportError, YidiError
from exchange.model.unit import UnitCode
from exchange.ports.node import Box, OutboxKind

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.node import NodeStore
    from exchange.settings import NodeSettings
    from exchange.wiring.places import NodePlace

__all__ = ["CHECKS", "NodePatient"]

_LATE = timedelta(minutes=10)
_FAR = timedelta(days=3650)
_SAME_SECONDS = 2.0
_SKEW_SECONDS = 60.0  # a signed request is good for five minutes


class NodePatient(Place):
    runs = "yidi node run"

    @cached_property
    def place(self) -> "NodePlace":
        from exchange.wiring.places import NodePlace

        return NodePlace.open(self.layout.root)

    @property
    def settings(self) -> "NodeSettings":
        return self.place.settings

    @cached_property
    def node_store(self) -> "NodeStore":
        from exchange.storage import open_node_store

        return open_node_store(self.layout.node_database())

    @cached_property
    def units(self) -> tuple[UnitCode, ...]:
        from exchange.wiring.places import hosted

        return hosted(self.node_store)

    @cached_property
    def directory(self) -> "Directory":
        """As the node holds it."""
        from exchange.cli.failure import fail
        from exchange.trust.anchor import verify_directory

        with self.node_store.begin() as session:
            record = session.directory()
        if record is None:
            raise fail("DIRECTORY_MISSING", "节点还没有目录", "the node has no directory yet")
        return verify_directory(record.document, self.layout.anchor(), record.stored, None)[0]


def settings(patient: NodePatient) -> Iterator[Finding]:
    yield fine("settings", f"{patient.layout.root / 'node.toml'} {patient.settings.hub_url}")
    if not patient.units:
        cure = f"yidi node enroll --unit UNIT --code CODE --data {patient.layout.root}"
        yield failure("units", say("还没有单位在本机注册", "no unit is enrolled here"), cure)


def modes(patient: NodePatient) -> Iterator[Finding]:
    yield from private(patient.layout.root / "secrets", patient.layout.node / "keys")


def keys(patient: NodePatient) -> Iterator[Finding]:
    """Whether each opens, and is good for a while, as the directory says."""
    store, held = patient.place.keys(), patient.directory.by_code
    for unit in patient.units:
        again = f"yidi node enroll --unit {unit} --code CODE --data {patient.layout.root}"
        cure = say(f"在交换中心 yidi hub enroll {unit}，再 {again}", f"yidi hub enroll {unit} at the hub, then {again}")
        try:
            store.load(unit)
        except YidiError as error:
            yield failure("keys", error.message, cure)
            continue
        good = [key.valid_to for key in held[unit].keys if key.revoked is None] if unit in held else []
        end = max(good, default=patient.now)
        if end <= patient.now:
            yield failure("keys", say(f"{unit} 没有有效密钥", f"{unit} has no valid key"), cure)
        elif end <= patient.now + SOON:
            yield warning(
                "keys", say(f"{unit} 的密钥 {local(end)[:10]} 到期", f"{unit}'s ends {local(end)[:10]}"), cure
            )
        else:
            yield fine("keys", say(f"{unit} 有效至 {local(end)[:10]}", f"{unit} until {local(end)[:10]}"))


def database(patient: NodePatient) -> Iterator[Finding]:
    from exchange.storage.migrate import HEADS
    from exchange.storage.sqlite_file import find_damage, schema_of

    url = patient.layout.node_database()
    if damage := find_damage(url):
        cure = say("停止 yidi node run，保留副本，从备份恢复", "stop yidi node run, keep a copy, restore a backup")
        yield failure("database", damage[0], cure)
    elif (schema := schema_of(url)) != HEADS["node"]:
        cure = say("用与数据相符的版本", "use the release that fits; yidi node run upgrades an older one")
        yield failure("database", f"{schema} ≠ {HEADS['node']}", cure)
    else:
        yield fine("database", say(f"完好，结构 {schema}", f"sound, schema {schema}"))


def files(patient: NodePatient) -> Iterator[Finding]:
    yield from file_store(patient.layout.node / "files", "node")


def lines(patient: NodePatient) -> Iterator[Finding]:
    """The hub and each broker, as far as a plain connection goes."""
    brokers = patient.place.rabbit(patient.units[0]).urls if patient.units else ()
    yield from reach([patient.settings.hub_url, *brokers])


def hub(patient: NodePatient) -> Iterator[Finding]:
    """By name, over TLS, with its certificate; and what time it is there."""
    url = patient.settings.hub_url
    try:
        with patient.place.client() as client:
            asked = datetime.now(UTC)
            answer = client.ask("GET", "/v1/health")
    except TransportError as error:
        yield failure("hub", f"{url}: {error.message} {error.detail}", _cure_of_hub(patient, error.code))
        return
    yield fine("hub", url)
    with suppress(ValueError, TypeError):
        ahead = (parsedate_to_datetime(answer.headers.get("date", "")) - asked).total_seconds()
        # Its answer names no part of a second, and was under way.
        found = apart(say("交换中心", "the hub"), 0.0 if abs(ahead) < _SAME_SECONDS else ahead)
        if abs(ahead) > _SKEW_SECONDS:
            yield failure("clock", found, say("校准系统时钟（chrony/ntp）", "set the clock (chrony, ntp)"))
        else:
            yield fine("clock", found)


def _cure_of_hub(patient: NodePatient, code: str) -> str:
    if code == "HUB_TLS":
        return say(
            f"{patient.place.ca_file} 是否为交换中心现在的签发机构？其证书是否过期？向交换中心索取 tls/ca.pem",
            f"is {patient.place.ca_file} the hub's authority of today? Did its certificate end? Ask for its tls/ca.pem",
        )
    return say(
        "交换中心是否在运行？域名解析、防火墙、出口线路是否正常？",
        "does the hub run? Is its name resolved, and the way out open?",
    )


def broker(patient: NodePatient) -> Iterator[Finding]:
    """Each unit's login by its certificate."""
    from exchange.transport.rabbitmq import RabbitTransport

    for unit in patient.units:
        try:
            RabbitTransport(patient.place.rabbit(unit)).log_in()
        except YidiError as error:
            yield unit_kept_out(unit, error.detail or error.message)
        else:
            yield fine("broker", say(f"{unit} 可登录", f"{unit} gets in"))


def certificates(patient: NodePatient) -> Iterator[Finding]:
    cure = say("向交换中心索取新的 tls/ca.pem", "ask the hub for its new tls/ca.pem")
    yield certificate_end(patient, patient.place.ca_file, cure)


def directory(patient: NodePatient) -> Iterator[Finding]:
    """Expiry, and whether the hub has a newer one that was not taken for minutes."""
    held = patient.directory
    found = say(
        f"第 {held.version} 版，有效至 {local(held.expires)}", f"version {held.version}, until {local(held.expires)}"
    )
    cure = say(
        "yidi node run 是否运行？交换中心是否可达？日志中有无 directory_suspicious",
        "does yidi node run? Can the hub be reached? Look for directory_suspicious in the log",
    )
    left = held.expires - patient.now
    if left <= timedelta(0):
        yield failure("directory", say("目录已过期：", "expired: ") + found, cure)
    elif left < timedelta(days=7):
        yield warning("directory", found, cure)
    else:
        yield fine("directory", found)
    if newer := _newer(patient):
        said = say(
            f"交换中心已有第 {newer} 版，本机仍持第 {held.version} 版", f"the hub has {newer}, here is {held.version}"
        )
        yield warning("directory", said, cure)


def _newer(patient: NodePatient) -> int | None:
    """The version that the hub has, if it is newer and is the anchor's."""
    from exchange.remote.feed import HttpDirectoryFeed
    from exchange.trust.anchor import verify_directory

    with patient.place.client() as client:
        document = HttpDirectoryFeed(client, lambda: patient.units).newer(patient.directory.version)
    if document is None:
        return None
    return verify_directory(document, patient.layout.anchor(), patient.now, None)[0].version


def outbox(patient: NodePatient) -> Iterator[Finding]:
    with patient.node_store.begin() as session:
        rows = session.due_outbox(patient.now + _FAR, 500)
        sent = [(row.unit, row.envelope) for row in rows if row.kind is OutboxKind.ENVELOPE]
        oldest = min((one.received for one in session.documents(Box.SENT, sent).values()), default=patient.now)
        counts = session.counts()
    found = say(f"待发 {counts['outbox_open']} 件", f"{counts['outbox_open']} open")
    found += say(f"，最早 {local(oldest)}", f", oldest {local(oldest)}") if sent else ""
    if patient.now - oldest > _LATE:
        cure = say(
            "先解决以上 hub、broker、process 各项；都正常时请交换中心查看 yidi hub status",
            "mend hub, broker and process above; if they are well, ask the hub for yidi hub status",
        )
        yield failure("outbox", found, cure)
    else:
        yield fine("outbox", found)


def offices(patient: NodePatient) -> Iterator[Finding]:
    yield from offices_of(patient, patient.settings, patient.units)
    yield from kept_out(patient.node_store)


def quarantine(patient: NodePatient) -> Iterator[Finding]:
    with patient.node_store.begin() as session:
        records = session.quarantined(None, 100)
    if records:
        codes = checks_flow.few(sorted({record.code for record in records}))
        cure = say("见 docs/operations.md 的“隔离”", "see Quarantine in docs/operations.md")
        yield warning("quarantine", f"{len(records)}: {codes}", cure)
    else:
        yield fine("quarantine", say("没有被隔离的报文", "nothing was set aside"))


def process(patient: NodePatient) -> Iterator[Finding]:
    found = running(patient.layout)
    start = f"yidi node run --data {patient.layout.root}"
    if found is None:
        yield failure("process", say("yidi node run 未运行，公文不会收发", "yidi node run is not running"), start)
    elif not found.ready:
        cure = say("查看其日志中失败的步骤", "see its log for the step that fails")
        yield failure("process", f"{found.url} {found.faults}", cure)
    else:
        yield fine("process", say(f"运行并就绪 {found.url}", f"running and ready at {found.url}"))


def programs(patient: NodePatient) -> Iterator[Finding]:
    yield from programs_of(patient, patient.settings.api, patient.node_store)


CHECKS: tuple[Check[NodePatient], ...] = (
    settings,
    modes,
    disk,
    keys,
    database,
    files,
    lines,
    hub,
    broker,
    certificates,
    directory,
    outbox,
    offices,
    programs,
    quarantine,
    process,
)
