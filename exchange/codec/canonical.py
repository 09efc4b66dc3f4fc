"""Exclusive C14N 1.0 without comments: of a tree through libxml2, and written directly by our encoders.

The writers below emit canonical form by construction (no self-closing tags, double quotes, sorted attributes, the
escapes of the recommendation); the tests hold them against libxml2 and against xmlsec1.
"""

from datetime import UTC, datetime

from lxml import etree

from exchange.errors import InvalidValueError, XmlError

__all__ = ["attribute", "canonicalize", "element", "escape", "moment", "optional"]


def canonicalize(node: etree._Element) -> bytes:
    """Raises XmlError (XML_PROFILE) where no canonical form exists: libxml2 refuses relative namespace names here."""
    try:
        # Never `etree.canonicalize`: that is C14N 2.0, and it accepts what this refuses.
        return etree.tostring(node, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    except (etree.C14NError, ValueError) as error:
        raise XmlError("no canonical form: namespace names must be absolute URIs", code="XML_PROFILE") from error


def escape(text: str) -> str:
    """Character data (C14N 1.0, 2.3 text nodes)."""
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return text


def attribute(text: str) -> str:
    """An attribute's value (C14N 1.0, 2.3 attribute nodes)."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def optional(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def moment(at: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss.sssZ`. Raises InvalidValueError for a time that this form cannot hold exactly."""
    if at.tzinfo is None or at.microsecond % 1000:
        raise InvalidValueError(f"time {at.isoformat()}: expected UTC in whole milliseconds", code="TIME")
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
