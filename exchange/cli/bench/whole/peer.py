"""The same documents through pyas2lib, one after the other in this process: signed, verified, answered with a signed
MDN, and that verified. No store, no transport: less than an exchange does for a delivery.

pyas2lib is no dependency of the exchange: `requirements-bench.lock` has it, and without it the rest is measured alone.
Its oscrypto reads the version of OpenSSL by a pattern that knows one digit a part and fails from 3.0.10 on: that
pattern is widened here as the module is read, and nowhere else.
"""

import contextlib
import importlib.util
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from exchange.cli.bench.spent import spent_each
from exchange.cli.bench.whole.result import Peer
from exchange.errors import YidiError

__all__ = ["INSTALL", "has_peer", "measure_peer"]

INSTALL = "python -m pip install --no-deps --require-hashes -r requirements-bench.lock"

_VERSION_READERS = ("oscrypto._openssl._libcrypto_cffi", "oscrypto._openssl._libcrypto_ctypes")
_NARROW, _WIDE = r"\\b(\\d\\.\\d\\.\\d[a-z]*)\\b", r"\\b(\\d+\\.\\d+\\.\\d+[a-z]*)\\b"
_NAMES = ("sender", "recipient")


def has_peer() -> bool:
    return importlib.util.find_spec("pyas2lib") is not None and importlib.util.find_spec("oscrypto") is not None


def measure_peer(documents: Sequence[bytes], now: datetime) -> Peer | None:
    """None when pyas2lib is not installed."""
    if not has_peer():
        return None
    _widen()
    from pyas2lib import as2

    ends = _Ends(as2, now)
    ends.exchange(documents[0])  # loads what is loaded once
    took = spent_each(ends.exchange, documents)
    return Peer(version=version("pyas2lib"), exchanges=len(documents), cpu_us=took.cpu / len(documents) * 1e6)


class _Ends:
    """Both ends, each with an RSA key of 2048 bits: pyas2lib signs with RSA alone."""

    def __init__(self, as2: Any, now: datetime) -> None:
        self._as2 = as2
        keys = [_key_and_certificate(name, now) for name in _NAMES]
        self._own = [
            as2.Organization(as2_name=name, sign_key=key + certificate)
            for name, (key, certificate) in zip(_NAMES, keys, strict=True)
        ]
        self._other = [
            as2.Partner(
                as2_name=name,
                verify_cert=certificate,
                sign=True,
                digest_alg="sha256",
                mdn_mode="SYNC",
                mdn_digest_alg="sha256",
            )
            for name, (_, certificate) in zip(_NAMES, keys, strict=True)
        ]

    def exchange(self, document: bytes) -> None:
        sent = self._as2.Message(sender=self._own[0], receiver=self._other[1])
        sent.build(document, filename="envelope.xml", content_type="application/xml")
        received = self._as2.Message()
        status, fault, mdn = received.parse(
            sent.headers_str + b"\r\n" + sent.content,
            partial(_found, self._own[1]),
            partial(_found, self._other[0]),
            lambda _id, _partner: False,
        )
        told, why = self._as2.Mdn().parse(mdn.headers_str + b"\r\n" + mdn.content, lambda _id, _to: sent)
        if (status, told) != ("processed", "processed") or received.content != document:
            raise YidiError(f"pyas2lib: {status} {told} {fault} {why}", code="BENCH")


def _found(value: object, _name: str) -> object:
    return value


def _key_and_certificate(name: str, now: datetime) -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem, certificate.public_bytes(serialization.Encoding.PEM)


def _widen() -> None:
    for name in _VERSION_READERS:
        spec = importlib.util.find_spec(name)
        if name in sys.modules or spec is None or spec.origin is None:
            continue
        source = Path(spec.origin).read_text(encoding="utf-8").replace(_NARROW, _WIDE)
        module = importlib.util.module_from_spec(spec)
        with contextlib.suppress(ImportError):  # the one of the two that is not used may lack what it needs
            exec(compile(source, spec.origin, "exec"), module.__dict__)  # noqa: S102  # the installed file, one pattern widened
            sys.modules[name] = module
