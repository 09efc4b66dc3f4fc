"""What one unit may have accepted in a day: a day's limit held against what the store has counted.

    Budget   what the senders of one batch have left, and what the batch uses up of it

Documents that were accepted before cost nothing: only what enters for the first time is asked for here. Urgent
documents may go on to twice the limit, so that whoever has used it up can still give a warning, and whoever calls
everything urgent is bounded, too.

Limits: routers that work at once do not see each other's batches before they are committed, so that a limit may be
overshot by as many documents as those routers have in hand.

Not here: how the refusal is signed (`route`), fairness within minutes (`fair_intake`).
"""

from collections.abc import Iterable
from datetime import datetime

from exchange.errors import RefusedError
from exchange.model.calendar import COUNTY_TIME, begin_of_day, next_day
from exchange.model.envelope import Envelope
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubSession, Usage
from exchange.settings import Quota

__all__ = ["Budget"]

_URGENT_TIMES = 2


class Budget:
    """For one transaction: read at its begin, written at its end."""

    def __init__(self, session: HubSession, quota: Quota, senders: Iterable[UnitCode], now: datetime) -> None:
        self._session, self._quota, self._now = session, quota, now
        self._had = session.usage(senders, begin_of_day(now))
        self._spent: dict[UnitCode, Usage] = {}

    def spend(self, envelope: Envelope, size: int) -> RefusedError | None:
        """Count this document of `size` bytes in, or say why it must stay out; then nothing was counted."""
        unit = envelope.sender
        had, spent = self._had.get(unit, Usage()), self._spent.get(unit, Usage())
        now = Usage(
            documents=spent.documents + 1,
            bytes=spent.bytes + size + sum(file.size for file in envelope.files),
        )
        times = _URGENT_TIMES if envelope.urgent else 1
        if had.documents + now.documents > times * self._quota.documents_of(unit):
            return self._refusal(times * self._quota.documents_of(unit), "件", "documents")
        if had.bytes + now.bytes > times * self._quota.bytes_of(unit):
            return self._refusal(times * self._quota.bytes_of(unit), "字节", "bytes")
        self._spent[unit] = now
        return None

    def settle(self) -> None:
        """Best the last act of the transaction: other routers wait for its end with theirs."""
        if self._spent:
            self._session.add_usage(begin_of_day(self._now), self._spent)

    def _refusal(self, limit: int, of_chinese: str, of: str) -> RefusedError:
        end = next_day(self._now)
        in_china = end.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M")
        return RefusedError(
            f"今日发文限额（{limit} {of_chinese}）已用完，北京时间 {in_china} 起方可再发；"
            "届时请重新发送，会得到新的编号，本编号不再受理。"
            f"The day's limit of {limit} {of} is used up until {end:%Y-%m-%dT%H:%MZ}; "
            "then send it anew, under a new id: this one stays refused.",
            code="QUOTA",
        )
