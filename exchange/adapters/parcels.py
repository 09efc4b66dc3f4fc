"""A document to send, put together from what an office has of it: a manifest as values, and files to open by name.

For offices that have neither folders nor zips (`waiting`). Not here: what a manifest may say (`manifest`).
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO

from exchange.adapters.json_fields import refuse
from exchange.adapters.manifest import read_manifest
from exchange.adapters.waiting import MANIFEST, Parcel
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft
from exchange.ports.pulse import pieces

__all__ = ["draft_from"]


def draft_from(unit: UnitCode, id_: str, manifest: object, files: Mapping[str, Callable[[], BinaryIO]]) -> Draft:
    """The reference is the office's id and the digest of every byte: another document under an old id is not the old
    one. Raises InputError, InvalidValueError, LimitError."""
    if MANIFEST in files:
        refuse(f"文件不能叫 {MANIFEST}")
    raw = json.dumps(manifest, ensure_ascii=False).encode()
    openers: dict[str, Callable[[], BinaryIO]] = {**files, MANIFEST: lambda: io.BytesIO(raw)}
    measured = {name: _measure(opener) for name, opener in openers.items()}
    digests = {name: digest for name, (_, digest) in measured.items()}
    sizes = {name: size for name, (size, _) in measured.items()}
    parcel = Parcel(name=id_, files=sizes, open=lambda name: openers[name]())
    total = hashlib.sha256("".join(f"{digest} {name}\n" for name, digest in sorted(digests.items())).encode())
    return replace(read_manifest(unit, parcel, digests).draft, reference=f"{id_}#{total.hexdigest()[:32]}")


def _measure(opener: Callable[[], BinaryIO]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with opener() as file:
        for chunk in pieces(file):
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()
