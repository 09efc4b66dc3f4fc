"""Whose a document is: every way of not being its author's has a code of its own."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.codec import envelope as envelope_codec
from exchange.codec.signed import attach, signed_info
from exchange.directory.snapshot import Directory, KeyEntry, UnitEntry
from exchange.errors import NotAuthorisedError, YidiError
from exchange.model.unit import HubId, UnitCode
from exchange.ports.keys import Signer
from exchange.testing.keys import Keys, unit_code
from exchange.trust.certificates import key_entry
from exchange.trust.digest import sha256_hex
from exchange.trust.keys import KeyAlgorithm, SoftwareSigner, generate, insecure_key_from_seed
from exchange.trust.sign import seal, sign_envelope, sign_receipt
from exchange.trust.verify import VerifiedEnvelope, VerifiedReceipt, Verifier
from tests.unit.trust.documents import (
    ACCEPTED,
    COUNTY,
    DELIVERED,
    ENVELOPE,
    NOW,
    RECIPIENT,
    SENDER,
    THIRD,
    envelope,
)

DAY = timedelta(days=1)
VERIFIER = Verifier(COUNTY.directory)
SIGNED = sign_envelope(ENVELOPE, COUNTY.signers[SENDER])


def with_keys(unit: UnitCode, *keys: KeyEntry) -> Directory:
    units = tuple(replace(entry, keys=keys) if entry.unit.code == unit else entry for entry in COUNTY.directory.units)
    return replace(COUNTY.directory, units=units)


def fault(judge: Callable[[bytes, datetime], object], data: bytes, at: datetime = NOW) -> YidiError:
    with pytest.raises(YidiError) as caught:
        judge(data, at)
    return caught.value


def code(data: bytes, directory: Directory = COUNTY.directory, at: datetime = NOW) -> str:
    return fault(Verifier(directory).envelope, data, at).code


def receipt_code(data: bytes) -> str:
    return fault(VERIFIER.receipt, data).code


def forged(key_of: Signer, certificate_of: Signer) -> bytes:
    """An envelope of SENDER, signed with one key, that shows another's certificate."""
    body = envelope_codec.encode(ENVELOPE)
    info = signed_info(body, key_of.algorithm)
    return attach(body, info, key_of.sign(info), certificate_of.certificate)


class TestGood:
    def test_an_envelope_comes_back_as_it_was_signed(self) -> None:
        verified = VERIFIER.envelope(SIGNED, NOW)
        assert verified.envelope == ENVELOPE
        assert verified.document == SIGNED
        assert verified.digest == sha256_hex(SIGNED)
        assert verified.fingerprint == COUNTY.signers[SENDER].fingerprint

    def test_a_units_and_the_hubs_receipts_come_back(self) -> None:
        data = sign_receipt(DELIVERED, COUNTY.signers[RECIPIENT])
        verified = VERIFIER.receipt(data, NOW)
        assert (verified.receipt, verified.document) == (DELIVERED, data)
        assert verified.digest == sha256_hex(data)
        hubs = VERIFIER.receipt(sign_receipt(ACCEPTED, COUNTY.hub), NOW)
        assert (hubs.receipt, hubs.fingerprint) == (ACCEPTED, COUNTY.hub.fingerprint)

    @pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
    def test_every_algorithm_verifies(self, algorithm: KeyAlgorithm) -> None:
        signer = certified(SENDER, algorithm)
        directory = with_keys(SENDER, key_entry(signer.certificate))
        assert Verifier(directory).envelope(sign_envelope(ENVELOPE, signer), NOW).envelope == ENVELOPE

    def test_any_of_several_keys_of_a_unit_will_do(self) -> None:
        old, new = COUNTY.signers[SENDER], COUNTY.keys.signer(SENDER, generation=2)
        directory = with_keys(SENDER, key_entry(old.certificate), key_entry(new.certificate))
        for signer in (old, new):
            verified = Verifier(directory).envelope(sign_envelope(ENVELOPE, signer), NOW)
            assert verified.fingerprint == signer.fingerprint

    def test_signing_again_gives_the_same_bytes(self) -> None:
        assert sign_envelope(ENVELOPE, COUNTY.signers[SENDER]) == SIGNED

    def test_nobody_else_makes_verified_documents(self) -> None:
        with pytest.raises(TypeError, match="only a Verifier"):
            VerifiedEnvelope(envelope=ENVELOPE, document=b"", digest="", fingerprint="", made_here=True)
        with pytest.raises(TypeError, match="only a Verifier"):
            VerifiedReceipt(receipt=DELIVERED, document=b"", digest="", fingerprint="", made_here=None)


def certified(unit: UnitCode, algorithm: KeyAlgorithm) -> SoftwareSigner:
    key = generate(algorithm, 2048)
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
    return SoftwareSigner(key, builder.sign(key, SHA256()).public_bytes(Encoding.DER), algorithm)


class TestForeignKeys:
    def test_another_units_valid_key_is_not_the_senders(self) -> None:
        assert code(sign_envelope(ENVELOPE, COUNTY.signers[THIRD])) == "SIG_SENDER_MISMATCH"

    def test_the_hub_cannot_send_as_a_unit(self) -> None:
        assert code(sign_envelope(ENVELOPE, COUNTY.hub)) == "SIG_SENDER_MISMATCH"

    def test_a_self_made_certificate_in_the_senders_name_counts_for_nothing(self) -> None:
        stranger = Keys.of(99).signer(SENDER)
        assert code(sign_envelope(ENVELOPE, stranger)) == "SIG_KEY_UNKNOWN"

    def test_a_certificate_of_the_right_authority_outside_the_directory_counts_for_nothing(self) -> None:
        issued = COUNTY.keys.signer(SENDER, generation=7)
        assert code(sign_envelope(ENVELOPE, issued)) == "SIG_KEY_UNKNOWN"

    def test_showing_the_senders_certificate_beside_another_key_does_not_help(self) -> None:
        assert code(forged(COUNTY.signers[THIRD], COUNTY.signers[SENDER])) == "SIG_VALUE"

    def test_the_senders_certificate_behind_the_one_that_signed_does_not_help(self) -> None:
        stranger, sender = Keys.of(99).signer(SENDER), COUNTY.signers[SENDER]
        behind = b"<ds:X509Certificate>" + b64encode(sender.certificate) + b"</ds:X509Certificate></ds:X509Data>"
        data = sign_envelope(ENVELOPE, stranger).replace(b"</ds:X509Data>", behind)
        assert code(data) == "SIG_VALUE"

    def test_a_foreign_certificate_beside_the_senders_key_is_refused(self) -> None:
        stranger = Keys.of(99).signer(SENDER)
        assert code(forged(COUNTY.signers[SENDER], stranger)) == "SIG_KEY_UNKNOWN"

    def test_a_document_without_a_certificate_names_no_key(self) -> None:
        body = envelope_codec.encode(ENVELOPE)
        signer = COUNTY.signers[SENDER]
        info = signed_info(body, signer.algorithm)
        assert code(attach(body, info, signer.sign(info), None)) == "SIG_KEY_UNKNOWN"

    def test_a_sender_outside_the_directory_is_unknown(self) -> None:
        stranger = unit_code(99)
        data = sign_envelope(envelope(sender=stranger), COUNTY.keys.signer(stranger))
        assert code(data) == "SIG_SENDER_UNKNOWN"


class TestTime:
    @pytest.mark.parametrize(
        ("change", "expected", "reason"),
        [
            ({"valid_to": NOW - DAY}, "CERT_EXPIRED", "CERT_EXPIRED"),
            ({"valid_from": NOW + DAY}, "CERT_NOT_YET", "CERT_EXPIRED"),
            ({"revoked": NOW - DAY}, "CERT_REVOKED", "CERT_REVOKED"),
            ({"revoked": NOW}, "CERT_REVOKED", "CERT_REVOKED"),
        ],
    )
    def test_a_key_out_of_force_signs_nothing(self, change: dict[str, datetime], expected: str, reason: str) -> None:
        entry = replace(key_entry(COUNTY.signers[SENDER].certificate), **change)  # type: ignore[arg-type]  # dates only
        error = fault(Verifier(with_keys(SENDER, entry)).envelope, SIGNED)
        assert (error.code, error.reason) == (expected, reason)

    def test_what_came_before_the_revocation_stays_good(self) -> None:
        entry = replace(key_entry(COUNTY.signers[SENDER].certificate), revoked=NOW)
        verifier = Verifier(with_keys(SENDER, entry))
        assert verifier.envelope(SIGNED, NOW - DAY).envelope == ENVELOPE
        assert fault(verifier.envelope, SIGNED, NOW).code == "CERT_REVOKED"

    def test_an_inactive_unit_says_nothing(self) -> None:
        units = tuple(
            UnitEntry(unit=replace(entry.unit, active=entry.unit.code != SENDER), keys=entry.keys)
            for entry in COUNTY.directory.units
        )
        error = fault(Verifier(replace(COUNTY.directory, units=units)).envelope, SIGNED)
        assert isinstance(error, NotAuthorisedError)
        assert (error.code, error.reason) == ("NOT_AUTHORISED", "NOT_AUTHORISED")


class TestTampering:
    def test_a_changed_body_is_noticed(self) -> None:
        assert code(SIGNED.replace("汛期".encode(), "防火".encode())) == "SIG_DIGEST"

    def test_a_changed_signed_info_is_noticed(self) -> None:
        other = sign_envelope(envelope(operator="王五"), COUNTY.signers[SENDER])
        start, end = b"<ds:DigestValue>", b"</ds:DigestValue>"
        own, foreign = (data.split(start)[1].split(end)[0] for data in (SIGNED, other))
        swapped = other.replace(foreign, own)
        assert code(swapped) == "SIG_DIGEST"
        # Body and digest agree again, but the value is of another SignedInfo.
        assert code(SIGNED.replace(signature_of(SIGNED), signature_of(other))) == "SIG_VALUE"

    def test_a_document_for_another_exchange_is_refused(self) -> None:
        data = sign_envelope(envelope(hub=HubId("hub.520303")), COUNTY.signers[SENDER])
        assert code(data) == "WRONG_HUB"
        data = sign_receipt(replace(DELIVERED, hub="hub.520303"), COUNTY.signers[RECIPIENT])
        assert receipt_code(data) == "WRONG_HUB"

    def test_an_algorithm_of_another_kind_of_key_is_refused(self) -> None:
        rsa = certified(SENDER, KeyAlgorithm.RSA_PKCS1)
        assert code(forged(rsa, COUNTY.signers[SENDER])) == "SIG_ALG"
        directory = with_keys(SENDER, key_entry(rsa.certificate))
        assert code(forged(COUNTY.signers[SENDER], rsa), directory) == "SIG_ALG"

    @pytest.mark.parametrize("value", [b"\0" * 64, b"\1" * 63, b"\1" * 65, b"\xff" * 64])
    def test_a_malformed_value_is_refused(self, value: bytes) -> None:
        body = envelope_codec.encode(ENVELOPE)
        signer = COUNTY.signers[SENDER]
        data = attach(body, signed_info(body, signer.algorithm), value, signer.certificate)
        assert code(data) == "SIG_VALUE"

    def test_a_directory_key_that_is_not_for_signatures_is_refused(self) -> None:
        authority = COUNTY.keys.authority
        entry = KeyEntry(
            fingerprint=sha256_hex(authority.certificate),
            certificate=authority.certificate,
            valid_from=NOW - DAY,
            valid_to=NOW + DAY,
        )
        signer = SoftwareSigner(insecure_key_from_seed("0/authority"), authority.certificate)
        assert code(sign_envelope(ENVELOPE, signer), with_keys(SENDER, entry)) == "CERT_USAGE"

    def test_a_receipt_is_no_envelope_and_an_envelope_no_receipt(self) -> None:
        fault(VERIFIER.envelope, sign_receipt(DELIVERED, COUNTY.signers[RECIPIENT]))
        fault(VERIFIER.receipt, SIGNED)


def signature_of(data: bytes) -> bytes:
    return data.split(b"<ds:SignatureValue>")[1].split(b"</ds:SignatureValue>")[0]


class TestReceipts:
    def test_another_unit_cannot_speak_for_the_recipient(self) -> None:
        for other in (COUNTY.signers[THIRD], COUNTY.signers[SENDER], COUNTY.hub):
            assert receipt_code(sign_receipt(DELIVERED, other)) == "SIG_SENDER_MISMATCH"

    def test_a_unit_cannot_speak_for_the_hub(self) -> None:
        assert receipt_code(sign_receipt(ACCEPTED, COUNTY.signers[SENDER])) == "SIG_SENDER_MISMATCH"

    def test_the_directory_key_is_not_the_hubs(self) -> None:
        assert receipt_code(sign_receipt(ACCEPTED, COUNTY.directory_signer)) == "SIG_KEY_UNKNOWN"

    def test_a_changed_receipt_is_noticed(self) -> None:
        data = sign_receipt(DELIVERED, COUNTY.signers[RECIPIENT])
        assert receipt_code(data.replace(b"ef" * 32, b"ee" * 32)) == "SIG_DIGEST"


def test_sealing_does_not_touch_the_body() -> None:
    body = envelope_codec.encode(ENVELOPE)
    sealed = seal(body, COUNTY.signers[SENDER])
    head, _, rest = sealed.partition(b"<ds:Signature ")
    assert head + rest.partition(b"</ds:Signature>")[2] == body
