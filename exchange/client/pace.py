"""How long is waited before a thing is asked again: as the node says, else longer each time."""

import time
from typing import Final

from exchange.client.errors import NodeError

__all__ = ["pause"]

_LONGEST_SECONDS: Final = 60.0


def pause(failures: int, error: Exception) -> None:
    """`failures`: how often in a row; `error`: the last one."""
    told = error.retry_after if isinstance(error, NodeError) else None
    time.sleep(min(_LONGEST_SECONDS, 0.2 * 2.0**failures if told is None else told))
