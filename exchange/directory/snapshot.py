"""The directory: units, their keys and groups, at one version. The hub's directory key signs it; nodes accept only
rising versions."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from exchange.errors import InvalidValueError
from exchange.model.text import check_line
from exchange.model.unit import HubId, Level, Unit, UnitCode, UnitKind

__all__ = ["Directory", "Group", "KeyEntry", "Restored", "UnitEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """One key of a unit or of the hub, as its certificate (DER). It may sign what is received from `valid_from` up
    to `valid_to`, and nothing received at or after `revoked`."""

    fingerprint: str
    certificate: bytes = field(repr=False)
    valid_from: datetime
    valid_to: datetime
    revoked: datetime | None = None
    revocation_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEntry:
    unit: Unit
    keys: tuple[KeyEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of units: all that match one of `kinds` and `levels` and lie in `region` (an empty rule matches
    none), plus `members` named by hand. `id` is an ASCII word, `name` is what clerks see (各镇乡)."""

    id: str
    name: str
    kinds: frozenset[UnitKind] = frozenset()
    levels: frozenset[Level] = frozenset()
    region: str = ""
    members: tuple[UnitCode, ...] = ()

    def __post_init__(self) -> None:
        if not self.id.isascii() or not self.id.replace("-", "a").isalnum() or len(self.id) > 60:
            raise InvalidValueError(f"group id {self.id!r}: expected ASCII letters, digits and '-', at most 60")
        check_line("group name", self.name, 100)

    def matches(self, unit: Unit) -> bool:
        if unit.code in self.members:
            return True
        if not (self.kinds or self.levels or self.region):
            return False
        return (
            (not self.kinds or unit.kind in self.kinds)
            and (not self.levels or unit.level in self.levels)
            and unit.code.startswith(self.region)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The administrator's signed word that the hub began again at `at`, from a backup begun at `backup`: what it
    recorded in between it may have lost, and its ledger goes on from `size` entries with this `root`."""

    at: datetime
    backup: datetime
    size: int
    root: bytes
    reason: str

    def __post_init__(self) -> None:
        if self.backup > self.at:
            raise InvalidValueError("restored: the backup is older than the restoring")
        check_line("reason of the restoring", self.reason, 200)

    def voids(self, size: int, given: datetime) -> bool:
        """Whether a checkpoint of `size` that the hub gave at `given` speaks of what this restoring left behind. It
        binds the hub no more; it is no sign of a rewriting either."""
        return size > self.size and given <= self.at


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One version of the county. `previous` is the SHA-256 of the signed snapshot before it; `ledger_key` a C2SP
    verifier key; `restorings` are all there ever were, oldest first."""

    hub: HubId
    version: int
    issued: datetime
    expires: datetime
    previous: str | None
    hub_keys: tuple[KeyEntry, ...]
    ledger_key: str
    units: tuple[UnitEntry, ...] = ()
    groups: tuple[Group, ...] = ()
    restorings: tuple[Restored, ...] = ()

    def __post_init__(self) -> None:
        if self.version < 1 or self.issued >= self.expires:
            raise InvalidValueError("directory: version starts at 1 and it expires after it was issued")
        codes = [entry.unit.code for entry in self.units]
        if codes != sorted(set(codes)):
            raise InvalidValueError("directory: units must be sorted by code, each once")
        groups = [group.id for group in self.groups]
        if groups != sorted(set(groups)):
            raise InvalidValueError("directory: groups must be sorted by id, each once")
        fingerprints = [key.fingerprint for entry in self.units for key in entry.keys]
        fingerprints += [key.fingerprint for key in self.hub_keys]
        if len(set(fingerprints)) != len(fingerprints):
            raise InvalidValueError("directory: one key stands for two owners")

    def voids(self, size: int, given: datetime) -> bool:
        """As `Restored.voids`, of any of them."""
        return any(restored.voids(size, given) for restored in self.restorings)

    def life(self, moment: datetime) -> int:
        """How often the hub had been restored by then."""
        return sum(restored.at < moment for restored in self.restorings)

    @cached_property
    def by_code(self) -> dict[UnitCode, UnitEntry]:
        return {entry.unit.code: entry for entry in self.units}

    @cached_property
    def by_group(self) -> dict[str, Group]:
        return {group.id: group for group in self.groups}

    @cached_property
    def unit_keys(self) -> dict[str, tuple[UnitCode, KeyEntry]]:
        """Fingerprint -> (owner, key), units only."""
        return {key.fingerprint: (entry.unit.code, key) for entry in self.units for key in entry.keys}

    @cached_property
    def hub_key(self) -> dict[str, KeyEntry]:
        return {key.fingerprint: key for key in self.hub_keys}

    def is_active(self, code: UnitCode) -> bool:
        entry = self.by_code.get(code)
        return entry is not None and entry.unit.active

    def members(self, group: Group) -> list[UnitCode]:
        return [entry.unit.code for entry in self.units if entry.unit.active and group.matches(entry.unit)]
