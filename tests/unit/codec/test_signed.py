"""Parsing what others wrote, and the limits, exactly at their edges."""

import threading
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lxml import etree

from exchange.codec import directory as directory_codec
from exchange.codec import envelope as codec
from exchange.codec.canonical import attribute, canonicalize, escape
from exchange.codec.extension import canonical_extension
from exchange.codec.kind import DocumentKind
from exchange.codec.signed import attach, parse_signed, signed_info
from exchange.errors import InvalidValueError, SignatureError, XmlError, YidiError
from tests.vectors.base import BODY, COUNTY, ENVELOPE, GOOD, INFO, changed, sealed

KIND = DocumentKind.ENVELOPE
NOTE = '<x:note xmlns:x="urn:example:note">附言</x:note>'


def code_of(data: bytes, kind: DocumentKind = KIND) -> str:
    with pytest.raises(YidiError) as caught:
        parse_signed(data, kind)
    return caught.value.code


def test_parsing_gives_back_what_was_attached() -> None:
    document = parse_signed(GOOD, KIND)
    assert (document.data, document.body, document.signed_info) == (GOOD, BODY, INFO)


def test_a_document_without_key_info_is_of_the_right_shape() -> None:
    assert parse_signed(attach(BODY, INFO, b"v", None), KIND).certificates == ()


def test_another_serialisation_has_the_same_body_and_signed_info() -> None:
    """Other tools write self-closing tags, single quotes, a declaration, other prefixes."""
    root = etree.fromstring(GOOD)
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    assert data != GOOD
    document = parse_signed(data, KIND)
    assert (document.body, document.signed_info) == (BODY, INFO)


def test_white_space_beside_the_signature_is_signed() -> None:
    data = changed("<ds:Signature ", "\n <ds:Signature ").replace(b"</ds:Signature>", b"</ds:Signature>\n ")
    assert parse_signed(data, KIND).body == BODY.replace(b"</Envelope>", b"\n \n </Envelope>")


@pytest.mark.parametrize(
    "declaration", ['<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n"]
)
def test_an_honest_declaration_is_welcome(declaration: str) -> None:
    assert parse_signed(declaration.encode() + GOOD, KIND).body == BODY


def nested(depth: int) -> bytes:
    return sealed(NOTE, '<n xmlns="urn:n">' + "<n>" * (depth - 1) + "</n>" * depth)


def test_limits_hold_at_their_edge() -> None:
    crowd = " ".join(f'a{n}="1"' for n in range(32))
    parse_signed(nested(KIND.limits.depth - 2), KIND)
    parse_signed(sealed(NOTE, f'<n xmlns="urn:n" {crowd}></n>'), KIND)
    parse_signed(GOOD + b" " * 200_000, KIND)
    assert code_of(nested(KIND.limits.depth - 1)) == "XML_LIMIT"
    assert code_of(sealed(NOTE, f'<n xmlns="urn:n" {crowd} b="1"></n>')) == "XML_LIMIT"
    assert code_of(GOOD + b" " * KIND.limits.piece) == "XML_LIMIT"


def test_a_receipt_may_not_be_as_large_as_an_envelope() -> None:
    assert code_of(GOOD + b" " * 256 * 1024, DocumentKind.RECEIPT) == "SIZE"


def test_an_envelope_is_no_receipt() -> None:
    assert code_of(GOOD, DocumentKind.RECEIPT) == "SCHEMA"


def test_different_ids_in_an_extension_are_no_fault() -> None:
    extension = '<n xmlns="urn:n" Id="a" ID="b" xml:id="c"></n>'
    parse_signed(sealed(NOTE, extension), KIND)


def test_only_allowed_algorithms_are_written() -> None:
    with pytest.raises(SignatureError, match="SIG_ALG"):
        signed_info(BODY, "http://www.w3.org/2000/09/xmldsig#hmac-sha1")
    with pytest.raises(XmlError):
        signed_info(b"<a></a>", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "<a/>",
        '<a xmlns="urn:yidi:envelope:1"/>',
        '<a xmlns="urn:x"/><b xmlns="urn:x"/>',
        '</Extensions><Content>x</Content><Extensions xmlns="urn:yidi:envelope:1">',
        '<a xmlns="urn:x"><!-- --></a>',
        '<!DOCTYPE a><a xmlns="urn:x"/>',
        '<a xmlns="relative"/>',
        '<a xmlns="urn:x"><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></a>',
        '<a xmlns="urn:x">\ud800</a>',
    ],
)
def test_an_extension_that_could_not_be_read_back_is_refused(text: str) -> None:
    with pytest.raises((InvalidValueError, XmlError)):
        canonical_extension(text)


def test_an_extension_is_written_only_in_canonical_form() -> None:
    with pytest.raises(InvalidValueError, match="canonical"):
        codec.encode(replace(ENVELOPE, extensions=('<a xmlns="urn:x"/>',)))
    codec.encode(replace(ENVELOPE, extensions=(canonical_extension('<a xmlns="urn:x"/>'),)))


def test_a_time_that_the_wire_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="milliseconds"):
        codec.encode(replace(ENVELOPE, created=ENVELOPE.created.replace(microsecond=1)))
    with pytest.raises(InvalidValueError, match="UTC"):
        codec.encode(replace(ENVELOPE, created=ENVELOPE.created.replace(tzinfo=None)))


@pytest.mark.parametrize("element", ["Exchange", "Metadata", "Sender", "Title", "Created", "Declaration"])
def test_a_body_that_no_schema_saw_is_refused_and_not_guessed(element: str) -> None:
    with pytest.raises(XmlError, match=f"{element}: missing"):
        codec.decode(BODY.replace(f"<{element}>".encode(), b"<X>").replace(f"</{element}>".encode(), b"</X>"))


def test_many_threads_read_at_once() -> None:
    wrong: list[object] = []

    def read() -> None:
        for _ in range(20):
            try:
                if parse_signed(GOOD, KIND).body != BODY or code_of(changed("<Kind>D", "<Kind>d")) != "SCHEMA":
                    wrong.append("other result")
            except BaseException as error:  # noqa: BLE001  (a thread's failure must reach the test)
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(st.text(st.sampled_from("&<>\"'\t\n\r 文") | st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))))
def test_any_text_and_attribute_is_written_as_libxml2_would(text: str) -> None:
    assume(not {"\ufffe", "\uffff"} & set(text))
    node = etree.Element("a", b=text)
    node.text = text
    assert canonicalize(node).decode() == f'<a b="{attribute(text)}">{escape(text)}</a>'


def test_the_id_of_the_root_must_be_that_of_the_document() -> None:
    directory = directory_codec.encode(COUNTY.directory)
    with pytest.raises(XmlError, match="its Id is not 'd-' and its DirectoryVersion"):
        directory_codec.decode(directory.replace(b'Id="d-1"', b'Id="d-2"'))
    with pytest.raises(XmlError, match="its Id must begin with 'e-'"):
        codec.decode(BODY.replace(b'Id="e-', b'Id="r-'))
