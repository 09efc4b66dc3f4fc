"""Where a program wants to be told what happens, instead of asking: register, renew its secret, replay, remove.

Not here: telling it (`exchange.services.node.tell_programs`), what it is told (`events.py`).
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from exchange.model.program import Scope
from exchange.model.webhook import Webhook
from exchange.web.node_api.door import Caller, Door
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.once import Doing, doing
from exchange.web.node_api.page import errors
from exchange.web.node_api.shapes import AskedModel

__all__ = ["add_webhooks"]

_ONE = f"{BASE}/webhooks/{{webhook_id}}"
WebhookId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="Its id.")]
TypeOf = Annotated[str, Field(pattern="^[a-z][a-z._]{0,99}$", examples=["cn.yidi.document."])]


class WebhookIn(AskedModel):
    url: str = Field(max_length=2000, examples=["https://oa.local:8443/yidi"])
    units: tuple[str, ...] = Field(default=(), max_length=200, description="Left out: every unit of the token.")
    types: tuple[TypeOf, ...] = Field(
        default=(), max_length=50, description="Beginnings of event types. Left out: all of them."
    )


class ReplayIn(AskedModel):
    after: int = Field(ge=0, lt=2**63, description="Number of the event after which it begins.")


class WebhookShape(BaseModel):
    """`ended`: why nothing is sent any more; replaying begins again."""

    id: str
    url: str
    units: list[str]
    types: list[str]
    created: datetime
    after: int = Field(description="The last event dealt with.")
    due: datetime
    attempts: int = Field(description="Failures in a row.")
    failing: datetime | None = None
    ended: str = ""


class WebhookWithSecret(WebhookShape):
    secret: str = Field(description="Shown now and not again.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhooksShape(BaseModel):
    items: list[WebhookShape]


def add_webhooks(router: APIRouter, face: NodeFace, door: Door) -> None:
    allowed, webhooks = Depends(door.needing(Scope.WEBHOOKS)), face.webhooks

    @router.post(
        f"{BASE}/webhooks",
        status_code=201,
        summary="登记推送地址 Be told at this address",
        description="Only origins that the node's settings name (`api.webhook_targets`). From the next event on, in "
        "order, each until it is answered 2xx; 410 ends it. Signed by Standard Webhooks. Scope `webhooks`.",
        responses=errors(409),
        tags=["webhooks"],
    )
    def register(asked: WebhookIn, caller: Caller = allowed, once: Doing = Depends(doing)) -> WebhookWithSecret:
        units = tuple(caller.one_unit(unit) for unit in asked.units) or caller.units
        as_id = once.receipt("webhook").replace("-", "")[:16]
        return _with_secret(webhooks.register(caller.token, asked.url, units, asked.types, as_id=as_id))

    @router.get(
        f"{BASE}/webhooks",
        summary="本令牌的推送地址 The webhooks of this token",
        description="Scope `webhooks`.",
        responses=errors(),
        tags=["webhooks"],
    )
    def listing(caller: Caller = allowed) -> WebhooksShape:
        return WebhooksShape(items=[WebhookShape(**_values(one)) for one in webhooks.of(caller.token)])

    @router.post(
        f"{_ONE}/rotate",
        summary="更换密钥 A new secret",
        description="What is sent is signed with the two secrets before it, too, until it is rotated again. "
        "Scope `webhooks`.",
        responses=errors(404, 409),
        tags=["webhooks"],
    )
    def rotate(webhook_id: WebhookId, caller: Caller = allowed, _doing: Doing = Depends(doing)) -> WebhookWithSecret:
        return _with_secret(webhooks.rotate(caller.token, webhook_id))

    @router.post(
        f"{_ONE}/replay",
        summary="从某号起重新推送 Be told again, from a number on",
        description="Also begins again what had ended. Scope `webhooks`.",
        responses=errors(404, 409),
        tags=["webhooks"],
    )
    def replay(
        webhook_id: WebhookId, asked: ReplayIn, caller: Caller = allowed, _doing: Doing = Depends(doing)
    ) -> WebhookShape:
        return WebhookShape(**_values(webhooks.replay(caller.token, webhook_id, asked.after)))

    @router.delete(
        _ONE,
        status_code=204,
        summary="不再推送 Be told no more",
        description="Scope `webhooks`.",
        responses=errors(404),
        tags=["webhooks"],
    )
    def remove(webhook_id: WebhookId, caller: Caller = allowed) -> None:
        webhooks.remove(caller.token, webhook_id)


def _with_secret(one: Webhook) -> WebhookWithSecret:
    return WebhookWithSecret(**_values(one), secret=one.secrets[0])


def _values(one: Webhook) -> dict[str, object]:
    return {
        "id": one.id,
        "url": one.url,
        "units": list(one.units),
        "types": list(one.types),
        "created": one.created,
        "after": one.cursor,
        "due": one.due,
        "attempts": one.attempts,
        "failing": one.failing,
        "ended": one.ended,
    }
