"""The folder `decisions` of a unit: one JSON file for each thing that somebody there decided about a received document.

    decisions/   <anything>.json, written whole by a rename from .tmp, or stable for `settle_seconds`; what is no such
                 file is refused after `patience_seconds`, since somebody believes to have decided by it
    done/        the file, once its receipt is signed
    error/       the file beside reason.txt, when it cannot be taken

Not here: the file's keys (`decision`).
"""

import hashlib
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exchange.adapters.decision import decision_from, decision_id
from exchange.adapters.json_fields import parse
from exchange.adapters.share import display_name, free_name, is_unfinished, open_regular
from exchange.errors import InputError
from exchange.ports.office import OfficeDecision

__all__ = ["DecisionFolder"]

_MAX_BYTES = 64 * 1024


@dataclass(slots=True)
class _Seen:
    shape: tuple[int, int]
    since: float
    reference: str | None = None


class DecisionFolder:
    """One unit's. `reject`: what moves a file to error/ with a code and a message."""

    def __init__(self, folder: Path, done: Path, reject: Callable[[Path, str, str], None]) -> None:
        self._folder, self._done, self._reject = folder, done, reject
        self._seen: dict[Path, _Seen] = {}

    def waiting(self, now: float, settle_seconds: float, patience_seconds: float) -> Iterator[OfficeDecision]:
        """Those that are complete, oldest first: who signs and then answers is taken in that order. One that cannot be
        read stops no other; OSError is raised for it at the end."""
        found = (path for path in self._folder.iterdir() if not is_unfinished(path.name))
        entries = sorted(found, key=lambda path: (_written(path), path.name))
        for gone in self._seen.keys() - set(entries):
            del self._seen[gone]
        fault: OSError | None = None
        for entry in entries:
            try:
                decision = self._look(entry, now, settle_seconds, patience_seconds)
            except FileNotFoundError:  # whoever wrote it took it back
                continue
            except OSError as error:
                fault = fault or error
                continue
            if decision is not None:
                yield decision
        if fault is not None:
            raise fault

    def finish(self, reference: str, refuse: tuple[str, str] | None) -> None:
        """Move what was given under this reference away: to done/, or to error/ with a code and a message."""
        for entry in [path for path, seen in self._seen.items() if seen.reference == reference]:
            if refuse is not None:
                self._reject(entry, *refuse)
            else:
                entry.rename(free_name(self._done, display_name(entry.name)))
            del self._seen[entry]

    def _look(self, entry: Path, now: float, settle_seconds: float, patience_seconds: float) -> OfficeDecision | None:
        status = entry.lstat()
        shape = (status.st_size, status.st_mtime_ns)
        seen = self._seen.get(entry)
        if seen is None or seen.shape != shape:
            seen = self._seen[entry] = _Seen(shape, now)
        if now - seen.since < settle_seconds:
            return None
        try:
            if not stat.S_ISREG(status.st_mode) or not entry.name.casefold().endswith(".json"):
                raise InputError("决定是名称以 .json 结尾的文件；若看不到扩展名，请让 Windows 显示", code="INCOMPLETE")
            return self._read(entry, seen)
        except InputError as error:
            if error.code != "INCOMPLETE" or now - seen.since >= patience_seconds:
                self._reject(entry, error.code, error.message)
            return None

    def _read(self, entry: Path, seen: _Seen) -> OfficeDecision:
        if seen.shape[0] > _MAX_BYTES:
            raise InputError("文件过大，不是一项决定", code="SIZE")
        with open_regular(entry.parent, entry.name) as file:
            raw = file.read(_MAX_BYTES)
        parsed = parse(raw, display_name(entry.name))
        name = decision_id(parsed) or display_name(entry.name)
        seen.reference = f"{name[:100]}#{hashlib.sha256(raw).hexdigest()[:32]}"
        return decision_from(parsed, seen.reference)


def _written(entry: Path) -> int:
    with suppress(FileNotFoundError):
        return entry.lstat().st_mtime_ns
    return 0
