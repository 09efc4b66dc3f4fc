"""A look at the first bytes of a message: enough to choose what to do with it, never misled by what comes later."""

import pytest

from exchange.codec.kind import DocumentKind, kind_of
from exchange.codec.signed import claimed_id
from exchange.errors import XmlError

ID = "6f1c1f6e-53a5-4c61-9f0e-0a3f5f9f1d11"


@pytest.mark.parametrize("kind", DocumentKind)
def test_each_document_is_known_by_its_root(kind: DocumentKind) -> None:
    bare = f'<{kind.root} xmlns="{kind.namespace}" Id="{kind.prefix}{ID}" version="1"></{kind.root}>'
    prefixed = f"<?xml version='1.0'?>\n<y:{kind.root} Id='{kind.prefix}{ID}' xmlns:y='{kind.namespace}'/>"
    for text in (bare, prefixed):
        assert kind_of(text.encode()) is kind
        assert claimed_id(text.encode()) == ID


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"<Envelope/>",
        b'<Letter xmlns="urn:yidi:envelope:1"/>',
        b'<Envelope xmlns="urn:other:1"/>',
        b'<!DOCTYPE x><Envelope xmlns="urn:yidi:envelope:1"/>',
        b'<x><Envelope xmlns="urn:yidi:envelope:1"/></x>',
        b"<" + b"a" * 100_000,
    ],
)
def test_what_is_no_document_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(XmlError, match="neither an envelope"):
        kind_of(data)


@pytest.mark.parametrize("id_", ["", "e-", f"e-{ID.upper()}", f"e-{ID}0", f"e-{ID[:-1]}", ID, f"e-{ID}&#x20;"])
def test_an_id_that_is_none_is_not_claimed(id_: str) -> None:
    assert claimed_id(f'<Envelope xmlns="urn:yidi:envelope:1" Id="{id_}" version="1">'.encode()) is None


def test_an_id_deeper_inside_is_not_the_documents() -> None:
    assert claimed_id(f'<Envelope xmlns="urn:yidi:envelope:1"><x Id="e-{ID}"/></Envelope>'.encode()) is None
