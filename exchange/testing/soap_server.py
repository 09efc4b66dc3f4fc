"""What a simulated office reads of a SOAP question: all of it, as large as it comes, as real ones do."""

import xml.etree.ElementTree as ET

from exchange.codec.soap import ENVELOPE
from exchange.codec.soap_question import Said

__all__ = ["question_in"]


def question_in(body: bytes) -> Said:
    """The verb and its arguments."""
    found = ET.fromstring(body).find(f"{{{ENVELOPE}}}Body")  # noqa: S314  # of a test
    assert found is not None
    return _said(found[0])


def _said(element: ET.Element) -> Said:
    parts = tuple(_said(child) for child in element)
    return Said(name=element.tag.rpartition("}")[2], text=(element.text or "").strip(), parts=parts)
