"""A content-addressed store in a bucket that speaks S3.

    <prefix>/ab/cd/<sha256>         complete; it appears as a whole, or not at all
    <prefix>/corrupt/<sha256>.<n>   a blob whose bytes turned out wrong, never served again; <sha256>.<n>.txt says why
    <prefix>/owner                  whose files these are: another's are never deleted

What is under way lies in a local directory (`exchange.files.local`), where it can be appended to byte by byte; it is
hashed there, sent in parts of 8 MiB with the digest of each, and hashed again whenever it is read to be handed over.

Limits: uploads of one hub come in through one machine. Where wrong bytes are set aside in the very moment in which the
right ones come, these are set aside, too, and have to be uploaded again.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from exchange.errors import CertificateError, CorruptFileError, FileMissingError, InputError, StorageError
from exchange.files.local import LocalFiles, check_digest
from exchange.model.envelope import FileEntry
from exchange.ports.files import Stored
from exchange.trust.digest import Digests, measure
from exchange.trust.servers import check_authority

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config
    from typing_extensions import Buffer

__all__ = ["Bucket", "S3Files"]

_PART = 8 * 1024 * 1024
_READ = 4 * 1024 * 1024
_PROBE = "probe"
_BLOB = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """`url`: s3://bucket/prefix. `endpoint`: of a server that is not Amazon's. `credentials`: a JSON file with
    `access_key_id` and `secret_access_key`; None where the machine has a role of its own. `authorities`: PEM of those
    that are trusted beside the system's."""

    url: str
    endpoint: str = ""
    region: str = "us-east-1"
    credentials: Path | None = None
    authorities: Path | None = None

    def open(self) -> S3Store:
        """Raises InputError."""
        config: S3Config = {"region": self.region, "checksum_algorithm": "sha256"}
        if self.endpoint:
            config["endpoint"] = self.endpoint
        if self.credentials is not None:
            config["access_key_id"], config["secret_access_key"] = _keys(self.credentials)
        client: ClientConfig = {
            "allow_http": self.endpoint.startswith("http://"),
            "timeout": "60s",
            "connect_timeout": "10s",
        }
        if self.authorities is not None:
            client["root_certificate"] = _authorities(self.authorities)
        try:
            return S3Store.from_url(self.url, config=config, client_options=client, retry_config={"max_retries": 3})
        except BaseError as error:
            raise InputError(f"{self.url}: no bucket of S3", code="SETTINGS", detail=repr(error)) from error


class S3Files:
    """Implements `exchange.ports.files.Files`. `under_way` has the uploads; `owner` is the hub's id. Trouble with the
    bucket is StorageError."""

    def __init__(self, bucket: S3Store, under_way: LocalFiles, owner: str) -> None:
        self._bucket, self._local, self._owner = bucket, under_way, owner
        self.received, self.append, self.sweep = under_way.received, under_way.append, under_way.sweep

    def has(self, sha256: str) -> bool:
        with _plain_words("look into"):
            try:
                self._bucket.head(_blob(sha256))
            except FileNotFoundError:
                return False
        return True

    def complete(self, owner: str, sha256: str, size: int) -> None:
        blob = _blob(sha256)
        with self._local.finished(owner, sha256, size) as (path, file):
            file.seek(0)
            with _plain_words("write to"):
                self._bucket.put(blob, _pieces(file), chunk_size=_PART, max_concurrency=1)
            path.unlink()

    def open(self, sha256: str, offset: int = 0) -> BinaryIO:
        with _missing(sha256), _plain_words("read"):
            size = self._bucket.head(_blob(sha256))["size"]
        stream = io.BufferedReader(_Blob(self._bucket, _blob(sha256), size), _READ)
        stream.seek(offset)
        return stream

    def check(self, entry: FileEntry) -> None:
        with self.open(entry.sha256) as stream:
            found = measure(stream)
        if found.sha256 != entry.sha256:
            self._put_aside(entry.sha256, found)
            raise CorruptFileError(f"file {entry.sha256}: its bytes have changed and were set aside")
        if (found.size, found.sm3) != (entry.size, entry.sm3):
            raise CorruptFileError(f"file {entry.sha256}: {found.size} bytes, SM3 {found.sm3}, not as signed")

    def discard(self, sha256: str) -> None:
        blob = _blob(sha256)
        self.check_owner()
        with _plain_words("delete from"), suppress(FileNotFoundError):
            self._bucket.delete(blob)

    def digests(self) -> Iterator[str]:
        return (blob.sha256 for blob in self.stored())

    def stored(self) -> Iterator[Stored]:
        with _plain_words("list"):
            for page in self._bucket.list():  # in the order of names, which begin with the digest's first digits
                for one in page:
                    if found := _BLOB.fullmatch(str(one["path"])):
                        yield Stored(found[1], one["size"], one["last_modified"])

    def corrupt(self) -> list[str]:
        """What was set aside, a line each: a person must look at it."""
        with _plain_words("list"):
            names = sorted(str(one["path"]) for page in self._bucket.list("corrupt") for one in page)
            reasons = [name for name in names if name.endswith(".txt")]
            return [bytes(self._bucket.get(name).bytes()).decode().strip() for name in reasons]

    def check_owner(self) -> None:
        """Raises StorageError (FILES_OWNER) when these files are another hub's."""
        with _plain_words("look whose is"):
            try:
                self._bucket.put("owner", self._owner.encode(), mode="create")
            except AlreadyExistsError:
                owner = bytes(self._bucket.get("owner").bytes()).decode(errors="replace")
                if owner != self._owner:
                    text = f"the files in this bucket are those of {owner[:60]}: give each hub a prefix of its own"
                    raise StorageError(text, code="FILES_OWNER") from None

    def probe(self) -> None:
        """Write, read, list and delete, as the hub does. Raises StorageError."""
        self.check_owner()
        with _plain_words("write to"):
            self._bucket.put(_PROBE, b"yidi")
        with _plain_words("read"):
            back = bytes(self._bucket.get_range(_PROBE, start=1, length=2))
        if back != b"id":
            raise StorageError("the S3 store gives back other bytes than it was given", code="FILES_STRANGE")
        with _plain_words("list"):
            next(iter(self._bucket.list(_PROBE)), None)
        with _plain_words("delete from"):
            self._bucket.delete(_PROBE)

    def _put_aside(self, sha256: str, found: Digests) -> None:
        with _plain_words("set a corrupt file aside in"), suppress(FileNotFoundError):  # another found it as well
            held = [str(one["path"]) for page in self._bucket.list("corrupt") for one in page]
            number = sum(sha256 in name and name.endswith(".txt") for name in held) + 1
            name = f"corrupt/{sha256}.{number}"
            self._bucket.put(f"{name}.txt", f"{sha256}: {found.size} bytes with SHA-256 {found.sha256}\n".encode())
            self._bucket.copy(_blob(sha256), name)
            self._bucket.delete(_blob(sha256))


class _Blob(io.RawIOBase):
    """A blob of `size` bytes, read part by part."""

    def __init__(self, bucket: S3Store, path: str, size: int) -> None:
        self._bucket, self._path, self._size, self._at = bucket, path, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: "Buffer") -> int:
        room = memoryview(buffer)
        wanted = min(len(room), self._size - self._at)
        if wanted <= 0:
            return 0
        with _plain_words("read"):
            part = bytes(self._bucket.get_range(self._path, start=self._at, length=wanted))
        room[: len(part)] = part
        self._at += len(part)
        return len(part)


def _keys(file: Path) -> tuple[str, str]:
    """Raises InputError."""
    try:
        keys = json.loads(file.read_text(encoding="utf-8"))
        return str(keys["access_key_id"]), str(keys["secret_access_key"])
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", code="SETTINGS") from error
    except (ValueError, KeyError, TypeError) as error:
        text = "expected JSON with access_key_id and secret_access_key"
        raise InputError(f"{file}: {text}", code="SETTINGS") from error


def _authorities(file: Path) -> bytes:
    """Raises InputError."""
    try:
        check_authority(pem := file.read_bytes())
    except OSError as error:
        raise InputError(f"files.ca_file: {file}: {error.strerror}", code="SETTINGS") from error
    except CertificateError as error:
        raise InputError(f"files.ca_file: {file}: {error.message}", code="SETTINGS") from error
    return pem


def _blob(sha256: str) -> str:
    check_digest(sha256)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    read: Callable[[], bytes] = lambda: file.read(_READ)  # noqa: E731  # iter() wants one without arguments
    return iter(read, b"")


@contextmanager
def _missing(sha256: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileMissingError(f"file {sha256}: not here") from error


@contextmanager
def _plain_words(doing: str) -> Iterator[None]:
    """What the library says, as an error a person can act on; a missing file the caller explains."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        untrusted = "InvalidCertificate" in str(error)  # as rustls says it
        kind = type(error).__name__.removesuffix("Error")
        cause = "its certificate is not trusted, see files.ca_file" if untrusted else kind
        raise StorageError(f"cannot {doing} the S3 store: {cause}", code="FILES_S3", detail=str(error)[:500]) from error
