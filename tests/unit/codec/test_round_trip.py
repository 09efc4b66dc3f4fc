"""Whatever the model holds is written canonically, fits the schema, and reads back the same."""

import hashlib

from hypothesis import given, settings
from lxml import etree

from exchange.codec import carry as carry_codec
from exchange.codec import directory as directory_codec
from exchange.codec import envelope as envelope_codec
from exchange.codec import receipt as receipt_codec
from exchange.codec.signed import DocumentKind, attach, parse_signed, signed_info
from exchange.directory.snapshot import Directory
from exchange.model.carry import Carry
from exchange.model.envelope import Envelope
from exchange.model.receipt import Receipt
from tests.unit.codec.values import carries, directories, envelopes, receipts

ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


def carried(body: bytes, kind: DocumentKind) -> bytes:
    """`body` after a trip inside a wire document."""
    info = signed_info(body, ECDSA)
    document = parse_signed(attach(body, info, b"s" * 64, b"c" * 500), kind)
    assert document.signed_info == info
    assert document.digest == hashlib.sha256(body).digest()
    assert (document.signature, document.certificates) == (b"s" * 64, (b"c" * 500,))
    return document.body


def canonical(body: bytes) -> bytes:
    root = etree.fromstring(body)
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


@given(envelopes())
@settings(max_examples=100)
def test_an_envelope_comes_back_and_its_bytes_with_it(envelope: Envelope) -> None:
    body = envelope_codec.encode(envelope)
    assert canonical(body) == body
    assert carried(body, DocumentKind.ENVELOPE) == body
    assert envelope_codec.decode(body) == envelope
    assert envelope_codec.encode(envelope_codec.decode(body)) == body


@given(receipts())
@settings(max_examples=100)
def test_a_receipt_comes_back_and_its_bytes_with_it(receipt: Receipt) -> None:
    body = receipt_codec.encode(receipt)
    assert canonical(body) == body
    assert carried(body, DocumentKind.RECEIPT) == body
    assert receipt_codec.decode(body) == receipt
    assert receipt_codec.encode(receipt_codec.decode(body)) == body


@given(directories())
@settings(max_examples=30)
def test_a_directory_comes_back_and_its_bytes_with_it(directory: Directory) -> None:
    body = directory_codec.encode(directory)
    assert canonical(body) == body
    assert carried(body, DocumentKind.DIRECTORY) == body
    assert directory_codec.decode(body) == directory
    assert directory_codec.encode(directory_codec.decode(body)) == body


@given(carries())
@settings(max_examples=50)
def test_a_packages_manifest_comes_back_and_its_bytes_with_it(carry: Carry) -> None:
    body = carry_codec.encode(carry)
    assert canonical(body) == body
    assert carried(body, DocumentKind.CARRY) == body
    assert carry_codec.decode(body) == carry
    assert carry_codec.encode(carry_codec.decode(body)) == body
