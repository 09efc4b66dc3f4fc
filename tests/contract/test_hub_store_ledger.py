"""The contract of the hub's store: the ledger, leases and archives.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exchange.errors import ConflictError, StorageError
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.fold import DeliveryState, Moment
from exchange.ports.hub import (
    ArchiveRecord,
    Forward,
    HubStore,
    Lease,
    SealedCheckpoint,
)
from exchange.ports.records import DocumentRecord
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    C,
    Open,
    delivery,
    digest,
    directory,
    document,
    entry,
    envelope,
    receipt,
    receipt_id,
)

# the ledger


def checkpoint(size: int) -> SealedCheckpoint:
    return SealedCheckpoint(size=size, root=bytes([size]) * 32, note=f"origin\n{size}\n\n— 签名", at=NOW)


def test_entries_are_sealed_in_order_and_keep_their_exact_leaf(store: HubStore) -> None:
    entries = [entry(n, envelope(1)) for n in range(3)]
    with store.begin() as session:
        session.add_entries(entries)
        rows = session.unsealed(2)
        assert [one.leaf() for _, one in rows] == [one.leaf() for one in entries[:2]]
        session.seal([(row, leaf) for leaf, (row, _) in enumerate(rows)], {(0, 0): b"h" * 32}, checkpoint(2))
    with store.begin() as session:
        assert [one for _, one in session.unsealed(9)] == entries[2:]
        assert session.entries(0, 9) == [(0, entries[0]), (1, entries[1])]
        assert session.entries(1, 9) == [(1, entries[1])]
        assert session.entries_of(envelope(1)) == [(0, entries[0]), (1, entries[1]), (None, entries[2])]
        assert session.entries_of(envelope(2)) == []
        assert session.tree_node(0, 0) == b"h" * 32
        assert session.checkpoint() == checkpoint(2)


def test_a_missing_tree_node_is_an_error(store: HubStore) -> None:
    with pytest.raises(StorageError, match="no tree node"), store.begin() as session:
        session.tree_node(0, 0)


def test_checkpoints_are_kept_all_and_the_largest_is_the_current_one(store: HubStore) -> None:
    with store.begin() as session:
        assert session.checkpoint() is None
        session.seal([], {}, checkpoint(9))
        session.seal([], {}, checkpoint(10))
        assert session.checkpoints() == [checkpoint(9), checkpoint(10)]
        assert session.checkpoint() == checkpoint(10)


@pytest.mark.parametrize("what", ["row", "leaf", "node", "checkpoint"])
def test_nothing_that_was_sealed_can_be_sealed_otherwise(store: HubStore, what: str) -> None:
    with store.begin() as session:
        session.add_entries([entry(n, envelope(1)) for n in range(2)])
        (first, _), (second, _) = session.unsealed(2)
        session.seal([(first, 0)], {(0, 0): b"a" * 32}, checkpoint(1))
    row = first if what == "row" else second
    leaf = 0 if what == "leaf" else 1
    node = (0, 0) if what == "node" else (0, 1)
    with pytest.raises(ConflictError), store.begin() as session:
        session.seal([(row, leaf)], {node: b"b" * 32}, checkpoint(1 if what == "checkpoint" else 2))
    with store.begin() as session:
        assert session.tree_node(0, 0) == b"a" * 32
        assert session.checkpoints() == [checkpoint(1)]


# leases


def lease(epoch: int, holder: str = "one", *, expires: datetime = NOW) -> Lease:
    return Lease(name="work", holder=holder, epoch=epoch, expires=expires)


def test_a_lease_is_taken_by_the_next_epoch_alone(store: HubStore) -> None:
    with store.begin() as session:
        assert session.lease("work") is None
        assert not session.take_lease(lease(2))
        assert session.take_lease(lease(1))
        assert not session.take_lease(lease(1, "other"))
    with store.begin() as session:
        assert session.lease("work") == lease(1)
        assert session.lease("other work") is None
        assert not session.take_lease(lease(3, "other"))
        assert session.take_lease(lease(2, "other"))
        assert session.lease("work") == lease(2, "other")


def test_a_lease_is_renewed_by_its_holder_in_its_epoch_alone(store: HubStore) -> None:
    with store.begin() as session:
        session.take_lease(lease(1))
        assert session.renew_lease(lease(1, expires=NOW + HOUR))
        assert not session.renew_lease(lease(1, "other"))
        session.take_lease(lease(2, "other"))
        assert not session.renew_lease(lease(1))
        assert not session.renew_lease(lease(2))
        assert session.lease("work") == lease(2, "other")


def test_a_renewed_lease_cannot_be_taken_before_what_it_covers_is_stored(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.take_lease(lease(1))
    seen: list[int] = []

    def second() -> None:
        with other.begin() as session:
            session.take_lease(lease(2, "other"))
            seen.extend(sealed.size for sealed in session.checkpoints())

    thread = threading.Thread(target=second)
    with one.begin() as session:
        session.renew_lease(lease(1))
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        session.seal([], {}, checkpoint(9))
    thread.join(timeout=50)
    assert seen == [9]


# archives


MONTH, NEXT = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
ARCHIVE = ArchiveRecord(
    file="hub-2026-03.archive.zip",
    start=MONTH,
    end=NEXT,
    sha256=digest("file"),
    bytes=1 << 40,
    documents=2,
    receipts=3,
    originals=4,
    written=NOW,
)


def key_of(record: DocumentRecord) -> tuple[datetime, str]:
    return (record.received, record.digest)


def test_archives_are_told_oldest_first_and_finished_once(store: HubStore) -> None:
    later = replace(ARCHIVE, file="a", start=NEXT)
    with store.begin() as session:
        for record in (later, ARCHIVE, ARCHIVE):
            session.add_archive(record)
        assert session.archives() == [ARCHIVE, later]
        session.finish_archive(ARCHIVE.file, NOW + HOUR)
        session.finish_archive(ARCHIVE.file, NOW + 2 * HOUR)
    with store.begin() as session:
        assert session.archives() == [replace(ARCHIVE, removed=NOW + HOUR), later]


def test_bytes_that_were_removed_are_named_by_the_archives_of_their_month_and_the_rest_stays(store: HubStore) -> None:
    gone, stays = document(envelope(1), files=("f" * 64,)), document(envelope(2), content=b"other")
    late, told = document(envelope(3), received=NEXT, content=b"late"), receipt(1, envelope(1))
    with store.begin() as session:
        session.add_documents([gone, stays, late])
        session.add_receipts([told])
        assert session.originals_between(MONTH, NEXT) == 3
        assert session.originals_among([key_of(gone), (NEXT, gone.digest), (told.recorded, told.digest)]) == 2
        session.add_archive(ARCHIVE)
        session.remove_originals([key_of(gone), (told.recorded, told.digest)])
    with store.begin() as session:
        found = session.documents([gone.key, stays.key, late.key])
        assert found == {
            gone.key: replace(gone, document=b"", archived=(ARCHIVE.file,)),
            stays.key: stays,
            late.key: late,
        }
        assert session.receipts_of(gone.key) == [replace(told, document=b"", archived=(ARCHIVE.file,))]
        assert session.digests([gone.key]) == {gone.key: gone.digest}
        assert session.originals_between(MONTH, NEXT) == 1
        assert session.oldest_original(MONTH) == stays.received
        assert session.oldest_original(NEXT) == NEXT
        assert session.oldest_original(NEXT + HOUR) is None


def test_bytes_that_are_nowhere_are_never_passed_over(store: HubStore) -> None:
    lost = document(envelope(1))
    with store.begin() as session:
        session.add_documents([lost])
        session.add_archive(replace(ARCHIVE, start=NEXT, end=NEXT + HOUR))
        session.remove_originals([key_of(lost)])
    with pytest.raises(StorageError) as caught, store.begin() as session:
        session.documents([lost.key])
    assert caught.value.code == "STORAGE_CORRUPT"


def test_receipts_that_are_still_asked_for_are_kept_when_their_bytes_are_removed(store: HubStore) -> None:
    accepted = receipt(1, envelope(1), recipient=None, event=Event.ACCEPTED)
    waiting, done = receipt(2, envelope(1)), receipt(3, envelope(1))
    with store.begin() as session:
        session.add_receipts([accepted, waiting, done])
        session.add_forwards([Forward(unit=A, receipt=waiting.id, due=NOW)])
        session.add_archive(ARCHIVE)
        session.keep_receipts([accepted.id, waiting.id, done.id])
        session.remove_originals([(one.recorded, one.digest) for one in (accepted, waiting, done)])
        session.keep_receipts([accepted.id, waiting.id, done.id])  # comes again after a crash
    with store.begin() as session:
        assert session.receipts_of(envelope(1)) == [
            accepted,
            waiting,
            replace(done, document=b"", archived=(ARCHIVE.file,)),
        ]
        assert session.accepted_receipts([envelope(1)]) == {envelope(1): accepted}


_ARRIVED = DeliveryState(transport=TransportState.DELIVERED, business=BusinessState.SIGNED)
_ASKED = replace(_ARRIVED, recall_requested=Moment(NOW, receipt_id(1)))


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"state": _ARRIVED}, True),
        ({"state": _ARRIVED, "due": NOW}, False),
        ({"state": _ARRIVED, "remind": NOW}, False),
        ({"state": replace(_ARRIVED, transport=TransportState.UNDELIVERED)}, False),
        ({"state": replace(_ARRIVED, transport=TransportState.EXPIRED)}, True),
        ({"state": _ASKED}, False),
        ({"state": replace(_ASKED, transport=TransportState.EXPIRED)}, True),
        ({"state": replace(_ASKED, business=BusinessState.RECALLED)}, True),
        ({"state": replace(_ASKED, recall_denied=Moment(NOW, receipt_id(2)))}, True),
    ],
)
def test_a_document_is_settled_when_nothing_is_waited_for(
    store: HubStore, changes: dict[str, object], settled: bool
) -> None:
    one, other = document(envelope(1)), document(envelope(2), received=NEXT)
    with store.begin() as session:
        session.add_documents([one, other])
        quiet = replace(delivery(one.key, C, due=None), state=_ARRIVED)
        session.add_deliveries([quiet, replace(delivery(one.key, due=None), **changes)])  # type: ignore[arg-type]
        session.add_deliveries([delivery(other.key)])
        assert session.unsettled(MONTH, NEXT, 10) == ([] if settled else [one.key])
        assert session.unsettled(MONTH, NEXT + HOUR, 1) == ([other.key] if settled else [one.key])


def test_directories_in_force_begin_with_the_one_before(store: HubStore) -> None:
    records = [replace(directory(version), stored=NOW + version * HOUR) for version in range(1, 6)]
    with store.begin() as session:
        for record in records:
            session.add_directory(record)
        assert session.directories_in_force(NOW + 3 * HOUR, NOW + 4 * HOUR) == records[1:4]
        assert session.directories_in_force(NOW, NOW + HOUR) == records[:1]
        assert session.directories_in_force(NOW + 30 * HOUR, NOW + 40 * HOUR) == records[4:]
