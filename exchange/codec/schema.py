"""The XSDs: where they are, compiled on first use, and what a fault in them reads like.

Schemas come from this installation alone; a document's schemaLocation is never looked at.
Limits: one compiled copy per thread, as lxml's validators keep their error log in the object.
"""

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from exchange.codec.guard import path_of
from exchange.codec.kind import DocumentKind
from exchange.errors import XmlError

__all__ = ["Fault", "faults", "schema_folder", "validate"]

_NAMESPACE = re.compile(r"\{[^}]*\}")
_QUOTED = re.compile(r"^Element '[^']*'(?:, attribute '([^']*)')?: (?:\[[^\]]*\] )?")


class _Local(threading.local):
    def __init__(self) -> None:
        self.schemas: dict[DocumentKind, etree.XMLSchema] = {}


_local = _Local()


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
        schema = _local.schemas[kind] = etree.XMLSchema(etree.parse(path, parser))
    return schema


def validate(root: etree._Element, kind: DocumentKind) -> None:
    """Raises XmlError (SCHEMA) naming the first fault."""
    if not _schema(kind).validate(root):
        first = faults(root, kind)[0]
        raise XmlError(f"{first.path}: {first.rule}", code="SCHEMA")


@dataclass(frozen=True, slots=True)
class Fault:
    """One schema fault: the line, the element path and the rule it breaks."""

    line: int
    path: str
    rule: str


def faults(root: etree._Element, kind: DocumentKind) -> list[Fault]:
    """Every fault the schema finds in `root`."""
    schema = _schema(kind)
    schema.validate(root)
    entries: Any = schema.error_log  # its stubs do not know that it can be walked
    return [Fault(entry.line, _place(root, entry.path), _rule(entry.message)) for entry in entries]


def _place(root: etree._Element, path: str | None) -> str:
    """libxml2's path counts elements without naming those of a default namespace."""
    found: Any = root.getroottree().xpath(path) if path else None
    return path_of(found[0] if found else root)


def _rule(message: str) -> str:
    """libxml2's sentence without namespaces and without the place, which stands before it."""
    match = _QUOTED.match(message)
    attribute = f"attribute {_NAMESPACE.sub('', match[1])}: " if match and match[1] else ""
    return attribute + _NAMESPACE.sub("", message[match.end() :] if match else message).strip()
