"""Present: every minute each unit of a node says that it is there, and how it is.

One PRESENT a unit, signed with its key and published once, on a lane of its own: it is stored nowhere, confirmed by
nobody and repeated never, since the next one says more. So it can hurt no document. A unit whose key cannot be used
says nothing.

An older hub binds the lane and reads nothing from it: what is said to it waits, bounded, in a queue of its own.

Not here: what the hub makes of it (`exchange.services.hub.attend`).
"""

from collections.abc import Callable
from datetime import datetime

from exchange.errors import KeyStoreError
from exchange.model.events import Event, Speaker
from exchange.model.presence import NO_OFFICE, Presence
from exchange.model.unit import UnitCode
from exchange.ports.node import Standing
from exchange.ports.transport import Message, PublishResult
from exchange.services.node.node import Node
from exchange.services.node.office_health import OfficeHealth
from exchange.topology import Lane, in_exchange

__all__ = ["Presenter"]

OfficeName = Callable[[UnitCode], str]
Disk = Callable[[], tuple[int, int]]


class Presenter:
    def __init__(self, node: Node, office: OfficeName, health: OfficeHealth, disk: Disk, version: str) -> None:
        """`office`: the name of a unit's office system, `NO_OFFICE` for none; `disk`: bytes that are free, and all."""
        self._node, self._office, self._health, self._disk = node, office, health, disk
        self._version, self._started = version, node.clock.now()

    def present(self) -> int:
        """Say it for every unit hosted here; returns for how many the broker took it."""
        node = self._node
        now = node.clock.now()
        with node.store.look() as session:
            units, standings, directory = session.units(), session.standings(), session.directory_version()
        free, size = self._disk()
        messages = []
        for unit in units:
            standing = standings.get(unit, Standing())
            presence = self._presence(unit, standing, directory, free, size, now)
            try:
                _, document = node.receipt(unit, Speaker.NODE, Event.PRESENT, now, attributes=presence.attributes())
            except KeyStoreError as error:  # this unit's key cannot be used; the others' can
                node.log.warning("presence_unsigned", unit=unit, code=error.code, detail=error.detail)
                continue
            messages.append(Message(exchange=in_exchange(unit), key=Lane.PRESENCE.value, body=document, user=unit))
        # Past `Node.publish`, which counts what the broker did not take: here nothing is lost by it.
        results = node.publisher.publish(messages)
        return sum(result is PublishResult.ACCEPTED for result in results)

    def _presence(
        self, unit: UnitCode, standing: Standing, directory: int, free: int, size: int, now: datetime
    ) -> Presence:
        age = 0 if standing.oldest is None else max(0, int((now - standing.oldest).total_seconds()))
        office = self._office(unit)
        return Presence(
            version=self._version,
            started=int(self._started.timestamp()),
            directory=directory,
            disk_free=free,
            disk_size=size,
            outbox=standing.outbox,
            outbox_age=age,
            inbox=standing.inbox,
            untold=standing.untold,
            office=office,
            office_fault=None if office == NO_OFFICE else self._health.fault(unit),
        )
