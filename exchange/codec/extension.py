"""Extensions: elements of foreign namespaces, kept as the canonical text they have inside an envelope.

Nothing here understands one. Their form is that of the envelope's body, so that writing back what was read gives
the same bytes.
"""

from lxml import etree

from exchange.codec.canonical import canonicalize
from exchange.codec.guard import parse
from exchange.codec.kind import DocumentKind
from exchange.codec.shape import DSIG
from exchange.errors import InvalidValueError, YidiError

__all__ = ["canonical_extension", "read_extensions", "write_extensions"]

_NAMESPACE = DocumentKind.ENVELOPE.namespace
_OPEN = f'<Extensions xmlns="{_NAMESPACE}">'.encode()
_CLOSE = b"</Extensions>"


def canonical_extension(text: str) -> str:
    """The canonical form of one foreign element. Raises InvalidValueError (EXTENSION) when it is not one."""
    try:
        # An element must be able to stand by itself, lest its text close ours and open others.
        node = parse(text.encode(), DocumentKind.ENVELOPE)
    except (YidiError, UnicodeEncodeError) as error:
        raise InvalidValueError(f"extension: {error}", code="EXTENSION") from error
    _check(node)
    return _in_place(node)


def write_extensions(extensions: tuple[str, ...]) -> str:
    if not extensions:
        return ""
    for text in extensions:
        if canonical_extension(text) != text:
            raise InvalidValueError(f"extension {text[:60]!r}: not in canonical form", code="EXTENSION")
    return f"<Extensions>{''.join(extensions)}</Extensions>"


def read_extensions(nodes: list[etree._Element]) -> tuple[str, ...]:
    """The children of the Extensions elements `nodes` (one or none)."""
    extensions: list[str] = []
    for node in nodes:
        for child in list(node):
            _check(child)
            extensions.append(_in_place(child))
    return tuple(extensions)


def _check(node: etree._Element) -> None:
    namespace = etree.QName(node).namespace
    if namespace in (None, _NAMESPACE):
        raise InvalidValueError("extension: must be an element of a namespace of its own", code="EXTENSION")
    if next(node.iter(f"{{{DSIG}}}Signature"), None) is not None:
        raise InvalidValueError("extension: must not hold a ds:Signature", code="EXTENSION")


def _in_place(node: etree._Element) -> str:
    """Canonical text of `node` as a child of Extensions, where children without a namespace say `xmlns=""`."""
    home = etree.fromstring(_OPEN + _CLOSE)
    node.tail = None
    home.append(node)
    return canonicalize(home)[len(_OPEN) : -len(_CLOSE)].decode()
