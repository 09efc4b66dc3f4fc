"""The examination behind `yidi doctor`: its findings, and the exchange as it is examined.

Every check runs whatever the others found; what it cannot look at is a finding too. Not here: the checks themselves
(`checks_place`: files, keys, databases; `checks_flow`: directory, certificates, documents).
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from exchange.cli.language import say
from exchange.errors import YidiError

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.hub import HubStore
    from exchange.ports.node import NodeStore
    from exchange.settings import MachineSettings
    from exchange.wiring.layout import Layout

__all__ = ["Check", "Finding", "Level", "Patient", "examine", "failure", "fine", "warning"]


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


class Patient:
    """The exchange under examination. Everything is opened on first use, and raises YidiError where it is broken."""

    def __init__(self, layout: "Layout", *, now: datetime | None = None, free_bytes: int | None = None) -> None:
        """`now` and `free_bytes`: what a test puts in the place of the clock and the disk."""
        self.layout = layout
        self.now = now or datetime.now(UTC)
        self._free_bytes = free_bytes

    @cached_property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.layout.root).free if self._free_bytes is None else self._free_bytes

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
        from exchange.cli.failure import fail
        from exchange.trust.anchor import verify_directory

        with self.hub_store.begin() as session:
            record = session.directory()
        if record is None:
            raise fail("DIRECTORY_MISSING", "交换中心没有目录", "the hub has no directory")
        # Judged as of its own making: whether it has expired since is a check of its own.
        directory, _ = verify_directory(record.document, self.layout.anchor(), record.stored, None)
        return directory

    def close(self) -> None:
        for store in ("hub_store", "node_store"):
            if store in self.__dict__:
                with suppress(YidiError):
                    getattr(self, store).close()


Check = Callable[[Patient], Iterator[Finding]]


def examine(patient: Patient, checks: tuple[Check, ...]) -> Iterator[Finding]:
    """Run every check. One that cannot go on says why, as a failure."""
    for check in checks:
        try:
            yield from check(patient)
        except YidiError as error:
            found = f"{error}" + (f" ({error.detail})" if error.detail else "")
            yield failure(check.__name__, found, say("先解决这一项", "mend this first"))
        except OSError as error:
            found = f"{error.filename}: {error.strerror}"
            yield failure(check.__name__, found, say("检查该文件的属主与权限", "check the owner and mode of that file"))
