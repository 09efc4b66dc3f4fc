"""Announce: the hub tells units something, signed: that it will be down, or is back.

One NOTICE, the same bytes for all, stored with one forward a unit and the act of who ordered it; the clock sends it and
repeats it as any receipt, until the unit's NOTED names it or it is over. So it needs no queue and no schedule of its
own. It speaks of no document, so it is in no ledger; who was told what is in `acts` and in the table of notices.

A node of a release before NOTICE sets it aside, once, and never confirms it; the hub stops at its end.
"""

from collections.abc import Sequence
from datetime import datetime

from exchange.model.events import Event
from exchange.model.notice import Notice, NoticeKind
from exchange.model.text import check_text
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.ports.hub import Forward, HubSession
from exchange.ports.notices import NoticeRecord
from exchange.services.hub.hub import Hub

__all__ = ["LONGEST_NOTICE", "add_notice", "announce"]

LONGEST_NOTICE = 500


def announce(
    hub: Hub, units: Sequence[UnitCode], kind: NoticeKind, text: str, until: datetime, operator: Operator
) -> NoticeRecord:
    """To these units. Raises InvalidValueError, StorageError."""
    check_text("text", text, LONGEST_NOTICE)
    with hub.store.begin() as session:
        record = add_notice(session, hub, units, kind, text, until)
        session.add_acts([operator.act(record.at, f"notice {kind.word}", record.id, f"{len(units)} units")])
    return record


def add_notice(
    session: HubSession, hub: Hub, units: Sequence[UnitCode], kind: NoticeKind, text: str, until: datetime
) -> NoticeRecord:
    """The same in the caller's transaction, whose act it is."""
    now = hub.clock.now()
    attributes = Notice(kind=kind, until=until).attributes()
    receipt, document = hub.receipt(Event.NOTICE, now, text=text, attributes=attributes)
    record = NoticeRecord(id=receipt.id, kind=kind, text=text, document=document, at=now, until=until, units=len(units))
    session.add_notice(record)
    session.add_forwards([Forward(unit=unit, receipt=record.id, due=now) for unit in units])
    return record
