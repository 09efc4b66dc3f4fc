"""Import and enrolment on one machine: the same steps that a node far away takes over the network, in one place.

The key of each unit is made in the node's key store and never leaves it; only its request goes to the hub's side.
"""

from collections.abc import Callable, Sequence

from exchange.directory.snapshot import Directory
from exchange.directory.update import add_group, add_units, default_groups
from exchange.model.unit import Unit, UnitCode
from exchange.ports.acts import Deed, Operator
from exchange.ports.node import NodeStore
from exchange.trust.authority import request
from exchange.trust.keystore import KeyStore
from exchange.wiring.hub import Administration
from exchange.wiring.system import SystemClock

__all__ = ["enroll_here", "import_units"]

Progress = Callable[[int, int], None]


def import_units(administration: Administration, units: Sequence[Unit], deeds: Sequence[Deed] = ()) -> Directory:
    """Add `units` and the usual groups in one directory version; groups that exist already stay as they are."""

    def change(directory: Directory) -> Directory:
        directory = add_units(directory, units)
        for group in default_groups(entry.unit for entry in directory.units):
            if group.id not in directory.by_group:
                directory = add_group(directory, group)
        return directory

    return administration.administrator.change(change, deeds)


def enroll_here(
    administration: Administration,
    keys: KeyStore,
    store: NodeStore,
    units: Sequence[UnitCode],
    progress: Progress = lambda _done, _of: None,
    by: Operator | None = None,
) -> None:
    """Make each unit's key, have all certified in one directory version, and host them on this machine's node.

    A crash anywhere is healed by running it again: a key that waits for its certificate is used again."""
    names = {code: entry.unit.name for code, entry in administration.administrator.current().by_code.items()}
    codes = administration.enroller.invite(units)
    requests = []
    for number, unit in enumerate(units, 1):
        requests.append((unit, codes[unit], request(unit, names[unit], keys.prepare(unit))))
        progress(number, len(units))
    certificates = administration.enroller.enroll(requests, by)
    for unit, certificate in certificates.items():
        keys.install(unit, certificate)
    now = SystemClock().now()
    with store.begin() as session:
        hosted = set(session.units())
        for unit in units:
            if unit not in hosted:
                session.add_unit(unit, now)
