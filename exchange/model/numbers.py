"""The numbers that documents and units carry: syntax and check characters.

Sources: GB 32100 (统一社会信用代码), ISO/IEC 7064 MOD 37,36 (公文标识; the structure around it is unverified, so
inbound identifiers of any form are accepted and only our own are built and checked), common drafting rules
(发文字号).
"""

import re
from dataclasses import dataclass

from exchange.errors import InvalidValueError

__all__ = ["DocumentIdentifier", "IssuedNumber", "check_credit_code", "mod_37_36"]

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_MOD_37_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ISSUED = re.compile(
    r"(?P<prefix>[^\s〔〕\[\]()（）]{1,20})〔(?P<year>[0-9]{4})〕(?P<serial>[1-9][0-9]{0,5})号", re.ASCII
)
_IDENTIFIER = re.compile(
    r"(?P<oid>[0-9]+(?:\.[0-9]+)*)\.(?P<body>[0-9A-Z]{4,18}-[0-9A-Z]{3}-[0-9]{4}-[0-9A-Z]{2}-[0-9]{1,10})-(?P<check>[0-9A-Z])",
    re.ASCII,
)


def check_credit_code(text: str) -> str:
    """Return the 18-character 统一社会信用代码 `text`, or raise `InvalidValueError` naming what is wrong with it."""
    if len(text) != 18 or any(c not in _CREDIT_ALPHABET for c in text):
        raise InvalidValueError(
            f"credit code {text!r}: expected 18 characters of 0-9 A-H J-N P-R T U W-Y", code="CREDIT_CODE"
        )
    total = sum(_CREDIT_ALPHABET.index(c) * w for c, w in zip(text, _CREDIT_WEIGHTS, strict=False))
    expected = _CREDIT_ALPHABET[(31 - total % 31) % 31]
    if text[17] != expected:
        raise InvalidValueError(
            f"credit code {text!r}: check character is {text[17]}, not {expected}", code="CREDIT_CODE"
        )
    return text


def mod_37_36(text: str) -> str:
    """The ISO/IEC 7064 MOD 37,36 check character of `text` (0-9, A-Z)."""
    product = 36
    for character in text:
        total = (product + _MOD_37_36.index(character)) % 36 or 36
        product = total * 2 % 37
    return _MOD_37_36[(37 - product) % 36]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedNumber:
    """发文字号: `代字〔YYYY〕N号`, six-corner brackets, no leading zero."""

    prefix: str
    year: int
    serial: int

    @classmethod
    def parse(cls, text: str) -> "IssuedNumber":
        match = _ISSUED.fullmatch(text)
        if match is None:
            raise InvalidValueError(
                f"发文字号 {text!r}: expected 代字〔年份〕序号, six-corner brackets, no leading zero: 播府〔2016〕12号",
                code="ISSUED_NUMBER",
            )
        return cls(prefix=match["prefix"], year=int(match["year"]), serial=int(match["serial"]))

    def __str__(self) -> str:
        return f"{self.prefix}〔{self.year}〕{self.serial}号"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentIdentifier:
    """公文标识 as we build it: `OID.organisation-office-year-type-serial-check`."""

    oid: str
    organisation: str
    office: str
    year: int
    document_type: str
    serial: int

    @classmethod
    def parse(cls, text: str) -> "DocumentIdentifier":
        """Read one of our own form and check its check character; foreign forms are only ever carried, not parsed."""
        match = _IDENTIFIER.fullmatch(text)
        if match is None:
            raise InvalidValueError(f"公文标识 {text!r}: not OID.机构-内设机构-年-文种-流水号-校验", code="DOCUMENT_ID")
        expected = mod_37_36(match["body"].replace("-", ""))
        if match["check"] != expected:
            raise InvalidValueError(
                f"公文标识 {text!r}: check character is {match['check']}, not {expected}", code="DOCUMENT_ID"
            )
        organisation, office, year, document_type, serial = match["body"].split("-")
        return cls(
            oid=match["oid"],
            organisation=organisation,
            office=office,
            year=int(year),
            document_type=document_type,
            serial=int(serial),
        )

    def __str__(self) -> str:
        body = f"{self.organisation}-{self.office}-{self.year:04}-{self.document_type}-{self.serial:06}"
        return f"{self.oid}.{body}-{mod_37_36(body.replace('-', ''))}"
