"""The XSDs: where they are, compiled on first use, and what a fault in them reads like.

Schemas come from this installation alone; a document's schemaLocation is never looked at.
Limits: one compiled copy per thread, as lxml's validators keep their error log in the object. libxml2 cannot stop at
the first fault; a document made of nothing but faults costs about 15 microseconds for each, a second at the most.
"""

import re
import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from exchange.codec.guard import path_of
from exchange.codec.kind import DocumentKind
from exchange.errors import XmlError

__all__ = ["Fault", "faults", "schema_folder", "validate"]

LONGEST_RULE = 400  # it quotes the value, which may be of any length
_NAMESPACE = re.compile(r"\{(?:urn:|http)[^}]*\}")
_QUOTED = re.compile(r"^Element '[^']*'(?:, attribute '([^']*)')?: (?:\[[^\]]*\] )?")


class _Local(threading.local):
    def __init__(self) -> None:
        self.schemas: dict[DocumentKind, etree.XMLSchema] = {}


_local = _Local()
# At the first compilation of a process libxml2 makes its table of built-in types, and does not ask whether another
# thread is at it: the process would die.
_compiling = threading.Lock()


def schema_folder() -> Path:
    """`exchange/schemas` of an installed package, or `schemas/` of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "schemas"
    return installed if installed.is_dir() else package.parent / "schemas"


def _schema(kind: DocumentKind) -> etree.XMLSchema:
    schema = _local.schemas.get(kind)
    if schema is None:
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        path = schema_folder() / f"{kind.value}-1.xsd"
        tree = etree.parse(path, parser)
        with _compiling:
            schema = _local.schemas[kind] = etree.XMLSchema(tree)
    return schema


def validate(root: etree._Element, kind: DocumentKind) -> None:
    """Raises XmlError (SCHEMA) naming the first fault."""
    schema = _schema(kind)
    if not schema.validate(root):
        first = _faults(schema, root, most=1)[0]
        raise XmlError(f"{first.path}: {first.rule}", code="SCHEMA")


@dataclass(frozen=True, slots=True)
class Fault:
    """One schema fault: the line, the element path and the rule it breaks."""

    line: int
    path: str
    rule: str


def faults(root: etree._Element, kind: DocumentKind, *, most: int = 100) -> list[Fault]:
    """The first `most` faults that the schema finds in `root`, in document order."""
    schema = _schema(kind)
    schema.validate(root)
    return _faults(schema, root, most)


def _faults(schema: etree.XMLSchema, root: etree._Element, most: int) -> list[Fault]:
    entries: Any = schema.error_log  # its stubs do not know that it can be walked
    return [Fault(entry.line, _place(root, entry.path), _rule(entry.message)) for entry in islice(entries, most)]


def _place(root: etree._Element, path: str | None) -> str:
    """libxml2's path in our form: it leaves out the names of a default namespace, and needs the prefixes of others."""
    prefixes = {
        prefix: name for node in root.iter() for prefix, name in node.nsmap.items() if prefix and ":" in (path or "")
    }
    try:
        found: Any = root.getroottree().xpath(path, namespaces=prefixes) if path else None
    except etree.XPathError:
        found = None
    return path_of(found[0] if found else root)


def _rule(message: str) -> str:
    """libxml2's sentence without namespaces and without the place, which stands before it."""
    match = _QUOTED.match(message)
    attribute = f"attribute {_NAMESPACE.sub('', match[1])}: " if match and match[1] else ""
    return (attribute + _NAMESPACE.sub("", message[match.end() :] if match else message).strip())[:LONGEST_RULE]
