"""Stores for tests and simulations: quick to open, and able to die at any step.

They are the real stores on SQLite, so that there is no second implementation that could behave otherwise.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from exchange.storage import SqlHubStore, SqlNodeStore, open_hub_store, open_node_store
from exchange.storage.engine import open_memory
from exchange.storage.migrate import image

__all__ = ["CrashingStore", "contents", "file_hub_store", "file_node_store", "memory_hub_store", "memory_node_store"]

Hook = Callable[[str], None]
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


def memory_hub_store(content: bytes | None = None) -> SqlHubStore:
    """Empty, or with what `contents` gave."""
    return open_hub_store("sqlite://") if content is None else SqlHubStore(open_memory(content))


def memory_node_store(content: bytes | None = None) -> SqlNodeStore:
    """As `memory_hub_store`."""
    return open_node_store("sqlite://") if content is None else SqlNodeStore(open_memory(content))


def file_hub_store(path: Path) -> SqlHubStore:
    """Open the hub store in this file, which begins with the newest schema if it is not there."""
    return open_hub_store(_prepared(path, "hub"))


def file_node_store(path: Path) -> SqlNodeStore:
    """Open the node store in this file, which begins with the newest schema if it is not there."""
    return open_node_store(_prepared(path, "node"))


def _prepared(path: Path, kind: str) -> str:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(image(kind))
    return f"sqlite:///{path}"


def contents(store: SqlHubStore | SqlNodeStore) -> bytes:
    """The whole of a store in memory, as a backup of it would be. `memory_hub_store`, `memory_node_store` open it."""
    with store._engine.connect() as connection:  # noqa: SLF001  # no store but this fake is asked for its bytes
        return bytes(connection.connection.driver_connection.serialize())  # type: ignore[union-attr]


class Store(Protocol[S_co]):
    """What every store can do."""

    def begin(self) -> AbstractContextManager[S_co]: ...

    def close(self) -> None: ...


class CrashingStore(Generic[S]):
    """A store that tells `hook` each step before it is taken, so that the hook can raise a crash there.

    The steps are "begin", the name of each method called, "commit-before" (raising rolls the transaction back) and
    "commit-after" (raising leaves it committed, and its caller does not know). `CrashingStore[HubSession]` is a
    HubStore, `CrashingStore[NodeSession]` a NodeStore.
    """

    def __init__(self, inner: Store[S], hook: Hook) -> None:
        """`inner` may be exchanged for another: a restored one."""
        self.inner = inner
        self._hook = hook

    @contextmanager
    def begin(self) -> Iterator[S]:
        self._hook("begin")
        with self.inner.begin() as session:
            yield cast("S", _Watched(session, self._hook))
            self._hook("commit-before")
        self._hook("commit-after")

    look = begin  # it may die while it reads, too

    def close(self) -> None:
        self.inner.close()


class _Watched:
    """A session whose every method calls the hook first."""

    def __init__(self, session: object, hook: Hook) -> None:
        self._session = session
        self._hook = hook

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._session, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._hook(name)
            return method(*args, **kwargs)

        return call
