"""Secrets as an office's single sign-on asks for them. Expected values: `openssl enc -des-ecb`, `-aes-128-ecb`."""

import pytest

from exchange.errors import KeyStoreError
from exchange.trust.sso import SsoCipher, seal, unseal

SAID = "yidi#1700000000000"


@pytest.mark.parametrize(
    ("cipher", "key", "sealed"),
    [
        ("des", "12345678", "2YCTOCyKmC5fan1SjjlPOZxgp1yEYqln"),
        ("des", "12345678 and what follows", "2YCTOCyKmC5fan1SjjlPOZxgp1yEYqln"),
        ("aes", "12345678", "WbcJaDuh-wcMizOoCuJoBJbpHLwWTNMy-m-wCaok4u0"),
    ],
)
def test_it_is_what_other_programs_seal(cipher: SsoCipher, key: str, sealed: str) -> None:
    assert seal(SAID, key, cipher) == sealed
    assert unseal(sealed, key, cipher) == SAID


def test_a_key_too_short_is_refused() -> None:
    with pytest.raises(KeyStoreError, match="8 bytes"):
        seal(SAID, "1234567", "des")


@pytest.mark.parametrize("wrong", ["", "AAAA", "not base64 at all", "2YCTOCyKmC5fan1SjjlPOZxgp1yEYqkA"])
def test_what_is_not_sealed_is_refused(wrong: str) -> None:
    with pytest.raises(KeyStoreError):
        unseal(wrong, "12345678", "des")
