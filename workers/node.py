"""node: the mailboxes of one or many units: outbox, inboxes, office systems, directory.

Consumes           inbox.<unit> of every unit it hosts
Publishes          in.<unit>: envelopes (urgent, normal), receipts, NOTED, and every minute that it is there
Writes             inbox, deliveries, receipts, outbox, hand-overs; the directory it holds; the hub's
                   checkpoints it has seen; deletes files that no document names
Acknowledges       last: after the commit; what it owes in return stands in the outbox by then
If it dies here    before the commit: the batch comes again. After it: the batch comes again as duplicates and
                   its own receipts are repeated. Uploads and downloads go on where they stopped
                   (large ones beside this loop, `workers.moves`)
If it comes twice  one inbox item, one hand-over; the same receipts again, byte for byte
If it was restored it first asks the hub for what came after the backup; until then it takes nothing from its
                   inboxes and hands nothing over
Settings           node timing (retry, recall_until_signed, poison_attempts, chunk_bytes, unsent_days);
                   office, office_of, offices
Metrics            yidi_node_submitted_total, yidi_node_published_total, yidi_node_received_total,
                   yidi_node_duplicates_total, yidi_node_quarantined_total, yidi_node_handover_failures_total
"""

from collections.abc import Callable

from exchange.ports.transport import Consumer
from exchange.services.node.handover import Officer
from exchange.services.node.office_decide import OfficeDecider
from exchange.services.node.present import Presenter
from exchange.services.node.receive import Receiver
from exchange.services.node.recover import Recoverer
from exchange.services.node.refresh import Refresher
from exchange.services.node.relay import Relay
from exchange.services.node.unsent import Unsent
from workers.batch import take
from workers.runner import Step

__all__ = ["file_steps", "mailbox_steps", "office_steps", "presence_step"]

Run = Callable[[], int]
Spare = Callable[[Run], Run]


def _always(run: Run) -> Run:
    return run


def mailbox_steps(
    receiver: Receiver,
    relay: Relay,
    refresher: Refresher,
    consumer: Consumer,
    *,
    recoverer: Recoverer | None = None,
    spare: Spare = _always,
    limit: int = 200,
) -> list[Step]:
    """With `recoverer` the first of them is to ask the hub for what a restored node has lost. `spare` makes a step that
    looks into the store one that is left out when nothing can have changed there."""
    recover = [] if recoverer is None else [Step(name="node.recover", run=recoverer.recover)]

    def receive() -> int:
        return 0 if recoverer is not None and recoverer.pending else take(consumer, receiver.receive, limit)

    return [
        *recover,
        Step(name="node.receive", run=receive),
        Step(name="node.held", run=receiver.look_after_held, every_seconds=0.5),
        Step(name="node.relay", run=spare(relay.relay)),
        Step(name="node.note", run=relay.note, every_seconds=1.0),
        Step(name="node.directory", run=lambda: int(refresher.refresh()), every_seconds=5.0),
    ]


def office_steps(
    officer: Officer, decider: OfficeDecider, recoverer: Recoverer | None = None, *, spare: Spare = _always
) -> list[Step]:
    """For a loop of their own: an office system that hangs must not keep documents from arriving."""

    def hand_over() -> int:
        return 0 if recoverer is not None and recoverer.pending else officer.hand_over()

    return [
        Step(name="node.hand_over", run=spare(hand_over)),
        Step(name="node.tell", run=spare(officer.tell)),
        Step(name="node.collect", run=officer.collect, every_seconds=2.0),
        Step(name="node.office_decisions", run=decider.take, every_seconds=2.0),
    ]


def file_steps(unsent: Unsent) -> list[Step]:
    return [
        Step(name="node.unsent", run=unsent.survey, every_seconds=1.0),
        Step(name="node.unfinished", run=unsent.unfinished, every_seconds=3600.0),
    ]


def presence_step(presenter: Presenter) -> Step:
    """Of the loop that carries documents: a node whose loop hangs is not there. One that moves a large file is."""
    return Step(name="node.present", run=presenter.present, every_seconds=60.0, meanwhile=True)
