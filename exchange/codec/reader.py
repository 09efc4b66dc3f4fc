"""A verified body -> fields -> a value of the model, with every failure an XmlError that names the place.

The decoders read bodies whose schema was checked when they came in, so a missing field here means that somebody
skipped that step; it is an error all the same and never a guess.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from lxml import etree

from exchange.codec.guard import check_root, parse
from exchange.codec.kind import DocumentKind
from exchange.errors import InvalidValueError, XmlError

__all__ = ["Fields", "read_body"]

Value = TypeVar("Value")


class Fields:
    """The children of one element by name. Elements of other names are passed over: a schema has judged them."""

    __slots__ = ("_children", "_cut", "element")

    def __init__(self, element: etree._Element, cut: int) -> None:
        self.element = element
        self._cut = cut  # the length of "{namespace}"
        children: dict[str, list[etree._Element]] = {}
        for child in element:
            children.setdefault(child.tag[cut:], []).append(child)
        self._children = children

    def many(self, name: str) -> list[etree._Element]:
        return self._children.get(name, [])

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple([child.text or "" for child in self.many(name)])

    def optional(self, name: str) -> str | None:
        found = self._children.get(name)
        return None if found is None else found[0].text or ""

    def text(self, name: str) -> str:
        found = self._children.get(name)
        if found is None:
            raise XmlError(f"{etree.QName(self.element).localname}/{name}: missing", code="SCHEMA")
        return found[0].text or ""

    def fields(self, name: str) -> "Fields":
        found = self._children.get(name)
        if found is None:
            raise XmlError(f"{etree.QName(self.element).localname}/{name}: missing", code="SCHEMA")
        return Fields(found[0], self._cut)

    def each(self, name: str) -> list["Fields"]:
        return [Fields(child, self._cut) for child in self.many(name)]

    def moment(self, name: str) -> datetime:
        return _parsed(name, self.text(name), _moment)

    def optional_moment(self, name: str) -> datetime | None:
        text = self.optional(name)
        return None if text is None else _parsed(name, text, _moment)

    def day(self, name: str) -> date:
        return _parsed(name, self.text(name), date.fromisoformat)

    def optional_day(self, name: str) -> date | None:
        text = self.optional(name)
        return None if text is None else _parsed(name, text, date.fromisoformat)

    def flag(self, name: str) -> bool:
        return self.text(name) == "true"


def _parsed(name: str, text: str, parse_text: Callable[[str], Value]) -> Value:
    """What the pattern lets through and the calendar does not, such as 30 February."""
    try:
        return parse_text(text)
    except ValueError as error:
        raise XmlError(f"{name} {text[:40]!r}: {error}", code="SCHEMA") from error


def _moment(text: str) -> datetime:
    if len(text) != 24 or text[-1] != "Z":
        raise ValueError("expected YYYY-MM-DDThh:mm:ss.sssZ")
    return datetime.fromisoformat(text)


def read_body(body: bytes, kind: DocumentKind, read: Callable[[Fields, str], Value]) -> Value:
    """Parse `body` and let `read` make a value of its fields and its Id without prefix. Raises XmlError, LimitError."""
    root = parse(body, kind)
    check_root(root, kind)
    fields = Fields(root, len(kind.namespace) + 2)
    prefix, name = root.get("Id", "")[:2], root.get("Id", "")[2:]
    if prefix != kind.prefix:
        raise XmlError(f"{kind.root}: its Id must begin with {kind.prefix!r}", code="SCHEMA")
    try:
        return read(fields, name)
    except InvalidValueError as error:
        code = "SCHEMA" if error.code == InvalidValueError.code else error.code
        raise XmlError(f"{kind.root}: {error.message}", code=code, detail=error.detail) from error
    except (ValueError, KeyError) as error:
        # an enumeration's word or a number, which the schema would have refused
        raise XmlError(f"{kind.root}: {error}", code="SCHEMA") from error
