"""The archive file: the signed bytes that a hub took in one month, and all that is needed to judge them, in one file.

    parts/00001.json, .bin    some hundred ledger entries and the hashes beside them; the bytes of each, in that order
    directories/<version>.xml the signed directory snapshots that were in force
    manifest.json             what it is, the digest and size of each of the above, and each part's time
    checkpoint.txt            the signed note that states the ledger's size and root, and binds the manifest

Documents lie together in parts, not in a member each as in an evidence package: a zip's directory is held in memory,
and a month may have millions of them. Written and read part by part; equal contents give equal bytes.

Not here: any judgement of signatures (`exchange.services.archive.verify`). Files that documents name are no part of it.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from exchange.errors import InvalidValueError, NoteError, PackageError
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.container import Member, Reader, Writer, faults_of, open_reader
from exchange.ledger.entry import LedgerEntry
from exchange.ledger.excerpt import Excerpt
from exchange.ledger.manifest import encode_json
from exchange.ledger.merkle import HASH_SIZE

__all__ = ["ArchiveFile", "ArchiveWriter", "Manifest", "Original", "Part", "Snapshot", "open_archive", "stated_digest"]

CHECKPOINT: Final = "checkpoint.txt"
MANIFEST: Final = "manifest.json"
_FORMAT: Final = "yidi-archive/1"
_MEMBERS: Final = 1_000_000
_TOTAL_BYTES: Final = 1024**4
_MEMBER_BYTES: Final = 256 * 1024**2
_MANIFEST_BYTES: Final = 1024**3
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The exact bytes of a document or receipt, and its entry, which stands at `index` in the ledger."""

    index: int
    entry: LedgerEntry
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`originals` in the ledger's order; `nodes` prove them together (`exchange.ledger.excerpt`)."""

    originals: tuple[Original, ...]
    nodes: Mapping[tuple[int, int], bytes]

    def excerpt(self, size: int) -> Excerpt:
        return Excerpt(size, {one.index: one.entry.leaf_hash for one in self.originals}, self.nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A directory version as the hub stored it at `stored`."""

    version: int
    stored: datetime
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`start` to `end`: when the hub recorded what is in it. `spans`: the first and last such time of each part;
    `stored`: when each directory version was stored; `members`: all but manifest and checkpoint."""

    hub: str
    start: datetime
    end: datetime
    documents: int
    receipts: int
    spans: tuple[tuple[datetime, datetime], ...]
    stored: Mapping[int, datetime]
    members: Mapping[str, Member]

    def encode(self) -> bytes:
        return encode_json(
            {
                "format": _FORMAT,
                "hub": self.hub,
                "start": self.start.isoformat(),
                "end": self.end.isoformat(),
                "documents": self.documents,
                "receipts": self.receipts,
                "parts": [[first.isoformat(), last.isoformat()] for first, last in self.spans],
                "directories": {str(version): stored.isoformat() for version, stored in self.stored.items()},
                "members": {name: {"sha256": one.sha256, "size": one.size} for name, one in self.members.items()},
            }
        )

    @classmethod
    def parse(cls, raw: bytes) -> "Manifest":
        """Return the manifest that is written as exactly `raw`: no second spelling, no unknown key passes."""
        with _is(MANIFEST, "a manifest"):
            data: Any = json.loads(raw)
            manifest = cls(
                hub=data["hub"],
                start=_time(data["start"]),
                end=_time(data["end"]),
                documents=_number(data["documents"]),
                receipts=_number(data["receipts"]),
                spans=tuple((_time(first), _time(last)) for first, last in data["parts"]),
                stored={int(version): _time(stored) for version, stored in data["directories"].items()},
                members={name: _member(one) for name, one in data["members"].items()},
            )
            canonical = manifest.encode()
        if canonical != raw:
            raise PackageError(f"{MANIFEST}: is not written as {_FORMAT} prescribes")
        expected = {name for number in range(1, len(manifest.spans) + 1) for name in _part_members(number)}
        if manifest.members.keys() != expected | {_directory_member(version) for version in manifest.stored}:
            raise PackageError(f"{MANIFEST}: lists other members than parts and directories")
        return manifest


@dataclass(slots=True)
class ArchiveWriter:
    """Writes an archive into a container in order: parts, directories, and `finish`."""

    _container: Writer
    _members: dict[str, Member] = field(default_factory=dict)
    _spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    _stored: dict[int, datetime] = field(default_factory=dict)
    documents: int = 0
    receipts: int = 0

    def add_part(self, part: Part) -> None:
        index, content = _part_members(len(self._spans) + 1)
        self._add(index, _encode_index(part))
        self._add(content, b"".join(one.document for one in part.originals))
        times = [one.entry.recorded for one in part.originals]
        self._spans.append((min(times), max(times)))
        documents = sum(one.entry.kind == "ENVELOPE" for one in part.originals)
        self.documents += documents
        self.receipts += len(part.originals) - documents

    def add_directory(self, snapshot: Snapshot) -> None:
        self._add(_directory_member(snapshot.version), snapshot.document)
        self._stored[snapshot.version] = snapshot.stored

    def finish(self, hub: str, start: datetime, end: datetime, sign: Callable[[tuple[str, ...]], str]) -> None:
        """`sign`: extension lines -> the signed checkpoint that all parts were proved against."""
        manifest = Manifest(
            hub=hub,
            start=start,
            end=end,
            documents=self.documents,
            receipts=self.receipts,
            spans=tuple(self._spans),
            stored=self._stored,
            members=self._members,
        )
        member = self._container.add(MANIFEST, io.BytesIO(manifest.encode()))
        self._container.add(CHECKPOINT, io.BytesIO(sign((f"{_FORMAT} {member.sha256}",)).encode()))

    def _add(self, name: str, content: bytes) -> None:
        self._members[name] = self._container.add(name, io.BytesIO(content))


class ArchiveFile:
    """An archive that was found whole; made by `open_archive`. Each member is held against the manifest when it is
    read, the manifest against what the checkpoint states; whose the checkpoint is, is for the caller."""

    def __init__(self, reader: Reader, manifest: Manifest, checkpoint: str) -> None:
        self._reader, self.manifest, self.checkpoint = reader, manifest, checkpoint

    def __len__(self) -> int:
        """How many parts there are."""
        return len(self.manifest.spans)

    def part(self, number: int) -> Part:
        """From 1. Raises PackageError."""
        index, content = _part_members(number)
        return _decode_part(index, self._read(index), content, self._read(content))

    def around(self, at: datetime) -> Iterator[int]:
        """The numbers of the parts in which something recorded at `at` would be."""
        return (number for number, (first, last) in enumerate(self.manifest.spans, start=1) if first <= at <= last)

    def snapshots(self) -> Iterator[Snapshot]:
        """In the order in which they were stored."""
        for version, stored in sorted(self.manifest.stored.items(), key=lambda item: (item[1], item[0])):
            yield Snapshot(version=version, stored=stored, document=self._read(_directory_member(version)))

    def _read(self, name: str) -> bytes:
        content, member = self._reader.read(name), self.manifest.members[name]
        if Member.of(content) != member:
            raise PackageError(f"{name}: differs from the manifest")
        return content


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveFile]:
    """Open the archive at `path`, or raise `PackageError` naming the member and what is wrong with it."""
    # (1) the zip is sound, bounded, and holds nothing but its members
    with open_reader(path, total_bytes=_TOTAL_BYTES, members=_MEMBERS) as reader:
        for name in (MANIFEST, CHECKPOINT):
            if reader.sizes.get(name, _MANIFEST_BYTES + 1) > _MANIFEST_BYTES:
                raise PackageError(f"{name}: is missing or too large: not an archive")
        raw = reader.read(MANIFEST)
        manifest = Manifest.parse(raw)
        # (2) every member is known, none is missing, none is larger than it says or than anybody needs
        sizes = {name: member.size for name, member in manifest.members.items()}
        present = {name: size for name, size in reader.sizes.items() if name not in (MANIFEST, CHECKPOINT)}
        for name in sorted(sizes.keys() | present.keys()):
            if sizes.get(name) != present.get(name) or present[name] > _MEMBER_BYTES:
                raise PackageError(f"{name[:200]}: is missing, unknown, or of another size than the manifest says")
        with faults_of(CHECKPOINT, "is not UTF-8 text"):
            checkpoint = reader.read(CHECKPOINT).decode()
        yield ArchiveFile(reader, manifest, checkpoint)


def stated_digest(checkpoint: Checkpoint) -> str:
    """The SHA-256 of the manifest that an archive's checkpoint states. Raises NoteError."""
    found = [line.removeprefix(f"{_FORMAT} ") for line in checkpoint.extensions if line.startswith(f"{_FORMAT} ")]
    if len(found) != 1 or not _DIGEST.fullmatch(found[0]):
        raise NoteError("the checkpoint does not state what the archive holds")
    return found[0]


def _part_members(number: int) -> tuple[str, str]:
    return f"parts/{number:05}.json", f"parts/{number:05}.bin"


def _directory_member(version: int) -> str:
    return f"directories/{version}.xml"


def _encode_index(part: Part) -> bytes:
    return encode_json(
        {
            "entries": [
                {"index": one.index, "leaf": one.entry.leaf().decode(), "size": len(one.document)}
                for one in part.originals
            ],
            "nodes": [[level, index, hash_.hex()] for (level, index), hash_ in sorted(part.nodes.items())],
        }
    )


def _decode_part(name: str, index: bytes, content_name: str, content: bytes) -> Part:
    with _is(name, "the index of a part"):
        data: Any = json.loads(index)
        nodes = {(_number(level), _number(place)): _hash(hash_) for level, place, hash_ in data["nodes"]}
        entries = [
            (_number(one["index"]), LedgerEntry.parse(one["leaf"].encode()), _number(one["size"]))
            for one in data["entries"]
        ]
    originals, start = [], 0
    for place, entry, size in entries:
        originals.append(Original(index=place, entry=entry, document=content[start : start + size]))
        start += size
    part = Part(originals=tuple(originals), nodes=nodes)
    if start != len(content) or not originals:
        raise PackageError(f"{content_name}: has other bytes than {name} lists")
    if _encode_index(part) != index:
        raise PackageError(f"{name}: is not written as {_FORMAT} prescribes")
    if _rising(part.originals):
        return part
    raise PackageError(f"{name}: another order than the ledger's")


def _rising(originals: Sequence[Original]) -> bool:
    indexes = [one.index for one in originals]
    return indexes == sorted(set(indexes))


@contextmanager
def _is(name: str, what: str) -> Iterator[None]:
    try:
        yield
    except (
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        OverflowError,
        InvalidValueError,
    ) as error:
        raise PackageError(f"{name}: is not {what}", detail=str(error)) from error


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError("a time without zone")
    return at


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a number")
    return value


def _hash(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != HASH_SIZE:
        raise ValueError("not a hash")
    return digest


def _member(data: Mapping[str, Any]) -> Member:
    if not _DIGEST.fullmatch(data["sha256"]):
        raise ValueError("not a digest")
    return Member(sha256=data["sha256"], size=_number(data["size"]))
