"""Files of a staging database: in their row, or, when they are large, on a share beside the database.

A path in a row is relative to that share. Nothing is opened that leads out of it.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from exchange.adapters.json_fields import refuse
from exchange.adapters.share import faults_as_adapter_errors, open_regular, sync_directory
from exchange.errors import AdapterError, CorruptFileError
from exchange.model.envelope import FileEntry

__all__ = ["Share", "Stored"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a file of a received document is: exactly one of the two is given."""

    blob: bytes | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`root` is None where there is no share; `largest`: bytes that may stand in a row."""

    root: Path | None
    largest: int

    def store(self, entry: FileEntry, open_file: Callable[[str], BinaryIO], folder: str, number: int) -> Stored:
        """Raises AdapterError (FILES_DIR when it is too large for a row and there is no share), CorruptFileError."""
        if entry.size <= self.largest:
            with open_file(entry.sha256) as source:
                data = source.read(self.largest + 1)
            if hashlib.sha256(data).hexdigest() != entry.sha256:
                raise CorruptFileError(f"file {entry.sha256[:12]} changed on its way to the office")
            return Stored(blob=data)
        if self.root is None:
            size = f"{entry.size} > blob_bytes {self.largest}"
            raise AdapterError(
                "文件过大，须设置 files_dir: a file is too large for a row", code="FILES_DIR", detail=size
            )
        kind = PurePosixPath(entry.name).suffix[:10]
        path = f"in/{folder}/{number}{kind}"
        with faults_as_adapter_errors("files_dir"):
            if not self.root.is_dir():  # a share that is not mounted must not be written beneath
                raise FileNotFoundError(2, "no such folder", str(self.root))
            self._copy(entry, open_file, self.root / path)
        return Stored(path=path)

    def open(self, path: str) -> BinaryIO:
        """A file that the office has put beside the database. Raises InputError, AdapterError."""
        parts = PurePosixPath(path.replace("\\", "/")).parts
        if self.root is None or not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
            refuse(f"文件路径不可用 {path[:80]}：应为 files_dir 之下的相对路径", "INCOMPLETE")
        folder = self.root.joinpath(*parts[:-1])
        if not folder.resolve().is_relative_to(self.root.resolve()):
            refuse(f"文件路径不可用 {path[:80]}：指向 files_dir 之外", "INCOMPLETE")
        try:
            return open_regular(folder, parts[-1])
        except FileNotFoundError:
            refuse(f"没有文件 {path[:80]}", "INCOMPLETE")
        except OSError as error:
            raise AdapterError(f"files_dir: {error.strerror}", detail=repr(error)) from error

    @staticmethod
    def _copy(entry: FileEntry, open_file: Callable[[str], BinaryIO], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary, digest = target.with_name(target.name + ".tmp"), hashlib.sha256()
        with open_file(entry.sha256) as source, temporary.open("wb") as out:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != entry.sha256:
            raise CorruptFileError(f"file {entry.sha256[:12]} changed on its way to the office")
        temporary.replace(target)
        sync_directory(target.parent)
