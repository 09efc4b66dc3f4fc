"""A backup of a hub, a node or a one-machine exchange: a directory laid out like the data directory, made beside
whoever runs there, with the digest of everything in it.

    backup.json        what it is, when it was begun, and every member's size and SHA-256; written last
    hub/hub.dump       PostgreSQL's; or hub/hub.sqlite
    node/node.sqlite
    ...                files, keys, settings, certificates, office folders, where they lie in the data directory

The order makes it consistent. The node's database before the hub's: what a node believes recorded, the hub's copy has.
Databases before files: a file is on disk before a row names it, and stays. Passphrase and passwords (`secrets/`) go
to a directory of their own, or stay behind: who finds a backup must not be able to open its keys.

Not here: bringing one back (`exchange.wiring.restore`).
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exchange.errors import InputError
from exchange.storage.postgres_dump import dump
from exchange.storage.sqlite_file import copy_database
from exchange.wiring.layout import Layout
from exchange.wiring.places import HubPlace, NodePlace
from exchange.wiring.system import SystemClock

__all__ = ["MANIFEST", "Backup", "back_up", "checked", "kind_of", "members"]

MANIFEST = "backup.json"
_FORMAT = "yidi-backup/1"
_DATABASES = {"hub.sqlite", "node.sqlite"}
# Of a running process alone, or half a file: made again by themselves.
_PASSING = {"web.url", "up.lock", "run"}
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """`kind`: "hub", "node" or "machine", or "secrets" of one. `taken`: before the first database was read."""

    kind: str
    taken: datetime
    members: dict[str, str]
    bytes: int


def kind_of(root: Path) -> str:
    """Raises InputError (NO_DATA) when there is no exchange."""
    if HubPlace.is_at(root):
        return "hub"
    if NodePlace.is_at(root):
        return "node"
    Layout(root).settings()
    return "machine"


def back_up(root: Path, out: Path, secrets: Path | None) -> Backup:
    """Back the exchange in `root` up into the new directory `out`, its secrets into the new directory `secrets`.
    Raises InputError (EXISTS, BACKUP_TOOL), StorageError."""
    kind, taken = kind_of(root), SystemClock().now()
    folders = [folder for folder in (out, secrets) if folder is not None]
    for folder in folders:
        _check_apart(folder, root, out)
        _check_new(folder)
    for folder in folders:
        _make_new(folder)
    if kind != "hub":
        _make_parent(out / "node" / "node.sqlite")
        copy_database(Layout(root).node_database(), out / "node" / "node.sqlite")
    if kind != "node":
        _copy_hub_database(root, out, kind)
    for path in _kept(root):
        _copy(root / path, out / path)
    backup = _finish(out, kind, taken)
    if secrets is not None:
        for path in members(root / "secrets"):
            _copy(root / "secrets" / path, secrets / path)
        _finish(secrets, "secrets", taken)
    return backup


def members(folder: Path) -> Iterator[Path]:
    """Every plain file below, relative, sorted; links are no part of an exchange."""
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(base) / name
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder)


def checked(folder: Path) -> Backup:
    """The backup in `folder`, every byte of it held against its manifest. Raises InputError (BACKUP) on the first that
    is wrong."""
    manifest = _manifest(folder)
    found = {str(path) for path in members(folder)} - {MANIFEST}
    if strangers := found ^ manifest.members.keys():
        raise InputError(f"{folder}: {min(strangers)} is missing or does not belong there", code="BACKUP")
    for name, digest in manifest.members.items():
        if _digest(folder / name) != digest:
            raise InputError(f"{folder}: {name} is not what was backed up", code="BACKUP")
    return manifest


def _copy_hub_database(root: Path, out: Path, kind: str) -> None:
    place_of = HubPlace.open(root).database() if kind == "hub" else Layout(root).hub_database()
    if place_of.startswith("postgresql"):
        _make_parent(out / "hub" / "hub.dump")
        dump(place_of, out / "hub" / "hub.dump")
    else:
        _make_parent(out / "hub" / "hub.sqlite")
        copy_database(place_of, out / "hub" / "hub.sqlite")


def _kept(root: Path) -> Iterator[Path]:
    for path in members(root):
        first = path.parts[0]
        database = path.name.removesuffix("-wal").removesuffix("-shm") in _DATABASES
        partial = path.parts[1:3] == ("files", "partial") or (path.name.startswith(".") and path.suffix == ".part")
        passing = first in _PASSING or first.startswith(".verify-") or first == "secrets"
        if not (passing or database or partial):
            yield path


def _copy(source: Path, target: Path) -> None:
    """With its mode. What its owner took away meanwhile was on its way through, and is no part of the backup."""
    _make_parent(target)
    try:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def _finish(folder: Path, kind: str, taken: datetime) -> Backup:
    """Write the manifest once everything else is on disk: without it there is no backup."""
    digests = {str(path): _digest(folder / path) for path in members(folder)}
    sizes = {name: (folder / name).stat().st_size for name in digests}
    os.sync()
    value = {
        "format": _FORMAT,
        "kind": kind,
        "taken": taken.isoformat(),
        "release": version("yidi"),
        "members": {name: {"size": sizes[name], "sha256": digest} for name, digest in sorted(digests.items())},
    }
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    return Backup(kind=kind, taken=taken, members=digests, bytes=sum(sizes.values()))


def _manifest(folder: Path) -> Backup:
    path = folder / MANIFEST
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if value["format"] != _FORMAT:
            raise InputError(f"{path}: {value['format']} is another release's", code="BACKUP")
        named = value["members"]
        return Backup(
            kind=value["kind"],
            taken=datetime.fromisoformat(value["taken"]),
            members={str(name): str(one["sha256"]) for name, one in named.items()},
            bytes=sum(int(one["size"]) for one in named.values()),
        )
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: no backup, or one that did not end", code="BACKUP") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: damaged: {error!r}", code="BACKUP") from error


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _check_apart(folder: Path, root: Path, out: Path) -> None:
    here = folder.resolve()
    if here.is_relative_to(root.resolve()):
        raise InputError(f"{folder} lies in the data directory: a backup belongs elsewhere", code="BACKUP")
    if folder is not out and here.is_relative_to(out.resolve()):
        raise InputError(f"{folder} lies in the backup: secrets belong elsewhere", code="BACKUP")


def _check_new(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty: name a new directory for each backup", code="BACKUP")


def _make_new(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _make_parent(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
