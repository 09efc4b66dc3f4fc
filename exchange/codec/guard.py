"""Bytes from anybody -> a tree, or a refusal that names the rule. The one way into the XML parser.

What comes out holds elements and text alone, so `.text` is the whole text of a leaf: no DTD, entity, comment,
processing instruction or CDATA section was in the bytes, or what others wrote was read without them. Not here: schemas
(`schema.py`), signatures (`shape.py`).
"""

import re
import threading
from functools import cache
from typing import Any

from lxml import etree

from exchange.codec.kind import DocumentKind, Limits
from exchange.errors import LimitError, XmlError

__all__ = ["check_root", "parse", "parse_of_others", "parse_within", "path_of"]

_DECLARATION = re.compile(
    rb"""<\?xml[ \t\r\n]+version=(?:"1\.0"|'1\.0')"""
    rb"""(?:[ \t\r\n]+encoding=["'](?P<encoding>[A-Za-z0-9._-]{1,40})["'])?"""
    rb"""(?:[ \t\r\n]+standalone=["'](?:yes|no)["'])?[ \t\r\n]*\?>"""
)


# libxml2 has limits of its own, some lower than ours.
_LIBXML2_LIMITS = (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG)


class _Local(threading.local):
    """One parser per thread: lxml would make threads wait for a shared one."""

    def __init__(self) -> None:
        self.parser = _parser(bare=False)
        self.bare_parser = _parser(bare=True)


def _parser(*, bare: bool) -> etree.XMLParser:
    """`bare`: what is neither element nor text is left out."""
    return etree.XMLParser(
        encoding="UTF-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=bare,
        remove_comments=bare,
        recover=False,
        collect_ids=False,
    )


_local = _Local()


def parse(data: bytes, kind: DocumentKind) -> etree._Element:
    """Return the root of a document of ours. Raises XmlError, LimitError."""
    return parse_within(data, kind.root, kind.limits)


def parse_within(data: bytes, name: str, limits: Limits) -> etree._Element:
    """Return the root of `data`. Cheap and blunt checks come first, the parser last. `name`: what it should be, for
    people. Raises XmlError, LimitError."""
    # (1) no larger than documents of this kind may be
    if len(data) > limits.size:
        raise LimitError(f"{name}: {len(data)} bytes, at most {limits.size} are allowed", code="SIZE")
    # (2) UTF-8 and nothing else, whatever it says of itself
    start = _check_encoding(data)
    # (3) no markup declarations: no DTD, hence no entities; (4) no comments, instructions or CDATA sections
    _check_markup(data, start)
    # (5) bounded work for the parser and for us
    _check_limits(data, limits)
    # (6) well-formed
    root = _parse(data, _local.parser)
    # (7) bounded shape
    _check_shape(root, limits)
    return root


def parse_of_others(text: str, name: str, limits: Limits) -> etree._Element:
    """The same of what a program of others wrote, already decoded whatever its declaration says: comments and
    instructions are left out, CDATA sections are text. Raises XmlError, LimitError."""
    data = text.lstrip("\ufeff \t\r\n").encode(errors="replace")
    data = data[declaration.end() :] if (declaration := _DECLARATION.match(data)) else data
    if len(data) > limits.size:
        raise LimitError(f"{name}: {len(data)} bytes, at most {limits.size} are allowed", code="SIZE")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise XmlError("a DOCTYPE or ENTITY declaration", code="XML_DTD_FORBIDDEN")
    _check_limits(data, limits)
    root = _parse(data, _local.bare_parser)
    _check_shape(root, limits)
    return root


def _check_encoding(data: bytes) -> int:
    """Return where the document begins behind its XML declaration."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise XmlError("the document begins with a byte order mark; send UTF-8 without one", code="XML_ENCODING")
    if b"\0" in data:
        raise XmlError("the document holds NUL bytes: it is not UTF-8 (UTF-16?)", code="XML_ENCODING")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise XmlError(f"byte {error.start + 1} is not UTF-8", code="XML_ENCODING") from error
    if data[:5] != b"<?xml" or data[5:6] not in b" \t\r\n":
        return 0
    declaration = _DECLARATION.match(data)
    if declaration is None:
        raise XmlError("the XML declaration must say version 1.0 and, if anything, encoding UTF-8", code="XML_ENCODING")
    encoding = declaration["encoding"]
    if encoding is not None and encoding.lower() != b"utf-8":
        raise XmlError(f"the XML declaration says {encoding.decode()}; only UTF-8 is accepted", code="XML_ENCODING")
    return declaration.end()


def _check_markup(data: bytes, start: int) -> None:
    # `<` cannot stand for itself in text or attribute values, so these scans are exact; the first test of each
    # is there because it is fast and nearly always enough.
    if b"!" in data and b"<!" in data:
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise XmlError("a DOCTYPE or ENTITY declaration; leave it out", code="XML_DTD_FORBIDDEN")
        raise XmlError("a comment or CDATA section; leave it out or write it as text", code="XML_PROFILE")
    if b"?" in data and data.find(b"<?", start) >= 0:
        raise XmlError("a processing instruction; leave it out", code="XML_PROFILE")


def _check_limits(data: bytes, limits: Limits) -> None:
    # An element has at most two tags.
    if data.count(b"<") > 2 * limits.elements:
        raise LimitError(f"more than {limits.elements} elements", code="XML_LIMIT")
    # A schema fault costs microseconds, and every attribute can be one; `=` in text is counted with them.
    if data.count(b"=") > 4 * limits.elements:
        raise LimitError(f"more than {4 * limits.elements} attributes", code="XML_LIMIT")
    if len(data) > limits.piece and max(map(len, data.split(b"<"))) > limits.piece:
        raise LimitError(f"a tag or text of more than {limits.piece} bytes", code="XML_LIMIT")
    if data.count(b"xmlns") > limits.namespaces:
        raise LimitError(f"more than {limits.namespaces} namespace declarations", code="XML_LIMIT")


def _parse(data: bytes, parser: etree.XMLParser) -> etree._Element:
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        fault = _name_of(error)
        if getattr(error, "code", 0) in _LIBXML2_LIMITS:
            raise LimitError(f"line {line}: too deep or too long", code="XML_LIMIT", detail=fault) from error
        raise XmlError(
            f"line {line}, column {column}: not well-formed XML", code="XML_MALFORMED", detail=fault
        ) from error


def _name_of(error: etree.XMLSyntaxError) -> str:
    """What libxml2 calls the fault: its words quote the document, which may not be logged."""
    entries: Any = error.error_log  # its stubs do not know that it has a length
    return str(entries[0].type_name) if len(entries) else ""


def _check_shape(root: etree._Element, limits: Limits) -> None:
    if _exists("/*" * (limits.depth + 1))(root):
        raise LimitError(f"elements nested more than {limits.depth} deep", code="XML_LIMIT")
    if _exists(f"//@*[{limits.attributes + 1}]")(root):
        raise LimitError(f"an element with more than {limits.attributes} attributes", code="XML_LIMIT")


@cache
def _exists(path: str) -> etree.XPath:
    return etree.XPath(f"boolean({path})")


def check_root(root: etree._Element, kind: DocumentKind) -> None:
    """The root is this kind's, in a version we know, with an Id. Raises XmlError (SCHEMA, VERSION)."""
    name = etree.QName(root)
    namespace = name.namespace or ""
    if name.localname != kind.root or not namespace.startswith(kind.family):
        raise XmlError(f"the root element is {name.text[:80]}, expected {kind.root} of {kind.namespace}", code="SCHEMA")
    version = root.get("version", "")
    if namespace != kind.namespace or version != "1":
        raise XmlError(
            f"{kind.root} of {namespace[:80]} version {version[:20]!r}: known is {kind.namespace} version '1'",
            code="VERSION",
        )
    if not root.get("Id"):
        raise XmlError(f"{kind.root}: the attribute Id is missing", code="SCHEMA")


def path_of(element: etree._Element) -> str:
    """Where an element stands, for people: `Envelope/Exchange/Recipients/Recipient[3]`."""
    steps: list[str] = []
    current: etree._Element | None = element
    while current is not None:
        name = etree.QName(current).localname
        before = sum(1 for _ in current.itersiblings(current.tag, preceding=True))
        after = next(current.itersiblings(current.tag), None)
        steps.append(f"{name}[{before + 1}]" if before or after is not None else name)
        current = current.getparent()
    return "/".join(reversed(steps))
