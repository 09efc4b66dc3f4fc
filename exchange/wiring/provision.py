"""The broker as the directory wants it: who left goes, who came gets an account, changes by hand are undone."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from exchange.directory.snapshot import Directory
from exchange.errors import InputError
from exchange.settings import Rabbit
from exchange.transport.provisioning import Changes, County, Provisioner, definitions
from exchange.transport.rabbit_management import Management
from exchange.wiring.places import HubPlace

__all__ = ["county_of", "definitions", "provision"]


def provision(place: HubPlace, directory: Directory) -> Changes:
    """Idempotent. Raises InputError where there is no administrator's account of the broker, TransportError."""
    url = place.management()
    if url is None:
        raise InputError(
            "no account of the broker's management is set: `yidi hub provision --out FILE` writes what its "
            "administrator imports",
            code="NO_MANAGEMENT",
        )
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    management = Management(host, unquote(parts.username or ""), unquote(parts.password or ""))
    return Provisioner(management).reconcile(county_of(place, directory))


def county_of(place: HubPlace, directory: Directory) -> County:
    rabbit = place.rabbit()
    parts = urlsplit(rabbit.urls[0])
    return County(
        units=tuple(entry.unit.code for entry in directory.units if entry.unit.active),
        hub_user=unquote(parts.username or ""),
        hub_password=_password(rabbit),
        vhost=unquote(parts.path.removeprefix("/")) or "/",
    )


def _password(rabbit: Rabbit) -> str:
    return Path(rabbit.password_file).read_text(encoding="utf-8").strip()
