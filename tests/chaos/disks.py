"""Disks that are full, and disks that forget: what is done to files and stores.

Not here: making the small file systems that can be filled (`county`).
"""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.chaos.county import ChaosCounty, Undo, nothing

__all__ = ["flipped_byte", "flipped_row", "full_database_disk", "full_file_disk", "full_node_disk"]


def full_node_disk(county: ChaosCounty, chance: random.Random) -> Undo:
    return _fill(chance.choice(county.nodes).root)


def full_file_disk(county: ChaosCounty, chance: random.Random) -> Undo:
    return _fill(county.hub_root / "hub" / "files")


def full_database_disk(county: ChaosCounty, chance: random.Random) -> Undo:
    """PostgreSQL may stop for it; then it is started again."""
    free = _fill(county.database.folder)

    def undo() -> None:
        free()
        county.database.kill()
        county.database.start()

    return undo


def _fill(folder: Path) -> Undo:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1 << 8, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return lambda: ballast.unlink(missing_ok=True)


def flipped_byte(county: ChaosCounty, chance: random.Random) -> Undo:
    """In a file at the hub or at a node; an operator puts the file back from a backup."""
    roots = [county.hub_root / "hub" / "files", *(node.root / "node" / "files" for node in county.nodes)]
    blobs = [path for root in roots for path in sorted(root.glob("??/??/*")) if path.stat().st_size]
    if not blobs:
        return nothing
    blob = chance.choice(blobs)
    right = blob.read_bytes()
    wrong = bytearray(right)
    wrong[chance.randrange(len(wrong))] ^= 0x20
    blob.write_bytes(wrong)

    def undo() -> None:
        new = blob.with_suffix(".restored")
        new.write_bytes(right)
        new.replace(blob)

    return undo


def flipped_row(county: ChaosCounty, chance: random.Random) -> Undo:
    """In a document that a node keeps; an operator puts the store's page back from a backup."""
    database = chance.choice(county.nodes).root / "node" / "node.sqlite"
    rows = _sql(database, "SELECT rowid, document FROM documents WHERE box = 'sent' ORDER BY received DESC LIMIT 5")
    if not rows:
        return nothing
    row, right = chance.choice(rows)
    wrong = bytes(right).replace("通知".encode(), "通告".encode(), 1)
    _sql(database, "UPDATE documents SET document = ? WHERE rowid = ?", wrong, row)

    def undo() -> None:
        _sql(database, "UPDATE documents SET document = ? WHERE rowid = ?", right, row)

    return undo


def _sql(database: Path, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        return connection.execute(statement, values).fetchall()
