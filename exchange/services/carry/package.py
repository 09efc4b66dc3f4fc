"""A carry package as a file: a zip of stored members and a signed manifest that names every one of them.

    manifest.xml            who packed what for whom, when; signed (`exchange.model.carry`)
    directory.xml           the hub's signed directory, in packages to a unit
    receipts/00001.xml ...  signed receipts, NOTED among them
    envelopes/00001.xml ... signed envelopes
    files/<sha256>          the files that the envelopes name

    write_carry   writes one, whole or not at all
    open_carry    opens one; nothing of it may be used before `check`, but for what is needed to verify its manifest

Names are matched and never used as paths. Files are never held in memory. Not here: what goes in and what is done with
it (`carry_node`, `carry_hub`).
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, Final, TypeVar

from exchange.codec.kind import DocumentKind
from exchange.errors import FileMissingError, PackageError, RefusedError, TransportError
from exchange.ledger.container import Member, Reader, Writer, faults_of, new_file, open_reader, open_writer
from exchange.model.carry import (
    DIRECTORY,
    ENVELOPES,
    FILES,
    MAX_PARTS,
    RECEIPTS,
    Carry,
    CarryId,
    Part,
    Way,
    file_part,
    numbered_part,
)
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.transport import Delivered
from exchange.trust.digest import sha256_hex

__all__ = [
    "MAX_BYTES",
    "CarryReader",
    "CarryWriter",
    "Heading",
    "Packed",
    "Taken",
    "Told",
    "Unpacked",
    "batches",
    "chunks",
    "open_carry",
    "write_carry",
]

Item = TypeVar("Item")
Told = Callable[[int, int], None]
"""Called with (bytes done, bytes of all)."""

MAX_BYTES: Final = 4_000_000_000  # what a disk formatted as FAT32 takes in one file
_LARGEST: Final = 64 * 1024**3
_MANIFEST: Final = "manifest.xml"
_OVERHEAD: Final = 8 * 1024**2  # the manifest, and what the zip says of each member
_BATCH: Final = 100
_BATCH_BYTES: Final = 16 * 1024**2
_LIMITS: Final = {
    ENVELOPES: DocumentKind.ENVELOPE.limits.size,
    RECEIPTS: DocumentKind.RECEIPT.limits.size,
    DIRECTORY: DocumentKind.DIRECTORY.limits.size,
}


class CarryWriter:
    """What is put into a package, and what had no room in it. Whoever adds the same bytes twice adds them once."""

    def __init__(self, writer: Writer, max_bytes: int, told: Told) -> None:
        self._writer, self._told = writer, told
        self._left = max_bytes - _OVERHEAD
        self._done = 0
        self._digests: set[str] = set()
        self.parts: list[Part] = []
        self.no_room = 0
        self.counts = {ENVELOPES: 0, RECEIPTS: 0, FILES: 0}

    def add_directory(self, document: bytes) -> None:
        self._add(DIRECTORY, Member.of(document), io.BytesIO(document))

    def add_receipt(self, document: bytes) -> None:
        self._add_document(RECEIPTS, document)

    def add_envelope(self, document: bytes, files: Sequence[FileEntry], open_file: Callable[[str], BinaryIO]) -> None:
        """With all of its files, or not at all. Raises PackageError when a file turns out to have changed."""
        new = {entry.sha256: entry for entry in files if not self.has(entry.sha256)}
        if not self._has_room([len(document), *(entry.size for entry in new.values())]):
            self.no_room += 1
            return
        for entry in new.values():
            with open_file(entry.sha256) as source:
                self._add(file_part(entry.sha256), Member(sha256=entry.sha256, size=entry.size), source)
            self.counts[FILES] += 1
        self._add_document(ENVELOPES, document)

    def has(self, sha256: str) -> bool:
        return sha256 in self._digests

    def _add_document(self, folder: str, document: bytes) -> None:
        member = Member.of(document)
        if self.has(member.sha256):
            return
        if not self._has_room([member.size]):
            self.no_room += 1
            return
        self.counts[folder] += 1
        self._add(numbered_part(folder, self.counts[folder]), member, io.BytesIO(document))

    def _has_room(self, sizes: Sequence[int]) -> bool:
        return sum(sizes) <= self._left and len(self.parts) + len(sizes) <= MAX_PARTS

    def _add(self, name: str, expected: Member, source: IO[bytes]) -> None:
        of = self._done + expected.size

        def tell(size: int) -> None:
            self._done += size
            self._told(self._done, of)

        written = self._writer.add(name, source, tell)
        if written != expected:
            raise PackageError(f"{name}: its bytes changed while they were packed; pack again")
        self._left -= written.size
        self._digests.add(written.sha256)
        self.parts.append(Part(name=name, size=written.size, sha256=written.sha256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a manifest says beside its parts."""

    id: CarryId
    hub: str
    unit: UnitCode
    way: Way
    made: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What went into a package. `no_room`: documents that wait for the next one; `spoilt`: those that this disk cannot
    give whole."""

    carry: Carry
    envelopes: int
    receipts: int
    files: int
    no_room: int
    spoilt: int


@dataclass(slots=True, kw_only=True)
class Unpacked:
    """What became of a package's documents: `documents` are here now, `new` of them since this package; `refused` ones
    were answered with a signed receipt; what is `not_taken` comes again, over the line or with the next package.
    `receipts`: how many were read."""

    carry: Carry
    documents: int = 0
    new: int = 0
    refused: int = 0
    not_taken: int = 0
    receipts: int = 0


def write_carry(
    path: Path,
    heading: Heading,
    fill: Callable[[CarryWriter], int],
    sign: Callable[[Carry], bytes],
    *,
    max_bytes: int,
    told: Told,
) -> Packed:
    """Write a package to `path`, whole and synced or not at all. `fill` puts in what there is, and returns how much was
    spoilt. Raises PackageError when the disk does not take it."""
    with new_file(path) as target, open_writer(target) as writer:
        draft = CarryWriter(writer, max_bytes, told)
        spoilt = fill(draft)
        carry = Carry(
            id=heading.id,
            hub=heading.hub,
            unit=heading.unit,
            way=heading.way,
            made=heading.made,
            whole=not draft.no_room and not spoilt,
            parts=tuple(draft.parts),
        )
        writer.add(_MANIFEST, io.BytesIO(sign(carry)))
    counts = draft.counts
    return Packed(
        carry=carry,
        envelopes=counts[ENVELOPES],
        receipts=counts[RECEIPTS],
        files=counts[FILES],
        no_room=draft.no_room,
        spoilt=spoilt,
    )


class CarryReader:
    """One package; made by `open_carry`. `manifest` and `directory` are claims until both were verified."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parts: dict[str, Part] = {}
        self._open: tuple[str, IO[bytes]] | None = None
        self.manifest = self._claim(_MANIFEST, DocumentKind.CARRY.limits.size)
        has_directory = DIRECTORY in reader.sizes
        self.directory = self._claim(DIRECTORY, _LIMITS[DIRECTORY]) if has_directory else None

    def _claim(self, name: str, limit: int) -> bytes:
        if name not in self._reader.sizes:
            raise PackageError(f"{name}: is missing, so this is no carry package, or not a whole one")
        _check_size(name, self._reader.sizes[name], limit)
        return self._reader.read(name)

    def check(self, carry: Carry, way: Way, told: Told) -> None:
        """That it goes `way`, and that every member is what the verified manifest `carry` says. Raises PackageError;
        then nothing of the package may be used."""
        # (1) made for this side
        if carry.way is not way:
            raise RefusedError(f"a package {carry.way.value} is not opened here", code="CARRY_WAY")
        # (2) nothing is there but what was signed for, and all of it
        sizes = {part.name: part.size for part in carry.parts}
        found = {name: size for name, size in self._reader.sizes.items() if name != _MANIFEST}
        for name, _ in sorted(found.items() ^ sizes.items()):
            raise PackageError(f"{name}: is missing, was added, or has another size than was signed")
        # (3) no document is larger than documents may be
        for part in carry.parts:
            _check_size(part.name, part.size, _limit(part.name))
        # (4) every byte is the one that was signed for
        done, of = 0, sum(sizes.values())

        def tell(size: int) -> None:
            nonlocal done
            done += size
            told(done, of)

        for part in carry.parts:
            if self._reader.measure(part.name, tell).sha256 != part.sha256:
                raise PackageError(f"{part.name}: is not what was signed")
        self._parts = {part.name: part for part in carry.parts}

    def documents(self, folder: str) -> Iterator[bytes]:
        """In the order in which they were packed. Each is hashed once more: a disk may change its mind."""
        for part in self._parts.values():
            if part.name.startswith(folder):
                document = self._reader.read(part.name)
                if sha256_hex(document) != part.sha256:
                    raise PackageError(f"{part.name}: is not what was signed")
                yield document

    def has_file(self, sha256: str) -> bool:
        return file_part(sha256) in self._parts

    def read_file(self, sha256: str, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset`; whoever stores them hashes them. Raises FileMissingError; TransportError
        when the disk was pulled out or spoilt them since `check`: no fault of the document's."""
        if not self.has_file(sha256):
            raise FileMissingError(f"file {sha256}: not in the package")
        name = file_part(sha256)
        try:
            stream = self._stream(name)
            with faults_of(name):
                if stream.tell() != offset:
                    stream.seek(offset)
                return stream.read(limit)
        except PackageError as error:
            text = f"{name}: the package cannot be read any more"
            raise TransportError(text, code="PACKAGE", detail=error.detail) from error

    def _stream(self, name: str) -> IO[bytes]:
        """Files are read one after the other, each from its beginning: one stays open."""
        if self._open is None or self._open[0] != name:
            self.close()
            self._open = (name, self._reader.open(name))
        return self._open[1]

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


@contextmanager
def open_carry(path: Path) -> Iterator[CarryReader]:
    """Raises PackageError: what is cut short, odd or far too large is no package."""
    with (
        open_reader(path, total_bytes=_LARGEST, members=MAX_PARTS + 1) as reader,
        closing(CarryReader(reader)) as package,
    ):
        yield package


@dataclass(slots=True)
class Taken:
    """Implements `Consumer` for documents that came in a package and are in no queue: there is nothing to give back
    to. Whatever is not taken stays open where it was packed."""

    given_back: int = 0

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        del limit, timeout_seconds
        return []

    def ack(self, tags: Iterable[int]) -> None:
        pass

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        del requeue
        self.given_back += len(list(tags))

    def close(self) -> None:
        pass


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """What is read from a store at once."""
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def batches(documents: Iterable[bytes], carry: Carry, queue: str, user: UnitCode | None) -> Iterator[list[Delivered]]:
    """The documents as the broker would have delivered them, had `user` sent them: so many that fit into memory."""
    batch: list[Delivered] = []
    size = 0
    for tag, body in enumerate(documents, start=1):
        if batch and (len(batch) == _BATCH or size + len(body) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(Delivered(tag=tag, queue=queue, body=body, user=user, carried=carry.made))
        size += len(body)
    if batch:
        yield batch


def _check_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise PackageError(f"{name}: {size} bytes, at most {limit} are allowed")


def _limit(name: str) -> int:
    return next((limit for folder, limit in _LIMITS.items() if name.startswith(folder)), _LARGEST)
