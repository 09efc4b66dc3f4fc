"""A unit's history over HTTP. What comes is as untrusted as ever: the node verifies each document in it."""

import base64
import binascii
import json
from datetime import datetime

from exchange.errors import TransportError
from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.history import DocumentHistory
from exchange.remote.client import HubClient

__all__ = ["HttpHistory"]


class HttpHistory:
    """Implements `exchange.ports.history.HistoryFeed`."""

    def __init__(self, client: HubClient) -> None:
        self._client = client

    def page(self, unit: UnitCode, since: datetime, after: EnvelopeKey | None) -> list[DocumentHistory]:
        path = f"/v1/history?since={int(since.timestamp())}" + (f"&after={after}" if after else "")
        answer = self._client.ask("GET", path, unit=unit)
        try:
            return [
                DocumentHistory(
                    document=_bytes(one["envelope"]), receipts=tuple(_bytes(receipt) for receipt in one["receipts"])
                )
                for one in json.loads(answer.body)["documents"]
            ]
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise TransportError("the hub's answer is not one", code="HUB_STRANGE", detail=repr(error)) from error


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
