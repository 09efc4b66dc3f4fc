"""A session is all or nothing, and adds nothing twice."""

from collections.abc import Callable

import pytest

from exchange.errors import ConflictError
from exchange.ports.node import (
    Box,
    NodeSession,
    NodeStore,
)
from tests.contract.node_store.rows import handover, row, write_everything
from tests.contract.store_records import (
    NOW,
    A,
    delivery,
    document,
    envelope,
    noted,
    receipt,
)


def test_a_session_that_raises_leaves_nothing(store: NodeStore) -> None:
    def crash() -> None:
        with store.begin() as session:
            write_everything(session)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        crash()
    with store.begin() as session:
        assert set(session.counts().values()) == {0}
        assert (session.units(), session.directory(), session.checkpoints()) == ([], None, [])
        assert (session.by_reference(A, "ref"), session.take_owed(9)) == (None, [])


@pytest.mark.parametrize(
    "add",
    [
        lambda session: session.add_unit(A, NOW),
        lambda session: session.add_documents(Box.SENT, [(A, document(envelope(1)))]),
        lambda session: session.add_deliveries(A, [delivery(envelope(1))]),
        lambda session: session.add_receipts(A, [receipt(1, envelope(1))]),
        lambda session: session.add_outbox([row(1)]),
        lambda session: session.add_handovers([handover(1)]),
        lambda session: session.add_reference(A, "ref", envelope(1)),
    ],
    ids=["unit", "document", "delivery", "receipt", "outbox", "handover", "reference"],
)
def test_adding_a_key_twice_is_a_conflict_and_undoes_the_whole_session(
    store: NodeStore, add: Callable[[NodeSession], None]
) -> None:
    with store.begin() as session:
        add(session)

    def add_again() -> None:
        with store.begin() as session:
            session.owe(A, [noted(1)])
            add(session)

    with pytest.raises(ConflictError):
        add_again()
    with store.begin() as session:
        assert session.take_owed(9) == []
