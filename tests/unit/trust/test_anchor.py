"""Which directory may replace the one held. On anything else: an error, and the old one stays."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from exchange.codec.signed import attach, signed_info
from exchange.directory.snapshot import Directory
from exchange.errors import DirectoryError, InputError, NoteError
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.merkle import EMPTY_ROOT
from exchange.model.unit import HubId
from exchange.ports.keys import Signer
from exchange.ports.records import DirectoryRecord
from exchange.testing.keys import EXPIRES, ISSUED
from exchange.trust.anchor import Anchor, open_checkpoint, verify_directory
from exchange.trust.digest import sha256_hex
from exchange.trust.ledgerkey import LedgerSigner
from exchange.trust.sign import sign_directory, sign_envelope
from tests.unit.trust.documents import COUNTY, ENVELOPE, NOW, SENDER

ANCHOR = COUNTY.anchor
FIRST = sign_directory(COUNTY.directory, COUNTY.directory_signer)


def record(version: int, data: bytes) -> DirectoryRecord:
    return DirectoryRecord(version=version, digest=sha256_hex(data), document=data, stored=NOW)


HELD = record(1, FIRST)


def snapshot(signer: Signer = COUNTY.directory_signer, **changes: Any) -> bytes:
    fields: dict[str, Any] = {"version": 2, "previous": HELD.digest} | changes
    return sign_directory(replace(COUNTY.directory, **fields), signer)


def code(data: bytes, held: DirectoryRecord | None = HELD, now: datetime = NOW, anchor: Anchor = ANCHOR) -> str:
    with pytest.raises(DirectoryError) as caught:
        verify_directory(data, anchor, now, held)
    return caught.value.code


def accepted(data: bytes, held: DirectoryRecord | None = HELD) -> Directory:
    directory, digest = verify_directory(data, ANCHOR, NOW, held)
    assert digest == sha256_hex(data)
    return directory


def test_the_first_directory_is_taken_as_it_was_signed() -> None:
    assert accepted(FIRST, None) == COUNTY.directory


def test_the_next_one_is_taken_and_the_same_one_again() -> None:
    assert accepted(snapshot()).version == 2
    assert accepted(FIRST).version == 1


def test_versions_may_be_missed() -> None:
    assert accepted(snapshot(version=9, previous="0" * 64)).version == 9


def test_an_older_one_is_a_rollback() -> None:
    newer = snapshot(version=5)
    assert code(FIRST, record(5, newer)) == "DIRECTORY_ROLLBACK"


def test_the_same_version_with_other_bytes_is_a_fork() -> None:
    assert code(snapshot(version=1, groups=())) == "DIRECTORY_FORK"


@pytest.mark.parametrize("previous", [None, "0" * 64])
def test_a_next_one_that_does_not_continue_the_one_held_is_a_fork(previous: str | None) -> None:
    assert code(snapshot(previous=previous)) == "DIRECTORY_FORK"


@pytest.mark.parametrize(
    "signer",
    [COUNTY.hub, COUNTY.signers[SENDER], COUNTY.keys.signer("directory", generation=2)],
    ids=["hub", "unit", "another-directory-key"],
)
def test_no_other_key_signs_directories(signer: Signer) -> None:
    assert code(snapshot(signer)) == "DIRECTORY_SIGNATURE"


def test_the_anchored_certificate_beside_another_key_does_not_help() -> None:
    body = snapshot_body()
    info = signed_info(body, COUNTY.hub.algorithm)
    data = attach(body, info, COUNTY.hub.sign(info), COUNTY.directory_signer.certificate)
    assert code(data) == "DIRECTORY_SIGNATURE"


def snapshot_body() -> bytes:
    head, _, rest = FIRST.partition(b"<ds:Signature ")
    return head + rest.partition(b"</ds:Signature>")[2]


def test_a_changed_directory_is_refused() -> None:
    name = COUNTY.directory.units[0].unit.name.encode()
    assert name in FIRST
    assert code(FIRST.replace(name, name + b"x")) == "DIRECTORY_SIGNATURE"


def test_another_document_is_no_directory() -> None:
    assert code(sign_envelope(ENVELOPE, COUNTY.directory_signer)) == "DIRECTORY_FORMAT"
    assert code(b"") == "DIRECTORY_FORMAT"


def test_another_exchanges_directory_is_refused() -> None:
    assert code(snapshot(hub=HubId("hub.520303"))) == "WRONG_HUB"
    other = str(LedgerSigner.insecure_from_seed("hub.520304", "other").verifier)
    assert code(snapshot(ledger_key=other)) == "DIRECTORY_LEDGER_KEY"


def test_a_key_under_anothers_fingerprint_is_refused() -> None:
    (own,) = COUNTY.directory.hub_keys
    assert code(snapshot(hub_keys=(replace(own, fingerprint="0" * 64),))) == "DIRECTORY_FORMAT"


def test_an_expired_one_or_one_from_the_future_is_refused() -> None:
    assert code(snapshot(), now=EXPIRES) == "DIRECTORY_EXPIRED"
    assert code(FIRST, None, now=ISSUED - timedelta(minutes=11)) == "DIRECTORY_FUTURE"
    verify_directory(FIRST, ANCHOR, ISSUED - timedelta(minutes=9), None)


def test_an_anchor_survives_its_file() -> None:
    assert Anchor.from_json(ANCHOR.to_json()) == ANCHOR


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        ANCHOR.to_json().replace("hub.520304", "HUB", 1),
        ANCHOR.to_json().replace("MII", "MIJ"),
        ANCHOR.to_json().replace("+", "-"),
        '{"hub": 1, "directory_certificate": 2, "ledger_key": 3}',
    ],
)
def test_a_damaged_anchor_file_is_named(text: str) -> None:
    with pytest.raises(InputError, match="anchor file"):
        Anchor.from_json(text)


def test_a_checkpoint_opens_with_the_anchored_key() -> None:
    checkpoint = Checkpoint(origin="hub.520304", size=0, root=EMPTY_ROOT)
    assert open_checkpoint(COUNTY.ledger.note(checkpoint.body()), ANCHOR.ledger_key) == checkpoint


def test_a_checkpoint_of_another_ledger_or_key_is_refused() -> None:
    other = Checkpoint(origin="hub.520303", size=0, root=EMPTY_ROOT)
    with pytest.raises(NoteError, match=r"checkpoint of hub\.520303"):
        open_checkpoint(COUNTY.ledger.note(other.body()), ANCHOR.ledger_key)
    stranger = LedgerSigner.insecure_from_seed("hub.520304", "other")
    own = Checkpoint(origin="hub.520304", size=0, root=EMPTY_ROOT)
    with pytest.raises(NoteError):
        open_checkpoint(stranger.note(own.body()), ANCHOR.ledger_key)
