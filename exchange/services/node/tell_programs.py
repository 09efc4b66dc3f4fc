"""Tell programs: what happened goes to where each program wants it, in order, until it is taken.

An event is taken when the program answers 2xx; only then the next one goes, so that a program sees them in the order of
`GET /events` and a crash loses none: at least once, told apart by their ids. What is not taken is tried again with
backoff for days; then, or on 410, the webhook ends with an alarm, and goes on where it stopped when it is replayed.
Asking stays open all the while.

Targets are origins that the node's administrator named, and no redirect is followed. Signed by Standard Webhooks 1.0.
"""

import base64
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from exchange.errors import InvalidValueError, RefusedError, TransportError
from exchange.model.program import Token
from exchange.model.unit import UnitCode
from exchange.model.webhook import Webhook
from exchange.ports.programs import Occurrence
from exchange.ports.webhooks import Poster
from exchange.services.backoff import next_try
from exchange.services.node.node import Node
from exchange.settings import Retry
from exchange.trust.webhook import MARK, signature

__all__ = ["Notice", "Teller", "Webhooks"]

_RETRY: Final = Retry(floor_seconds=1.0, base_seconds=5.0, cap_seconds=3600.0)
_GIVEN_UP: Final = timedelta(days=5)
_AT_ONCE: Final = 50
# A round ends in time, however slowly programs answer: whoever watches the process takes a long one for a stuck one.
_ROUND_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An event as it is told: its id is the same whenever it is told."""

    id: str
    type: str
    body: bytes


class Webhooks:
    """What a program may do with its webhooks, and the node's administrator with everybody's: where a token is asked
    for, None is the administrator."""

    def __init__(self, node: Node, targets: Collection[str] = ()) -> None:
        """`targets`: the origins that may be told, scheme://host:port."""
        self._node, self._targets = node, {_origin(target) for target in targets}

    def register(
        self,
        token: Token,
        url: str,
        units: tuple[UnitCode, ...],
        types: tuple[str, ...],
        *,
        as_id: str | None = None,
    ) -> Webhook:
        """From the next event on. `as_id`: for a caller that may have to ask again. Raises RefusedError
        (WEBHOOK_TARGET), InvalidValueError."""
        if _origin(url) not in self._targets:
            raise RefusedError("url: not among the origins that this node may tell", code="WEBHOOK_TARGET")
        now = self._node.clock.now()
        with self._node.store.begin() as session:
            for known in session.webhooks():
                if known.id == as_id and known.token == token.id:
                    return known
            made = Webhook(
                id=as_id or secrets.token_hex(8),
                token=token.id,
                url=url,
                secrets=(_new_secret(),),
                units=units,
                types=types,
                created=now,
                cursor=session.last_occurrence(),
                due=now,
            )
            session.add_webhook(made)
        self._node.log.info("webhook_registered", webhook=made.id, token_id=token.id)
        return made

    def of(self, token: Token | None) -> list[Webhook]:
        with self._node.store.look() as session:
            return [one for one in session.webhooks() if token is None or one.token == token.id]

    def rotate(self, token: Token, webhook_id: str) -> Webhook:
        """A new secret. The two before it sign, too: one alone would be lost when a program asks twice."""
        return self._change(token, webhook_id, lambda one: replace(one, secrets=(_new_secret(), *one.secrets[:2])))

    def replay(self, token: Token | None, webhook_id: str, after: int | None) -> Webhook:
        """Tell it again what came after that number, or go on where it stopped, also when the webhook had ended."""
        now = self._node.clock.now()
        return self._change(
            token,
            webhook_id,
            lambda one: replace(
                one, cursor=one.cursor if after is None else after, due=now, attempts=0, failing=None, ended=""
            ),
        )

    def remove(self, token: Token, webhook_id: str) -> None:
        with self._node.store.begin() as session:
            session.drop_webhook(self._found(session.webhooks(), token, webhook_id).id)

    def _change(self, token: Token | None, webhook_id: str, change: Callable[[Webhook], Webhook]) -> Webhook:
        with self._node.store.begin() as session:
            changed = change(self._found(session.webhooks(), token, webhook_id))
            session.save_webhook(changed)
        return changed

    @staticmethod
    def _found(known: list[Webhook], token: Token | None, webhook_id: str) -> Webhook:
        found = [one for one in known if one.id == webhook_id and (token is None or one.token == token.id)]
        if not found:
            whose = "here" if token is None else "of this token"
            raise RefusedError(f"there is no webhook {webhook_id[:40]} {whose}", code="NOT_FOUND")
        return found[0]


class Teller:
    """The step that tells."""

    def __init__(
        self, node: Node, poster: Poster, notice: Callable[[Occurrence], Notice], targets: Collection[str]
    ) -> None:
        """`targets` as in `Webhooks`: one that was taken from the settings is told nothing more."""
        self._node, self._poster, self._notice = node, poster, notice
        self._targets = {_origin(target) for target in targets}

    def tell(self) -> int:
        """One round; returns how many events were taken."""
        now = self._node.clock.now()
        with self._node.store.begin() as session:
            due = [one for one in session.webhooks() if not one.ended and one.due <= now]
            tokens = {one.token: session.token(one.token) for one in due}
        end = self._node.clock.monotonic() + _ROUND_SECONDS
        return sum(self._tell(one, tokens[one.token], now, end) for one in due)

    def _tell(self, webhook: Webhook, token: Token | None, now: datetime, end: float) -> int:
        if token is None or token.revoked is not None or (token.expires is not None and now >= token.expires):
            return self._end(webhook, "its token ended")
        if _origin(webhook.url) not in self._targets:
            return self._end(webhook, "its target is no longer among webhook_targets")
        units = [unit for unit in webhook.units if token.speaks_for(unit)]
        with self._node.store.begin() as session:
            waiting = session.occurrences(webhook.cursor, units, _AT_ONCE)
        taken, reached = 0, webhook.cursor
        for one in waiting:
            if self._node.clock.monotonic() >= end:
                break
            notice = self._notice(one)
            if webhook.wants(notice.type):
                status = self._post(webhook, notice)
                if status == 410:
                    return self._end(replace(webhook, cursor=reached), "the program answered 410", webhook.cursor)
                if status // 100 != 2:
                    self._put_off(replace(webhook, cursor=reached), status, webhook.cursor)
                    return taken
                taken += 1
            reached = one.number
        if reached != webhook.cursor:
            self._save(replace(webhook, cursor=reached, due=now, attempts=0, failing=None), webhook.cursor)
        return taken

    def _post(self, webhook: Webhook, notice: Notice) -> int:
        """The status; 0 for no answer."""
        at = int(self._node.clock.now().timestamp())
        signed = " ".join(signature(secret, notice.id, at, notice.body) for secret in webhook.secrets)
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signed,
        }
        try:
            return self._poster.post(webhook.url, headers, notice.body)
        except TransportError as error:
            self._node.log.info("webhook_unreached", webhook=webhook.id, detail=error.detail)
            return 0

    def _put_off(self, webhook: Webhook, status: int, began: int) -> None:
        node = self._node
        now = node.clock.now()
        failing = webhook.failing or now
        if now - failing >= _GIVEN_UP:
            self._end(webhook, f"not taken for {_GIVEN_UP.days} days, last answer {status or 'none'}", began)
            return
        node.log.warning("webhook_not_taken", webhook=webhook.id, status=status, attempts=webhook.attempts + 1)
        wait = next_try(_RETRY, node.chance, now, webhook.attempts, confirmed=False)
        self._save(replace(webhook, due=wait, attempts=webhook.attempts + 1, failing=failing), began)

    def _end(self, webhook: Webhook, why: str, began: int | None = None) -> int:
        self._node.log.alarm("webhook_ended", webhook=webhook.id, token_id=webhook.token, why=why)
        self._save(replace(webhook, ended=why), webhook.cursor if began is None else began)
        return 0

    def _save(self, webhook: Webhook, began: int) -> None:
        """Unless it was replayed or changed meanwhile: then that stands."""
        with self._node.store.begin() as session:
            held = next((one for one in session.webhooks() if one.id == webhook.id), None)
            if held is not None and held.cursor == began:
                session.save_webhook(replace(webhook, secrets=held.secrets))


def _new_secret() -> str:
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def _origin(url: str) -> str:
    """Raises InvalidValueError for what is no plain http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise InvalidValueError(f"url: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise InvalidValueError("url: expected http(s)://host/path without user or fragment")
    if not url.isascii() or any(sign <= " " or sign == "\\" for sign in url):
        raise InvalidValueError("url: signs that no address has")
    return f"{parts.scheme}://{parts.hostname}:{port}"
