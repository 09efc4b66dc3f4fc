"""The contract of the hub's store: transactions, and several processes at once.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from exchange.errors import ConflictError, StorageError
from exchange.ports.hub import (
    Forward,
    HubSession,
    HubStore,
    Owed,
    Refusal,
)
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    Open,
    delivery,
    digest,
    directory,
    document,
    entry,
    envelope,
    noted,
    receipt,
    receipt_id,
    write_everything,
)

# transactions


def test_what_a_session_wrote_is_there_for_the_next_one(store: HubStore) -> None:
    written = document(envelope(1), files=(digest("b"), digest("a"), digest("b")))
    with store.begin() as session:
        session.add_documents([written])
    with store.begin() as session:
        assert session.documents([envelope(1), envelope(2)]) == {envelope(1): written}


def test_a_session_that_raises_leaves_nothing(store: HubStore) -> None:
    def crash() -> None:
        with store.begin() as session:
            write_everything(session)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        crash()
    with store.begin() as session:
        assert set(session.counts().values()) == {0}
        assert session.directory_version() == 0
        assert session.checkpoints() == []
        assert session.take_owed(10) == []
        assert session.claimed(A, [digest("file")]) == set()


@pytest.mark.parametrize(
    "add",
    [
        lambda session: session.add_directory(directory(1)),
        lambda session: session.add_documents([document(envelope(1))]),
        lambda session: session.add_deliveries([delivery(envelope(1))]),
        lambda session: session.add_receipts([receipt(1, envelope(1))]),
        lambda session: session.add_entries([entry(1, envelope(1))]),
        lambda session: session.add_refusals(
            [Refusal(user=A, digest=digest(1), receipt=receipt_id(1), document=b"<r/>")]
        ),
    ],
    ids=["directory", "document", "delivery", "receipt", "entry", "refusal"],
)
def test_adding_a_key_twice_is_a_conflict_and_undoes_the_whole_session(
    store: HubStore, add: Callable[[HubSession], None]
) -> None:
    with store.begin() as session:
        add(session)

    def add_again() -> None:
        with store.begin() as session:
            session.add_claims(A, [digest("beside")])
            add(session)

    with pytest.raises(ConflictError):
        add_again()
    with store.begin() as session:
        assert session.claimed(A, [digest("beside")]) == set()


def test_a_session_that_failed_cannot_be_committed_by_ignoring_the_error(store: HubStore) -> None:
    def ignore() -> None:
        with store.begin() as session:
            session.add_documents([document(envelope(1))])
            with contextlib.suppress(ConflictError):
                session.add_documents([document(envelope(1))])

    with pytest.raises(StorageError):
        ignore()
    with store.begin() as session:
        assert session.documents([envelope(1)]) == {}


def test_empty_batches_do_nothing(store: HubStore) -> None:
    with store.begin() as session:
        session.add_documents([])
        session.save_deliveries([])
        session.hasten_deliveries([], NOW)
        session.close_forwards(A, [])
        assert session.documents([]) == {}
        assert session.lock_deliveries([]) == {}
        assert session.claimed(A, []) == set()


# several at once


def test_two_processes_may_write_one_after_the_other(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.add_documents([document(envelope(1))])
    with other.begin() as session:
        assert session.find(envelope(1).id) == [envelope(1)]
        session.add_documents([document(envelope(2))])
    with one.begin() as session:
        assert session.counts()["documents"] == 2


def test_writers_at_once_wait_for_each_other_and_lose_nothing(open_again: Open) -> None:
    failures: list[BaseException] = []

    def write(store: HubStore, first: int) -> None:
        try:
            for number in range(first, first + 20):
                with store.begin() as session:
                    session.count_failure(digest("shared"))
                    session.add_documents([document(envelope(number))])
        except BaseException as error:  # noqa: BLE001  # shown by the main thread
            failures.append(error)

    stores = [open_again() for _ in range(2)]
    threads = [threading.Thread(target=write, args=(stores[n % 2], n * 100)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=50)
    assert failures == []
    with stores[0].begin() as session:
        assert session.counts()["documents"] == 80
        assert session.count_failure(digest("shared")) == 81


@pytest.mark.parametrize("take", ["deliveries", "reminders", "forwards", "owed"])
def test_what_one_worker_holds_another_does_not_get(open_again: Open, take: str, passes_over: bool) -> None:
    one, other = open_again(), open_again()
    takers: dict[str, Callable[[HubSession], list[object]]] = {
        "deliveries": lambda session: [*session.due_deliveries(NOW, 10)],
        "reminders": lambda session: [*session.due_reminders(NOW, 10)],
        "forwards": lambda session: [*session.due_forwards(NOW, 10)],
        "owed": lambda session: [*session.take_owed(10)],
    }
    with one.begin() as session:
        session.add_deliveries([delivery(envelope(1), remind=NOW)])
        session.add_forwards([Forward(unit=A, receipt=receipt_id(1), due=NOW)])
        session.owe([Owed(unit=A, noted=noted(1))])
    got: list[list[object]] = []

    def second() -> None:
        with other.begin() as session:
            got.append(takers[take](session))

    thread = threading.Thread(target=second)
    with one.begin() as session:
        assert len(takers[take](session)) == 1
        thread.start()
        thread.join(timeout=50 if passes_over else 0.2)
        assert thread.is_alive() is not passes_over
        later = NOW + HOUR
        session.save_deliveries([replace(delivery(envelope(1), remind=later), due=later)])
        session.save_forwards([Forward(unit=A, receipt=receipt_id(1), due=later)])
    thread.join(timeout=50)
    assert got == [[]]


def test_a_delivery_locked_by_another_worker_is_waited_for_and_seen_as_it_left_it(open_again: Open) -> None:
    one, other = open_again(), open_again()
    before = delivery(envelope(1))
    with one.begin() as session:
        session.add_deliveries([before])
    got: list[int] = []

    def second() -> None:
        with other.begin() as session:
            got.extend(record.attempts for record in session.lock_deliveries([before.key]).values())

    thread = threading.Thread(target=second)
    with one.begin() as session:
        session.lock_deliveries([before.key])
        thread.start()
        thread.join(timeout=0.2)
        assert got == []
        session.save_deliveries([replace(before, attempts=7)])
    thread.join(timeout=50)
    assert got == [7]
