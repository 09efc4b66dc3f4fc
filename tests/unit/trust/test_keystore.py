"""Keys on disk: closed to others, whole after a crash, and clear when something is wrong."""

import stat
from pathlib import Path

import pytest

from exchange.errors import KeyStoreError
from exchange.testing.keys import ISSUED
from exchange.trust.algorithms import PrivateKey, verify
from exchange.trust.authority import Authority, check_request, request
from exchange.trust.certificates import signing_key
from exchange.trust.keys import KeyAlgorithm, generate, insecure_key_from_seed
from exchange.trust.keystore import KeyStore, new_passphrase, read_passphrase
from exchange.trust.ledgerkey import LedgerSigner

UNIT = "520304-001"
PASSPHRASE = b"correct horse battery staple"
AUTHORITY = Authority.create("测试县", ISSUED, key=insecure_key_from_seed("authority"))


def certify(key: PrivateKey) -> bytes:
    return AUTHORITY.issue(check_request(request(UNIT, "县政府办", key), UNIT), ISSUED)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def store(directory: Path) -> KeyStore:
    return KeyStore(directory, PASSPHRASE)


def test_a_key_waits_for_its_certificate_and_then_signs(store: KeyStore, directory: Path) -> None:
    key = store.prepare(UNIT)
    assert not store.has(UNIT)
    store.install(UNIT, certify(key))
    signer = KeyStore(directory, PASSPHRASE).signer(UNIT)
    verify(signing_key(signer.certificate), signer.algorithm, signer.sign(b"text"), b"text")
    assert store.owners() == [UNIT]
    assert [path.name for path in directory.iterdir()] == [f"{UNIT}.pem"]


def test_asking_again_before_the_certificate_came_gives_the_same_key(store: KeyStore, directory: Path) -> None:
    first = store.prepare(UNIT)
    again = KeyStore(directory, PASSPHRASE).prepare(UNIT)
    assert first.public_key() == again.public_key()


def test_the_old_key_signs_until_the_new_certificate_is_there(store: KeyStore) -> None:
    store.install(UNIT, certify(store.prepare(UNIT)))
    old = store.signer(UNIT)
    key = store.prepare(UNIT)
    assert store.signer(UNIT).fingerprint == old.fingerprint
    store.install(UNIT, certify(key))
    assert signing_key(store.signer(UNIT).certificate) == key.public_key()


def test_a_certificate_can_be_renewed_for_the_same_key(store: KeyStore) -> None:
    key = store.prepare(UNIT)
    store.install(UNIT, certify(key))
    renewed = certify(key)
    store.install(UNIT, renewed)
    assert store.signer(UNIT).certificate == renewed


def test_a_certificate_of_another_key_is_not_installed(store: KeyStore) -> None:
    store.prepare(UNIT)
    with pytest.raises(KeyStoreError, match="enrol again"):
        store.install(UNIT, certify(insecure_key_from_seed("other")))
    assert not store.has(UNIT)


def test_a_key_is_decrypted_once(store: KeyStore, directory: Path) -> None:
    store.install(UNIT, certify(store.prepare(UNIT)))
    signer = store.signer(UNIT)
    (directory / f"{UNIT}.pem").unlink()
    assert store.signer(UNIT) is signer


def test_rsa_keys_sign_as_the_store_was_told(directory: Path) -> None:
    store = KeyStore(directory, PASSPHRASE, rsa_signs=KeyAlgorithm.RSA_PKCS1)
    key = generate(KeyAlgorithm.RSA_PKCS1, 2048)
    store.save(UNIT, key, certify(key))
    assert store.signer(UNIT).algorithm == KeyAlgorithm.RSA_PKCS1.signature


def test_the_ledger_key_is_kept_and_signs_no_documents(store: KeyStore) -> None:
    ledger = LedgerSigner.generate("hub.520304")
    store.save("ledger", ledger.key)
    assert store.ledger("hub.520304").verifier == ledger.verifier
    with pytest.raises(KeyStoreError, match="no certificate"):
        store.signer("ledger")
    store.save("ledger", insecure_key_from_seed("ledger"))
    with pytest.raises(KeyStoreError, match="no ledger key"):
        store.ledger("hub.520304")


def test_the_authority_is_kept(store: KeyStore) -> None:
    store.save("authority", AUTHORITY.key, AUTHORITY.certificate)
    kept = store.authority()
    assert kept.certificate == AUTHORITY.certificate
    assert kept.key.public_key() == AUTHORITY.key.public_key()
    store.save("authority", AUTHORITY.key)
    with pytest.raises(KeyStoreError, match="no certificate"):
        store.authority()
    store.save("authority", LedgerSigner.generate("x").key, AUTHORITY.certificate)
    with pytest.raises(KeyStoreError, match="signs no documents"):
        store.authority()


def test_files_are_encrypted_and_closed_to_others(store: KeyStore, directory: Path) -> None:
    store.install(UNIT, certify(store.prepare(UNIT)))
    path = directory / f"{UNIT}.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_a_wrong_passphrase_is_named(store: KeyStore, directory: Path) -> None:
    store.install(UNIT, certify(store.prepare(UNIT)))
    with pytest.raises(KeyStoreError, match=rf"{UNIT}\.pem: the passphrase is another one"):
        KeyStore(directory, new_passphrase()).signer(UNIT)


@pytest.mark.parametrize("keep", [0, 10, 200, -40])
def test_a_damaged_file_is_named(store: KeyStore, directory: Path, keep: int) -> None:
    store.install(UNIT, certify(store.prepare(UNIT)))
    path = directory / f"{UNIT}.pem"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(KeyStoreError, match="damaged"):
        KeyStore(directory, PASSPHRASE).signer(UNIT)


def test_an_unencrypted_key_is_refused(store: KeyStore, directory: Path) -> None:
    path = directory / f"{UNIT}.pem"
    directory.mkdir()
    path.touch(mode=0o600)
    path.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyStoreError, match="damaged"):
        store.signer(UNIT)


def test_a_key_that_others_may_read_is_refused(store: KeyStore, directory: Path) -> None:
    store.install(UNIT, certify(store.prepare(UNIT)))
    (directory / f"{UNIT}.pem").chmod(0o640)
    with pytest.raises(KeyStoreError, match=r"0640\); use: chmod 600"):
        KeyStore(directory, PASSPHRASE).signer(UNIT)


def test_a_missing_key_is_named(store: KeyStore) -> None:
    with pytest.raises(KeyStoreError, match=r"520304-002\.pem: no such file"):
        store.signer("520304-002")


@pytest.mark.parametrize("owner", ["../hub", "hub/x", "", "HUB", "a.next", "hub\n"])
def test_an_owner_never_becomes_a_path_of_its_own(store: KeyStore, owner: str) -> None:
    with pytest.raises(KeyStoreError, match="key owner"):
        store.prepare(owner)


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyStoreError, match="cannot be written"):
        KeyStore(tmp_path / "file" / "keys", PASSPHRASE).prepare(UNIT)


def test_a_passphrase_file_is_read_if_it_is_private_and_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.touch(mode=0o600)
    passphrase = new_passphrase()
    path.write_bytes(passphrase + b"\n")
    assert read_passphrase(path) == passphrase
    path.chmod(0o644)
    with pytest.raises(KeyStoreError, match="others may read"):
        read_passphrase(path)
    path.chmod(0o600)
    for short in (b"", b"\n", b"secret\n"):
        path.write_bytes(short)
        with pytest.raises(KeyStoreError, match="shorter than 20"):
            read_passphrase(path)


def test_new_passphrases_are_long_and_differ() -> None:
    assert len({new_passphrase() for _ in range(10)}) == 10
    assert len(new_passphrase()) == 43


def test_a_process_signs_with_a_key_that_another_process_has_put_in_force(store: KeyStore, directory: Path) -> None:
    store.prepare(UNIT)
    store.install(UNIT, certify(store.prepare(UNIT)))
    running, before = store, store.signer(UNIT).fingerprint
    command = KeyStore(directory, PASSPHRASE)
    command.install(UNIT, certify(command.prepare(UNIT)))
    after = command.signer(UNIT).fingerprint
    assert running.signer(UNIT).fingerprint == after != before
