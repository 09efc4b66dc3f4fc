"""What waits in an outbox: a folder or zip of flat files, opened with suspicion, never unpacked where it wants.

Bounds: 200 files; a zip at most 4 GiB and a hundredfold of its own size. Faults are InputError in Chinese, for the
clerk; those of code INCOMPLETE may cure themselves while somebody is still copying.
"""

import hashlib
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from exchange.adapters.share import decode_name, display_name, open_regular
from exchange.errors import InputError
from exchange.ports.pulse import pieces, pulse

__all__ = ["MANIFEST", "READY", "Glance", "Parcel", "glance", "open_parcel"]

MANIFEST = "manifest.json"
READY = "READY"
MAX_FILES = 200
MAX_UNPACKED = 4 * 1024**3
MAX_RATIO = 100
RATIO_FREE = 16 * 1024**2
_CHUNK = 1 << 20
_CLUTTER = frozenset({"thumbs.db", "desktop.ini", ".ds_store", READY.casefold()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What an entry looks like from outside. `shape` changes whenever somebody still writes to it."""

    shape: str
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """An entry's files by display name, with their sizes."""

    name: str
    files: Mapping[str, int]
    open: Callable[[str], BinaryIO]

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file."""
        found = {}
        for name in self.files:
            with self.open(name) as file:
                digest = hashlib.sha256()
                for chunk in pieces(file):
                    digest.update(chunk)
                found[name] = digest.hexdigest()
        return found


def glance(entry: Path) -> Glance:
    """Look at `entry` without opening any file in it. Raises OSError."""
    status = entry.lstat()
    parts = [f"{stat.S_IFMT(status.st_mode)} {status.st_size} {status.st_mtime_ns}"]
    ready = False
    if stat.S_ISDIR(status.st_mode):
        with os.scandir(entry) as found:
            for item in sorted(found, key=lambda item: item.name):
                ready = ready or item.name == READY
                own = item.stat(follow_symlinks=False)
                parts.append(f"{item.name!r} {own.st_size} {own.st_mtime_ns}")
    return Glance(shape=hashlib.sha256("\n".join(parts).encode()).hexdigest(), ready=ready)


def open_parcel(entry: Path) -> Parcel:
    """Raises InputError (FORMAT, INCOMPLETE), OSError."""
    mode = entry.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise InputError("不接受符号链接，请放入文件夹本身", code="FORMAT")
    if stat.S_ISDIR(mode):
        return _folder(entry)
    if stat.S_ISREG(mode) and entry.suffix.lower() == ".zip":
        return _zip(entry)
    raise InputError("不是文件夹，也不是 .zip：请把文件放入一个文件夹，并附 manifest.json", code="INCOMPLETE")


def _folder(entry: Path) -> Parcel:
    raw: dict[str, str] = {}
    sizes: dict[str, int] = {}
    with os.scandir(entry) as found:
        for item in found:
            name = display_name(item.name)
            if _clutter(name):
                continue
            if name.casefold().endswith((".tmp", ".part", ".crdownload")):
                raise InputError(f"文件 {name} 还在写入", code="INCOMPLETE")
            if not item.is_file(follow_symlinks=False):
                raise InputError(f"{name} 不是普通文件：不接受符号链接和下级文件夹", code="FORMAT")
            _add(sizes, name, item.stat(follow_symlinks=False).st_size)
            raw[name] = item.name
    return Parcel(name=display_name(entry.name), files=sizes, open=lambda name: open_regular(entry, raw[name]))


def _clutter(name: str) -> bool:
    return name.casefold() in _CLUTTER or name.startswith(("~$", "._"))


def _add(sizes: dict[str, int], name: str, size: int) -> None:
    if name in sizes:
        raise InputError(f"有两个文件都叫 {name}", code="FORMAT")
    if len(sizes) == MAX_FILES:
        raise InputError(f"文件超过 {MAX_FILES} 个", code="SIZE")
    sizes[name] = size


def _zip(entry: Path) -> Parcel:
    try:
        with open_regular(entry.parent, entry.name) as file, zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check_bounds(members, entry.lstat().st_size)
            names = _flat_names(members)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError("zip 文件不完整或已损坏", code="INCOMPLETE") from error
    sizes: dict[str, int] = {}
    by_name: dict[str, zipfile.ZipInfo] = {}
    for name, member in names:
        if not _clutter(name):
            _add(sizes, name, member.file_size)
            by_name[name] = member
    return Parcel(
        name=display_name(entry.name), files=sizes, open=lambda name: _unpack(entry, by_name[name].header_offset)
    )


def _check_bounds(members: list[zipfile.ZipInfo], packed: int) -> None:
    total = sum(member.file_size for member in members)
    if len(members) > MAX_FILES:
        raise InputError(f"zip 中的文件超过 {MAX_FILES} 个", code="SIZE")
    if total > MAX_UNPACKED or total > max(RATIO_FREE, packed * MAX_RATIO):
        raise InputError("zip 展开后过大", code="SIZE")
    for member in members:
        if member.flag_bits & 1:
            raise InputError("zip 已加密，无法检查", code="FORMAT")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise InputError("zip 中含有符号链接或特殊文件", code="FORMAT")


def _flat_names(members: list[zipfile.ZipInfo]) -> list[tuple[str, zipfile.ZipInfo]]:
    """Names without the one folder that all of them may share. Anything deeper, or pointing elsewhere, is refused."""
    paths = [_member_name(member).replace("\\", "/").split("/") for member in members]
    if paths and all(len(path) == 2 for path in paths) and len({path[0] for path in paths}) == 1:
        outer = {path.pop(0) for path in paths}
        if outer & {"", ".", ".."}:
            raise InputError("zip 中的路径不合规", code="FORMAT")
    for path in paths:
        if len(path) != 1 or path[0] in ("", ".", ".."):
            raise InputError("zip 中的路径不合规：只接受一层文件，不接受 .. 和下级文件夹", code="FORMAT")
    return [(path[0], member) for path, member in zip(paths, members, strict=True)]


def _member_name(member: zipfile.ZipInfo) -> str:
    """A name without the UTF-8 flag was read as code page 437: it is UTF-8 all the same (macOS) or GB18030."""
    if member.flag_bits & 0x800:
        return display_name(member.filename)
    return decode_name(member.filename.encode("cp437"))


def _unpack(entry: Path, offset: int) -> BinaryIO:
    """One member in an unnamed temporary file: it can be read again and from any place."""
    out = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        with open_regular(entry.parent, entry.name) as file, zipfile.ZipFile(file) as archive:
            member = next(member for member in archive.infolist() if member.header_offset == offset)
            left = member.file_size
            with archive.open(member) as packed:
                while left and (chunk := packed.read(min(left, _CHUNK))):
                    pulse()
                    out.write(chunk)
                    left -= len(chunk)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, StopIteration) as error:
        out.close()
        raise InputError("zip 文件不完整或已损坏", code="INCOMPLETE") from error
    except BaseException:
        out.close()
        raise
    out.seek(0)
    return out
