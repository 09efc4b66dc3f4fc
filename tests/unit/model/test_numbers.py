"""Numbers of documents and units: what is written is what was read, and one wrong character is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import InvalidValueError
from exchange.model.numbers import DocumentIdentifier, IssuedNumber, check_credit_code

CREDIT_CODE = "91350100M000100Y43"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def test_a_credit_code_ends_with_its_check_character() -> None:
    assert check_credit_code(CREDIT_CODE) == CREDIT_CODE


@given(st.integers(0, 17), st.sampled_from(_ALPHABET))
def test_one_wrong_character_of_a_credit_code_is_noticed(place: int, character: str) -> None:
    changed = CREDIT_CODE[:place] + character + CREDIT_CODE[place + 1 :]
    if changed != CREDIT_CODE:
        with pytest.raises(InvalidValueError):
            check_credit_code(changed)


@pytest.mark.parametrize("text", ["播府〔2016〕12号", "播教发〔2026〕1号"])
def test_an_issued_number_is_written_as_it_was_read(text: str) -> None:
    assert str(IssuedNumber.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["播府[2016]12号", "播府〔2016〕012号", "播府〔16〕12号", "播府〔2016〕12", "〔2016〕1号", ""]
)
def test_other_brackets_and_leading_zeros_are_no_issued_number(text: str) -> None:
    with pytest.raises(InvalidValueError):
        IssuedNumber.parse(text)


@given(st.integers(1, 999_999), st.integers(1949, 2100), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_document_identifier_checks_itself(serial: int, year: int, other: str) -> None:
    identifier = DocumentIdentifier(
        oid="1.2.156", organisation="520304001", office="001", year=year, document_type="08", serial=serial
    )
    text = str(identifier)
    assert DocumentIdentifier.parse(text) == identifier
    if other != text[-1]:
        with pytest.raises(InvalidValueError):
            DocumentIdentifier.parse(text[:-1] + other)
