"""Making a hub for RabbitMQ and PostgreSQL, and a node that will enrol with one.

A hub's settings file is written when its keys and its first directory stand: without it there is no hub yet. Every
secret is a file of its own, readable by its owner alone.
"""

import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from exchange.errors import InputError
from exchange.model.text import check_line
from exchange.model.unit import HubId, UnitCode, parse_hub_id
from exchange.ports.telemetry import Log
from exchange.remote.client import HubClient
from exchange.remote.enrolment import enroll
from exchange.settings import Archive, FileKeeping, HubTiming, Quota
from exchange.storage import open_hub_store, open_node_store
from exchange.trust.keystore import KeyStore, new_passphrase, read_passphrase
from exchange.wiring.homes import HubHome
from exchange.wiring.hub import make_hub
from exchange.wiring.layout import Layout
from exchange.wiring.places import HubPlace, NodePlace
from exchange.wiring.system import SystemClock
from exchange.wiring.tls import write_tls

__all__ = ["HubPlan", "enroll_far", "found_hub", "found_node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPlan:
    """`broker`: amqp(s)://user:password@host:port/vhost of the hub's account; without a password one is made.
    `url`, `broker_tls`: as nodes reach the hub and the broker, https://host:port and host:port."""

    hub: str
    name: str
    database: str = field(repr=False)
    broker: str = field(repr=False)
    management: str | None = field(repr=False)
    url: str
    broker_tls: str


def found_hub(root: Path, plan: HubPlan, log: Log) -> HubPlace:
    """Keys, authority, TLS certificates, the database's schema, directory version 1, settings. Raises InputError when
    there is an exchange already, StorageError."""
    parse_hub_id(plan.hub)
    check_line("name", plan.name, 100)
    account, web, broker = _account(plan.broker), _address(plan.url), _address(f"//{plan.broker_tls}")
    if any((root / name).exists() for name in ("hub.toml", "node.toml", "yidi.toml")):
        raise InputError(f"{root} holds an exchange already", code="EXISTS")
    store = open_hub_store(plan.database)  # first: the likeliest to fail, and nothing is made yet
    try:
        with store.begin() as session:
            if session.directory_version():
                # Going on would write new keys over those that everything in there was signed with.
                raise InputError("this database is a hub's already: give an empty one", code="EXISTS")
        layout = Layout(root)
        passphrase = _make_folders(root, layout.hub / "keys", layout.hub / "files", root / "tls")
        _write_secret(root / "secrets" / "database", plan.database)
        _write_secret(root / "secrets" / "broker", account.password)
        if plan.management is not None:
            _write_secret(root / "secrets" / "management", plan.management)
        keys = KeyStore(layout.hub / "keys", passphrase)
        home = HubHome(
            id=HubId(plan.hub),
            files=layout.hub / "files",
            keys=keys,
            timing=HubTiming(),
            quota=Quota(),
            archives=root / Archive().folder,
            archive=Archive(),
            keeping=FileKeeping(),
            root=root,
        )
        anchor = make_hub(home, plan.name, store, log)
    finally:
        store.close()
    layout.anchor_file.write_text(anchor.to_json(), encoding="utf-8")
    write_tls(root / "tls", keys.authority(), web[0], broker, SystemClock().now())
    (root / "hub.toml").write_text(_hub_toml(plan, account.url, web, broker), encoding="utf-8")
    return HubPlace.open(root)


def found_node(root: Path, hub_url: str, ca_file: Path, office: str) -> NodePlace:
    """An empty node. Raises InputError when there is an exchange already, or for an address that is none."""
    if any((root / name).exists() for name in ("hub.toml", "node.toml", "yidi.toml")):
        raise InputError(f"{root} holds an exchange already", code="EXISTS")
    _address(hub_url)
    layout = Layout(root)
    _make_folders(root, layout.node / "keys", layout.offices)
    try:
        shutil.copyfile(ca_file, root / "ca.pem")
    except OSError as error:
        raise InputError(f"{ca_file}: {error.strerror}", code="HUB_CA") from error
    (root / "node.toml").write_text(f"hub_url = {json.dumps(hub_url)}\noffice = {json.dumps(office)}\n", "utf-8")
    return NodePlace.open(root)


def enroll_far(place: NodePlace, unit: UnitCode, name: str, code: str) -> None:
    """Make the unit's key, have it certified against its one-time code, and host it. May be repeated."""
    keys, clock = place.keys(), SystemClock()
    anchor = place.layout.anchor() if place.layout.anchor_file.exists() else None
    client: HubClient = place.client()
    with client:
        enrolled = enroll(client, unit, name, code, keys, clock, anchor=anchor)
    vhost = quote(enrolled.broker_virtual_host, safe="")
    address = f"amqps://{enrolled.broker_host}:{enrolled.broker_port}/{vhost}"
    place.layout.anchor_file.write_text(enrolled.anchor.to_json(), encoding="utf-8")
    place.broker_file.write_text(address + "\n", encoding="utf-8")
    store = open_node_store(place.layout.node_database())
    try:
        with store.begin() as session:
            if unit not in session.units():
                session.add_unit(unit, clock.now())
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class _Account:
    url: str
    password: str = field(repr=False)


def _account(broker: str) -> _Account:
    parts = urlsplit(broker)
    if parts.scheme not in {"amqp", "amqps"} or not parts.username or not parts.hostname:
        raise InputError("broker URL: expected amqp(s)://user:password@host:port/vhost", code="SETTINGS")
    where = parts.netloc.rpartition("@")[2]
    return _Account(
        url=f"{parts.scheme}://{parts.username}@{where}{parts.path or '/%2F'}",
        password=unquote(parts.password) if parts.password else secrets.token_urlsafe(24),
    )


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        raise InputError(f"{url}: expected a host and a port", code="SETTINGS")
    return parts.hostname, port


def _make_folders(root: Path, *folders: Path) -> bytes:
    """With a new passphrase for the keys, unless a making that was cut short left one."""
    for folder in (root / "secrets", *folders):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    passphrase = root / "secrets" / "passphrase"
    if not passphrase.exists():
        _write_secret(passphrase, new_passphrase().decode("ascii"))
    return read_passphrase(passphrase)


def _write_secret(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _hub_toml(plan: HubPlan, account_url: str, web: tuple[str, int], broker: tuple[str, int]) -> str:
    vhost = unquote(urlsplit(account_url).path.removeprefix("/")) or "/"
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in (
        ("hub", plan.hub), ("name", plan.name), ("account", account_url), ("url", plan.url), ("host", web[0]),
        ("broker", broker[0]), ("vhost", vhost),
    )}  # fmt: skip
    return f"""hub = {quoted["hub"]}
name = {quoted["name"]}

[rabbit]
urls = [{quoted["account"]}]
password_file = "secrets/broker"

[http]
url = {quoted["url"]}
host = {quoted["host"]}
port = {web[1]}
certificate_file = "tls/hub.pem"
key_file = "tls/hub.key"

[http.broker]
host = {quoted["broker"]}
port = {broker[1]}
virtual_host = {quoted["vhost"]}

[workers]
router = 1
acknowledger = 1
clock = 1
"""
