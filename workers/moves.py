"""Large files on their way, each lane in a thread of its own, beside the loop that carries documents.

Consumes, publishes, acknowledges nothing; writes the node's file store.
If it dies here    what came is kept, and the next attempt goes on there. The threads end with the process, between any
                   two bytes, as a power cut would end them

Not here: what is moved, and when it is tried again (`exchange.services.node.relay`, `exchange.services.node.receive`).
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from exchange.ports.moves import MoveLane

__all__ = ["Apart"]

_Move = Callable[[], None]
_Line = queue.SimpleQueue[tuple["Future[None]", _Move]]


class Apart:
    """Implements `exchange.ports.moves.Moves`."""

    def __init__(self) -> None:
        self._lines: dict[MoveLane, _Line] = {}
        self._moves: dict[tuple[str, ...], Future[None]] = {}

    def done(self, lane: MoveLane, key: tuple[str, ...], move: _Move) -> bool:
        future = self._moves.get(key)
        if future is None:
            self._moves[key] = future = Future()
            self._line(lane).put((future, move))
        if not future.done():
            return False
        del self._moves[key]
        future.result()
        return True

    def is_awaited(self, key: tuple[str, ...]) -> bool:
        return key in self._moves

    def forget(self, key: tuple[str, ...]) -> None:
        if (future := self._moves.pop(key, None)) is not None:
            future.cancel()  # one that has begun goes on to its end

    def _line(self, lane: MoveLane) -> _Line:
        if lane not in self._lines:
            line = self._lines[lane] = queue.SimpleQueue()
            threading.Thread(target=_carry, args=(line,), name=f"files-{lane}", daemon=True).start()
        return self._lines[lane]


def _carry(line: _Line) -> None:
    while True:
        future, move = line.get()
        if not future.set_running_or_notify_cancel():
            continue
        try:
            move()
        except BaseException as error:  # noqa: BLE001  # it is raised to the one who asked
            future.set_exception(error)
        else:
            future.set_result(None)
