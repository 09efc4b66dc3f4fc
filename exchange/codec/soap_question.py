"""SOAP 1.1 towards services of others: a question's bytes, and what an answer says.

Arguments are written as JAX-WS has them: elements without a namespace in the one of the verb. Older services want them
in namespaces: a name may begin with its own in braces, and what stands within has the same until it names another. Not
here: any service, our own (`soap.py`).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from exchange.codec.canonical import attribute
from exchange.codec.guard import parse_of_others
from exchange.codec.kind import MIB, Limits
from exchange.codec.soap import ENVELOPE, xml_text
from exchange.errors import XmlError

__all__ = ["Argument", "Block", "Said", "read_reply", "write_question"]

_LIMITS: Final = Limits(size=32 * MIB, elements=200_000, piece=10 * MIB)

Argument = str | int | bytes | Mapping[str, "Argument"] | Sequence["Argument"]
"""A list is written as its element again and again, bytes as Base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One of the Header: an element and its parts, all of one namespace."""

    namespace: str
    name: str
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An element of an answer, by its name without the namespace."""

    name: str
    text: str
    parts: tuple["Said", ...] = ()

    def part(self, *path: str) -> "Said | None":
        """The first one down that path."""
        found: Said | None = self
        for name in path:
            found = next((one for one in found.parts if one.name == name), None) if found is not None else None
        return found


def write_question(namespace: str, verb: str, arguments: Mapping[str, Argument], header: Block | None = None) -> bytes:
    head = "" if header is None else f"<soap:Header>{_block(header)}</soap:Header>"
    written = "".join(_element(name, value) for name, value in arguments.items())
    body = f'<v:{verb} xmlns:v="{attribute(namespace)}">{written}</v:{verb}>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{ENVELOPE}">'
        f"{head}<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def read_reply(text: str) -> Said:
    """What stands in the Body: the verb's answer. Raises XmlError (SOAP_FAULT: its detail is what was said),
    LimitError."""
    root = parse_of_others(text, "SOAP answer", _LIMITS)
    body = root.find(f"{{{ENVELOPE}}}Body")
    if body is None or len(body) != 1:
        raise XmlError("the answer is no SOAP 1.1", code="SOAP_VERSION")
    said = _said(body[0])
    if said.name == "Fault":
        told = said.part("faultstring")
        raise XmlError("the service answered a Fault", code="SOAP_FAULT", detail=told.text if told else "")
    return said


def _block(block: Block) -> str:
    inner = "".join(f"<h:{name}>{xml_text(value)}</h:{name}>" for name, value in block.parts.items())
    return f'<h:{block.name} xmlns:h="{attribute(block.namespace)}">{inner}</h:{block.name}>'


def _element(name: str, value: Argument) -> str:
    if not isinstance(value, bytes | str | int | Mapping):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, bytes):
        inner = base64.b64encode(value).decode()
    elif isinstance(value, Mapping):
        inner = "".join(_element(part, one) for part, one in value.items())
    else:
        inner = xml_text(str(value))
    namespace, _, local = name.rpartition("}")
    own = f' xmlns="{attribute(namespace[1:])}"' if namespace else ""
    return f"<{local}{own}>{inner}</{local}>"


def _said(element: etree._Element) -> Said:
    return Said(
        name=etree.QName(element).localname,
        text=(element.text or "").strip(),
        parts=tuple(_said(child) for child in element),
    )
