"""`python -m tests.vectors.make DIR`: write every vector as a file, and `index.json` saying what must become of it.

The index also names the valid document they start from and the certificates that a reader must trust for it.
"""

import json
import sys
from base64 import b64encode
from pathlib import Path

from tests.vectors.base import COUNTY, GOOD, NOW, Traps
from tests.vectors.content import CONTENT
from tests.vectors.signature import SIGNATURES
from tests.vectors.table import Vector
from tests.vectors.xml import XML

__all__ = ["VECTORS", "write"]

VECTORS: list[Vector] = [*XML, *SIGNATURES, *CONTENT]


def write(folder: Path) -> None:
    """Write `NAME.xml` for each vector, `valid.xml`, and the index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "valid.xml").write_bytes(GOOD)
    rows = []
    for vector in VECTORS:
        (folder / f"{vector.name}.xml").write_bytes(vector.make(Traps()))
        rows.append({"file": f"{vector.name}.xml", "stage": vector.stage.value, "code": vector.code})
    index = {
        "valid": "valid.xml",
        "received": NOW.isoformat(),
        "certificates": {code: b64encode(signer.certificate).decode() for code, signer in COUNTY.signers.items()},
        "vectors": rows,
    }
    (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.vectors.make DIR")
    write(Path(sys.argv[1]))
