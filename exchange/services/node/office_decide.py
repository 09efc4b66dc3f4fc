"""Office decisions: what people decided in their office system becomes signed receipts here.

At least once from the office, in effect once: the office's id of a decision stands in the signed receipt. A decision
that can never be taken is told back to the office with the reason; one that may succeed later stays where it waits.
An office in trouble delays its own unit and nothing else.
"""

from collections.abc import Sequence
from typing import Final

from exchange.errors import YidiError, loggable
from exchange.model.unit import UnitCode
from exchange.ports.office import InOffice, OfficeAdapter, OfficeDecision
from exchange.services.node.deaf import Deaf
from exchange.services.node.decide import Decider
from exchange.services.node.handover import Offices
from exchange.services.node.node import Node, may_pass
from exchange.services.node.office_health import OfficeHealth

__all__ = ["OfficeDecider"]

_MOST_HELD: Final = 1000


class OfficeDecider:
    """Limits: an office that must be asked document by document is asked about the first thousand that are open."""

    def __init__(self, node: Node, offices: Offices, decider: Decider, health: OfficeHealth | None = None) -> None:
        self._health = health or OfficeHealth()
        self._node, self._offices, self._decider = node, offices, decider

    def take(self) -> int:
        """Take what was decided in every office; returns how many decisions were."""
        node = self._node
        with node.store.look() as session:
            units = session.units()
        return sum(self._take(unit, office) for unit in units if (office := self._offices(unit)) is not None)

    def _take(self, unit: UnitCode, office: OfficeAdapter) -> int:
        try:
            taken, deaf = 0, Deaf()
            for one in office.decisions(unit, lambda: self._held(unit)):
                with deaf.passed_over():
                    taken += self._decide(office, unit, one)
            deaf.tell()
        except Exception as error:  # noqa: BLE001  # this unit's office is down or its adapter has a bug
            code = error.code if isinstance(error, YidiError) else "BUG"
            self._node.log.warning("office_decisions_unreachable", unit=unit, code=code)
            self._health.failed(unit, "decisions", code)
            return 0
        self._health.answered(unit, "decisions")
        return taken

    def _decide(self, office: OfficeAdapter, unit: UnitCode, decision: OfficeDecision) -> bool:
        """Whether it was taken. The receipt is on stable storage before the office hears so."""
        log = self._node.log
        try:
            self._decider.of_office(unit, decision)
        except YidiError as error:
            if may_pass(error):
                log.warning("office_decision_waits", unit=unit, code=error.code, detail=loggable(error))
            else:
                log.warning("office_decision_refused", unit=unit, code=error.code, event_name=decision.event.value)
                office.decided(unit, decision.reference, error)
            return False
        office.decided(unit, decision.reference, None)
        return True

    def _held(self, unit: UnitCode) -> Sequence[InOffice]:
        with self._node.store.look() as session:
            found = session.in_office(unit, _MOST_HELD)
        return [InOffice(key=h.envelope, office_id=h.external_id or "", state=state) for h, state in found]
