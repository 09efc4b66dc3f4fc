"""Who sent a webhook: Standard Webhooks 1.0, HMAC-SHA256 over id, time and body under a secret that both sides have.

Not here: what it says, and whether it came before.
"""

import base64
import hmac
from collections.abc import Mapping
from typing import Final

__all__ = ["MARK", "is_secret", "is_signed", "signature"]

MARK: Final = "whsec_"
_WINDOW_SECONDS: Final = 300  # how far the clocks of both may be apart


def signature(secret: str, notice_id: str, at: int, body: bytes) -> str:
    """`at`: seconds since 1970. Raises ValueError for a secret that is not Base64."""
    key = base64.b64decode(secret.removeprefix(MARK))
    found = hmac.digest(key, f"{notice_id}.{at}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(found).decode('ascii')}"


def is_secret(text: str) -> bool:
    try:
        return text.startswith(MARK) and bool(base64.b64decode(text.removeprefix(MARK), validate=True))
    except ValueError:
        return False


def is_signed(secret: str, fields: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether one of the signatures in `fields` (lower-case names) is good, and new enough."""
    try:
        notice_id, at, given = fields["webhook-id"], int(fields["webhook-timestamp"]), fields["webhook-signature"]
        right = signature(secret, notice_id, at, body).encode()
    except (KeyError, ValueError):
        return False
    signed = [hmac.compare_digest(right, one.encode()) for one in given.split(" ")]
    return any(signed) and abs(now - at) <= _WINDOW_SECONDS
