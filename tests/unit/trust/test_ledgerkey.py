"""Checkpoints signed with Ed25519 and opened again."""

import pytest

from exchange.errors import NoteError
from exchange.ledger.note import VerifierKey, open_note
from exchange.trust.ledgerkey import LedgerSigner, verify

LEDGER = LedgerSigner.insecure_from_seed("hub.520304", "ledger")
TEXT = "hub.520304\n12\nAAAA\n"


def test_a_note_opens_with_the_verifier_key_that_people_hand_on() -> None:
    key = VerifierKey.parse(str(LEDGER.verifier))
    assert open_note(LEDGER.note(TEXT), key, verify) == TEXT


def test_a_changed_note_or_another_key_is_refused() -> None:
    with pytest.raises(NoteError):
        open_note(LEDGER.note(TEXT).replace("12", "13"), LEDGER.verifier, verify)
    with pytest.raises(NoteError):
        open_note(LEDGER.note(TEXT), LedgerSigner.generate("hub.520304").verifier, verify)


def test_rfc_8032_vector_verifies() -> None:
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )  # RFC 8032 7.1, TEST 2
    assert verify(public, signature, b"\x72")
    assert not verify(public, signature, b"\x73")


def test_a_public_key_or_signature_of_the_wrong_size_verifies_nothing() -> None:
    good = LEDGER.sign(b"x")
    assert not verify(LEDGER.verifier.public_key[:-1], good, b"x")
    assert not verify(LEDGER.verifier.public_key, good[:-1], b"x")
    assert not verify(LEDGER.verifier.public_key, b"", b"x")
