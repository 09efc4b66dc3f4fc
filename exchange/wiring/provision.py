"""The broker as the directory wants it: who left goes, who came gets an account, changes by hand are undone."""

from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from exchange.directory.snapshot import Directory, UnitEntry
from exchange.errors import InputError
from exchange.settings import Rabbit
from exchange.transport.provisioning import Changes, County, Provisioner, definitions
from exchange.transport.rabbit_healing import Healer
from exchange.transport.rabbit_management import Management, management_at
from exchange.transport.rabbit_state import BrokerState, look
from exchange.transport.rabbit_survey import alarms_of
from exchange.transport.rabbit_topology import hub_layout, unit_layout
from exchange.wiring.places import HubPlace
from exchange.wiring.system import SystemClock

__all__ = [
    "Healer",
    "alarms_at",
    "compare",
    "county_of",
    "definitions",
    "healer",
    "management_of",
    "our_queues",
    "provision",
    "state_of",
]


def provision(place: HubPlace, directory: Directory) -> Changes:
    """Idempotent. Raises InputError where there is no administrator's account of the broker, TransportError."""
    return Provisioner(management_of(place)).reconcile(county_of(place, directory))


def compare(place: HubPlace, directory: Directory) -> Changes:
    """What `provision` would change; nothing is. Raises as `provision`."""
    return Provisioner(management_of(place)).compare(county_of(place, directory))


def state_of(place: HubPlace) -> BrokerState:
    return look(management_of(place), _vhost(place.rabbit()))


def healer(place: HubPlace) -> Healer:
    """Raises InputError as `provision`."""
    management, vhost = management_of(place), _vhost(place.rabbit())
    return Healer(lambda: look(management, vhost), lambda queue: management.delete("queues", vhost, queue))


def alarms_at(place: HubPlace) -> tuple[str, ...]:
    """Node and kind of each alarm of the broker. Raises as `provision`."""
    return alarms_of(management_of(place))


def our_queues(directory: Directory) -> frozenset[str]:
    """Queues that this exchange declares, and may declare anew."""
    units = (entry.unit.code for entry in directory.units if entry.unit.active)
    layouts = (hub_layout(), *map(unit_layout, units))
    return frozenset(queue for layout in layouts for queue in layout.queues)


def management_of(place: HubPlace) -> Management:
    url = place.management()
    if url is None:
        raise InputError(
            "no account of the broker's management is set: `yidi hub provision --out FILE` writes what its "
            "administrator imports",
            code="NO_MANAGEMENT",
        )
    return management_at(url)


def county_of(place: HubPlace, directory: Directory) -> County:
    """Units that may log in now, and the hub.

    Limits: a certificate opens its unit's account by the unit's name, so an earlier one of a unit that has a good key
    again does so too until it expires. It reads that inbox; it signs nothing.

    Raises InputError where the hub's account has no name."""
    now = SystemClock().now()
    rabbit = place.rabbit()
    if not (user := unquote(urlsplit(rabbit.urls[0]).username or "")):
        raise InputError(
            "rabbit.urls: name the hub's account before @; of a certificate it is the common name", code="SETTINGS"
        )
    return County(
        units=tuple(entry.unit.code for entry in directory.units if entry.unit.active and _may_log_in(entry, now)),
        hub_user=user,
        hub_password=_password(rabbit),
        vhost=_vhost(rabbit),
    )


def _vhost(rabbit: Rabbit) -> str:
    return unquote(urlsplit(rabbit.urls[0]).path.removeprefix("/")) or "/"


def _may_log_in(entry: UnitEntry, now: datetime) -> bool:
    """Not when every key it had is revoked or has ended; one that never had any has nothing to log in with."""
    return not entry.keys or any(key.revoked is None and now < key.valid_to for key in entry.keys)


def _password(rabbit: Rabbit) -> str:
    """As the hub logs in by itself; "" by certificate, then no password opens its account."""
    if rabbit.password_file:
        return Path(rabbit.password_file).read_text(encoding="utf-8").strip()
    return unquote(urlsplit(rabbit.urls[0]).password or "")
