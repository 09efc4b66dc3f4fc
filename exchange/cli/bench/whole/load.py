"""Documents sent and awaited: how many a second, and a backlog. The sender's office is this process, and has some
clerks: threads that submit as those of an office system's server would."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from exchange.cli.bench.county import draft
from exchange.cli.bench.whole.result import Backlog, Run
from exchange.cli.bench.whole.stage import Cpu, Stage
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import TransportState
from exchange.model.unit import UnitCode

__all__ = ["delivered", "documents_held", "measure_backlog", "measure_rate", "send"]

Say = Callable[[int, int], None]

_CLERKS = 16


def send(stage: Stage, number: int, recipients: Sequence[UnitCode]) -> EnvelopeKey:
    return stage.desk.node.submitter.submit(draft(stage.county, number, recipients)).key


def delivered(stage: Stage, key: EnvelopeKey) -> bool:
    """Whether the sender holds every recipient's DELIVERED."""
    with stage.sender_store.look() as session:
        return all(one.state.transport is TransportState.DELIVERED for one in session.deliveries(key.sender, key))


def measure_rate(stage: Stage, recipients: int, documents: int, say: Say) -> tuple[Run, list[EnvelopeKey]]:
    to = stage.recipients(recipients)
    stage.rest()
    before, began = stage.cpu(), time.monotonic()
    keys = _send_all(stage, documents, to, lambda done: say(done, 2 * documents))
    seconds = _await(stage, keys, began)
    stage.rest()
    say(2 * documents, 2 * documents)
    run = Run(recipients=len(to), documents=documents, seconds=seconds, cpu=_since(stage, before))
    return run, keys


def measure_backlog(stage: Stage, documents: int, say: Say) -> Backlog:
    """The recipient's node is off while the documents are sent."""
    to = stage.recipients(1)
    node = stage.trial.node_of(to[0])
    stage.rest()
    node.program.stop()
    before, began = stage.cpu(), time.monotonic()
    known = documents_held(stage)
    keys = _send_all(stage, documents, to, lambda done: say(done, 3 * documents))
    stage.until(lambda: documents_held(stage) >= known + documents, "accepted")
    accepted, accept_cpu = time.monotonic() - began, _since(stage, before)
    # The hub's answers are still on their way to the sender; they are no part of catching up.
    stage.until(lambda: _outbox(stage) == 0, "answered")
    before, began = stage.cpu(), time.monotonic()
    node.program.start()
    caught_up = _await(stage, keys, began)
    stage.rest()
    say(3 * documents, 3 * documents)
    return Backlog(
        documents=documents,
        accept_seconds=accepted,
        accept_cpu=accept_cpu,
        catch_up_seconds=caught_up,
        catch_up_cpu=_since(stage, before),
    )


def _send_all(stage: Stage, documents: int, to: Sequence[UnitCode], say: Callable[[int], None]) -> list[EnvelopeKey]:
    keys = []
    with ThreadPoolExecutor(min(_CLERKS, documents), thread_name_prefix="clerk") as clerks:
        for key in clerks.map(lambda number: send(stage, number, to), range(documents)):
            keys.append(key)
            say(len(keys))
    return keys


def _await(stage: Stage, keys: Sequence[EnvelopeKey], began: float) -> float:
    """Seconds since `began` when the sender held every DELIVERED."""
    stage.until(lambda: stage.undelivered() == 0, "delivered")
    left = list(keys)

    def is_told() -> bool:
        while left and delivered(stage, left[-1]):
            left.pop()
        return not left

    stage.until(is_told, "told", every_seconds=0.02)
    return time.monotonic() - began


def documents_held(stage: Stage) -> int:
    """By the hub."""
    with stage.hub_store.begin() as session:
        return session.counts()["documents"]


def _outbox(stage: Stage) -> int:
    with stage.sender_store.begin() as session:
        return session.counts()["outbox_open"]


def _since(stage: Stage, before: Cpu) -> Cpu:
    """A process that was started meanwhile began at 0."""
    now = stage.cpu()
    return {name: max(0.0, spent - before[name] if spent >= before[name] else spent) for name, spent in now.items()}
