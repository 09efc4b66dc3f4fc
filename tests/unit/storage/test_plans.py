"""Every query of a running hub or node finds its rows by a key or an index, however many others there are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine, event

from exchange.ports.hub import Forward
from exchange.ports.node import Box
from exchange.ports.programs import Answer, Place, Wanted
from exchange.storage import SqlHubStore, SqlNodeStore
from exchange.storage.engine import open_memory
from exchange.storage.migrate import image
from tests.contract.store_records import NOW, A, B, delivery, digest, envelope, receipt_id


@contextmanager
def plans(engine: Engine) -> Iterator[list[str]]:
    """Collects SQLite's plan of every statement run meanwhile."""
    found: list[str] = []

    def explain(_connection: object, cursor: object, statement: str, values: Sequence[object], *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            one = values[0] if values and isinstance(values[0], tuple) else values
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", one)  # type: ignore[attr-defined]
            found.extend(f"{row[3]}: {statement}" for row in rows)

    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def scans(found: list[str]) -> list[str]:
    """Whole tables that are read, or whole indexes; the list of keys asked for is a virtual table."""
    assert found
    return [plan for plan in found if plan.startswith("SCAN") and "VIRTUAL TABLE" not in plan]


def test_a_hub_never_reads_a_whole_table_to_do_its_work() -> None:
    engine = open_memory(image("hub"))
    keys, deliveries = [envelope(1), envelope(2)], [delivery(envelope(1)), delivery(envelope(1), A)]
    with plans(engine) as found, SqlHubStore(engine).begin() as session:
        session.documents(keys)
        session.digests(keys)
        session.receipt_digests([receipt_id(1)])
        session.documents_after(keys[0], 10)
        session.add_deliveries(deliveries)
        session.save_deliveries(deliveries)
        session.lock_deliveries([record.key for record in deliveries])
        session.deliveries_of(keys[0])
        session.due_deliveries(NOW, 10)
        session.due_reminders(NOW, 10)
        session.hasten_deliveries([record.key for record in deliveries], NOW)
        session.hasten_open(NOW, NOW)
        session.receipts([receipt_id(1), receipt_id(2)])
        session.receipts_of(keys[0])
        session.quarantined_as(digest(1)[:8], 10)
        session.accepted_receipts(keys)
        session.refusals([(A, digest(1)), (B, digest(1))])
        session.due_forwards(NOW, 10)
        session.forwards_to(A)
        session.undelivered_to(A)
        session.carried(A)
        session.forget_carried(A, NOW)
        session.save_forwards([Forward(unit=A, receipt=receipt_id(1), due=NOW)])
        session.close_forwards(A, [receipt_id(1)])
        session.hasten_forwards([(A, receipt_id(1))], NOW)
        session.entries_of(keys[0])
        session.entries(5, 10)
        session.usage([A, B], NOW)
        session.lock_presences([A, B])
        session.add_minute([A], NOW)
        session.presence_days(NOW, NOW)
        session.first_to_expire()
        session.expiring_before(NOW, 10_000)
        session.expiring_though_here(NOW, NOW, NOW, 10_000)
        session.unsigned(NOW)
        session.oldest_unsealed()
        session.count_failure(digest(1))
        session.find("0000")
        session.find(str(keys[0]))
        session.directory_version()
        session.oldest_unsigned_urgent()
    assert [plan for plan in scans(found) if not plan.startswith("SCAN late:")] == []  # rows that were found already


def test_a_hub_finds_who_has_which_file_by_an_index() -> None:
    engine = open_memory(image("hub"))
    with plans(engine) as found, SqlHubStore(engine).begin() as session:
        session.claimed(A, [digest(1), digest(2)])
        session.hold_claims([(A, digest(1)), (B, digest(2))])
        session.drop_claims([(A, digest(1)), (A, digest(2))])
        session.waiting_claims(NOW, 10)
        session.wait_for({(A, digest(1)): NOW})
        session.unclaimed([digest(1)])
        session.unneeded(10)
        session.take_unneeded(digest(1))
    assert [plan for plan in scans(found) if not plan.startswith("SCAN unneeded")] == []  # what is still to be done


def test_a_node_never_reads_a_whole_table_to_do_its_work() -> None:
    engine = open_memory(image("node"))
    keys = [(A, envelope(1)), (B, envelope(1))]
    with plans(engine) as found, SqlNodeStore(engine).begin() as session:
        session.documents(Box.INBOX, keys)
        session.listing(A, Box.SENT)
        session.find(A, Box.SENT, "0000")
        session.deliveries(A, envelope(1))
        session.receipts([(A, receipt_id(1)), (B, receipt_id(1))])
        session.receipts_of(A, envelope(1))
        session.receipts_about([(A, envelope(1)), (B, envelope(2))])
        session.untold(10)
        session.told([(A, receipt_id(1))])
        session.due_outbox(NOW, 10)
        session.open_outbox(A)
        session.outbox_rows(A, [envelope(1).id])
        session.carried(A)
        session.forget_carried(A, NOW)
        session.close_outbox(A, [(envelope(1).id, digest(1))])
        session.reopen_receipts(A, envelope(1), NOW)
        session.oldest_open()
        session.due_handovers(NOW, 10)
        session.handover(A, envelope(1))
        session.by_reference(A, "ref")
        for wanted in Wanted:
            session.page(A, Box.INBOX, wanted, Place(NOW, envelope(1)), 10)
        session.tallies(A, Box.SENT, NOW, NOW)
        session.locks(A, [envelope(1), envelope(2)])
        session.drop_lock(A, envelope(1))
        session.uploaded(A, digest(1))
        session.occurrences(5, [A, B], 10)
        session.last_occurrence()
        session.token("0")
        session.use_token("0", NOW)
        session.begin_answer(Answer(token="0", key="k", digest=digest(1), at=NOW))
        session.finish_answer("0", "k", 200, b"")
        session.drop_answer("0", "k")
        session.drop_answers(NOW)
    assert scans(found) == []


def test_what_a_node_asks_in_every_round_never_reads_all_that_a_unit_holds() -> None:
    engine = open_memory(image("node"))
    with plans(engine) as found, SqlNodeStore(engine).begin() as session:
        session.due_outbox(NOW, 10)
        session.oldest_open()
        session.standings()
        session.untold(10, [A])
        session.due_handovers(NOW, 10)
        session.settle_without_office([A, B], NOW)
        session.take_owed(10)
    assert scans([plan for plan in found if "owed" not in plan]) == []
    assert [plan for plan in found if "(unit=?)" in plan] == []
