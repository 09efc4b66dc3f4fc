"""Directory <-> its canonical body (namespace `urn:yidi:directory:1`, `schemas/directory-1.xsd`).

Not here: whether a snapshot may replace the one held (`exchange.trust`).
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable

from exchange.codec.canonical import element, moment, optional
from exchange.codec.guard import parse
from exchange.codec.kind import DocumentKind
from exchange.codec.reader import Fields, read_body
from exchange.codec.schema import validate
from exchange.directory.snapshot import Directory, Group, KeyEntry, Restored, UnitEntry
from exchange.errors import XmlError
from exchange.model.unit import HubId, Level, Unit, UnitCode, UnitKind

__all__ = ["decode", "encode"]


def encode(directory: Directory) -> bytes:
    """The body to sign. Raises XmlError (SCHEMA) for what the schema refuses: nobody could read it."""
    body = "".join(
        (
            f'<Directory xmlns="{DocumentKind.DIRECTORY.namespace}" Id="d-{directory.version}" version="1">',
            element("Hub", directory.hub),
            f"<DirectoryVersion>{directory.version}</DirectoryVersion>",
            element("Issued", moment(directory.issued)),
            element("Expires", moment(directory.expires)),
            optional("Previous", directory.previous),
            element("LedgerKey", directory.ledger_key),
            f"<HubKeys>{_write_keys(directory.hub_keys)}</HubKeys>",
            f"<Units>{''.join([_write_unit(entry) for entry in directory.units])}</Units>",
            f"<Groups>{''.join([_write_group(group) for group in directory.groups])}</Groups>",
            *(_write_restored(restored) for restored in directory.restorings),
            "</Directory>",
        )
    ).encode()
    # Rare and read by everybody: worth reading once before it is signed.
    validate(parse(body, DocumentKind.DIRECTORY), DocumentKind.DIRECTORY)
    return body


def _write_keys(keys: tuple[KeyEntry, ...]) -> str:
    return "".join([_write_key(key) for key in keys])


def _write_key(key: KeyEntry) -> str:
    return "".join(
        (
            "<Key>",
            element("Fingerprint", key.fingerprint),
            element("ValidFrom", moment(key.valid_from)),
            element("ValidTo", moment(key.valid_to)),
            optional("Revoked", None if key.revoked is None else moment(key.revoked)),
            optional("RevocationReason", key.revocation_reason),
            element("Certificate", b64encode(key.certificate).decode()),
            "</Key>",
        )
    )


def _write_unit(entry: UnitEntry) -> str:
    unit = entry.unit
    return "".join(
        (
            "<Unit>",
            element("Code", unit.code),
            element("Name", unit.name),
            element("Kind", unit.kind.value),
            element("Level", unit.level.value),
            optional("CreditCode", unit.credit_code),
            optional("Parent", unit.parent),
            element("Active", "true" if unit.active else "false"),
            _write_keys(entry.keys),
            "</Unit>",
        )
    )


def _write_group(group: Group) -> str:
    return "".join(
        (
            "<Group>",
            element("GroupId", group.id),
            element("Name", group.name),
            _repeated("Kind", sorted(group.kinds)),
            _repeated("Level", sorted(group.levels)),
            optional("Region", group.region or None),
            _repeated("Member", group.members),
            "</Group>",
        )
    )


def _write_restored(restored: Restored) -> str:
    return "".join(
        (
            "<Restored>",
            element("At", moment(restored.at)),
            element("Backup", moment(restored.backup)),
            f"<LedgerSize>{restored.size}</LedgerSize>",
            element("LedgerRoot", restored.root.hex()),
            element("Reason", restored.reason),
            "</Restored>",
        )
    )


def _repeated(name: str, values: Iterable[str]) -> str:
    return "".join([element(name, value) for value in values])


def decode(body: bytes) -> Directory:
    """Read a body. Raises XmlError (code of the rule broken, or SCHEMA) and LimitError."""
    return read_body(body, DocumentKind.DIRECTORY, _read)


def _read(fields: Fields, id_in_root: str) -> Directory:
    version = fields.text("DirectoryVersion")
    if version != id_in_root:
        raise XmlError("Directory: its Id is not 'd-' and its DirectoryVersion", code="SCHEMA")
    return Directory(
        hub=HubId(fields.text("Hub")),
        version=int(version),
        issued=fields.moment("Issued"),
        expires=fields.moment("Expires"),
        previous=fields.optional("Previous"),
        hub_keys=_read_keys(fields.fields("HubKeys")),
        ledger_key=fields.text("LedgerKey"),
        units=tuple([_read_unit(unit) for unit in fields.fields("Units").each("Unit")]),
        groups=tuple([_read_group(group) for group in fields.fields("Groups").each("Group")]),
        restorings=tuple([_read_restored(restored) for restored in fields.each("Restored")]),
    )


def _read_keys(fields: Fields) -> tuple[KeyEntry, ...]:
    return tuple(
        KeyEntry(
            fingerprint=key.text("Fingerprint"),
            certificate=b64decode(key.text("Certificate"), validate=True),
            valid_from=key.moment("ValidFrom"),
            valid_to=key.moment("ValidTo"),
            revoked=key.optional_moment("Revoked"),
            revocation_reason=key.optional("RevocationReason"),
        )
        for key in fields.each("Key")
    )


def _read_unit(fields: Fields) -> UnitEntry:
    parent = fields.optional("Parent")
    unit = Unit(
        code=UnitCode(fields.text("Code")),
        name=fields.text("Name"),
        kind=UnitKind(fields.text("Kind")),
        level=Level(fields.text("Level")),
        credit_code=fields.optional("CreditCode"),
        parent=None if parent is None else UnitCode(parent),
        active=fields.flag("Active"),
    )
    return UnitEntry(unit=unit, keys=_read_keys(fields))


def _read_group(fields: Fields) -> Group:
    return Group(
        id=fields.text("GroupId"),
        name=fields.text("Name"),
        kinds=frozenset(UnitKind(kind) for kind in fields.texts("Kind")),
        levels=frozenset(Level(level) for level in fields.texts("Level")),
        region=fields.optional("Region") or "",
        members=tuple(UnitCode(code) for code in fields.texts("Member")),
    )


def _read_restored(fields: Fields) -> Restored:
    return Restored(
        at=fields.moment("At"),
        backup=fields.moment("Backup"),
        size=int(fields.text("LedgerSize")),
        root=bytes.fromhex(fields.text("LedgerRoot")),
        reason=fields.text("Reason"),
    )
