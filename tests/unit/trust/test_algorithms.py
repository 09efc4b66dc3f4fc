"""Signature values: what we write, and every malformed one refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from exchange.errors import SignatureError
from exchange.trust.algorithms import PublicKey, SignatureAlgorithm, accepted_key, sign, verify
from exchange.trust.keys import KeyAlgorithm, generate, insecure_key_from_seed

MESSAGE = "公文".encode()
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = insecure_key_from_seed("algorithms")
ECDSA = SignatureAlgorithm.ECDSA_P256
GOOD = sign(KEY, ECDSA, MESSAGE)
R, S = int.from_bytes(GOOD[:32], "big"), int.from_bytes(GOOD[32:], "big")


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    key = generate(KeyAlgorithm.RSA_PSS, 2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def pair(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def code_of(key: PublicKey, algorithm: str, value: bytes) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(key, algorithm, value, MESSAGE)
    return caught.value.code


def test_an_ecdsa_value_is_r_and_s_in_64_bytes_and_verifies() -> None:
    assert len(GOOD) == 64
    verify(KEY.public_key(), ECDSA, GOOD, MESSAGE)


def test_signing_twice_gives_the_same_bytes() -> None:
    assert sign(KEY, ECDSA, MESSAGE) == GOOD


def test_the_nonce_follows_rfc_6979() -> None:
    key = ec.derive_private_key(
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()
    )  # RFC 6979 A.2.5, SHA-256, "sample"
    assert sign(key, ECDSA, b"sample").hex() == (
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(pair(0, S), id="r-zero"),
        pytest.param(pair(R, 0), id="s-zero"),
        pytest.param(pair(0, 0), id="both-zero"),
        pytest.param(pair(N, S), id="r-is-order"),
        pytest.param(pair(R, N), id="s-is-order"),
        pytest.param(pair(2**256 - 1, S), id="r-all-bits"),
        pytest.param(pair(R ^ 1 << 255, S), id="r-high-bit"),
        pytest.param(pair(R, S ^ 1 << 255), id="s-high-bit"),
        pytest.param(pair(S, R), id="swapped"),
        pytest.param(encode_dss_signature(R, S), id="der"),
        pytest.param(GOOD[:63], id="63-bytes"),
        pytest.param(GOOD + b"\0", id="65-bytes"),
        pytest.param(b"\0" + GOOD, id="leading-zero"),
        pytest.param(GOOD[:32] + b"\0" + GOOD[32:], id="s-with-leading-zero"),
        pytest.param(b"\0" * 16 + GOOD[:32] + b"\0" * 16 + GOOD[32:], id="p384-sized"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 64, id="zeros"),
    ],
)
def test_a_malformed_ecdsa_value_is_refused(value: bytes) -> None:
    assert code_of(KEY.public_key(), ECDSA, value) == "SIG_VALUE"


def test_a_value_plus_the_order_is_not_a_second_spelling() -> None:
    # r + n fits into 32 bytes for tiny r alone; none can be found, so the range check itself is asked.
    small = 5
    assert code_of(KEY.public_key(), ECDSA, pair(small + N, S)) == "SIG_VALUE"
    assert code_of(KEY.public_key(), ECDSA, pair(R, small + N)) == "SIG_VALUE"


def test_another_message_or_key_is_refused() -> None:
    other = insecure_key_from_seed("another").public_key()
    assert code_of(other, ECDSA, GOOD) == "SIG_VALUE"
    with pytest.raises(SignatureError, match="SIG_VALUE"):
        verify(KEY.public_key(), ECDSA, GOOD, MESSAGE + b".")


@pytest.mark.parametrize("algorithm", [SignatureAlgorithm.RSA_PSS, SignatureAlgorithm.RSA_PKCS1])
def test_rsa_signs_and_verifies_in_both_paddings(rsa_key: rsa.RSAPrivateKey, algorithm: SignatureAlgorithm) -> None:
    value = sign(rsa_key, algorithm, MESSAGE)
    verify(rsa_key.public_key(), algorithm, value, MESSAGE)
    assert code_of(rsa_key.public_key(), algorithm, value[:-1] + bytes([value[-1] ^ 1])) == "SIG_VALUE"
    other = next(one for one in SignatureAlgorithm if one.rsa and one is not algorithm)
    assert code_of(rsa_key.public_key(), other, value) == "SIG_VALUE"


@pytest.mark.parametrize(
    "algorithm",
    [
        SignatureAlgorithm.RSA_PSS,
        SignatureAlgorithm.RSA_PKCS1,
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        "urn:oid:1.2.156.10197.1.501",
        "",
    ],
)
def test_an_algorithm_of_another_kind_of_key_is_refused(algorithm: str) -> None:
    assert code_of(KEY.public_key(), algorithm, GOOD) == "SIG_ALG"


def test_an_ecdsa_signature_is_never_checked_with_an_rsa_key(rsa_key: rsa.RSAPrivateKey) -> None:
    assert code_of(rsa_key.public_key(), ECDSA, GOOD) == "SIG_ALG"


def test_only_p256_and_large_rsa_keys_are_accepted(rsa_key: rsa.RSAPrivateKey) -> None:
    assert accepted_key(KEY.public_key()) is not None
    assert accepted_key(rsa_key.public_key()) is not None
    assert accepted_key(ec.generate_private_key(ec.SECP384R1()).public_key()) is None
    assert accepted_key(ec.generate_private_key(ec.SECP256K1()).public_key()) is None
    assert accepted_key(ed25519.Ed25519PrivateKey.generate().public_key()) is None
    weak = rsa.RSAPublicNumbers(65537, rsa_key.public_key().public_numbers().n >> 1024 | 1).public_key()
    assert accepted_key(weak) is None
