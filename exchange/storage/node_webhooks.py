"""Where a node's programs want to be told. They are few: they are read all at once.

Not here: what they are told (`node_programs`).
"""

from sqlalchemy import delete, select

from exchange.model.unit import UnitCode
from exchange.model.webhook import Webhook
from exchange.storage import tables_node as tables
from exchange.storage.rows import Row, Values, from_time, optional_from_time, optional_to_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Webhooks"]

_WEBHOOK = (
    *("id", "token", "url", "secrets", "units", "types", "created"),
    *("cursor", "due", "attempts", "failing", "ended"),
)


class Webhooks(Session):
    def add_webhook(self, webhook: Webhook) -> None:
        self._sql.add(tables.webhooks, _WEBHOOK, [_values(webhook)])

    def webhooks(self) -> list[Webhook]:
        all_ = select(*columns(tables.webhooks, _WEBHOOK))
        return [_webhook(row) for row in self._sql.rows(all_.order_by(tables.webhooks.c.created, tables.webhooks.c.id))]

    def save_webhook(self, webhook: Webhook) -> None:
        self._save(tables.webhooks, _WEBHOOK, [_values(webhook)], ("id",))

    def drop_webhook(self, webhook_id: str) -> None:
        self._sql.run(delete(tables.webhooks).where(tables.webhooks.c.id == webhook_id))


def _values(one: Webhook) -> Values:
    return (
        *(one.id, one.token, one.url),
        *(" ".join(words) for words in (one.secrets, one.units, one.types)),
        *(to_time(one.created), one.cursor, to_time(one.due), one.attempts),
        *(optional_to_time(one.failing), one.ended),
    )


def _webhook(row: Row) -> Webhook:
    webhook_id, token, url, secrets, units, types, created, cursor, due, attempts, failing, ended = row
    return Webhook(
        id=webhook_id,
        token=token,
        url=url,
        secrets=tuple(secrets.split()),
        units=tuple(map(UnitCode, units.split())),
        types=tuple(types.split()),
        created=from_time(created),
        cursor=cursor,
        due=from_time(due),
        attempts=attempts,
        failing=optional_from_time(failing),
        ended=ended,
    )
