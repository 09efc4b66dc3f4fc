"""Who takes part: five units on nodes, an attacker who is a unit like any other, and every key they will ever use.

The same for all seeds, and made once in a process.
"""

from dataclasses import replace
from functools import cache

from exchange.directory.snapshot import Directory, Group
from exchange.model.unit import UnitCode
from exchange.ports.records import DirectoryRecord
from exchange.testing.clock import FakeClock
from exchange.testing.keys import County, county
from exchange.trust.digest import sha256_hex
from exchange.trust.keys import SoftwareSigner
from exchange.trust.sign import sign_directory

__all__ = ["ATTACKER", "COUNTY", "GROUP", "MAX_UNITS", "first_directory", "signer"]

MAX_UNITS = 6
COUNTY: County = county(MAX_UNITS + 1)
ATTACKER = COUNTY.units[MAX_UNITS]
GROUP = "hosted"


@cache
def signer(unit: UnitCode, generation: int) -> SoftwareSigner:
    """A unit's n-th key, from 1."""
    return COUNTY.signers[unit] if generation == 1 else COUNTY.keys.signer(unit, generation=generation)


@cache
def first_directory(hosted: int) -> DirectoryRecord:
    """Version 1, with a group of all units that have a node."""
    members = Group(id=GROUP, name="各单位办公室", members=COUNTY.units[:hosted])
    groups = tuple(sorted((*COUNTY.directory.groups, members), key=lambda group: group.id))
    directory: Directory = replace(COUNTY.directory, groups=groups)
    document = sign_directory(directory, COUNTY.directory_signer)
    return DirectoryRecord(version=1, digest=sha256_hex(document), document=document, stored=FakeClock().now())
