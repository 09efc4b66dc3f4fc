"""The signature algorithms we sign and accept, each bound to one kind of key.

Not here: SM2 with SM3. No library at hand signs with it safely; its URI is refused like any other that is not
in the list.
"""

from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from exchange.errors import SignatureError

__all__ = ["PrivateKey", "PublicKey", "SignatureAlgorithm", "accepted_key", "sign", "verify"]

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

RSA_BITS = range(2048, 8193)
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF = 32
_SHA256 = hashes.SHA256()
# The nonce comes from key and message (RFC 6979): a machine with poor randomness cannot leak its key.
_ECDSA = ec.ECDSA(_SHA256, deterministic_signing=True)
# RFC 6931 2.3.10: the salt is as long as the digest.
_PSS = padding.PSS(padding.MGF1(_SHA256), salt_length=_SHA256.digest_size)


class SignatureAlgorithm(StrEnum):
    """By URI: RFC 6931 2.3.6, 2.3.10, 2.3.2."""

    ECDSA_P256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    RSA_PSS = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
    RSA_PKCS1 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

    @property
    def rsa(self) -> bool:
        return self is not SignatureAlgorithm.ECDSA_P256


def accepted_key(key: PublicKeyTypes) -> PublicKey | None:
    """`key` if its type, curve and size are ones we use, else None."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
        return key
    return None


def sign(key: PrivateKey, algorithm: SignatureAlgorithm, message: bytes) -> bytes:
    """The signature value as XML signature has it."""
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm is SignatureAlgorithm.RSA_PSS:
            return key.sign(message, _PSS, _SHA256)
        return key.sign(message, padding.PKCS1v15(), _SHA256)
    r, s = decode_dss_signature(key.sign(message, _ECDSA))
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def verify(key: PublicKey, algorithm: str, value: bytes, message: bytes) -> None:
    """Raise SignatureError: SIG_ALG unless `algorithm` is one for this very kind of key, SIG_VALUE unless
    `value` is good."""
    known = next((one for one in SignatureAlgorithm if one == algorithm), None)
    if known is None or known.rsa != isinstance(key, rsa.RSAPublicKey):
        raise SignatureError("the signature algorithm is not one of its author's key", code="SIG_ALG")
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_to_der(value), message, _ECDSA)
        elif known is SignatureAlgorithm.RSA_PSS:
            key.verify(value, message, _PSS, _SHA256)
        else:
            key.verify(value, message, padding.PKCS1v15(), _SHA256)
    except InvalidSignature as error:
        raise SignatureError("the signature is not its author's", code="SIG_VALUE") from error


def _to_der(value: bytes) -> bytes:
    """XMLDSig 1.1 6.4.3: r and s, each in exactly 32 bytes. What is out of range has two spellings or proves
    nothing."""
    r, s = int.from_bytes(value[:_HALF], "big"), int.from_bytes(value[_HALF:], "big")
    if len(value) != 2 * _HALF or not (0 < r < _P256_ORDER and 0 < s < _P256_ORDER):
        raise SignatureError("the ECDSA signature value is not r and s of P-256", code="SIG_VALUE")
    return encode_dss_signature(r, s)
