"""The broker is kept as the directory wants it, and healed where it cannot heal itself: steps of the clock.

    clock.provision   within seconds of every change of the directory, and every ten minutes: somebody may have changed
                      the broker by hand, or wiped it
    gauges.broker     its alarms; what is in its queues is told by each look of `clock.heal`
    clock.heal        queues that will never have a leader again are deleted and declared anew

Only where the hub has an account of the broker's management. Two clocks do no harm but work: at worst a queue that was
healed is healed again, which costs what came into it between, until that comes again.
"""

from exchange.errors import TransportError
from exchange.services.hub.hub import Hub
from exchange.wiring.places import HubPlace
from exchange.wiring.provision import alarms_at, healer, our_queues, provision
from workers.broker_gauges import show_broker
from workers.runner import Step

__all__ = ["Caretaker"]

_PROVISION_SECONDS = 600.0


class Caretaker:
    def __init__(self, place: HubPlace, hub: Hub) -> None:
        self._place, self._hub = place, hub
        self._healer = healer(place)
        self._done: tuple[int, float] | None = None

    def steps(self) -> list[Step]:
        return [
            Step(name="clock.provision", run=self.provision, every_seconds=2.0),
            Step(name="clock.heal", run=self.heal, every_seconds=15.0),
            Step(name="gauges.broker", run=self.gauge_alarms, every_seconds=15.0),
        ]

    def provision(self) -> int:
        """How much of the broker was changed."""
        directory, now = self._hub.verifier().directory, self._hub.clock.monotonic()
        if self._done is not None and self._done[0] == directory.version and now < self._done[1] + _PROVISION_SECONDS:
            return 0
        changes = provision(self._place, directory)
        self._done = (directory.version, now)
        if changes.conflicts:
            self._hub.log.warning("broker_conflicts", queues=", ".join(changes.conflicts))
        return len(changes.set) + len(changes.removed)

    def heal(self) -> int:
        """How many queues were made anew."""
        try:
            return self._heal()
        finally:
            show_broker(self._hub.metrics, self._healer.seen)

    def gauge_alarms(self) -> int:
        metrics = self._hub.metrics
        try:
            metrics.gauge("yidi_broker_alarms", len(alarms_at(self._place)))
        except TransportError:
            metrics.gauge("yidi_broker_alarms", None)
            raise
        return 0

    def _heal(self) -> int:
        healed = self._healer.heal(our_queues(self._hub.verifier().directory), self._hub.clock.monotonic())
        if healed:
            self._hub.log.warning("broker_queues_healed", queues=", ".join(healed))
            self._done = None
            self.provision()
        return len(healed)
