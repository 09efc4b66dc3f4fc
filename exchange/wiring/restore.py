"""A backup brought back into an empty data directory, and into an empty database.

(1) every byte of the backup is held against its manifest; (2) nothing is in the way; (3) secrets, files, databases;
(4) a hub declares, signed with the directory key, that it begins again from this backup; a node notes since when it
must ask its hub again; (5) the settings file: without it there is no exchange, so what was cut short is begun anew.

Not here: how a backup is made (`exchange.wiring.backup`).
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.codec.read import read_directory
from exchange.directory.snapshot import Directory
from exchange.errors import InputError
from exchange.model.text import check_line
from exchange.ports.acts import Deed, Operator
from exchange.ports.telemetry import Log
from exchange.settings import load_hub, load_machine
from exchange.storage import open_hub_store
from exchange.storage.postgres_dump import is_empty
from exchange.storage.postgres_dump import restore as fill
from exchange.trust.anchor import Anchor, verify_directory
from exchange.wiring.backup import MANIFEST, Backup, checked, members
from exchange.wiring.hub import open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.places import HubPlace

__all__ = ["Restoring", "restore"]

_SETTINGS = {"hub": "hub.toml", "node": "node.toml", "machine": "yidi.toml"}
_DUMP = Path("hub/hub.dump")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """What to bring back where. `secrets`: the backup of them, or None when they lie in `root` already or elsewhere;
    `database`: URL of the PostgreSQL to fill, if it is another than before; `reason`: what the directory will say;
    `operator`: who does it, for the acts; `directory`: a newer snapshot than the backup's, from a node."""

    source: Path
    root: Path
    reason: str = ""
    operator: Operator | None = None
    secrets: Path | None = None
    database: str | None = None
    directory: Path | None = None


def restore(asked: Restoring, kinds: Sequence[str], log: Log) -> tuple[Backup, Directory | None]:
    """Bring a backup of one of `kinds` back; returns the directory that declares it, of a hub's. Raises InputError
    (BACKUP, EXISTS), DirectoryError, KeyStoreError, StorageError."""
    source, root = asked.source, asked.root
    backup = checked(source)
    if backup.kind not in kinds:
        raise InputError(f"{source} is the backup of a {backup.kind}, not of a {' or '.join(kinds)}", code="BACKUP")
    if asked.secrets is not None and checked(asked.secrets).kind != "secrets":
        raise InputError(f"{asked.secrets} is no backup of secrets", code="BACKUP")
    if asked.database is not None and backup.kind != "hub":
        raise InputError(f"{source} is the backup of a {backup.kind}, which has no PostgreSQL", code="BACKUP")
    if backup.kind != "node":
        check_line("reason", asked.reason, 200)
    newest = None if asked.directory is None else _newest(asked.directory, Layout(source).anchor())
    _check_empty(root)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if asked.secrets is not None:
        _copy_all(asked.secrets, root / "secrets", ())
    if asked.database is not None:
        _write_private(root / _place(source, root).settings.database_file, asked.database)
    settings = Path(_SETTINGS[backup.kind])
    url = _place(source, root).database() if (source / _DUMP).exists() else None
    if url is not None and not is_empty(url):
        raise InputError("the database is not empty: make an empty one for the restored hub", code="EXISTS")
    _copy_all(source, root, (settings, _DUMP))
    if url is not None:
        fill(url, source / _DUMP)
    directory = None if backup.kind == "node" else _declare(asked, backup, newest, log)
    if backup.kind != "hub":
        Layout(root).offices.mkdir(mode=0o700, exist_ok=True)  # an empty one is in no backup
        Layout(root).restored_file.write_text(backup.taken.isoformat() + "\n", encoding="utf-8")
    shutil.copy(source / settings, root / settings)
    return backup, directory


def _declare(asked: Restoring, backup: Backup, newest: Directory | None, log: Log) -> Directory:
    if backup.kind == "hub":
        place = _place(asked.source, asked.root)
        home, url = place.home(), place.database()
    else:
        layout = Layout(asked.root)
        home, url = layout.hub_home(load_machine(asked.source / _SETTINGS["machine"])), layout.hub_database()
    store = open_hub_store(url)
    try:
        administrator = open_administration(home, store, log).administrator
        target = administrator.current().hub
        deeds = [Deed(operator=asked.operator, verb="restore", target=target)] if asked.operator else []
        return administrator.declare_restored(backup.taken, asked.reason, newest, deeds)
    finally:
        store.close()


def _newest(path: Path, anchor: Anchor) -> Directory:
    """Whether it has expired meanwhile says nothing: it was the hub's."""
    data = path.read_bytes()
    issued = read_directory(data).issued
    return verify_directory(data, anchor, issued, None)[0]


def _place(source: Path, root: Path) -> HubPlace:
    """The hub of `root`, whose settings file is not there yet."""
    return HubPlace(layout=Layout(root), settings=load_hub(source / _SETTINGS["hub"]))


def _check_empty(root: Path) -> None:
    """`secrets` may be there already: they come back by whatever way they are kept."""
    strangers = sorted(path.name for path in root.iterdir() if path.name != "secrets") if root.exists() else []
    if strangers:
        raise InputError(
            f"{root} holds {strangers[0]}: restore into a new directory, and keep the broken one until all is well",
            code="EXISTS",
        )


def _copy_all(source: Path, target: Path, without: Sequence[Path]) -> None:
    for path in members(source):
        if path not in without and str(path) != MANIFEST:
            place = target / path
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(source / path, place)
            shutil.copymode(source / path, place)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text + "\n", encoding="utf-8")
