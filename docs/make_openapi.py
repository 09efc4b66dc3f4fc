"""`python docs/make_openapi.py`: writes `api/openapi.json` from the routes of `exchange.web.node_api`.

A test holds the page against them.
"""

import json
from pathlib import Path
from typing import Any, cast

from exchange.settings import NodeApi
from exchange.web.node_api.app import create_node_app
from exchange.web.node_api.face import NodeFace

__all__ = ["PAGE", "document"]

PAGE = Path(__file__).with_name("api") / "openapi.json"


class _Nothing:
    """In place of a node: routes are described, none is asked."""

    def __getattr__(self, name: str) -> Any:
        return self


def document() -> dict[str, Any]:
    """The page of the interface, as it is served."""
    nothing = cast("Any", _Nothing())
    parts = (
        "node",
        "submitter",
        "decider",
        "recaller",
        "confirmer",
        "marker",
        "reissuer",
        "tokens",
        "uploads",
        "quota",
        "webhooks",
        "log",
    )
    face = NodeFace(**dict.fromkeys(parts, nothing), settings=NodeApi())
    return create_node_app(face).openapi()


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(json.dumps(document(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
