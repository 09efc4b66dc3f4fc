"""What befalls one process: it dies at a named point, its publisher lies, its clock is wrong, its office is away, its
store does not answer.

Told from outside: `CHAOS_POINT=NAME:N` in the environment kills it at the N-th passing of that point; the file
`control.json` beside the histories holds the faults of the moment. What it takes, records and acknowledges goes to its
history, a JSON object a line, with the thread that did it.

Points are named `receive`, `commit[METHOD]` (by each thing that the transaction wrote), `publish`, `ack`,
`file.append`, `file.complete`, `office`, each followed by `.before`, `.after` or, of a batch, `.middle`.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from exchange.errors import AdapterError
from exchange.files.local import LocalFiles
from exchange.model.envelope import FileEntry
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.files import Files
from exchange.ports.office import Draft, HandOver, OfficeAdapter
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult, Transport
from exchange.topology import ASIDE
from exchange.trust.digest import sha256_hex
from exchange.wiring.parts import Parts
from exchange.wiring.system import SystemClock

__all__ = ["CONTROL", "POINT", "Hooks", "history_of"]

CONTROL, POINT = "control.json", "CHAOS_POINT"
_LOOK_SECONDS = 0.1
# What a transaction is called after: each of these that it used. A batch mixes what came meanwhile, the more the slower
# the machine is, so no point may ask that a transaction did one thing alone.
_WRITES = (
    *("add_documents", "quarantine", "add_receipts", "seal", "take_owed", "owe", "close_outbox", "save_handovers"),
    *("save_outbox", "save_deliveries", "save_forwards", "hasten_open", "hasten_deliveries", "add_directory"),
    *("save_directory", "told", "add_claims", "count_failure"),
)
# What keeps the bytes of a message, or its answer, by their digest.
_KEEPS = ("add_documents", "add_receipts", "add_receipts_of_units", "add_refusals", "quarantine")


def history_of(root: Path, name: str) -> Path:
    return root / "history" / f"{name}.jsonl"


class Hooks:
    """`name`: of the process. `root`: of the run."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self._control = root / "history" / CONTROL
        self._history = os.open(history_of(root, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        point, _, nth = os.environ.get(POINT, "").partition(":")
        self._armed, self._nth = point, int(nth or "1")
        self._passed: Counter[str] = Counter()
        self._faults: dict[str, Any] = {}
        self._looked = 0.0
        self.chance = random.Random()
        self.write(act="start", pid=os.getpid(), point=os.environ.get(POINT, ""))

    def write(self, **line: object) -> None:
        """One write to the end: whole lines, though threads and processes write at once."""
        os.write(self._history, (json.dumps(line, ensure_ascii=False) + "\n").encode())

    def write_handling(self, act: str, digests: Iterable[str]) -> None:
        """What this thread did with messages: one batch follows the other in it."""
        if known := sorted(digests):
            self.write(act=act, thread=threading.get_ident(), digests=known)

    def reach(self, point: str) -> None:
        if point != self._armed:
            return
        self._passed[point] += 1
        if self._passed[point] == self._nth:
            self.write(act="died", point=point)
            os.kill(os.getpid(), signal.SIGKILL)

    def is_armed(self, point: str) -> bool:
        return point == self._armed

    def fault(self, what: str) -> float:
        """How strong this fault is now, for this process; 0 when there is none."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            with suppress(FileNotFoundError):  # none has begun yet
                self._faults = json.loads(self._control.read_text(encoding="utf-8"))
        value = self._faults.get(what, {})
        return float(value.get(self.name, value.get("*", 0.0)))

    # what is put before each room

    def store(self, open_: Callable[[str], Any]) -> Callable[[str], Any]:
        return lambda url: _Store(open_(url), self)

    def transport(self, open_: Callable[[Any], Transport]) -> Callable[[Any], Transport]:
        return lambda settings: _Transport(open_(settings), self)

    def parts(self, offices: Path) -> Parts:
        return Parts(
            files=lambda root: _Files(LocalFiles(root), self),
            adapter=lambda _table, _place: _Office(offices, self),
            clock=_WrongClock(self),
        )


class _WrongClock(SystemClock):
    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._hooks.fault("clock"))


class _Store:
    def __init__(self, inner: Any, hooks: Hooks) -> None:
        self._inner, self._hooks = inner, hooks

    @contextmanager
    def begin(self) -> Iterator[Any]:
        while self._hooks.fault("stuck"):
            time.sleep(_LOOK_SECONDS)
        with self._inner.begin() as session:
            watched = _Session(session)
            yield watched
            names = [one for one in _WRITES if one in watched.called]
            for name in names:
                self._hooks.reach(f"commit[{name}].before")
        self._hooks.write_handling("commit", watched.kept)
        for name in names:
            self._hooks.reach(f"commit[{name}].after")

    look = begin

    def close(self) -> None:
        self._inner.close()


class _Session:
    """Remembers which methods were given something to write, and the digests of what was to be kept."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.called: set[str] = set()
        self.kept: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in _WRITES and name not in _KEEPS:
            return method

        def call(*arguments: Any) -> Any:
            result = method(*arguments)
            given: Any = result if name == "take_owed" else arguments[-1] if arguments else True
            if not hasattr(given, "__len__") or len(given):
                self.called.add(name)
            if name in _KEEPS:  # a node's rows come with their unit before them
                self.kept |= {(row[-1] if isinstance(row, tuple) else row).digest for row in given}
            return result

        return call


class _Transport:
    def __init__(self, inner: Transport, hooks: Hooks) -> None:
        self._inner, self._hooks = inner, hooks

    def declare(self, units: Iterable[UnitCode]) -> None:
        self._inner.declare(units)

    def publisher(self) -> Publisher:
        return _Publisher(self._inner.publisher(), self._hooks)

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        return _Consumer(self._inner.consumer(queues, in_turn=in_turn), self._hooks)

    def close(self) -> None:
        self._inner.close()


class _Publisher:
    """Confirms may be false (nothing was sent), lost (it was) or late."""

    def __init__(self, inner: Publisher, hooks: Hooks) -> None:
        self._inner, self._hooks = inner, hooks

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        hooks = self._hooks
        if not batch:
            return self._inner.publish(batch)
        hooks.reach("publish.before")
        if hooks.is_armed("publish.middle"):
            self._inner.publish(batch[: (len(batch) + 1) // 2])
            hooks.reach("publish.middle")
        false, lost = hooks.fault("false_confirm"), hooks.fault("lost_confirm")
        never = {index for index in range(len(batch)) if hooks.chance.random() < false}
        sent = iter(self._inner.publish([one for index, one in enumerate(batch) if index not in never]))
        results = [PublishResult.ACCEPTED if index in never else next(sent) for index in range(len(batch))]
        if (late := hooks.fault("late_confirm")) > 0:
            time.sleep(late)
        hooks.reach("publish.after")
        results = [PublishResult.UNKNOWN if hooks.chance.random() < lost else one for one in results]
        hooks.write_handling(
            "aside", [sha256_hex(o.body) for o, r in zip(batch, results, strict=True) if _is_aside(o, r)]
        )
        return results

    def close(self) -> None:
        self._inner.close()


def _is_aside(message: Message, told: PublishResult) -> bool:
    return message.exchange == ASIDE and told is PublishResult.ACCEPTED


class _Consumer:
    def __init__(self, inner: Consumer, hooks: Hooks) -> None:
        self._inner, self._hooks = inner, hooks
        self._taken: dict[int, str] = {}

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        batch = self._inner.receive(limit, timeout_seconds)
        if batch:
            self._taken |= {one.tag: sha256_hex(one.body) for one in batch}
            self._hooks.write_handling("take", [self._taken[one.tag] for one in batch])
            self._hooks.reach("receive.after")
        return batch

    def ack(self, tags: Iterable[int]) -> None:
        known = list(tags)
        if known:
            self._hooks.reach("ack.before")
            self._hooks.write_handling("ack", [self._taken.pop(tag, "") for tag in known])
        self._inner.ack(known)
        if known:
            self._hooks.reach("ack.after")

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        known = list(tags)
        self._hooks.write_handling("back", [self._taken.pop(tag, "") for tag in known])
        self._inner.reject(known, requeue=requeue)

    def close(self) -> None:
        self._inner.close()


class _Files:
    def __init__(self, inner: Files, hooks: Hooks) -> None:
        self._inner, self._hooks = inner, hooks

    def append(self, owner: str, sha256: str, offset: int, chunk: bytes) -> int:
        self._hooks.reach("file.append.before")
        length = self._inner.append(owner, sha256, offset, chunk)
        self._hooks.reach("file.append.after")
        return length

    def complete(self, owner: str, sha256: str, size: int) -> None:
        self._hooks.reach("file.complete.before")
        self._inner.complete(owner, sha256, size)
        self._hooks.reach("file.complete.after")

    def open(self, sha256: str, offset: int = 0) -> BinaryIO:
        return self._inner.open(sha256, offset)

    def check(self, entry: FileEntry) -> None:
        self._inner.check(entry)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Office(OfficeAdapter):
    """One file a document, named for it: taking it twice changes nothing. What it holds is judged afterwards."""

    def __init__(self, folder: Path, hooks: Hooks) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._hooks = folder, hooks

    def hand_over(self, item: HandOver) -> str:
        self._answer()
        self._hooks.reach("office.before")
        for entry in item.envelope.files:
            with item.open_file(entry.sha256) as stream:
                if sha256_hex(stream.read()) != entry.sha256:
                    self._hooks.write(act="office", fault=f"{item.unit} was handed other bytes of {entry.sha256}")
        name = f"{item.unit}_{item.key.sender}_{item.key.id}"
        with (self._folder / name).open("a", encoding="ascii"):
            pass
        self._hooks.write(act="office", unit=item.unit, sender=item.key.sender, id=item.key.id)
        self._hooks.reach("office.after")
        return name

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        self._answer()

    def collect(self, unit: UnitCode) -> Iterable[Draft]:
        return ()

    def sent(self, unit: UnitCode, reference: str, key: object) -> None: ...

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None: ...

    def _answer(self) -> None:
        if self._hooks.chance.random() < self._hooks.fault("office"):
            raise AdapterError("the office system does not answer")
