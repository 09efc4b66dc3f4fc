"""Where a one-machine exchange keeps what, under one data directory, and the making of an empty one.

yidi.toml            settings
anchor.json          what every node believes from the start
secrets/passphrase   of the key files; mode 0600
hub/                 hub.sqlite, files/, keys/ (authority, directory, hub, ledger)
node/                node.sqlite, files/, keys/ (one per unit); restored, for a while after a restoring
archive/             the hub's archive files, when there are any
offices/<unit>/      folders of the folder adapter
web.url, api.url     addresses of the running exchange's web face, and of its interface for programs
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exchange.errors import InputError
from exchange.model.unit import HubId
from exchange.settings import MachineSettings, load_machine
from exchange.trust.anchor import Anchor
from exchange.trust.keystore import KeyStore, new_passphrase, read_passphrase
from exchange.wiring.homes import HubHome, NodeHome

__all__ = ["Layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / "yidi.toml"

    @property
    def anchor_file(self) -> Path:
        return self.root / "anchor.json"

    @property
    def hub(self) -> Path:
        return self.root / "hub"

    @property
    def node(self) -> Path:
        return self.root / "node"

    @property
    def offices(self) -> Path:
        return self.root / "offices"

    @property
    def web_url(self) -> Path:
        return self.root / "web.url"

    @property
    def api_url(self) -> Path:
        return self.root / "api.url"

    @property
    def restored_file(self) -> Path:
        """There while a restored node has not asked its hub yet for what came after the backup: its time."""
        return self.node / "restored"

    def restored_since(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self.restored_file.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise InputError(f"{self.restored_file}: expected a time, as in a backup.json", code="SETTINGS") from error

    def hub_database(self) -> str:
        return f"sqlite:///{self.hub / 'hub.sqlite'}"

    def node_database(self) -> str:
        return f"sqlite:///{self.node / 'node.sqlite'}"

    def settings(self) -> MachineSettings:
        """Raises InputError (NO_DATA, SETTINGS)."""
        return load_machine(self.settings_file)

    def anchor(self) -> Anchor:
        try:
            return Anchor.from_json(self.anchor_file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(
                f"{self.anchor_file} is missing: `yidi hub init` did not finish", code="NO_DATA"
            ) from error

    def hub_home(self, settings: MachineSettings) -> HubHome:
        return HubHome(
            id=HubId(settings.hub),
            files=self.hub / "files",
            keys=self.hub_keys(settings),
            timing=settings.hub_timing,
            quota=settings.quota,
            archives=self.root / settings.archive.folder,
            archive=settings.archive,
            keeping=settings.files,
            root=self.root,
        )

    def node_home(self, settings: MachineSettings) -> NodeHome:
        return NodeHome(
            hub=HubId(settings.hub),
            files=self.node / "files",
            keys=self.node_keys(settings),
            anchor=self.anchor(),
            timing=settings.node_timing,
            choice=settings,
            offices=self.offices,
            root=self.root,
        )

    def hub_keys(self, settings: MachineSettings) -> KeyStore:
        return KeyStore(self.hub / "keys", self._passphrase(settings))

    def node_keys(self, settings: MachineSettings) -> KeyStore:
        return KeyStore(self.node / "keys", self._passphrase(settings))

    def make(self, hub: str, name: str) -> MachineSettings:
        """Make the directories, the passphrase and the settings file. Raises InputError when there is an exchange
        already."""
        if self.settings_file.exists():
            raise InputError(f"{self.root} holds an exchange already", code="EXISTS")
        if (self.hub / "hub.sqlite").exists():
            # Going on would write new keys over those that everything in there was signed with.
            raise InputError(
                f"{self.root} holds a hub without {self.settings_file.name}: restore that file, or remove the "
                "directory if it was never finished",
                code="EXISTS",
            )
        settings = MachineSettings(hub=hub, name=name)
        for directory in (self.hub / "keys", self.node / "keys", self.root / "secrets", self.offices):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = self.root / settings.passphrase_file
        if not secret.exists():
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(new_passphrase() + b"\n")
                file.flush()
                os.fsync(file.fileno())  # the keys outlive a power cut, and are worth nothing without it
        return settings

    def write_settings(self, hub: str, name: str) -> None:
        """The last act of making: a directory without it is not an exchange yet."""
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        self.settings_file.write_text(f'hub = "{hub}"\nname = "{quoted}"\n', encoding="utf-8")

    def _passphrase(self, settings: MachineSettings) -> bytes:
        return read_passphrase(self.root / settings.passphrase_file)
