"""A document that a unit has received: is it there, and is it still the unit's to do something with?"""

from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState
from exchange.model.fold import DeliveryState
from exchange.model.unit import UnitCode
from exchange.ports.node import Box, NodeSession
from exchange.ports.records import DocumentRecord

__all__ = ["check_kept", "held"]


def held(session: NodeSession, unit: UnitCode, key: EnvelopeKey) -> tuple[DocumentRecord, DeliveryState]:
    """Raises RefusedError (NOT_FOUND)."""
    document = session.documents(Box.INBOX, [(unit, key)]).get((unit, key))
    if document is None:
        raise RefusedError(f"{unit} has received no document {key}", code="NOT_FOUND")
    (delivery,) = session.deliveries(unit, key)
    return document, delivery.state


def check_kept(state: DeliveryState) -> None:
    """Raises RefusedError (STATE): it was given back, taken back, or holds no more."""
    if state.business >= BusinessState.RETURNED:
        raise RefusedError(f"the document is {state.business.chinese} {state.business.name}", code="STATE")
