"""Manifest of a carry package <-> its canonical body (namespace `urn:yidi:carry:1`, `schemas/carry-1.xsd`).

Not here: whether its parts are what it says (`exchange.services.carry.package`).
"""

from exchange.codec.canonical import element, moment
from exchange.codec.kind import DocumentKind
from exchange.codec.reader import Fields, read_body
from exchange.model.carry import Carry, CarryId, Part, Way
from exchange.model.unit import UnitCode

__all__ = ["decode", "encode"]


def encode(carry: Carry) -> bytes:
    """The body to sign: exclusive C14N, so the same manifest always gives the same bytes."""
    return "".join(
        (
            f'<Carry xmlns="{DocumentKind.CARRY.namespace}" Id="c-{carry.id}" version="1">',
            element("Hub", carry.hub),
            element("Unit", carry.unit),
            element("Way", carry.way.value),
            element("Made", moment(carry.made)),
            element("Whole", "true" if carry.whole else "false"),
            *[
                f'<Part name="{part.name}" sha256="{part.sha256}" size="{part.size}"></Part>'
                for part in carry.parts
            ],
            "</Carry>",
        )
    ).encode()  # fmt: skip


def decode(body: bytes) -> Carry:
    """Read a body. Raises XmlError (code of the rule broken, or SCHEMA) and LimitError."""
    return read_body(body, DocumentKind.CARRY, _read)


def _read(fields: Fields, id_in_root: str) -> Carry:
    return Carry(
        id=CarryId(id_in_root),
        hub=fields.text("Hub"),
        unit=UnitCode(fields.text("Unit")),
        way=Way(fields.text("Way")),
        made=fields.moment("Made"),
        whole=fields.flag("Whole"),
        parts=tuple(
            Part(name=node.get("name", ""), size=int(node.get("size", "")), sha256=node.get("sha256", ""))
            for node in fields.many("Part")
        ),
    )
