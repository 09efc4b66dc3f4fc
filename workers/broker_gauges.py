"""What the broker holds, as its management told the caretaker at the last look.

Not here: looking (`exchange.transport.rabbit_state`), healing (`exchange.transport.rabbit_healing`).
"""

from collections import Counter

from exchange.ports.telemetry import Metrics
from exchange.telemetry.catalogue import QUEUES
from exchange.topology import INBOX
from exchange.transport.rabbit_state import BrokerState

__all__ = ["show_broker"]


def show_broker(metrics: Metrics, state: BrokerState | None) -> None:
    """None: it did not answer, and nothing is shown of it. Inboxes are summed up, so that series stay few."""
    messages: Counter[str] = Counter()
    consumers: Counter[str] = Counter()
    for queue in state.queues if state else ():
        is_inbox = queue.name.startswith(f"{INBOX}.")
        name = INBOX if is_inbox else queue.name
        messages[name] += queue.messages
        consumers[name] += bool(queue.consumers) if is_inbox else queue.consumers
    for name in QUEUES:
        metrics.gauge("yidi_broker_messages", messages[name] if state else None, queue=name)
        metrics.gauge("yidi_broker_consumers", consumers[name] if state else None, queue=name)
    running = sum(node.running for node in state.nodes) if state else None
    metrics.gauge("yidi_broker_nodes", running, state="running")
    metrics.gauge("yidi_broker_nodes", len(state.nodes) - (running or 0) if state else None, state="down")
