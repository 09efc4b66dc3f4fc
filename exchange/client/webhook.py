"""Whether what came to a webhook is the node's: Standard Webhooks 1.0.

Not here: whether it came before. A receiver remembers the ids that it has dealt with.
"""

import base64
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Final, cast

from exchange.client.shapes import Event

__all__ = ["WebhookRefusedError", "read_webhook"]

_WINDOW_SECONDS: Final = 300


class WebhookRefusedError(Exception):
    """Not the node's, changed on the way, or too old. Answer 400 and do nothing."""


def read_webhook(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Event:
    """The event in `body`, exactly as it came. `secrets`: the webhook's (`whsec_…`), while it changes the one before
    it, too. Raises WebhookRefusedError."""
    fields = {name.lower(): value for name, value in headers.items()}
    try:
        notice, at = fields["webhook-id"], int(fields["webhook-timestamp"])
        given = [one.partition(",")[2] for one in fields["webhook-signature"].split(" ") if one.startswith("v1,")]
    except (KeyError, ValueError) as error:
        raise WebhookRefusedError("the fields of a webhook are missing") from error
    if abs((time.time() if now is None else now) - at) > _WINDOW_SECONDS:
        raise WebhookRefusedError("too old, or a clock is wrong")
    signed = f"{notice}.{at}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        right = base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")
        if any(hmac.compare_digest(right.encode(), one.encode()) for one in given):
            return cast("Event", json.loads(body))
    raise WebhookRefusedError("signed with none of these secrets")
