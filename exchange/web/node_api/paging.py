"""Pages by keyset: where a page ends is a word that the next question gives back; nothing is counted or skipped.

Not here: what is listed.
"""

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Final

from fastapi import Query

from exchange.errors import InvalidValueError
from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.unit import parse_unit_code
from exchange.ports.programs import Place

__all__ = ["MAX_PAGE", "After", "Limit", "place_of", "word_of"]

MAX_PAGE: Final = 200
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Entries at most on this page.")]
After = Annotated[
    str | None,
    Query(max_length=300, description="`next` of the page before. Empty: from the newest on."),
]


def word_of(place: Place) -> str:
    """Opaque to programs."""
    parts = [place.received.isoformat(), place.envelope.sender, place.envelope.id]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def place_of(word: str | None) -> Place | None:
    """Raises InvalidValueError (CURSOR) for a word that is none of ours."""
    if not word:
        return None
    try:
        at, sender, envelope_id = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        received = datetime.fromisoformat(at)
        if received.tzinfo is None:
            raise ValueError("no time zone")
        return Place(received, EnvelopeKey(parse_unit_code(sender), parse_envelope_id(envelope_id)))
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise InvalidValueError("after: not the `next` of a page", code="CURSOR") from error
