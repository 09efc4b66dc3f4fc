"""What the service manager that started this process hears of it: ready, alive, stopping. Nothing, where nobody asked.

The protocol is that of systemd: datagrams to the socket in NOTIFY_SOCKET, sd_notify(3). A manager that hears no "alive"
for as long as its unit says (WatchdogSec) starts the process again.
"""

import os
import socket
from contextlib import suppress

__all__ = ["tell_alive", "tell_ready", "tell_stopping"]


def tell_ready() -> None:
    """Everything was opened, and the work has begun."""
    _tell("READY=1")


def tell_alive() -> None:
    """The loops came round lately. Say it every few seconds."""
    _tell("WATCHDOG=1")


def tell_stopping() -> None:
    _tell("STOPPING=1")


def _tell(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    where = f"\0{address[1:]}" if address.startswith("@") else address
    # A manager that is gone must not keep a document from its way.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(where)
        channel.sendall(state.encode())
