"""What the hub refuses, as the error that the same refusal is within one process. docs/protocol-http.md lists them."""

import json
import re
from datetime import datetime
from typing import Final

from exchange.errors import (
    AllowanceError,
    CorruptFileError,
    EnrolmentError,
    FileMissingError,
    InvalidValueError,
    LimitError,
    NotAuthorisedError,
    RefusedError,
    StorageError,
    TransportError,
    YidiError,
)

__all__ = ["refusal"]

_TEMPORARY: Final = (408, 425, 429, 500, 502, 503, 504)
_BY_STATUS: Final[dict[int, type[YidiError]]] = {
    400: InvalidValueError,
    401: NotAuthorisedError,
    403: EnrolmentError,
    404: FileMissingError,
    409: StorageError,
    413: LimitError,
    422: CorruptFileError,
    507: LimitError,
}
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)


def refusal(status: int, body: bytes) -> YidiError:
    """The error for an answer that is no success; its code is the hub's. TransportError for whatever may pass."""
    code, message = _read(body)
    if status == 507 and (until := _until(body)) is not None:
        return AllowanceError(message, until=until)
    if status in _TEMPORARY:
        return TransportError(f"the hub cannot now: {message}", code=code or "HUB_STRANGE")
    if status == 400 and code and code.startswith("CSR_"):
        return EnrolmentError(message, code=code)
    if code is None:
        # Whoever said this is no hub: a proxy on the way, or another server.
        return TransportError(f"status {status} from something that is not the hub", code="HUB_STRANGE")
    return _BY_STATUS.get(status, RefusedError)(message, code=code)


def _until(body: bytes) -> datetime | None:
    try:
        until = datetime.fromisoformat(str(json.loads(body)["until"]))
    except (ValueError, KeyError, TypeError):
        return None
    return until if until.tzinfo else None


def _read(body: bytes) -> tuple[str | None, str]:
    try:
        fields = json.loads(body)
        code, message = str(fields["code"]), str(fields["detail"])
    except (ValueError, KeyError, TypeError):
        return None, "no reason given"
    return (code if _CODE.fullmatch(code) else None), message[:300]
