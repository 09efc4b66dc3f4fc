"""Keys, and the signer that holds one in memory. It implements `exchange.ports.keys.Signer`.

Not here: keys on disk (`exchange.trust.keystore`); smart cards and remote devices, which are other signers.
"""

import hashlib
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from exchange.errors import KeyStoreError
from exchange.trust import algorithms
from exchange.trust.algorithms import PrivateKey, SignatureAlgorithm
from exchange.trust.certificates import load_certificate
from exchange.trust.digest import sha256_hex

__all__ = ["KeyAlgorithm", "SoftwareSigner", "generate", "insecure_key_from_seed"]

_RSA_BITS = 3072


class KeyAlgorithm(StrEnum):
    """What a key is made for, as settings name it."""

    ECDSA_P256 = "ecdsa-p256"
    RSA_PSS = "rsa-pss"
    RSA_PKCS1 = "rsa-pkcs1"

    @property
    def signature(self) -> SignatureAlgorithm:
        return SignatureAlgorithm[self.name]


def generate(algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256, rsa_bits: int = _RSA_BITS) -> PrivateKey:
    if algorithm is KeyAlgorithm.ECDSA_P256:
        return ec.generate_private_key(ec.SECP256R1())
    if rsa_bits not in algorithms.RSA_BITS:
        raise KeyStoreError(f"RSA keys have 2048 to 8192 bits, not {rsa_bits}")
    return rsa.generate_private_key(65537, rsa_bits)


def insecure_key_from_seed(seed: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that `seed` always gives. For tests and simulations alone: whoever knows the seed has the
    key."""
    secret = int.from_bytes(hashlib.sha512(seed.encode()).digest(), "big")
    return ec.derive_private_key(secret % (2**255) + 1, ec.SECP256R1())


class SoftwareSigner:
    """Signs with a key in memory. An RSA key signs RSA-PSS unless told otherwise: the key itself does not
    say."""

    def __init__(self, key: PrivateKey, certificate: bytes, algorithm: KeyAlgorithm | None = None) -> None:
        if load_certificate(certificate).public_key() != key.public_key():
            raise KeyStoreError("the certificate belongs to another key")
        is_rsa = isinstance(key, rsa.RSAPrivateKey)
        if algorithm is None:
            algorithm = KeyAlgorithm.RSA_PSS if is_rsa else KeyAlgorithm.ECDSA_P256
        if algorithm.signature.rsa != is_rsa:
            raise KeyStoreError(f"the key cannot sign {algorithm}")
        self._key = key
        self._algorithm = algorithm.signature
        self._certificate = certificate
        self._fingerprint = sha256_hex(certificate)

    @property
    def algorithm(self) -> str:
        return self._algorithm.value

    @property
    def certificate(self) -> bytes:
        return self._certificate

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def sign(self, message: bytes) -> bytes:
        return algorithms.sign(self._key, self._algorithm, message)
