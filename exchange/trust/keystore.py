"""Keys on disk: one file per owner with its encrypted key (PKCS#8) and, once issued, the certificate.

    <owner>.pem        what the owner signs with
    <owner>.next.pem   a key that waits for its certificate: at enrolment, and while a key is replaced

Key and certificate share a file, so that one rename puts a new pair in force: no crash leaves a key beside
another's certificate.

Limits: the library stretches a passphrase hardly at all (PBKDF2, 2048 rounds, about 0.3 ms), so a short one
is refused; take one from `new_passphrase`. Deleted keys may survive on the disk's free blocks.
"""

import contextlib
import os
import re
import secrets
import stat
import threading
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from exchange.errors import KeyStoreError
from exchange.model.unit import UnitCode
from exchange.trust.algorithms import PrivateKey
from exchange.trust.authority import Authority
from exchange.trust.certificates import load_certificate
from exchange.trust.keys import KeyAlgorithm, SoftwareSigner, generate
from exchange.trust.ledgerkey import LedgerSigner

__all__ = ["KeyStore", "new_passphrase", "read_passphrase"]

_OWNER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_SHORTEST_PASSPHRASE: Final = 20
_LARGEST_FILE: Final = 64 * 1024
_END_OF_KEY: Final = b"-----END ENCRYPTED PRIVATE KEY-----\n"

StoredKey = PrivateKey | Ed25519PrivateKey


def new_passphrase() -> bytes:
    """256 random bits as one line of ASCII, for a file that only the service can read."""
    return secrets.token_urlsafe(32).encode("ascii")


def read_passphrase(path: Path) -> bytes:
    """The first line of the file at `path`, or KeyStoreError if it is missing, empty, too short or open to
    others."""
    lines = _read_private(path).splitlines()
    passphrase = lines[0].strip() if lines else b""
    return _check_passphrase(passphrase, f"passphrase file {path}")


@lru_cache(maxsize=4096)  # asked twice for each document that comes
def _key_file(directory: Path, owner: str, waiting: bool) -> Path:
    if not _OWNER.fullmatch(owner):
        raise KeyStoreError(f"key owner {owner!r}: expected lower-case letters, digits and '-'")
    return directory / (f"{owner}.next.pem" if waiting else f"{owner}.pem")


class KeyStore:
    """The keys of one process. Each is decrypted on its first use and kept until its file is another; `signer` is an
    `exchange.ports.keys.KeyRing`. `rsa_signs`: what an RSA key does not say of itself."""

    def __init__(self, directory: Path, passphrase: bytes, *, rsa_signs: KeyAlgorithm = KeyAlgorithm.RSA_PSS) -> None:
        self._directory = directory
        self._passphrase = _check_passphrase(passphrase, "passphrase")
        self._rsa_signs = rsa_signs
        self._signers: dict[str, tuple[tuple[int, int] | None, SoftwareSigner]] = {}
        self._lock = threading.Lock()

    def owners(self) -> list[str]:
        """Everybody with a key in force."""
        return sorted(path.stem for path in self._directory.glob("*.pem") if _OWNER.fullmatch(path.stem))

    def has(self, owner: str) -> bool:
        return self._path(owner).exists()

    def prepare(self, owner: str, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256) -> PrivateKey:
        """The key that waits for a certificate, made now if none waits: asking twice, even across a crash,
        gives one key."""
        path = self._path(owner, waiting=True)
        with self._lock:
            if path.exists():
                return _signing(self._load(path)[0], path)
            key = generate(algorithm)
            self._save(path, key, None)
            return key

    def install(self, owner: str, certificate: bytes) -> None:
        """Put the waiting key in force with its certificate (DER), or renew the certificate of the key in
        force."""
        with self._lock:
            path = next((path for path in self._both(owner) if self._belongs(certificate, path)), None)
            if path is None:
                raise KeyStoreError(f"no key of {owner} belongs to this certificate; enrol again")
            self._save(path, self._load(path)[0], certificate)
            try:
                _rename(path, self._path(owner))
            except OSError as error:
                raise KeyStoreError(f"{path}: cannot be renamed: {error.strerror}") from error
            self._signers.pop(owner, None)

    def save(self, owner: str, key: StoredKey, certificate: bytes | None = None) -> None:
        """Write a key made elsewhere (an authority's, the ledger's), over the one in force if there is
        one."""
        with self._lock:
            self._save(self._path(owner), key, certificate)
            self._signers.pop(owner, None)

    def load(self, owner: str) -> tuple[StoredKey, bytes | None]:
        """The key in force and its certificate (DER), if it has one."""
        return self._load(self._path(owner))

    def signer(self, owner: UnitCode | str) -> SoftwareSigner:
        path = self._path(owner)
        with self._lock:
            # A command beside us may have put a new key in force; with the old one we would soon be refused.
            stamp = _stamp(path)
            known = self._signers.get(owner)
            if known is not None and stamp in (None, known[0]):
                return known[1]
            key, certificate = self._load(path)
            if certificate is None:
                raise KeyStoreError(f"key file {path}: holds no certificate")
            algorithm = self._rsa_signs if isinstance(key, rsa.RSAPrivateKey) else KeyAlgorithm.ECDSA_P256
            signer = SoftwareSigner(_signing(key, path), certificate, algorithm)
            self._signers[owner] = (stamp, signer)
            return signer

    def authority(self) -> Authority:
        """The county's authority, kept under `authority`."""
        path = self._path("authority")
        key, certificate = self._load(path)
        if certificate is None:
            raise KeyStoreError(f"key file {path}: holds no certificate")
        return Authority(key=_signing(key, path), certificate=certificate)

    def ledger(self, name: str) -> LedgerSigner:
        """What signs the checkpoints of the ledger `name`, kept under `ledger`."""
        path = self._path("ledger")
        key, _ = self._load(path)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyStoreError(f"key file {path}: holds no ledger key")
        return LedgerSigner(name, key)

    def _path(self, owner: str, *, waiting: bool = False) -> Path:
        return _key_file(self._directory, owner, waiting)

    def _both(self, owner: str) -> tuple[Path, Path]:
        return self._path(owner, waiting=True), self._path(owner)

    def _belongs(self, certificate: bytes, path: Path) -> bool:
        return path.exists() and load_certificate(certificate).public_key() == self._load(path)[0].public_key()

    def _load(self, path: Path) -> tuple[StoredKey, bytes | None]:
        key_pem, end, certificate_pem = _read_private(path).partition(_END_OF_KEY)
        try:
            key = load_pem_private_key(key_pem + end, self._passphrase)
            certificate = None
            if certificate_pem:
                certificate = x509.load_pem_x509_certificate(certificate_pem).public_bytes(Encoding.DER)
        except (ValueError, TypeError) as error:
            raise KeyStoreError(
                f"key file {path}: the passphrase is another one, or the file is damaged", detail=str(error)
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | Ed25519PrivateKey):
            raise KeyStoreError(f"key file {path}: a kind of key that is not used here")
        return key, certificate

    def _save(self, path: Path, key: StoredKey, certificate: bytes | None) -> None:
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(self._passphrase))
        if certificate is not None:
            data += load_certificate(certificate).public_bytes(Encoding.PEM)
        _write_private(path, data)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Another one for every file that was ever put there, since each comes by a rename; None for none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _signing(key: StoredKey, path: Path) -> PrivateKey:
    if isinstance(key, Ed25519PrivateKey):
        raise KeyStoreError(f"key file {path}: holds a ledger key, which signs no documents")
    return key


def _check_passphrase(passphrase: bytes, what: str) -> bytes:
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise KeyStoreError(f"{what}: shorter than {_SHORTEST_PASSPHRASE} bytes")
    return passphrase


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyStoreError(f"{path}: others may read it (mode {mode:04o}); use: chmod 600 {path}")
            data = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise KeyStoreError(f"{path}: no such file") from error
    except OSError as error:
        raise KeyStoreError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST_FILE:
        raise KeyStoreError(f"{path}: too large for a key")
    return data


def _write_private(path: Path, data: bytes) -> None:
    """Whole and on stable storage, or not there at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _rename(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise KeyStoreError(f"{path}: cannot be written: {error.strerror}") from error


def _rename(old: Path, new: Path) -> None:
    old.replace(new)
    directory = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
