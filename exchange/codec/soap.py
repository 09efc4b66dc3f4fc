"""SOAP 1.1, document/literal wrapped: a request's bytes -> the verb and its values; values -> an answer's bytes.

What may be asked and answered is declared once, as verbs made of records; `wsdl.py` writes the same ones down for
others. What is read are texts, bytes, lists and mappings by the names of the parts.

Not here: what a verb means, and whether a value is right (`exchange.web.node_api.soap`).
Limits: no rpc/encoded, no SOAP 1.2, no attachments. Parts are taken in any order, and without a namespace, too:
programs written by hand send both.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from lxml import etree

from exchange.codec.canonical import escape
from exchange.codec.guard import parse_within, path_of
from exchange.codec.kind import MIB, Limits
from exchange.errors import XmlError

__all__ = [
    "ENVELOPE",
    "LARGEST",
    "NAMESPACE",
    "Call",
    "FaultCode",
    "Kind",
    "Part",
    "Record",
    "Value",
    "Verb",
    "read_call",
    "write_answer",
    "write_fault",
    "xml_text",
]

NAMESPACE: Final = "urn:yidi:soap:1"
ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
LARGEST: Final = 32 * MIB
_SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
# A file's Base64 is one text, of which libxml2 takes ten million bytes.
_LIMITS: Final = Limits(size=LARGEST, elements=20_000, piece=10 * MIB)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOM: Final = b"\xef\xbb\xbf"

Value = str | bytes | Mapping[str, "Value"] | Sequence["Value"]


class Kind(Enum):
    """What a leaf holds, by its name in XML Schema."""

    TEXT = "string"
    NUMBER = "long"
    FLAG = "boolean"
    DAY = "date"
    MOMENT = "dateTime"
    BYTES = "base64Binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`name` is ours, in snake_case; on the wire it is in camelCase, as the languages of its readers have it."""

    name: str
    kind: "Kind | Record"
    many: bool = False
    required: bool = True
    words: str = ""

    @property
    def wire(self) -> str:
        first, *rest = self.name.split("_")
        return first + "".join(word.capitalize() for word in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Its request is an element of its name, its answer one of that name and `Response`."""

    name: str
    words: str
    asked: Record
    answer: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    verb: str
    values: Mapping[str, Value]


class FaultCode(Enum):
    """SOAP 1.1, 4.4.1."""

    VERSION = "VersionMismatch"
    HEADER = "MustUnderstand"
    CLIENT = "Client"
    SERVER = "Server"


# ---------------------------------------------------------------------------------------------- reading


def read_call(data: bytes, verbs: Mapping[str, Verb]) -> Call:
    """Raises XmlError (SOAP_VERSION, SOAP_HEADER, SCHEMA and those of the parser), LimitError."""
    root = parse_within(data.removeprefix(_BOM), "SOAP Envelope", _LIMITS)
    # (1) an Envelope of SOAP 1.1
    if root.tag == f"{{{_SOAP_12}}}Envelope":
        raise XmlError("this is SOAP 1.2; send SOAP 1.1 (text/xml)", code="SOAP_VERSION")
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise XmlError(f"{_short(root.tag)} is no SOAP 1.1 Envelope", code="SOAP_VERSION")
    # (2) nothing in its Header that must be understood: all that we know comes as fields of HTTP (4.2.3)
    for block in root.iterfind(f"{{{ENVELOPE}}}Header/*"):
        if block.get(f"{{{ENVELOPE}}}mustUnderstand") in ("1", "true"):
            raise XmlError(f"the header {_short(block.tag)} is not understood here", code="SOAP_HEADER")
    # (3) one element in its Body, which is a verb of ours
    asked = root.findall(f"{{{ENVELOPE}}}Body/*")
    if len(asked) != 1:
        raise XmlError(f"the Body has {len(asked)} elements, expected the one of a verb", code="SCHEMA")
    name = etree.QName(asked[0])
    if name.namespace != NAMESPACE or name.localname not in verbs:
        raise XmlError(f"{_short(asked[0].tag)} is no verb here; read ?wsdl", code="SCHEMA")
    return Call(verb=name.localname, values=_read(asked[0], verbs[name.localname].asked))


def _read(element: etree._Element, record: Record) -> dict[str, Value]:
    parts = {part.wire: part for part in record.parts}
    found: dict[str, list[Value]] = {}
    for child in element:
        name = etree.QName(child)
        part = parts.get(name.localname) if name.namespace in (None, NAMESPACE) else None
        if part is None:
            raise XmlError(f"{_place(child)}: there is no such element; read ?wsdl", code="SCHEMA")
        if child.get("href") is not None:
            raise XmlError(
                f"{_place(child)}: a reference, as rpc/encoded has them; send document/literal", code="SCHEMA"
            )
        value = None if child.get(_NIL) in ("1", "true") else _value(child, part)
        if value is not None:
            found.setdefault(part.name, []).append(value)
    for part in record.parts:
        if part.required and not part.many and part.name not in found:
            raise XmlError(f"{_place(element)}/{part.wire}: missing", code="SCHEMA")
        if not part.many and len(found.get(part.name, ())) > 1:
            raise XmlError(f"{_place(element)}/{part.wire}: more than one", code="SCHEMA")
    many = {part.name for part in record.parts if part.many}
    return {name: values if name in many else values[0] for name, values in found.items()}


def _value(element: etree._Element, part: Part) -> Value | None:
    """None for an optional leaf without text: so programs write what they have not."""
    if isinstance(part.kind, Record):
        return _read(element, part.kind)
    if len(element):
        raise XmlError(f"{_place(element)}: elements where a value belongs", code="SCHEMA")
    text = element.text or ""
    if part.kind is Kind.BYTES:
        return _bytes(element, text)
    if part.kind is not Kind.TEXT:
        text = text.strip()
    return text if text or part.required else None


def _bytes(element: etree._Element, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise XmlError(f"{_place(element)}: not Base64", code="SCHEMA") from error


def _place(element: etree._Element) -> str:
    return path_of(element).removeprefix("Envelope/Body/")


def _short(tag: object) -> str:
    return str(tag)[:100]


# ---------------------------------------------------------------------------------------------- writing


def write_answer(verb: Verb, values: Mapping[str, object]) -> bytes:
    """`values` by the names of the answer's parts: texts, numbers, flags, bytes, lists and mappings of them."""
    written = "".join(_written(verb.answer, values))
    return _envelope(f'<{verb.name}Response xmlns="{NAMESPACE}">{written}</{verb.name}Response>')


def write_fault(fault: FaultCode, message: str, code: str) -> bytes:
    """SOAP 1.1, 4.4. `code`: ours, which never changes its meaning."""
    return _envelope(
        f"<soap:Fault><faultcode>soap:{fault.value}</faultcode><faultstring>{xml_text(message)}</faultstring>"
        f'<detail><errCode xmlns="{NAMESPACE}">{xml_text(code)}</errCode></detail></soap:Fault>'
    )


def _envelope(body: str) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>'
    return f"{head}{body}</soap:Body></soap:Envelope>".encode()


def _written(record: Record, values: Mapping[str, object]) -> Iterable[str]:
    for part in record.parts:
        value = values.get(part.name)
        if value is None:
            continue
        if isinstance(value, Mapping) and part.many:  # a table of names and values
            value = [{"name": name, "value": one} for name, one in value.items()]
        for one in value if part.many and isinstance(value, Sequence) else [value]:
            yield f"<{part.wire}>"
            if isinstance(part.kind, Record):
                assert isinstance(one, Mapping), f"{part.name}: a record is written of a mapping"
                yield from _written(part.kind, one)
            else:
                yield _leaf(one)
            yield f"</{part.wire}>"


def _leaf(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # or a moment
        return value.isoformat()
    return xml_text(str(value.value if isinstance(value, Enum) else value))


def xml_text(text: str) -> str:
    """What XML cannot hold becomes U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text))
