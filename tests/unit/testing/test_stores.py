"""The store that crashes: it must do so exactly where it says, or simulations prove nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.model.unit import UnitCode
from exchange.ports.node import NodeSession, NodeStore
from exchange.testing.stores import CrashingStore, file_node_store, memory_node_store

A = UnitCode("520304-001")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Crash(BaseException):
    """Not an Exception, so that nothing handles it by mistake."""


def add(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_unit(A, NOW)


@pytest.mark.parametrize(
    ("step", "kept"), [("begin", []), ("add_unit", []), ("commit-before", []), ("commit-after", [A])]
)
def test_a_crash_keeps_what_was_committed_before_it_and_nothing_else(step: str, kept: list[UnitCode]) -> None:
    inner = memory_node_store()

    def crash(reached: str) -> None:
        if reached == step:
            raise Crash

    with pytest.raises(Crash):
        add(CrashingStore[NodeSession](inner, crash))
    with inner.begin() as session:
        assert session.units() == kept
    inner.close()


def test_the_hook_hears_every_step_in_order() -> None:
    steps: list[str] = []
    store = CrashingStore[NodeSession](memory_node_store(), steps.append)
    add(store)
    store.close()
    assert steps == ["begin", "add_unit", "commit-before", "commit-after"]


def test_a_session_that_raises_reaches_no_commit() -> None:
    steps: list[str] = []
    store = CrashingStore[NodeSession](memory_node_store(), steps.append)
    with pytest.raises(RuntimeError), store.begin():
        raise RuntimeError
    store.close()
    assert steps == ["begin"]


def test_a_store_in_a_file_keeps_what_it_has_when_opened_again(tmp_path: Path) -> None:
    for expected in ([], [A]):
        store = file_node_store(tmp_path / "node.db")
        with store.begin() as session:
            assert session.units() == expected
        if not expected:
            add(store)
        store.close()
    assert (tmp_path / "node.db").stat().st_mode & 0o777 == 0o600
