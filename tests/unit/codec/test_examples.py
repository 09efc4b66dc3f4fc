"""The published examples are valid, and are what their script makes."""

import pytest

from exchange.codec.explain import explain
from exchange.codec.signed import DocumentKind
from tests.vectors.examples import FOLDER, examples


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_an_example_is_what_its_script_makes_and_without_fault(kind: DocumentKind) -> None:
    name = f"{kind.value}.xml"
    data = (FOLDER / name).read_bytes()
    assert data == examples()[name]
    assert explain(data, kind) == []
