"""A transport of many accounts on one broker: each unit sends through its own, as in a county, and the hub through its.

So that the transports' one contract is judged by the broker's own permissions. Not here: provisioning, which has tests
of its own; users and permissions are set by hand.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from exchange.model.unit import UnitCode
from exchange.ports.transport import Consumer, Message, Publisher, PublishResult, Transport
from exchange.topology import in_exchange, inbox_queue
from exchange.transport.rabbit_management import Management

PASSWORD = "only-on-loopback"


def open_county(management: Management, vhost: str, units: Iterable[UnitCode]) -> None:
    """A new virtual host where `units` have accounts, and nothing is declared yet."""
    management.put("vhosts", vhost)
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    management.put("permissions", vhost, "guest", body=everything)
    for unit in units:
        management.put("users", unit, body={"password": PASSWORD, "tags": ""})
        own = {
            "configure": "^$",
            "write": f"^{re.escape(in_exchange(unit))}$",
            "read": f"^{re.escape(inbox_queue(unit))}$",
        }
        management.put("permissions", vhost, unit, body=own)


class Accounts:
    """Implements `Transport`. `open_account` makes the transport of one user, None for the hub."""

    def __init__(self, open_account: Callable[[UnitCode | None], Transport]) -> None:
        self._open = open_account
        self._transports: dict[UnitCode | None, Transport] = {}

    def of(self, user: UnitCode | None) -> Transport:
        if user not in self._transports:
            self._transports[user] = self._open(user)
        return self._transports[user]

    def declare(self, units: Iterable[UnitCode]) -> None:
        self.of(None).declare(units)

    def publisher(self) -> Publisher:
        return _Publishers(self)

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        return self.of(None).consumer(queues, in_turn=in_turn)

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()


class _Publishers:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._publishers: dict[UnitCode | None, Publisher] = {}

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        results: dict[int, PublishResult] = {}
        for user in dict.fromkeys(message.user for message in batch):
            if user not in self._publishers:
                self._publishers[user] = self._accounts.of(user).publisher()
            own = [index for index, message in enumerate(batch) if message.user == user]
            results |= zip(own, self._publishers[user].publish([batch[index] for index in own]), strict=True)
        return [results[index] for index in range(len(batch))]

    def close(self) -> None:
        for publisher in self._publishers.values():
            publisher.close()
