"""Archive: the signed bytes of a month in which everything is settled go into one file, and then from the store.

    (1) settled    nothing of the month's documents is waited for, everything of it is sealed
    (2) write      bytes, entries, proofs and directories, under a name that nobody reads; synced; then its own name
    (3) read back  every byte of that file is judged as anybody would (`archive_verify`), and each of the month's bytes
                   in the store is looked up among those
    (4) record     in one transaction with another look at (1): the file has them, they may go
    (5) remove     a whole month at once, or in batches; what is still asked for stays (`keep_receipts`)

Until (4) nothing but a file was made; from (4) on, every byte is in a file that was read back. So a crash loses
nothing, wherever it comes, and the next run goes on: a file that has all of a month is taken as it is, whoever wrote
it, one that has not is left alone, and another is written beside it.

Entries, tree nodes, checkpoints, deliveries and the rows of documents and receipts stay for ever: the ledger verifies,
a duplicate is known and answered, other bytes under the same id are a conflict, as before.

Everything comes in small pieces, so that a clock can do it between its other work, and a month of any size needs little
memory. Two at once do no harm; the lease spares them doing the work twice.

Not here: the attachments. They are named by digest, belong to documents of many months, and stay where they are.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from exchange.errors import ConflictError, PackageError, RefusedError, StorageError, YidiError
from exchange.ledger.archive import Part, open_archive
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.container import open_writer
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import ReceiptId
from exchange.ports.hub import ArchiveRecord, HubSession, HubStore, Lease
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.archive.verify import judge_parts
from exchange.services.archive.write import Month, MonthWriter
from exchange.services.evidence.facts import read_checkpoint
from exchange.trust.anchor import Anchor

__all__ = ["LEASE", "Archived", "Archiver", "Month", "Piece", "Postponed"]

LEASE = "archiver"
# It only spares doing the work twice: what may be removed is looked up in the file each time.
_LASTS = timedelta(seconds=60)
_PAGE = 256
_READ_BYTES = 64 * 1024 * 1024
_PART_BYTES = 1024 * 1024
_SHOWN = 20
# Batches are recorded a little out of order, and clocks are set.
_MARGIN = timedelta(days=1)
_IN_HAND = timedelta(seconds=10)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One bounded piece of work was done: `done` of `total` originals (bytes, where it is to "measure") are written,
    read back, or removed."""

    month: Month
    doing: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """This month's bytes are in this file and no longer in the store."""

    month: Month
    record: ArchiveRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """Something of this month is still waited for: these documents, or entries that are not sealed."""

    month: Month
    documents: tuple[EnvelopeKey, ...]
    unsealed: int = 0


Step = Piece | Archived | Postponed


class Archiver:
    """`keep_months`: whole months that stay in the store beside the one that runs. `folder` is made when needed."""

    def __init__(
        self,
        store: HubStore,
        clock: Clock,
        sign_note: Callable[[str], str],
        anchor: Anchor,
        folder: Path,
        keep_months: int,
        log: Log,
        *,
        holder: str,
    ) -> None:
        self._store, self._clock, self._sign_note, self._anchor = store, clock, sign_note, anchor
        self._folder, self._keep_months, self._log, self._holder = folder, keep_months, log, holder
        self._lease: Lease | None = None

    def run(self, *, take_over: bool = False) -> Iterator[Step]:
        """Everything that is due, oldest first, piece by piece. Ends at once when another does it, unless it is to
        `take_over` from whoever does; that one then stops. Raises StorageError, PackageError, RefusedError."""
        if not self._take(take_over=take_over):
            return
        try:
            yield from self._finish_begun()
            for month in self._due():
                yield from self._archive(month)
        finally:
            self._give_up()

    def _due(self) -> Iterator[Month]:
        limit = Month.of(self._clock.now()).later(-self._keep_months)
        since = _BEGINNING
        while True:
            with self._store.begin() as session:
                oldest = session.oldest_original(since)
            if oldest is None or (month := Month.of(oldest)) >= limit:
                return
            yield month
            since = month.end

    def _archive(self, month: Month) -> Iterator[Step]:
        with self._store.begin() as session:
            if (postponed := _postponed(session, month)) is not None:
                self._log.info("archive_postponed", month=str(month), documents=len(postponed.documents))
                yield postponed
                return
            checkpoint = session.checkpoint()
            total = session.originals_between(month.start, month.end)
        if checkpoint is None:
            raise StorageError("bytes are here, but the ledger was never sealed", code="STORAGE_CORRUPT")
        number = 1
        while (path := self._folder / _file_name(self._anchor.hub, month, number)).exists():
            if (yield from self._serves(month, path, total)):
                break
            number += 1
        else:
            yield from self._make(month, path, replace(read_checkpoint(checkpoint.note), extensions=()), total)
        sha256 = yield from self._measure(month, path)
        record = self._record(month, path, sha256, total)
        yield from self._remove(month, record)

    def _serves(self, month: Month, path: Path, total: int) -> Generator[Step, None, bool]:
        """Whether a file that is there already, for whatever reason, is a good archive of all that the store has."""
        try:
            return (yield from self._check(month, path, total)) == total
        except PackageError as error:
            self._log.warning("archive_unusable", archive=path.name, code=error.code, detail=error.message)
            return False

    def _make(self, month: Month, path: Path, checkpoint: Checkpoint, total: int) -> Iterator[Step]:
        yield from self._write(month, path, checkpoint, total)
        try:
            found = yield from self._check(month, path, total)
        except PackageError:
            path.unlink()  # nobody was told of it, and what it shows of the store is not mended by keeping it
            raise
        if found != total:
            raise ConflictError(f"{month}: something of this month came or went meanwhile; run it again")

    # (2) write

    def _write(self, month: Month, path: Path, checkpoint: Checkpoint, total: int) -> Iterator[Step]:
        part = self._new_part(path)
        try:
            with _disk(path), part.open("wb") as target:
                with open_writer(target) as container:
                    for done in MonthWriter(self._store, month, checkpoint, total).fill(
                        container, self._anchor.hub, self._sign_note
                    ):
                        self._renew()
                        _to_disk(target)  # a little each time: gigabytes at the end would hold everything up
                        yield Piece(month=month, doing="write", done=done, total=total)
                _to_disk(target)
            with self._store.begin() as session:
                self._keep_lease(session)
            with _disk(path):
                os.link(part, path)  # never over one that is there
        finally:
            part.unlink(missing_ok=True)
        with _disk(path):
            _sync(self._folder)

    def _new_part(self, path: Path) -> Path:
        with _disk(path):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in self._folder.glob(".*.part"):  # of who died; of nobody else, for the lease is ours
                left.unlink(missing_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=f".{path.name}.", suffix=".part")
            os.close(descriptor)
        return Path(name)

    # (3) read back

    def _check(self, month: Month, path: Path, total: int) -> Generator[Step, None, int]:
        """Returns how many of the bytes in the store the file has, and keeps what must be kept of them."""
        found = 0
        with open_archive(path) as archive:
            for part in judge_parts(archive, self._anchor):
                with self._store.begin() as session:
                    found += session.originals_among(_keys(part))
                    session.keep_receipts(
                        ReceiptId(one.entry.id) for one in part.originals if one.entry.kind == "RECEIPT"
                    )
                self._renew()
                yield Piece(month=month, doing="check", done=found, total=total)
        return found

    # (4) record

    def _measure(self, month: Month, path: Path) -> Generator[Step, None, str]:
        digest, size = hashlib.sha256(), path.stat().st_size
        with path.open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
                self._renew()
                yield Piece(month=month, doing="measure", done=file.tell(), total=size)
        return digest.hexdigest()

    def _record(self, month: Month, path: Path, sha256: str, total: int) -> ArchiveRecord:
        with open_archive(path) as archive:
            manifest = archive.manifest
        record = ArchiveRecord(
            file=path.name,
            start=month.start,
            end=month.end,
            sha256=sha256,
            bytes=path.stat().st_size,
            documents=manifest.documents,
            receipts=manifest.receipts,
            originals=total,
            written=self._clock.now(),
        )
        with self._store.begin() as session:
            self._keep_lease(session)
            if _postponed(session, month) is not None or session.originals_between(month.start, month.end) != total:
                raise ConflictError(f"{month}: something came into this month meanwhile; run it again")
            session.add_archive(record)
        self._log.info("archive_written", month=str(month), archive=record.file, documents=record.documents)
        return record

    # (5) remove

    def _finish_begun(self) -> Iterator[Step]:
        with self._store.begin() as session:
            begun = [record for record in session.archives() if record.removed is None]
        for record in begun:
            path = self._folder / record.file
            if not path.is_file():
                raise RefusedError(
                    f"{path} 不见了，而其内容尚未全部移出数据库：请放回原处 / "
                    "is missing, and not all of it was removed from the database yet: put it back",
                    code="ARCHIVE_MISSING",
                )
            month = Month(record.start)
            yield from self._check(month, path, 0)  # once more: the machine died since
            yield from self._remove(month, record)

    def _remove(self, month: Month, record: ArchiveRecord) -> Iterator[Step]:
        with self._store.begin() as session:
            self._keep_lease(session)
            at_once = session.drop_month(month.start, month.end, record.originals)
        if not at_once:
            yield from self._remove_piecemeal(month, record)
        done = replace(record, removed=self._clock.now())
        assert done.removed is not None
        with self._store.begin() as session:
            session.finish_archive(record.file, done.removed)
        self._log.info("archived", month=str(month), archive=record.file, sha256=record.sha256, bytes=record.bytes)
        yield Archived(month=month, record=done)

    def _remove_piecemeal(self, month: Month, record: ArchiveRecord) -> Iterator[Step]:
        removed = 0
        with open_archive(self._folder / record.file) as archive:
            for number in range(1, len(archive) + 1):
                keys = list(_keys(archive.part(number)))
                with self._store.begin() as session:
                    session.remove_originals(keys)
                removed += len(keys)
                self._renew()
                yield Piece(month=month, doing="remove", done=removed, total=record.originals)

    # who does it

    def _take(self, *, take_over: bool) -> bool:
        now = self._clock.now()
        with self._store.begin() as session:
            held = session.lease(LEASE)
            if held is not None and held.expires > now and not take_over:
                return False
            epoch = held.epoch + 1 if held else 1
            lease = Lease(name=LEASE, holder=self._holder, epoch=epoch, expires=now + _LASTS)
            self._lease = lease if session.take_lease(lease) else None
        return self._lease is not None

    def _renew(self) -> None:
        assert self._lease is not None
        if self._clock.now() + _LASTS / 2 > self._lease.expires:
            with self._store.begin() as session:
                self._keep_lease(session)

    def _keep_lease(self, session: HubSession) -> None:
        assert self._lease is not None
        lease = replace(self._lease, expires=self._clock.now() + _LASTS)
        if not session.renew_lease(lease):
            raise RefusedError("另一个进程正在存档 / another process archives now", code="ARCHIVE_ELSEWHERE")
        self._lease = lease

    def _give_up(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            with suppress(YidiError), self._store.begin() as session:
                session.renew_lease(replace(lease, expires=self._clock.now()))


def _postponed(session: HubSession, month: Month) -> Postponed | None:
    documents = session.unsettled(month.start, month.end, _SHOWN)
    unsealed = sum(entry.recorded < month.end for _, entry in session.unsealed(_PAGE))
    return Postponed(month=month, documents=tuple(documents), unsealed=unsealed) if documents or unsealed else None


def _file_name(hub: str, month: Month, number: int) -> str:
    return f"{hub}-{month}{f'-{number}' if number > 1 else ''}.archive.zip"


def _keys(part: Part) -> Iterator[tuple[datetime, str]]:
    return ((one.entry.recorded, one.entry.digest) for one in part.originals)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PackageError(
            f"{path} 不能写入 / cannot be written: {error.strerror}", code="ARCHIVE_WRITE", detail=str(error)
        ) from error


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
