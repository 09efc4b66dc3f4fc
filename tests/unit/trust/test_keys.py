"""Making keys, and the signer that holds one."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from exchange.errors import KeyStoreError
from exchange.ports.keys import Signer
from exchange.testing.keys import ISSUED
from exchange.trust.algorithms import verify
from exchange.trust.authority import Authority, check_request, request
from exchange.trust.certificates import signing_key
from exchange.trust.digest import sha256_hex
from exchange.trust.keys import KeyAlgorithm, SoftwareSigner, generate, insecure_key_from_seed


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("测试县", ISSUED, key=insecure_key_from_seed("authority"))


def certificate(authority: Authority, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    asked = check_request(request("520304-001", "县政府办", key), "520304-001")
    return authority.issue(asked, ISSUED)


def test_the_default_key_is_p256() -> None:
    key = generate()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_a_weak_rsa_key_is_not_made() -> None:
    with pytest.raises(KeyStoreError, match="2048"):
        generate(KeyAlgorithm.RSA_PSS, 1024)


def test_a_seed_always_gives_the_same_key() -> None:
    one, same, other = (insecure_key_from_seed(seed).public_key() for seed in ("a", "a", "b"))
    assert one == same
    assert one != other


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
def test_a_signer_signs_what_its_certificate_verifies(authority: Authority, algorithm: KeyAlgorithm) -> None:
    key = generate(algorithm, 2048)
    signer: Signer = SoftwareSigner(key, certificate(authority, key), algorithm)
    assert signer.algorithm == algorithm.signature
    assert signer.fingerprint == sha256_hex(signer.certificate)
    verify(signing_key(signer.certificate), signer.algorithm, signer.sign(b"text"), b"text")


def test_an_rsa_signer_uses_pss_unless_told_otherwise(authority: Authority) -> None:
    key = generate(KeyAlgorithm.RSA_PKCS1, 2048)
    assert SoftwareSigner(key, certificate(authority, key)).algorithm == KeyAlgorithm.RSA_PSS.signature


def test_a_signer_refuses_a_foreign_certificate_and_a_wrong_algorithm(authority: Authority) -> None:
    key = generate()
    with pytest.raises(KeyStoreError, match="another key"):
        SoftwareSigner(key, certificate(authority, insecure_key_from_seed("x")))
    with pytest.raises(KeyStoreError, match="rsa-pss"):
        SoftwareSigner(key, certificate(authority, key), KeyAlgorithm.RSA_PSS)
