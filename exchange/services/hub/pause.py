"""Pause: an operator has the documents of one unit held, both ways, and releases it again.

What it sends gets no answer: it stays in the unit's own outbox, whose node repeats it, and is accepted after the
release. What is sent to it is accepted and waits here; nothing of that expires meanwhile, and after the release it has
its whole time to arrive. Receipts go both ways as ever, so that what was begun is finished; nobody is urged. The unit
is told by a signed notice, which its node shows (docs/decisions/045-a-pause-holds.md).

A pause with an end is ended by the clock, in the name of whoever began it.
"""

from datetime import datetime, timedelta
from typing import Final

from exchange.errors import RefusedError
from exchange.model.calendar import COUNTY_TIME
from exchange.model.notice import NoticeKind
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.ports.hub import HubSession
from exchange.ports.pauses import Pause
from exchange.services.hub.announce import LONGEST_NOTICE, add_notice
from exchange.services.hub.hub import Hub

__all__ = ["WHILE_PAUSED", "Pauser"]

WHILE_PAUSED: Final = timedelta(hours=1)  # until the clock looks at a held delivery again
_TOLD_FOR: Final = timedelta(days=30)  # a pause without an end
_CLOCK: Final = Operator(account="clock", name="", reason="the pause had an end")


class Pauser:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def pause(self, unit: UnitCode, until: datetime | None, operator: Operator) -> None:
        """Raises RefusedError (STATE): it is paused already."""
        hub, now = self._hub, self._hub.clock.now()
        with hub.store.begin() as session:
            if not session.add_pause(Pause(unit=unit, since=now, until=until, reason=operator.reason)):
                raise RefusedError(f"{unit} is paused already", code="STATE")
            end = "" if until is None else f"至 {until.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}，"
            text = (
                f"本单位的公文收发已由交换中心暂停，{end}所发公文保留在本节点，恢复后自动发出。理由：{operator.reason}"
            )
            add_notice(session, hub, [unit], NoticeKind.PAUSED, text[:LONGEST_NOTICE], until or now + _TOLD_FOR)
            session.add_acts([operator.act(now, "units pause", unit, "paused")])

    def release(self, unit: UnitCode, operator: Operator) -> None:
        """Raises RefusedError (STATE): it is not paused."""
        with self._hub.store.begin() as session:
            if not self._release(session, unit, operator):
                raise RefusedError(f"{unit} is not paused", code="STATE")

    def release_due(self) -> int:
        """End the pauses whose end has come; returns how many."""
        now = self._hub.clock.now()
        with self._hub.store.begin() as session:
            over = sorted(unit for unit, one in session.pauses().items() if one.until is not None and one.until <= now)
            return sum(self._release(session, unit, _CLOCK) for unit in over)

    def _release(self, session: HubSession, unit: UnitCode, operator: Operator) -> bool:
        hub, now = self._hub, self._hub.clock.now()
        add_notice(session, hub, [unit], NoticeKind.RELEASED, "本单位的公文收发已恢复。", now + timedelta(days=3))
        session.add_acts([operator.act(now, "units release", unit, "released")])
        return session.end_pause(unit, now, now + hub.timing.deliver_within)
