"""The raw parts for messages that have been delivered: signed and verified again, their rows written again to empty
databases, their bytes through the same broker again. The workers have stopped; the servers run.

For one document to R units: what `exchange.cli.bench.bare` does again, with the hub's rows on PostgreSQL and the nodes'
on SQLite; and 2 + 3R messages (envelope, ACCEPTED, each dispatch, each DELIVERED in and out), each published with a
confirm, taken and acknowledged. Left out, though the exchange does it: NOTED both ways, sealing, looking up, waiting.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from exchange.cli.bench.bare import Case, Work, case_of
from exchange.cli.bench.spent import spent, spent_each
from exchange.cli.bench.whole.result import Parts, RatePart, RawPart, Run
from exchange.cli.bench.whole.stage import Stage
from exchange.codec.read import read_envelope, read_receipt
from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.hub import HubStore
from exchange.ports.keys import Signer
from exchange.ports.records import ReceiptRecord
from exchange.ports.transport import Message, PublishResult, Transport
from exchange.storage import open_hub_store, open_node_store
from exchange.topology import Lane, in_exchange, work_queue
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.process import family_cpu_seconds
from exchange.trust.sign import sign_envelope, sign_receipt
from exchange.trust.verify import Verifier
from exchange.wiring.places import NodePlace
from exchange.wiring.system import SystemClock

__all__ = ["measure_parts"]

_BATCH = 200
# Enough to tell, few enough to be quick.
_SAMPLE = 400


def measure_parts(
    stage: Stage, runs: Sequence[tuple[Run, Sequence[EnvelopeKey]]], messages: int, folder: Path
) -> Parts:
    signer = NodePlace.open(stage.trial.nodes[0].root).keys().signer(stage.county.sender.code)
    samples = [[case_of(stage.sender_store, key) for key in _sample(run, keys)] for run, keys in runs]
    raw = [*_crypto(stage, samples[0], signer), _broker(stage, samples[0][0], messages), *_commits(stage, folder)]
    broker_us = next(part.total_us for part in raw if part.name == "broker")
    rates = [
        _rate(stage, run, cases, signer, broker_us, folder / f"parts-{number}")
        for number, ((run, _), cases) in enumerate(zip(runs, samples, strict=True))
    ]
    return Parts(raw=raw, rates=rates)


def _sample(run: Run, keys: Sequence[EnvelopeKey]) -> list[EnvelopeKey]:
    return list(keys[: max(1, _SAMPLE // run.recipients)])


def _rate(stage: Stage, run: Run, cases: Sequence[Case], signer: Signer, broker_us: float, folder: Path) -> RatePart:
    folder.mkdir()
    work = Work(cases=cases, signer=signer, directory=stage.county.directory, now=SystemClock().now())
    deliveries = sum(len(case.deliveries) for case in cases)
    hub = open_hub_store(stage.trial.database.create_database(folder.name))
    node = open_node_store(f"sqlite:///{folder / 'node.sqlite'}")
    try:
        before = family_cpu_seconds(stage.trial.database.pid)
        commit = work.commit(stage.hub_store, hub, node).cpu + family_cpu_seconds(stage.trial.database.pid) - before
    finally:
        hub.close()
        node.close()

    def each(seconds: float) -> float:
        return seconds / deliveries * 1e6

    return RatePart(
        recipients=run.recipients,
        sign_us=each(work.sign().cpu),
        verify_us=each(work.verify().cpu),
        commit_us=each(commit),
        broker_us=broker_us * (3 + 2 / run.recipients),
        whole_us=run.cpu_us,
    )


# each part alone


def _crypto(stage: Stage, cases: Sequence[Case], signer: Signer) -> list[RawPart]:
    verifier, now = Verifier(stage.county.directory), SystemClock().now()
    documents = [case.document.document for case in cases]
    receipts = [record.document for case in cases for record in case.delivered]
    envelopes, values = [read_envelope(one) for one in documents], [read_receipt(one) for one in receipts]
    parts: list[tuple[str, int, Callable[[], object]]] = [
        ("sign_envelope", len(documents), lambda: [sign_envelope(one, signer) for one in envelopes]),
        ("sign_receipt", len(receipts), lambda: [sign_receipt(one, signer) for one in values]),
        ("verify_envelope", len(documents), lambda: [verifier.envelope(one, now) for one in documents]),
        ("verify_receipt", len(receipts), lambda: [verifier.receipt(one, now) for one in receipts]),
    ]
    return [RawPart(name=name, count=count, client_us=spent(work).cpu / count * 1e6) for name, count, work in parts]


def _broker(stage: Stage, case: Case, count: int) -> RawPart:
    """Published by the sender's account over TLS, taken by the hub's: as an envelope goes."""
    unit, body = stage.county.sender.code, case.document.document
    out = RabbitTransport(NodePlace.open(stage.trial.nodes[0].root).rabbit(unit))
    into = RabbitTransport(stage.trial.hub_place().rabbit())
    message = Message(exchange=in_exchange(unit), key=Lane.NORMAL.value, body=body, user=unit)
    try:
        _there_and_back(out, into, [message], 1)  # connects
        before = family_cpu_seconds(stage.trial.broker.pid)
        client = spent(lambda: _there_and_back(out, into, [message] * _BATCH, count // _BATCH)).cpu
        server = family_cpu_seconds(stage.trial.broker.pid) - before
    finally:
        out.close()
        into.close()
    done = count // _BATCH * _BATCH
    return RawPart(name="broker", count=done, client_us=client / done * 1e6, server_us=server / done * 1e6)


def _there_and_back(out: Transport, into: Transport, batch: Sequence[Message], times: int) -> None:
    publisher, consumer = out.publisher(), into.consumer([work_queue(Lane.NORMAL)])
    for _ in range(times):
        if publisher.publish(batch) != [PublishResult.ACCEPTED] * len(batch):
            raise YidiError("the broker did not take a message", code="BENCH")
        left = len(batch)
        while left:
            taken = consumer.receive(left, 10.0)
            consumer.ack([one.tag for one in taken])
            left -= len(taken)
    publisher.close()
    consumer.close()


def _commits(stage: Stage, folder: Path) -> list[RawPart]:
    """Rows of receipts, `_BATCH` to a synced transaction."""
    with stage.hub_store.begin() as session:
        records = session.receipts_after(None, 10 * _BATCH)
    batches = [records[start : start + _BATCH] for start in range(0, len(records), _BATCH)]
    parts = []
    urls = {
        "commit_postgresql": stage.trial.database.create_database("commits"),
        "commit_sqlite": f"sqlite:///{folder / 'commits.sqlite'}",
    }
    for name, url in urls.items():
        store = open_hub_store(url)
        before = family_cpu_seconds(stage.trial.database.pid)
        try:
            client = spent_each(lambda rows: _add(store, rows), batches).cpu  # noqa: B023  # called at once
        finally:
            store.close()
        server = family_cpu_seconds(stage.trial.database.pid) - before if name == "commit_postgresql" else 0.0
        count = len(records)
        parts.append(RawPart(name=name, count=count, client_us=client / count * 1e6, server_us=server / count * 1e6))
    return parts


def _add(store: HubStore, rows: Sequence[ReceiptRecord]) -> None:
    with store.begin() as session:
        session.add_receipts(rows)
