"""Every document in `tests/vectors/authorship` is judged as its name says, from its file."""

import pytest

from exchange.codec.signed import DocumentKind
from exchange.errors import YidiError
from exchange.trust.anchor import verify_directory
from exchange.trust.verify import Verifier
from tests.vectors.authorship import ANCHOR, DIRECTORY, FOLDER, HELD, NOW, VECTORS, Vector


def judge(vector: Vector, data: bytes) -> str:
    verifier = Verifier(DIRECTORY)
    try:
        match vector.kind:
            case DocumentKind.ENVELOPE:
                verifier.envelope(data, NOW)
            case DocumentKind.RECEIPT:
                verifier.receipt(data, NOW)
            case DocumentKind.DIRECTORY:
                verify_directory(data, ANCHOR, NOW, HELD)
    except YidiError as error:
        return error.code
    return ""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_each_document_is_judged_as_its_name_says(vector: Vector) -> None:
    assert judge(vector, (FOLDER / f"{vector.name}.xml").read_bytes()) == vector.code


def test_the_files_are_what_the_script_makes() -> None:
    assert {path.stem: path.read_bytes() for path in FOLDER.iterdir()} == {
        vector.name: vector.data for vector in VECTORS
    }, "run: python -m tests.vectors.authorship"
