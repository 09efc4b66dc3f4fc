"""A county with keys for everybody, the same for the same seed: for tests and simulations, never for a real
exchange.

Every private key follows from the seed, so a failing run can be repeated to the byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from exchange.directory.snapshot import Directory, Group, UnitEntry
from exchange.model.unit import HubId, Level, Unit, UnitCode, UnitKind
from exchange.trust.anchor import Anchor
from exchange.trust.authority import Authority, check_request, request
from exchange.trust.certificates import key_entry
from exchange.trust.keys import SoftwareSigner, insecure_key_from_seed
from exchange.trust.ledgerkey import LedgerSigner

__all__ = ["EXPIRES", "HUB", "ISSUED", "County", "Keys", "county", "unit_code"]

HUB = HubId("hub.520304")
ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES = datetime(2045, 1, 1, tzinfo=UTC)
_DAYS = 7300
_KINDS = tuple(UnitKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Whatever keys a test asks for, each made from the seed and the name."""

    seed: int
    authority: Authority

    @classmethod
    def of(cls, seed: int) -> "Keys":
        key = insecure_key_from_seed(f"{seed}/authority")
        return cls(seed=seed, authority=Authority.create("测试县", ISSUED, days=_DAYS, key=key, serial=1))

    def signer(
        self, owner: str, *, name: str = "单位", generation: int = 1, at: datetime = ISSUED, days: int = _DAYS
    ) -> SoftwareSigner:
        """A key of `owner`; another `generation` is another key, as after a rotation."""
        key = insecure_key_from_seed(f"{self.seed}/{owner}/{generation}")
        asked = check_request(request(owner, name, key), owner)
        return SoftwareSigner(key, self.authority.issue(asked, at, days=days, serial=generation))


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """`signers[code]` signs for a unit, `hub` the hub's receipts, `directory_signer` snapshots of
    `directory`."""

    directory: Directory
    signers: Mapping[UnitCode, SoftwareSigner]
    hub: SoftwareSigner
    directory_signer: SoftwareSigner
    ledger: LedgerSigner
    anchor: Anchor
    keys: Keys

    @property
    def units(self) -> tuple[UnitCode, ...]:
        return tuple(self.signers)


def unit_code(number: int) -> UnitCode:
    """The code of the county's `number`-th unit, from 1."""
    return UnitCode(f"520304-{number:03}")


@lru_cache(maxsize=8)
def county(n_units: int, seed: int = 0) -> County:
    """A county of `n_units` active units, `520304-001` onwards, kinds in turn; group `all` holds every
    one."""
    keys = Keys.of(seed)
    units = [_unit(number) for number in range(1, n_units + 1)]
    signers = {unit.code: keys.signer(unit.code, name=unit.name) for unit in units}
    hub = keys.signer("hub", name="测试县公文交换中心")
    directory_signer = keys.signer("directory", name="测试县公文交换中心")
    ledger = LedgerSigner.insecure_from_seed(HUB, f"{seed}/ledger")
    directory = Directory(
        hub=HUB,
        version=1,
        issued=ISSUED,
        expires=EXPIRES,
        previous=None,
        hub_keys=(key_entry(hub.certificate),),
        ledger_key=str(ledger.verifier),
        units=tuple(UnitEntry(unit=unit, keys=(key_entry(signers[unit.code].certificate),)) for unit in units),
        groups=(
            Group(id="all", name="各单位", kinds=frozenset(UnitKind)),
            Group(id="townships", name="各镇乡", kinds=frozenset({UnitKind.TOWNSHIP})),
        ),
    )
    anchor = Anchor(hub=HUB, directory_certificate=directory_signer.certificate, ledger_key=str(ledger.verifier))
    return County(
        directory=directory,
        signers=MappingProxyType(signers),
        hub=hub,
        directory_signer=directory_signer,
        ledger=ledger,
        anchor=anchor,
        keys=keys,
    )


def _unit(number: int) -> Unit:
    kind = _KINDS[(number - 1) % len(_KINDS)]
    level = Level.TOWNSHIP if kind is UnitKind.TOWNSHIP else Level.COUNTY
    return Unit(code=unit_code(number), name=f"{kind.chinese}第{number}单位", kind=kind, level=level)
