"""Who may do what on RabbitMQ, from the units of a county: accounts, permissions, limits, exchanges, queues, policies.

    County           what the broker must hold: units, the hub's account, limits
    definitions()    that, in RabbitMQ's own format: for a broker that only an administrator may touch
    Provisioner      compares it with what the broker holds and changes what differs

A unit's account may write its own `in.<unit>`, read its own `inbox.<unit>`, and configure nothing; it has no password
unless given one, and logs in by its certificate, whose common name is the unit. The hub's account may write `out` and
`aside` and read what units send and what it has put aside. Who left loses account, connections, exchange and inbox.

Compared whole and changed by difference: running it twice changes nothing, and what somebody changed by hand comes
back. Accounts that are not units', and whatever else the broker holds, are never touched.

Limits: a queue whose arguments differ cannot be changed in place; it is reported in `Changes.conflicts`. Importing a
file only adds: who left must be removed by hand (`rabbitmqctl delete_user`).
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exchange.errors import InvalidValueError
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.topology import ASIDE, ASIDE_KEYS, DEAD, OUT, Lane, in_exchange, inbox_queue, work_queue
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbit_topology import Binding, hub_layout, queue_arguments, unit_layout

__all__ = ["Changes", "County", "Limits", "Provisioner", "definitions"]

_IN, _INBOX = in_exchange(UnitCode("")), inbox_queue(UnitCode(""))
_PRESENCE_BYTES = 8192  # of one, at most four times what it takes
_NEVER = 1_000_000_000
_HASHING = "rabbit_password_hashing_sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one account or queue may take up. A full queue refuses; its senders keep what it refused."""

    connections: int = 4
    channels: int = 16
    inbox_messages: int = 100_000
    inbox_bytes: int = 2 << 30
    work_messages: int = 1_000_000
    work_bytes: int = 8 << 30
    presences: int = 10_000  # three of each unit of the largest county: what is older than that counts no more
    deliveries: int = 100  # of one message, before it counts as poison; each lost connection costs one


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """`passwords`: units that log in by password, for trials without certificates; the others cannot, nor can a hub
    whose `hub_password` is empty: their certificates open their accounts."""

    units: tuple[UnitCode, ...]
    hub_user: str
    hub_password: str = field(repr=False)
    vhost: str = "/"
    limits: Limits = Limits()
    passwords: Mapping[UnitCode, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What was changed, in names such as `user 520304-001`."""

    set: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def definitions(county: County) -> bytes:
    """For `rabbitmqctl import_definitions` or the broker's `load_definitions`: idempotent, and it only adds."""
    whole = {"vhosts": [{"name": county.vhost}], **_desired(county, {})}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


class Provisioner:
    """With an administrator's account. One at a time per broker; two do no harm but work."""

    def __init__(self, management: Management) -> None:
        self._management = management

    def reconcile(self, county: County) -> Changes:
        if not any(one["name"] == county.vhost for one in self._management.get("vhosts")):
            self._management.put("vhosts", county.vhost)
        actual = self._management.get("definitions")
        departed = _departed(actual, county)
        for section, path in departed:
            self._management.delete(section, *path)
        missing, conflicts = _differences(actual, county)
        if missing:
            self._management.post("definitions", body=missing)
        return _changes(departed, missing, conflicts)

    def compare(self, county: County) -> Changes:
        """What `reconcile` would change; nothing is."""
        actual = self._management.get("definitions")
        return _changes(_departed(actual, county), *_differences(actual, county))


_Path = tuple[str, ...]


def _changes(
    departed: Sequence[tuple[str, _Path]], missing: Mapping[str, list[Any]], conflicts: Sequence[str]
) -> Changes:
    return Changes(
        set=tuple(_named(section, item) for section, items in missing.items() for item in items),
        removed=tuple(f"{section.removesuffix('s')} {' '.join(path)}" for section, path in departed),
        conflicts=tuple(conflicts),
    )


def _departed(actual: Mapping[str, list[Any]], county: County) -> list[tuple[str, _Path]]:
    """What is to be deleted, as section and path. Accounts first: that closes their connections, so nothing is read or
    written while the rest goes."""
    present = set(county.units)
    users = (user["name"] for user in actual["users"])
    departed: list[tuple[str, _Path]] = [("users", (name,)) for name in users if _is_unit(name) and name not in present]
    for section, prefix in (("exchanges", _IN), ("queues", _INBOX)):
        for item in actual[section]:
            owner = item["name"].removeprefix(prefix)
            is_ours = item["vhost"] == county.vhost and item["name"].startswith(prefix)
            if is_ours and _is_unit(owner) and owner not in present:
                departed.append((section, (county.vhost, item["name"])))
    return departed


def _differences(actual: Mapping[str, list[Any]], county: County) -> tuple[dict[str, list[Any]], list[str]]:
    """What is missing or differs, by section; and what cannot be changed in place."""
    hashes = {user["name"]: user["password_hash"] for user in actual["users"]}
    missing: dict[str, list[Any]] = {}
    conflicts = []
    for section, items in _desired(county, hashes).items():
        held = {_identity(section, item): item for item in actual.get(section, [])}
        for item in items:
            found = held.get(_identity(section, item))
            if found is not None and _fits(section, item, found):
                continue
            if found is not None and section in {"queues", "exchanges"}:
                conflicts.append(_named(section, item))
            else:
                missing.setdefault(section, []).append(item)
    return missing, conflicts


def _desired(county: County, hashes: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """`hashes` are those the broker has: a hash is salted, and one that fits the password is kept as it is."""
    exchanges, queues, bindings = [], [], []
    for layout in (hub_layout(), *map(unit_layout, county.units)):
        exchanges += [_exchange(county.vhost, name, kind) for name, kind in layout.exchanges.items()]
        queues += [_queue(county.vhost, name) for name in layout.queues]
        bindings += [_binding(county.vhost, binding) for binding in layout.bindings]
    units = [_unit_user(county, unit, hashes) for unit in county.units]
    hub = _user(county.hub_user, county.hub_password, hashes, {})
    return {
        "users": [hub, *units],
        "permissions": [_hub_permission(county), *(_unit_permission(county.vhost, unit) for unit in county.units)],
        "policies": _policies(county),
        "exchanges": exchanges,
        "queues": queues,
        "bindings": bindings,
    }


def _unit_user(county: County, unit: UnitCode, hashes: Mapping[str, str]) -> dict[str, Any]:
    limits = {"max-connections": county.limits.connections, "max-channels": county.limits.channels}
    return _user(unit, county.passwords.get(unit, ""), hashes, limits)


def _user(name: str, password: str, hashes: Mapping[str, str], limits: Mapping[str, int]) -> dict[str, Any]:
    known = hashes.get(name, "")
    hashed = "" if not password else known if _is_of(password, known) else _hash(password, secrets.token_bytes(4))
    return {
        "name": name,
        "password_hash": hashed,
        "hashing_algorithm": _HASHING,
        "tags": [],
        "limits": dict(limits),
    }


def _hash(password: str, salt: bytes) -> str:
    # rabbit_password_hashing_sha256: a salt of four bytes, then SHA-256 of salt and password.
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _is_of(password: str, hashed: str) -> bool:
    return secrets.compare_digest(_hash(password, base64.b64decode(hashed)[:4]), hashed)


def _unit_permission(vhost: str, unit: UnitCode) -> dict[str, str]:
    own, inbox = re.escape(in_exchange(unit)), re.escape(inbox_queue(unit))
    return {"user": unit, "vhost": vhost, "configure": "^$", "write": f"^{own}$", "read": f"^{inbox}$"}


def _hub_permission(county: County) -> dict[str, str]:
    return {
        "user": county.hub_user,
        "vhost": county.vhost,
        "configure": "^$",
        "write": f"^({OUT}|{ASIDE})$",
        "read": rf"^(work\..*|{DEAD})$",
    }


def _policies(county: County) -> list[dict[str, Any]]:
    limits = county.limits
    work = {"max-length": limits.work_messages, "max-length-bytes": limits.work_bytes}
    # All of these together may take up as much as one lane.
    aside = {"max-length": limits.work_messages, "max-length-bytes": limits.work_bytes // len(ASIDE_KEYS)}
    presence = {"max-length": limits.presences, "max-length-bytes": limits.presences * _PRESENCE_BYTES}
    inbox = {"max-length": limits.inbox_messages, "max-length-bytes": limits.inbox_bytes}
    dead = {"max-length": limits.work_messages, "max-length-bytes": limits.work_bytes, "overflow": "reject-publish"}
    # Behind it there is nothing: at its delivery limit, which 4.x sets to 20 where no policy does, a message would be
    # deleted, and somebody who looks into it often enough reaches that.
    dead |= {"delivery-limit": _NEVER}
    bounded = {"delivery-limit": limits.deliveries}
    return [
        _policy(county.vhost, "yidi-work", r"^work\.", {**work, **bounded}),
        _policy(county.vhost, "yidi-aside", r"^work\.aside\.", {**aside, **bounded}, priority=20),
        _policy(
            county.vhost,
            "yidi-presence",
            rf"^{re.escape(work_queue(Lane.PRESENCE))}$",
            {**presence, **bounded},
            priority=20,
        ),
        _policy(county.vhost, "yidi-inbox", r"^inbox\.", {**inbox, **bounded}),
        _policy(county.vhost, "yidi-dead", f"^{DEAD}$", dead),
    ]


def _policy(vhost: str, name: str, pattern: str, definition: dict[str, Any], *, priority: int = 10) -> dict[str, Any]:
    common = {"vhost": vhost, "name": name, "apply-to": "queues", "priority": priority}
    return {**common, "pattern": pattern, "definition": definition}


def _exchange(vhost: str, name: str, kind: str) -> dict[str, Any]:
    flags = {"durable": True, "auto_delete": False, "internal": False}
    return {"name": name, "vhost": vhost, "type": kind, **flags, "arguments": {}}


def _queue(vhost: str, name: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": queue_arguments(name)}


def _binding(vhost: str, binding: Binding) -> dict[str, Any]:
    return {
        "source": binding.source,
        "vhost": vhost,
        "destination": binding.destination,
        "destination_type": "exchange" if binding.to_exchange else "queue",
        "routing_key": binding.key,
        "arguments": {},
    }


_IDENTITIES = {
    "users": ("name",),
    "permissions": ("vhost", "user"),
    "bindings": ("vhost", "source", "destination_type", "destination", "routing_key"),
}


def _identity(section: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(item[key] for key in _IDENTITIES.get(section, ("vhost", "name")))


def _fits(section: str, desired: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Everything desired is there; what the broker adds of its own does not count."""
    normal = dict(found)
    if section == "users" and isinstance(normal.get("tags"), str):  # a comma-separated string before 3.9
        normal["tags"] = [tag for tag in normal["tags"].split(",") if tag]
    return all(normal.get(key) == value for key, value in desired.items())


def _named(section: str, item: Mapping[str, Any]) -> str:
    return f"{section.removesuffix('s') if section != 'policies' else 'policy'} {' '.join(_identity(section, item))}"


def _is_unit(name: str) -> bool:
    try:
        parse_unit_code(name)
    except InvalidValueError:
        return False
    return True
