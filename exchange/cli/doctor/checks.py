"""The examination behind `yidi doctor`: its findings, and the exchange as it is examined.

Every check runs whatever the others found; what it cannot look at is a finding too. Not here: the checks themselves:

    checks_place     files, modes, keys, databases, office folders, the process of one machine
    checks_programs  the interface for programs, tokens and webhooks
    checks_flow      clock, directory, documents that do not get on
    checks_servers   RabbitMQ and PostgreSQL, before and after a hub is made with them
    checks_hub       what only a hub on real servers has
    checks_node      what only a node far from its hub has
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from exchange.cli.failure import fail, told
from exchange.cli.language import say
from exchange.cli.trouble import trouble
from exchange.errors import YidiError

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.hub import HubStore
    from exchange.ports.node import NodeStore
    from exchange.settings import MachineSettings
    from exchange.wiring.layout import Layout

__all__ = [
    "SOON",
    "Check",
    "Finding",
    "HubSide",
    "Level",
    "Patient",
    "Place",
    "current_directory",
    "examine",
    "failure",
    "fine",
    "warning",
]


SOON = timedelta(days=30)  # what ends within it wants a person now


_ENROL = (
    "交换中心是否停用了该单位、作废了密钥？是：在那里 yidi hub enroll 单位，再在本机 yidi node enroll --unit --code",
    "was the unit closed or its key revoked? Then yidi hub enroll UNIT at the hub, yidi node enroll --unit --code here",
)
# What kept a check from going on -> what to do, in Chinese and English. Most have a check of their own.
_CURES = {
    "BROKER_LOGIN": ("先解决上面的 broker", "mend broker above first"),
    "BROKER_RIGHTS": ("先解决上面的 broker", "mend broker above first"),
    "CERT_REVOKED": _ENROL,
    "HTTP_SIG_TIME": (
        "校准系统时钟（chrony/ntp）；不必重新注册",
        "set the clock (chrony, ntp); do not enrol again",
    ),
    "HUB_TLS": ("先解决上面的 hub", "mend hub above first"),
    "HUB_UNREACHABLE": ("先解决上面的 hub", "mend hub above first"),
    "KEYSTORE": (
        "先解决上面的 modes；没有时核对 secrets/passphrase，或从备份恢复密钥文件",
        "mend modes above first; if it is well, is secrets/passphrase this directory's? Restore keys from a backup",
    ),
    "NOT_AUTHORISED": _ENROL,
    "STORAGE": ("先解决上面的 database", "mend database above first"),
    "STORAGE_CORRUPT": ("先解决上面的 databases", "mend databases above first"),
    "STORAGE_LOST": ("先解决上面的 database", "mend database above first"),
    "TRANSPORT": ("先解决上面的 broker", "mend broker above first"),
}


# Checks whose findings go by another name than their own.
_NAMES = {"directory_life": "directory", "hub_quarantine": "quarantine", "lines": "ports", "processes": "workers"}


class Level(Enum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`cure`: what to do about it; empty when all is well."""

    check: str
    level: Level
    found: str
    cure: str = ""


def fine(check: str, found: str) -> Finding:
    return Finding(check=check, level=Level.OK, found=found)


def warning(check: str, found: str, cure: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, found=found, cure=cure)


def failure(check: str, found: str, cure: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, found=found, cure=cure)


class Place:
    """A data directory under examination. Everything in it is opened on first use, and raises YidiError where it is
    broken. `runs`: the command that runs it."""

    runs = "yidi up"

    def __init__(self, layout: "Layout", *, now: datetime | None = None, free_bytes: int | None = None) -> None:
        """`now` and `free_bytes`: what a test puts in the place of the clock and the disk."""
        self.layout = layout
        self.now = now or datetime.now(UTC)
        self._free_bytes = free_bytes

    @cached_property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.layout.root).free if self._free_bytes is None else self._free_bytes

    def close(self) -> None:
        for store in ("hub_store", "node_store"):
            if store in self.__dict__:
                with suppress(YidiError):
                    self.__dict__[store].close()


class HubSide(Protocol):
    """Whatever has a hub in it."""

    @property
    def now(self) -> datetime: ...
    @property
    def runs(self) -> str: ...
    @property
    def hub_store(self) -> "HubStore": ...
    @property
    def directory(self) -> "Directory": ...


def current_directory(store: "HubStore", layout: "Layout") -> "Directory":
    from exchange.trust.anchor import verify_directory

    with store.begin() as session:
        record = session.directory()
    if record is None:
        raise fail("DIRECTORY_MISSING", "交换中心没有目录", "the hub has no directory")
    # Judged as of its own making: whether it has expired since is a check of its own.
    directory, _ = verify_directory(record.document, layout.anchor(), record.stored, None)
    return directory


class Patient(Place):
    """A one-machine exchange."""

    @cached_property
    def settings(self) -> "MachineSettings":
        return self.layout.settings()

    @cached_property
    def hub_store(self) -> "HubStore":
        from exchange.storage import open_hub_store

        return open_hub_store(self.layout.hub_database())

    @cached_property
    def node_store(self) -> "NodeStore":
        from exchange.storage import open_node_store

        return open_node_store(self.layout.node_database())

    @cached_property
    def directory(self) -> "Directory":
        return current_directory(self.hub_store, self.layout)


_P = TypeVar("_P", bound=Place)
Check = Callable[[_P], Iterator[Finding]]


def examine(patient: _P, checks: Sequence[Check[_P]]) -> Iterator[Finding]:
    """Run every check. One that cannot go on says why, as a failure."""
    for check in checks:
        name = _NAMES.get(check.__name__, check.__name__)
        try:
            yield from check(patient)
        except YidiError as error:
            found = f"{error.code}: {told(error)}" + say("", f" ({error.detail})" if error.detail else "")
            chinese, english = _CURES.get(error.code, ("先解决这一项", "mend this first"))
            yield failure(name, found, say(chinese, english))
        except OSError as error:
            found = f"{error.filename}: {trouble(error)}"
            yield failure(name, found, say("检查该文件的属主与权限", "check the owner and mode of that file"))
