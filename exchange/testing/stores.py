"""Stores for tests and simulations: quick to open, and able to die at any step.

They are the real stores on SQLite, so that there is no second implementation that could behave otherwise.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from exchange.storage import SqlHubStore, SqlNodeStore, open_hub_store, open_node_store
from exchange.storage.migrate import image

__all__ = ["CrashingStore", "file_hub_store", "file_node_store", "memory_hub_store", "memory_node_store"]

Hook = Callable[[str], None]
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


def memory_hub_store() -> SqlHubStore:
    return open_hub_store("sqlite://")


def memory_node_store() -> SqlNodeStore:
    return open_node_store("sqlite://")


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
        self._inner = inner
        self._hook = hook

    @contextmanager
    def begin(self) -> Iterator[S]:
        self._hook("begin")
        with self._inner.begin() as session:
            yield cast("S", _Watched(session, self._hook))
            self._hook("commit-before")
        self._hook("commit-after")

    def close(self) -> None:
        self._inner.close()


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
