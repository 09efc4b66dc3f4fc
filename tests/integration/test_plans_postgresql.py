"""Every statement of a running hub finds its rows by a key or an index on a PostgreSQL with many rows.

Compare `tests/unit/storage/test_plans.py`. Here the planner has statistics and may choose otherwise.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, Engine, event, text

from exchange.model.events import TransportState
from exchange.ports.hub import Forward
from exchange.ports.search import Search
from exchange.storage import SqlHubStore, open_hub_store
from exchange.storage.engine import open_engine
from exchange.trial.servers import PostgresServer
from tests.contract.store_records import NOW, A, B, delivery, digest, envelope, receipt_id
from tests.integration.databases import new_database

_ROWS = 40_000
MONTH = Search(since=NOW, until=NOW + timedelta(milliseconds=20), sender=A, words=("title",))
_TIME = 1_772_353_800_000_000
# Quickly made: each document with one settled delivery, one receipt, two entries that are sealed.
_FILL = (
    "INSERT INTO documents SELECT lpad(n::text, 36, '0'), 'A', md5(n::text), NULL, {t} + n, 'title', n % 10 = 0 FROM n",
    "INSERT INTO document_files SELECT lpad(n::text, 36, '0'), 'A', 0, md5(n::text) FROM n",
    (
        "INSERT INTO deliveries SELECT lpad(n::text, 36, '0'), 'A', 'B', 60, 20, 0, 0, {t}, {t}, 'x', '{{}}',"
        " md5(n::text), NULL, 1, {t}, {t}, NULL FROM n"
    ),
    (
        "INSERT INTO receipts SELECT lpad(n::text, 36, '0'), lpad(n::text, 36, '0'), 'A', NULL, 'ACCEPTED',"
        " md5(n::text), NULL, {t}, {t} + n FROM n"
    ),
    "INSERT INTO originals SELECT {t} + n, md5(n::text), 'bytes' FROM n",
    (
        "INSERT INTO entries (leaf, kind, sender, envelope_id, id, digest, recorded) SELECT n, 'ENVELOPE', 'A',"
        " lpad(n::text, 36, '0'), lpad(n::text, 36, '0'), md5(n::text) || md5(n::text), {t} FROM n"
    ),
    "INSERT INTO forwards SELECT 'A', lpad(n::text, 36, '0'), {t} * 2, 1 FROM n",
    "INSERT INTO tree_nodes SELECT 0, n, 'hash' FROM n",
    "INSERT INTO checkpoints SELECT n, 'root', 'note', {t} FROM n WHERE n > 0",
    "INSERT INTO refusals SELECT 'A', md5(n::text), lpad(n::text, 36, '0'), 'bytes' FROM n",
    "INSERT INTO claims SELECT 'A', md5(n::text) FROM n",
    (
        "INSERT INTO quarantine (digest, queue, broker_user, code, detail, at)"
        " SELECT md5(n::text), 'q', 'A', 'XML', '', {t} FROM n"
    ),
    "INSERT INTO tallies (name, change) SELECT 'documents', 1 FROM n WHERE n < 100",
)
_SCAN = re.compile(r"Seq Scan on (\w+)")
# What holds only what is to be done, or is put together every few seconds.
_SMALL = {"owed", "leases", "tallies", "directories", "presences"}


def fill(engine: Engine) -> None:
    with engine.begin() as connection:
        for statement in _FILL:
            with_numbers = statement.format(t=_TIME).replace(" FROM n", f" FROM generate_series(0, {_ROWS}) AS n")
            connection.execute(text(with_numbers.replace(":", "\\:").replace("\\:\\:", "::")))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def plans(engine: Engine) -> Iterator[list[str]]:
    """Collects the plan of every statement run meanwhile, as it was run."""
    found: list[str] = []

    def explain(connection: Connection, _: object, statement: str, values: object, *__: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and "pg_" not in statement:
            one = values[0] if isinstance(values, Sequence) and values and isinstance(values[0], tuple) else values
            raw = connection.connection.driver_connection
            assert raw is not None
            rows = raw.execute(f"EXPLAIN {statement}", one).fetchall()
            found.append("\n".join([statement, *(row[0] for row in rows)]))

    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def test_no_statement_of_the_hot_path_reads_a_whole_table(postgres: PostgresServer) -> None:
    keys, deliveries = [envelope(1), envelope(2)], [delivery(envelope(1)), delivery(envelope(1), A)]
    with new_database(postgres) as url:
        made = open_hub_store(url)
        with made.begin() as session:
            session.open_months(NOW)
        made.close()
        engine = open_engine(url)
        fill(engine)
        with plans(engine) as found, SqlHubStore(engine).begin() as session:
            session.documents(keys)
            session.digests(keys)
            session.accepted_receipts(keys)
            session.refusals([(A, digest(1)), (B, digest(1))])
            session.checkpoint()
            session.directory_version()
            session.claimed(A, [digest(1), digest(2)])
            session.receipts([receipt_id(1), receipt_id(2)])
            session.receipt_digests([receipt_id(1), receipt_id(2)])
            session.receipts_of(keys[0])
            session.add_deliveries(deliveries)
            session.lock_deliveries([record.key for record in deliveries])
            session.save_deliveries(deliveries)
            session.deliveries_of(keys[0])
            session.due_deliveries(NOW, 500)
            session.due_reminders(NOW, 500)
            session.due_forwards(NOW, 1000)
            session.save_forwards([Forward(unit=A, receipt=receipt_id(1), due=NOW)])
            session.close_forwards(A, [receipt_id(1), receipt_id(2)])
            session.hasten_forwards([(A, receipt_id(1)), (A, receipt_id(2))], NOW)
            session.hasten_deliveries([record.key for record in deliveries], NOW)
            session.take_owed(5000)
            session.unsealed(5000)
            session.entries_of(keys[0])
            session.entries(100, 10)
            session.count_failure(digest(1))
            session.find("0000-")
            session.oldest_unsigned_urgent()
            session.expiring_before(NOW, 10_000)
            session.expiring_though_here(NOW, NOW, NOW, 10_000)
            session.fold_counts()
            session.tree_node(0, 5)
            session.search(MONTH, None, 50)
            session.search(replace(MONTH, to=B, state=TransportState.ACCEPTED), (NOW, envelope(1)), 50)
        engine.dispose()
    scans = [(name, plan) for plan in found for name in _SCAN.findall(plan) if name not in _SMALL]
    wide = [(name, plan) for name, plan in scans if not name.startswith("originals") and name != "failures"]
    assert wide == []


def test_no_piece_of_archiving_reads_a_whole_month(postgres: PostgresServer) -> None:
    keys = [(NOW + timedelta(microseconds=number), digest(number)) for number in range(256)]
    with new_database(postgres) as url:
        made = open_hub_store(url)
        with made.begin() as session:
            session.open_months(NOW)
        made.close()
        engine = open_engine(url)
        fill(engine)
        with plans(engine) as found, SqlHubStore(engine).begin() as session:
            session.oldest_original(NOW)
            session.originals_among(keys)
            session.keep_receipts([receipt_id(number) for number in range(256)])
            session.remove_originals(keys)
            session.unsettled(NOW, NOW + timedelta(milliseconds=10), 20)
        engine.dispose()
    # What is on its way to units is not much, and the other months are empty.
    small = _SMALL | {"forwards", "originals_default", "originals_2026_04", "originals_2026_05"}
    wide = [plan for plan in found for name in _SCAN.findall(plan) if name not in small]
    assert wide == []


def test_counting_for_metrics_reads_neither_documents_nor_deliveries(postgres: PostgresServer) -> None:
    with new_database(postgres) as url:
        engine = open_engine(url)
        fill(engine)
        with plans(engine) as found, SqlHubStore(engine).begin() as session:
            session.counts()
        engine.dispose()
    read = {name for plan in found for name in re.findall(r"(?:Scan|Scan using \w+) on (\w+)", plan)}
    assert read <= {"tallies", "forwards", "entries"}
    assert any("entries_unsealed" in plan for plan in found)
