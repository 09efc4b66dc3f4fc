"""Checks of what an exchange does: clock, directory, certificates, and documents that do not get on."""

from collections.abc import Iterator
from datetime import timedelta

from exchange.cli.doctor.checks import SOON, Check, Finding, HubSide, Patient, failure, fine, warning
from exchange.cli.language import say
from exchange.cli.output import local
from exchange.ports.node import Box, OutboxKind
from exchange.ports.records import QuarantineRecord

__all__ = ["CHECKS", "clock", "deliveries", "directory_life", "few", "heard", "hub_quarantine", "ledger"]

_LATE = timedelta(minutes=10)
_FAR = timedelta(days=3650)


def clock(patient: HubSide) -> Iterator[Finding]:
    """The latest times that were written down must lie in the past."""
    with patient.hub_store.begin() as session:
        checkpoint, snapshot = session.checkpoint(), session.directory()
    latest = max(
        [*([checkpoint.at] if checkpoint else []), *([snapshot.stored] if snapshot else [])], default=patient.now
    )
    if latest > patient.now + _LATE:
        found = say(
            f"时钟比已记录的时间（{local(latest)}）慢", f"the clock is behind what was recorded ({local(latest)})"
        )
        yield failure("clock", found, say("校准系统时钟（chrony/ntp）", "set the clock (chrony, ntp)"))
    else:
        yield fine("clock", local(patient.now))


def directory_life(patient: HubSide) -> Iterator[Finding]:
    held = patient.directory
    left = held.expires - patient.now
    found = say(
        f"第 {held.version} 版，有效至 {local(held.expires)}",
        f"version {held.version}, valid until {local(held.expires)}",
    )
    renew = say(
        f"运行 {patient.runs}：到一半有效期时自动续签", f"run {patient.runs}: it renews the directory at half its life"
    )
    if left <= timedelta(0):
        yield failure("directory", say("目录已过期：", "expired: ") + found, renew)
    elif left < timedelta(days=7):
        yield warning("directory", found, renew)
    else:
        yield fine("directory", found)


def directory(patient: Patient) -> Iterator[Finding]:
    yield from directory_life(patient)
    held = patient.directory
    with patient.node_store.begin() as session:
        at_node = session.directory_version()
    if at_node > held.version:
        cure = say(
            "交换中心的库是否被旧备份覆盖？停止并核对",
            "was the hub's database restored from an old backup? Stop and compare",
        )
        yield failure(
            "directory", say(f"节点持有更新的第 {at_node} 版", f"the node holds a newer version {at_node}"), cure
        )
    elif at_node < held.version:
        cure = say("运行 yidi up，数秒内更新", "run yidi up: it follows within seconds")
        yield warning("directory", say(f"节点仍持第 {at_node} 版", f"the node still holds version {at_node}"), cure)


def certificates(patient: Patient) -> Iterator[Finding]:
    with patient.node_store.begin() as session:
        hosted = session.units()
    held = patient.directory
    ends = {
        str(code): [k.valid_to for k in held.by_code[code].keys if k.revoked is None]
        for code in hosted
        if held.is_active(code)
    }
    ends["hub"] = [key.valid_to for key in held.hub_keys if key.revoked is None]
    without = [owner for owner, dates in ends.items() if max(dates, default=patient.now) <= patient.now]
    soon = [owner for owner, dates in ends.items() if dates and patient.now < max(dates) <= patient.now + SOON]
    if without:
        cure = "yidi node enroll --renew " + " ".join(without[:5])
        yield failure("certificates", say("没有有效密钥：", "no valid key: ") + few(without), cure)
    if soon:
        cure = "yidi node enroll --renew " + " ".join(soon[:5])
        yield warning("certificates", say("30 天内到期：", "expire within 30 days: ") + few(soon), cure)
    if not without and not soon:
        yield fine("certificates", say(f"{len(ends)} 个密钥均有效", f"{len(ends)} keys are valid"))


def outbox(patient: Patient) -> Iterator[Finding]:
    """Documents that units sent and the hub has not answered yet."""
    with patient.node_store.begin() as session:
        rows = session.due_outbox(patient.now + _FAR, 500)
        sent = [(row.unit, row.envelope) for row in rows if row.kind is OutboxKind.ENVELOPE]
        oldest = min((one.received for one in session.documents(Box.SENT, sent).values()), default=patient.now)
        counts = session.counts()
    waiting = counts["outbox_open"]
    found = say(f"待发 {waiting} 件", f"{waiting} open") + (
        say(f"，最早 {local(oldest)}", f", oldest {local(oldest)}") if sent else ""
    )
    if patient.now - oldest > _LATE:
        yield failure(
            "outbox",
            found,
            say("yidi up 是否运行？查看 yidi hub audit 与日志", "does yidi up run? See yidi hub audit and the log"),
        )
    else:
        yield fine("outbox", found)


def deliveries(patient: HubSide) -> Iterator[Finding]:
    """What the hub should have dispatched again by now, and what ended without arriving."""
    with patient.hub_store.begin() as session:
        overdue = session.due_deliveries(patient.now - _LATE, 500)
        counts = session.counts()
    cure = say(
        f"{patient.runs} 是否运行？逐件查看：yidi track ID", f"does {patient.runs} run? Look at each: yidi track ID"
    )
    if overdue:
        units = sorted({str(record.key.recipient) for record in overdue})
        yield failure(
            "deliveries", say(f"{len(overdue)} 件超时未投递：", f"{len(overdue)} overdue: ") + few(units), cure
        )
    expired = counts.get("deliveries_expired", 0)
    if expired:
        cure = say("联系收文单位，必要时重发", "call the recipients, send again if need be")
        yield warning("deliveries", say(f"{expired} 件逾期未达", f"{expired} expired undelivered"), cure)
    if not overdue and not expired:
        yield fine("deliveries", say(f"已送达 {counts.get('deliveries_delivered', 0)} 件，无超时",
                                     f"{counts.get('deliveries_delivered', 0)} delivered, none overdue"))  # fmt: skip


def ledger(patient: HubSide) -> Iterator[Finding]:
    with patient.hub_store.begin() as session:
        unsealed, checkpoint = session.unsealed(1), session.checkpoint()
    size = checkpoint.size if checkpoint else 0
    late = bool(unsealed) and patient.now - unsealed[0][1].recorded > _LATE
    if late:
        found = say("有记录超过 10 分钟未封存", "records wait for their checkpoint for more than 10 minutes")
        yield failure("ledger", found, say(f"{patient.runs} 是否运行？", f"does {patient.runs} run?"))
    else:
        yield fine(
            "ledger",
            say(f"{size} 条已封存（全面核对：yidi ledger verify）", f"{size} sealed (in full: yidi ledger verify)"),
        )


def heard(patient: HubSide) -> Iterator[Finding]:
    """Each unit signs every minute that it is there. What was heard last came all the way: key, node, broker, worker,
    store. So the whole way is tried without a document that anybody would see."""
    with patient.hub_store.begin() as session:
        records = session.presences()
    if not records:
        yield fine("heard", say("还没有单位报过到", "no unit was heard yet"))
        return
    last = max(record.heard for record in records)
    here = sum(record.is_here(patient.now) for record in records)
    found = say(
        f"{here}/{len(records)} 个单位在线，最近一次报到 {local(last)}",
        f"{here} of {len(records)} units are there, last heard {local(last)}",
    )
    if here:
        yield fine("heard", found)
        return
    cure = say(
        f"{patient.runs} 与各节点是否在运行？都在运行时，看上面 broker、queues 各项和日志 presence_invalid",
        f"do {patient.runs} and the nodes run? Then see broker and queues above, and presence_invalid in the log",
    )
    yield failure("heard", found, cure)


def quarantine(patient: Patient) -> Iterator[Finding]:
    with patient.node_store.begin() as session:
        at_node = session.quarantined(None, 100)
    yield from _set_aside(patient, at_node)


def hub_quarantine(patient: HubSide) -> Iterator[Finding]:
    yield from _set_aside(patient, [])


def _set_aside(patient: HubSide, at_node: list[QuarantineRecord]) -> Iterator[Finding]:
    with patient.hub_store.begin() as session:
        records = [*session.quarantined(100), *at_node]
    if records:
        codes = sorted({record.code for record in records})
        yield warning("quarantine", say(f"{len(records)} 条：", f"{len(records)}: ") + few(codes), "yidi hub audit")
    else:
        yield fine("quarantine", say("没有被隔离的报文", "nothing was set aside"))


def few(names: list[str]) -> str:
    return "、".join(names[:5]) + ("……" if len(names) > 5 else "")


CHECKS: tuple[Check[Patient], ...] = (clock, directory, certificates, outbox, deliveries, ledger, heard, quarantine)
