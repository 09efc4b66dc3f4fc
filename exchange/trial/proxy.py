"""A bad line: a TCP proxy on loopback that slows, stalls, cuts and forgets, on command.

    latency_seconds, bytes_per_second    how slow it is, each way; may be changed while it runs
    stall() / flow()                     nothing passes, nothing is told; then all of it
    half_open()                          the far end is gone, the near end never hears of it
    reset()                              both ends of every connection are reset now
    cut_after(n)                         reset once n more bytes have passed towards the target
    passed                               bytes that went through so far, both ways
    SharedLine                           several proxies on one line: what one sends, the others wait for

Not here: losing or changing single bytes; TCP and TLS would notice.
"""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Self

__all__ = ["SharedLine", "TcpProxy"]

_CHUNK = 16 * 1024
_RESET = struct.pack("ii", 1, 0)  # linger on, for no time: closing sends RST


class SharedLine:
    """So many bytes a second each way, for all that goes over it together."""

    def __init__(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second
        self._lock = threading.Lock()
        self._free = {True: 0.0, False: 0.0}

    def seconds_until_sent(self, count: int, *, up: bool) -> float:
        with self._lock:
            now = time.monotonic()
            self._free[up] = max(now, self._free[up]) + count / self._bytes_per_second
            return self._free[up] - now


class TcpProxy:
    """Listens on `port`. Its methods may be called from any thread."""

    def __init__(
        self,
        target_port: int,
        *,
        latency_seconds: float = 0.0,
        bytes_per_second: float = 0.0,
        line: SharedLine | None = None,
    ) -> None:
        self.latency_seconds, self.bytes_per_second = latency_seconds, bytes_per_second
        self.port = self.passed = 0
        self._line = line
        self._target = target_port
        self._lines: set[_Line] = set()
        self._budget: int | None = None
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def stall(self) -> None:
        self._do(self._flowing.clear)

    def flow(self) -> None:
        self._do(self._flowing.set)

    def reset(self) -> None:
        self._do(self._reset_all)

    def half_open(self) -> None:
        self._do(self._lose_far_ends)

    def cut_after(self, count: int) -> None:
        self._do(lambda: setattr(self, "_budget", count))

    def _do(self, work: Callable[[], object]) -> None:
        """In the proxy's thread, and done on return."""
        done = threading.Event()

        def do() -> None:
            work()
            done.set()

        self._loop.call_soon_threadsafe(do)
        done.wait()

    # What follows runs in the proxy's thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(asyncio.gather(*(line.done for line in self._lines), return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _abort(writer)
            return
        line = _Line(writer, far_writer, self._loop.create_future())
        self._lines.add(line)
        ways = (self._carry(reader, far_writer, line, up=True), self._carry(far_reader, writer, line, up=False))
        await asyncio.gather(*ways)
        line.reset()
        self._lines.discard(line)
        line.done.set_result(None)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: "_Line", *, up: bool
    ) -> None:
        """Read on while what was read is still on its way, as a long line does; bounded, as its buffers are."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        arriving = self._loop.create_task(self._deliver(on_the_way, writer, line, up=up))
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.bytes_per_second:
                    await asyncio.sleep(len(data) / self.bytes_per_second)
                if self._line is not None:
                    await asyncio.sleep(self._line.seconds_until_sent(len(data), up=up))
                self.passed += len(data)
                await on_the_way.put((self._loop.time() + self.latency_seconds, data))
        await on_the_way.put((0.0, b""))
        await arriving

    async def _deliver(
        self, on_the_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter, line: "_Line", *, up: bool
    ) -> None:
        while (item := await on_the_way.get())[1]:
            due, data = item
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._flowing.wait()
            if up and self._budget is not None:
                data, self._budget = data[: self._budget], self._budget - len(data)
            with contextlib.suppress(OSError):
                if not line.is_half_open and not writer.is_closing():
                    writer.write(data)
                    await writer.drain()
            if up and self._budget is not None and self._budget <= 0:
                self._budget = None
                line.reset()
        if not line.is_half_open:
            line.reset()

    def _reset_all(self) -> None:
        self._flowing.set()
        for line in self._lines:
            line.reset()

    def _lose_far_ends(self) -> None:
        for line in self._lines:
            line.lose_far_end()


class _Line:
    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter, done: "asyncio.Future[None]") -> None:
        self._near, self._far = near, far
        self.done = done
        self.is_half_open = False

    def lose_far_end(self) -> None:
        self.is_half_open = True
        _abort(self._far)

    def reset(self) -> None:
        _abort(self._near)
        _abort(self._far)


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and not writer.is_closing():
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
