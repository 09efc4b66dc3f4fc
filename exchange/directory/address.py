"""Addresses -> recipients: groups are expanded once, when the document is sent, and the result is frozen and signed.

The sender itself and repeats are dropped; a main recipient wins over a copy; within one role the first address wins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from exchange.directory.snapshot import Directory
from exchange.errors import RefusedError
from exchange.model.envelope import Recipient, RecipientRole
from exchange.model.unit import UnitCode
from exchange.ports.office import Address

__all__ = ["Expansion", "expand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What a clerk sees before sending. `groups`: the group ids used, in the order given."""

    recipients: tuple[Recipient, ...]
    groups: tuple[str, ...]


def expand(directory: Directory, sender: UnitCode, addresses: Iterable[Address]) -> Expansion:
    """Resolve unit codes, unit names, group ids and group names. Raises RefusedError(UNKNOWN_RECIPIENT) naming the
    address."""
    chosen: dict[UnitCode, Recipient] = {}
    groups: list[str] = []
    for address in addresses:
        units, group = _resolve(directory, address.to)
        if group is not None and group not in groups:
            groups.append(group)
        for unit in units:
            if unit == sender:
                continue
            known = chosen.get(unit)
            if known is None or (known.role is RecipientRole.COPY and address.role is RecipientRole.MAIN):
                chosen[unit] = Recipient(
                    unit=unit, role=address.role, print_quota=address.print_quota, paper=address.paper
                )
    if not chosen:
        raise RefusedError("the addresses reach no unit but the sender itself", code="UNKNOWN_RECIPIENT")
    return Expansion(recipients=tuple(chosen[unit] for unit in sorted(chosen)), groups=tuple(groups))


def _resolve(directory: Directory, to: str) -> tuple[list[UnitCode], str | None]:
    if (code := UnitCode(to)) in directory.by_code:
        if not directory.is_active(code):
            raise RefusedError(f"unit {to} is no longer active", code="UNKNOWN_RECIPIENT")
        return [code], None
    for group in directory.groups:
        if to in (group.id, group.name):
            return directory.members(group), group.id
    named = [entry.unit.code for entry in directory.units if entry.unit.name == to and entry.unit.active]
    if len(named) == 1:
        return named, None
    if named:
        raise RefusedError(f"{to!r} names several units: {', '.join(named)}; give the code", code="UNKNOWN_RECIPIENT")
    if closed := [entry.unit.code for entry in directory.units if entry.unit.name == to]:
        raise RefusedError(f"unit {to} ({', '.join(closed)}) is no longer active", code="UNKNOWN_RECIPIENT")
    known = [entry.unit.name for entry in directory.units if entry.unit.active]
    known += [group.name for group in directory.groups]
    near = get_close_matches(to, known, n=3, cutoff=0.5)
    hint = f"; did you mean {'、'.join(near)}?" if near else ""
    raise RefusedError(f"{to!r} is neither a unit nor a group of this directory{hint}", code="UNKNOWN_RECIPIENT")
