"""Where a hub on real servers, and a node far from it, keep what: each in a data directory of its own.

hub.toml or node.toml   settings
anchor.json             what every node believes from the start; a node is given it at its enrolment
secrets/                passphrase of the key files; at the hub also database, management, broker; mode 0600
hub/, node/, offices/   as in a one-machine exchange
tls/                    at the hub: certificates for its HTTP and for the broker, and the authority's (ca.pem)
ca.pem, broker.url      at a node: whom it trusts, and where the hub said the broker is

The database is the hub's PostgreSQL, or a SQLite file of the node's own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from exchange.errors import InputError
from exchange.model.unit import HubId, UnitCode
from exchange.ports.node import NodeStore
from exchange.settings import HubSettings, NodeSettings, Rabbit, load_hub, load_node
from exchange.trust.keystore import KeyStore, read_passphrase
from exchange.wiring.homes import HubHome, NodeHome
from exchange.wiring.layout import Layout
from exchange.wiring.system import SystemClock, SystemIds

if TYPE_CHECKING:
    from exchange.remote.client import HubClient

__all__ = ["HubPlace", "NodePlace", "hosted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPlace:
    """`open` reads the settings. Raises InputError, KeyStoreError."""

    layout: Layout
    settings: HubSettings

    @classmethod
    def open(cls, root: Path) -> "HubPlace":
        return cls(layout=Layout(root), settings=load_hub(root / "hub.toml"))

    @staticmethod
    def is_at(root: Path) -> bool:
        return (root / "hub.toml").exists()

    def home(self) -> HubHome:
        return HubHome(
            id=HubId(self.settings.hub),
            files=self.layout.hub / "files",
            keys=KeyStore(self.layout.hub / "keys", read_passphrase(self.layout.root / self.settings.passphrase_file)),
            timing=self.settings.hub_timing,
            quota=self.settings.quota,
            archives=self.layout.root / self.settings.archive.folder,
            archive=self.settings.archive,
            keeping=self.settings.files,
            root=self.layout.root,
        )

    def database(self) -> str:
        return _line(self.layout.root / self.settings.database_file)

    def snapshot_database(self) -> str:
        """The same, where each transaction sees one moment and writes nothing: for whoever reads all of it."""
        url = self.database()
        if not url.startswith("postgresql"):
            return url
        options = quote("-c default_transaction_isolation=serializable -c default_transaction_read_only=on")
        return f"{url}{'&' if '?' in url else '?'}options={options}"

    def management(self) -> str | None:
        """URL of the broker's management, or None where only an administrator may touch the broker."""
        path = self.layout.root / self.settings.management_file
        return _line(path) if path.is_file() else None

    def rabbit(self) -> Rabbit:
        return _resolved(self.settings.rabbit, self.layout.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlace:
    """As `HubPlace`."""

    layout: Layout
    settings: NodeSettings

    @classmethod
    def open(cls, root: Path) -> "NodePlace":
        return cls(layout=Layout(root), settings=load_node(root / "node.toml"))

    @staticmethod
    def is_at(root: Path) -> bool:
        return (root / "node.toml").exists()

    @property
    def broker_file(self) -> Path:
        return self.layout.root / "broker.url"

    @property
    def ca_file(self) -> Path:
        return self.layout.root / self.settings.ca_file

    def keys(self) -> KeyStore:
        return KeyStore(self.layout.node / "keys", read_passphrase(self._passphrase_file))

    def home(self) -> NodeHome:
        anchor = self.layout.anchor()
        return NodeHome(
            hub=anchor.hub,
            files=self.layout.node / "files",
            keys=self.keys(),
            anchor=anchor,
            timing=self.settings.node_timing,
            choice=self.settings,
            offices=self.layout.offices,
            root=self.layout.root,
        )

    def client(self) -> "HubClient":
        from exchange.remote.client import HubClient  # noqa: PLC0415  # no command at a hub waits for HTTP to load

        return HubClient(
            self.settings.hub_url,
            keys=self.keys().signer,
            clock=SystemClock(),
            ids=SystemIds(),
            ca_file=self.ca_file,
        )

    def rabbit(self, unit: UnitCode) -> Rabbit:
        """The account of `unit`: it logs in with the certificate that it signs with."""
        return Rabbit(
            **self.settings.broker_line.model_dump(),
            urls=self.settings.broker_urls or (_line(self.broker_file),),
            ca_file=str(self.ca_file),
            certificate_file=str(self.layout.node / "keys" / f"{unit}.pem"),
            key_passphrase_file=str(self._passphrase_file),
        )

    @property
    def _passphrase_file(self) -> Path:
        return self.layout.root / self.settings.passphrase_file


def hosted(store: NodeStore) -> tuple[UnitCode, ...]:
    with store.begin() as session:
        return tuple(session.units())


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", code="SETTINGS") from error


def _resolved(rabbit: Rabbit, root: Path) -> Rabbit:
    names = ("password_file", "ca_file", "certificate_file", "key_file", "key_passphrase_file")
    return rabbit.model_copy(update={name: str(root / value) for name in names if (value := getattr(rabbit, name))})
