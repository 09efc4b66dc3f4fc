"""The body of a request that is read at once: bounded in size, and in how long nothing may come.

Not here: bodies that go to disk as they come (`exchange.web.uploads`).
"""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from exchange.errors import LimitError, TransportError

__all__ = ["whole_body"]


async def whole_body(request: Request, largest: int, idle_seconds: float) -> bytes:
    """Raises LimitError (SIZE), TransportError (CUT)."""
    held, stream = bytearray(), request.stream()
    try:
        while True:
            async with asyncio.timeout(idle_seconds):
                part = await anext(stream, b"")
            held += part
            if len(held) > largest:
                raise LimitError(f"more than {largest} bytes", code="SIZE")
            if not part:
                return bytes(held)
    except (ClientDisconnect, TimeoutError) as error:
        raise TransportError("the request was cut", code="CUT") from error
