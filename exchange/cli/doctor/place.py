"""Checks of the place that an exchange lives in: files, modes, disk, keys, databases, office folders, the process."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.cli.doctor.checks import Check, Finding, Patient, Place, failure, fine, warning
from exchange.cli.doctor.programs import programs_of
from exchange.cli.doctor.reach import file_store
from exchange.cli.language import say
from exchange.cli.running import running
from exchange.errors import YidiError
from exchange.model.meanings import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.model.unit import UnitCode
    from exchange.ports.node import NodeStore
    from exchange.settings import Hosting

__all__ = ["CHECKS", "disk", "offices_of", "private"]

_GIB = 1024**3


def settings(patient: Patient) -> Iterator[Finding]:
    yield fine("settings", f"{patient.layout.settings_file} {patient.settings.hub}")


def modes(patient: Patient) -> Iterator[Finding]:
    layout = patient.layout
    yield from private(layout.root / "secrets", layout.hub / "keys", layout.node / "keys")


def private(*paths: Path) -> Iterator[Finding]:
    """Whether each folder or file is there and its owner's alone, and so is every file in a folder."""
    missing = [path for path in paths if not path.exists()]
    there = [path for path in paths if path not in missing]
    inside = [one for path in there if path.is_dir() for one in sorted(path.iterdir()) if one.is_file()]
    open_to_others = [path for path in (*there, *inside) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in missing:
        cure = say("从备份恢复整个数据目录", "restore the whole data directory from a backup")
        yield failure("modes", say(f"缺少 {path}", f"{path} is missing"), cure)
    for path in open_to_others:
        mode = 700 if path.is_dir() else 600
        yield failure("modes", say(f"{path} 他人可访问", f"others may enter {path}"), f"chmod {mode} {path}")
    if not missing and not open_to_others:
        yield fine("modes", say("密钥与口令只有属主可访问", "keys and passwords are the owner's alone"))


def disk(patient: Place) -> Iterator[Finding]:
    free = patient.free_bytes
    found = say(f"剩余 {free / _GIB:.1f} GiB", f"{free / _GIB:.1f} GiB free")
    cure = say(
        "清理磁盘或迁移数据目录：写满时停止受理，但不丢失",
        "free some space: a full disk stops intake (nothing is lost)",
    )
    if free < _GIB:
        yield failure("disk", found, cure)
    elif free < 5 * _GIB:
        yield warning("disk", found, cure)
    else:
        yield fine("disk", found)


def keys(patient: Patient) -> Iterator[Finding]:
    layout = patient.layout
    of_hub, of_node = layout.hub_keys(patient.settings), layout.node_keys(patient.settings)
    faults = []
    for store, owners in ((of_hub, ("authority", "directory", "hub", "ledger")), (of_node, of_node.owners())):
        for owner in owners:
            try:
                store.load(owner)
            except YidiError as error:
                faults.append(error.message)
    cure = say(
        "核对 secrets/passphrase 是否为本目录的口令；密钥文件从备份恢复，或 yidi node enroll --renew",
        "is secrets/passphrase this directory's? Restore key files from a backup, or yidi node enroll --renew",
    )
    for fault in faults:
        yield failure("keys", fault, cure)
    if not faults:
        yield fine(
            "keys",
            say(
                f"口令与 {4 + len(of_node.owners())} 个密钥可用",
                f"passphrase and {4 + len(of_node.owners())} keys work",
            ),
        )


def databases(patient: Patient) -> Iterator[Finding]:
    from exchange.storage.migrate import HEADS
    from exchange.storage.sqlite_file import find_damage, schema_of

    for kind, url in (("hub", patient.layout.hub_database()), ("node", patient.layout.node_database())):
        if damage := find_damage(url):
            cure = say("停止 yidi up，保留副本，从备份恢复", "stop yidi up, keep a copy, restore the last backup")
            yield failure("databases", f"{kind}: {damage[0]}", cure)
            continue
        schema = schema_of(url)
        if schema == HEADS[kind]:
            yield fine("databases", say(f"{kind} 库完好，结构 {schema}", f"{kind} is sound, schema {schema}"))
        else:
            cure = say(
                "用与数据相符的版本；旧结构在下次 yidi up 时自动升级",
                "use the release that fits; an older schema is upgraded by yidi up",
            )
            yield failure("databases", f"{kind}: {schema} ≠ {HEADS[kind]}", cure)


def files(patient: Patient) -> Iterator[Finding]:
    yield from file_store(patient.layout.hub / "files", "hub")
    yield from file_store(patient.layout.node / "files", "node")


# What keeps documents out of an office and passes by nobody's waiting.
_OFFICE_CURES = {
    "FILES_DIR": (
        "在 offices 的这个表中把 files_dir 设为两边都挂载的共享，重启节点；积压的自动继续",
        "set files_dir of its table in `offices` to a share that both mount, start the node again; what waits goes on",
    ),
}


def kept_out(store: "NodeStore") -> Iterator[Finding]:
    """What waits for an office system, by what keeps it."""
    with store.look() as session:
        waiting, faults = session.counts()["handovers_open"], session.handover_faults()
        refused = session.refused_by_offices()
    usual = "检查办公系统及其文件夹", "check the office system and its folders"
    for code, count in faults.items():
        meaning = MEANINGS.get(code, "")
        found = say(f"{count} 件进不了办公系统：{code} {meaning}", f"{count} kept out of the office system: {code}")
        lasting = code in _OFFICE_CURES
        yield (failure if lasting else warning)("offices", found, say(*_OFFICE_CURES.get(code, usual)))
    if refused:
        yield warning(
            "offices",
            say(f"{refused} 件办公系统不收，没有人办理", f"{refused} refused by the office system, and nobody acted"),
            say(
                "在 yidi inbox --open 中找到，用 yidi show 加 --save 取出交给人办，再签收或拒收",
                "find them by yidi inbox --open, take them out by yidi show with --save, then sign for or reject them",
            ),
        )
    if others := waiting - sum(faults.values()):
        yield warning(
            "offices", say(f"{others} 件尚未交给办公系统", f"{others} wait for the office system"), say(*usual)
        )


def offices(patient: Patient) -> Iterator[Finding]:
    with patient.node_store.begin() as session:
        units = session.units()
    yield from offices_of(patient, patient.settings, units)
    yield from kept_out(patient.node_store)


def offices_of(patient: Place, choice: "Hosting", units: "Sequence[UnitCode]") -> Iterator[Finding]:
    """Whether each office system of these units answers, and the settings fit it."""
    from exchange.cli.node.adapters import misfits
    from exchange.wiring.offices import open_offices

    opened = open_offices(choice, patient.layout.root, patient.layout.offices)
    try:
        found = list(misfits(opened, units))
    finally:
        opened.close()
    for one in found:
        yield failure("offices", f"{one.where}: {one.found}", one.cure)
    if not found:
        names = ", ".join(opened.adapters) or say("无", "none")
        yield fine("offices", say(f"设置与办公系统相符：{names}", f"the settings fit the office systems: {names}"))


def process(patient: Patient) -> Iterator[Finding]:
    found = running(patient.layout)
    if found is None:
        cure = say("启动：", "start it: ") + f"yidi up --data {patient.layout.root}"
        yield failure(
            "process", say("yidi up 未运行，公文不会送达", "yidi up is not running: nothing is delivered"), cure
        )
    elif not found.ready:
        yield failure(
            "process",
            f"{found.url} {found.faults}",
            say("查看其日志中失败的步骤", "see its log for the step that fails"),
        )
    else:
        yield fine("process", say(f"运行并就绪 {found.url}", f"running and ready at {found.url}"))


def programs(patient: Patient) -> Iterator[Finding]:
    yield from programs_of(patient, patient.settings.api, patient.node_store)


CHECKS: tuple[Check[Patient], ...] = (settings, modes, disk, keys, databases, files, offices, programs, process)
