"""A folder that others read and write too, perhaps over a network: no link is followed, and what is visible is whole.
And files of a node's own that nobody else may read.

Not here: what the folders mean (`exchange.adapters.folder`).
"""

import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from exchange.errors import AdapterError

__all__ = [
    "decode_name",
    "display_name",
    "faults_as_adapter_errors",
    "free_name",
    "is_unfinished",
    "keep_private",
    "open_regular",
    "sync_directory",
    "write_synced",
    "write_whole",
]


@contextmanager
def faults_as_adapter_errors(doing: str) -> Iterator[None]:
    """The share is full, read-only or gone: the office is down, for now. Paths stay out of the public message."""
    try:
        yield
    except OSError as error:
        raise AdapterError(f"{doing}: {error.strerror or 'input/output error'}", detail=repr(error)) from error


def display_name(raw: str) -> str:
    """A name from a directory as people know it, in NFC. Never used to open anything."""
    return decode_name(os.fsencode(raw))


def decode_name(raw: bytes) -> str:
    """UTF-8 or GB18030. 通知 in GBK happens to be two letters in UTF-8, so Chinese wins over what no clerk writes."""
    found = []
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            found.append(raw.decode(encoding))
    chinese = [name for name in found if any(c >= "\u2e80" for c in name)]
    name = next(iter(chinese or found), raw.decode("ascii", "replace"))
    return unicodedata.normalize("NFC", name)


def is_unfinished(name: str) -> bool:
    """Nobody's yet, or a program's own."""
    return name.startswith((".", "~$")) or name.casefold().endswith(
        (".tmp", ".part", ".crdownload", "thumbs.db", "desktop.ini")
    )


def open_regular(folder: Path, raw: str) -> BinaryIO:
    """Open the file `raw` right in `folder`. Neither may be a symbolic link: both are opened as what they are."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        # O_NONBLOCK: a named pipe must not make us wait for its writer.
        handle = os.open(raw, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(2, "not a regular file")
    return os.fdopen(handle, "rb")


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and make its bytes durable; its name is durable once the directory is synced."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Write `path` so that a reader sees all of it or nothing. Replaces what was there, link or not."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    write_synced(temporary, data)
    temporary.replace(path)


def sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_private(path: Path, data: bytes) -> None:
    """Write a file for this node's eyes only, whole and durable. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def free_name(folder: Path, name: str) -> Path:
    """`folder/name`, or with -2, -3 ... when that is taken."""
    number, path = 1, folder / name
    while os.path.lexists(path):
        number += 1
        path = folder / f"{name}-{number}"
    return path
