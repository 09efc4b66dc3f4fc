"""The changes an administrator makes. Each takes a directory and returns its next contents; signing makes it a version.

Codes are never reused: a unit is deactivated, not removed, and its keys stay for judging what they signed.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from exchange.directory.snapshot import Directory, Group, KeyEntry, UnitEntry
from exchange.errors import InvalidValueError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind

__all__ = ["add_group", "add_key", "add_units", "change_unit", "default_groups", "end_key", "revoke_key"]


def add_units(directory: Directory, units: Iterable[Unit]) -> Directory:
    """Add new units, or replace the attributes of known ones; keys stay."""
    entries = dict(directory.by_code)
    for unit in units:
        known = entries.get(unit.code)
        entries[unit.code] = UnitEntry(unit=unit, keys=known.keys if known else ())
    for entry in entries.values():
        if entry.unit.parent is not None and entry.unit.parent not in entries:
            raise InvalidValueError(f"unit {entry.unit.code}: its parent {entry.unit.parent} is not in the directory")
    return replace(directory, units=tuple(entries[code] for code in sorted(entries)))


def change_unit(directory: Directory, code: UnitCode, *, active: bool) -> Directory:
    entry = _entry(directory, code)
    return _with_entry(directory, replace(entry, unit=replace(entry.unit, active=active)))


def add_key(directory: Directory, code: UnitCode, key: KeyEntry) -> Directory:
    """Give a unit one more key; the others stay valid until their own end, so that what is in flight still verifies."""
    entry = _entry(directory, code)
    if any(known.fingerprint == key.fingerprint for known in entry.keys):
        return directory
    return _with_entry(directory, replace(entry, keys=(*entry.keys, key)))


def end_key(directory: Directory, code: UnitCode, fingerprint: str, at: datetime) -> Directory:
    """The key signs nothing received from `at` on: an ordinary replacement."""
    return _with_key(directory, code, fingerprint, lambda key: replace(key, valid_to=min(key.valid_to, at)))


def revoke_key(directory: Directory, code: UnitCode, fingerprint: str, at: datetime, reason: str) -> Directory:
    """The key is in wrong hands or lost. What the hub received before `at` stands."""
    return _with_key(
        directory, code, fingerprint, lambda key: replace(key, revoked=key.revoked or at, revocation_reason=reason)
    )


def add_group(directory: Directory, group: Group) -> Directory:
    unknown = [member for member in group.members if member not in directory.by_code]
    if unknown:
        raise InvalidValueError(f"group {group.id}: not in the directory: {', '.join(unknown)}")
    groups = {**directory.by_group, group.id: group}
    return replace(directory, groups=tuple(groups[id_] for id_ in sorted(groups)))


def default_groups(units: Iterable[Unit]) -> list[Group]:
    """One group per kind that occurs, one of all townships and one of all units, under the names that offices use."""
    present = list(units)
    groups = [
        Group(id=f"kind-{kind.value}", name=_GROUP_NAMES[kind], kinds=frozenset({kind}))
        for kind in UnitKind
        if any(unit.kind is kind for unit in present)
    ]
    groups.append(Group(id="all", name="各单位", levels=frozenset(Level)))
    return groups


_GROUP_NAMES = {
    UnitKind.PARTY: "区直各党群部门",
    UnitKind.CONGRESS_COURTS: "人大政协及两院",
    UnitKind.GOVERNMENT: "区直各政府部门",
    UnitKind.RESIDENT: "各驻区机构",
    UnitKind.OTHER: "其他各单位",
    UnitKind.TOWNSHIP: "各镇乡",
}


def _entry(directory: Directory, code: UnitCode) -> UnitEntry:
    entry = directory.by_code.get(code)
    if entry is None:
        raise InvalidValueError(f"unit {code} is not in the directory")
    return entry


def _with_entry(directory: Directory, changed: UnitEntry) -> Directory:
    return replace(directory, units=tuple(changed if e.unit.code == changed.unit.code else e for e in directory.units))


def _with_key(
    directory: Directory, code: UnitCode, fingerprint: str, change: Callable[[KeyEntry], KeyEntry]
) -> Directory:
    entry = _entry(directory, code)
    if all(key.fingerprint != fingerprint for key in entry.keys):
        raise InvalidValueError(f"unit {code} has no key {fingerprint}")
    keys = tuple(change(key) if key.fingerprint == fingerprint else key for key in entry.keys)
    return _with_entry(directory, replace(entry, keys=keys))
