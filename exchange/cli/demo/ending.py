"""However a demo is ended, what it made goes away: by Ctrl-C, by SIGTERM, by a terminal that was closed.

Not here: SIGKILL, after which nobody is left to do it.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ended_by_signals", "undisturbed"]

_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """They end the block as Ctrl-C does."""

    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, leave) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """The block is done to its end, whatever comes: clearing up is."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *_ENDINGS)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
