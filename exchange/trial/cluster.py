"""A RabbitMQ cluster for tests and trials: nodes on this machine that share a cookie and a port mapper.

Each can be killed and started again by itself and keeps its ports. Not here: what runs on it.
"""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from exchange.trial.servers import PortMapper, RabbitServer

__all__ = ["RabbitCluster"]


class RabbitCluster:
    """`nodes`: each a `RabbitServer` with management."""

    def __init__(
        self, size: int = 3, *, plugins: Sequence[str] = (), settings: Mapping[str, str] | None = None
    ) -> None:
        self._mapper, cookie = PortMapper(), secrets.token_hex(20)
        self.nodes = [
            RabbitServer(management=True, plugins=plugins, settings=settings, mapper=self._mapper) for _ in range(size)
        ]
        for node in self.nodes:
            node.join([one.name for one in self.nodes], cookie)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        first, *others = self.nodes
        first.start()  # alone, so that the others find one to join and no two begin a cluster each
        with ThreadPoolExecutor(len(others) or 1) as pool:
            list(pool.map(RabbitServer.start, others))

    def named(self, name: str) -> RabbitServer:
        return next(node for node in self.nodes if node.name == name)

    def others(self, node: RabbitServer) -> list[RabbitServer]:
        return [one for one in self.nodes if one is not node]

    def close(self) -> None:
        for node in self.nodes:
            node.close()
        self._mapper.stop()
