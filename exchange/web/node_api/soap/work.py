"""What each verb of the web service does: the same services as the JSON interface, on the same shapes.

Not here: whether the caller may (`route.py`).
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import UploadFile

from exchange.errors import InvalidValueError, LimitError, RefusedError
from exchange.model.envelope import FileEntry
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.node import Box
from exchange.services.node.fetch import fetch_files
from exchange.services.node.reissue import Reissue
from exchange.web.node_api.answers import page_of, submitted_shape
from exchange.web.node_api.directory import find_units, groups_of
from exchange.web.node_api.door import Caller
from exchange.web.node_api.face import BASE, Found, Held, NodeFace, key_in, look
from exchange.web.node_api.once import Doing
from exchange.web.node_api.paging import MAX_PAGE
from exchange.web.node_api.shapes import receipt_shape
from exchange.web.node_api.soap.verbs import (
    AckIn,
    Answered,
    FeedbackIn,
    FetchedFile,
    FetchedShape,
    FetchIn,
    ListUnitsIn,
    OfDocument,
    OfReceived,
    QueryStatusIn,
    ReceiptAnswer,
    RejectIn,
    ResendIn,
    SendIn,
    SignOne,
    StatusShape,
    SubmittedAnswer,
    UnitsAnswer,
    UrgeIn,
    VoidIn,
    WithdrawIn,
)
from exchange.web.node_api.submission import Given, addresses_of, submit_given

__all__ = ["Asked", "work_of"]

_ANSWER_BYTES: Final = 16 << 20  # of files within one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of somebody admitted. `doing`: for verbs that are done once. `base`: how the caller reaches this node."""

    face: NodeFace
    caller: Caller
    base: str
    doing: Doing | None = None

    @property
    def once(self) -> Doing:
        assert self.doing is not None
        return self.doing

    def found(self, box: Box, given: OfDocument | FetchIn | QueryStatusIn, sender: str | None = None) -> Found:
        unit = self.caller.one_unit(given.unit)
        return Found(caller=self.caller, unit=unit, key=key_in(self.face, unit, box, given.id or "", sender))

    def received(self, given: OfReceived) -> Found:
        return self.found(Box.INBOX, given, given.sender)


def work_of(verb: str) -> Callable[[Asked, Any], Answered]:
    return _WORK[verb]


def _list_units(asked: Asked, given: ListUnitsIn) -> UnitsAnswer:
    directory = asked.face.directory()
    page = find_units(directory, asked.caller, given.q, given.after, MAX_PAGE)
    groups = [] if given.after else groups_of(directory)
    return UnitsAnswer(version=page.version, units=page.items, groups=groups, next=page.next)


# ------------------------------------------------------------------------------------------- as a sender


def _send(asked: Asked, given: SendIn) -> SubmittedAnswer:
    face, most = asked.face, asked.face.settings.soap_file_bytes
    parts: dict[str, UploadFile] = {}
    for file in given.files:
        if file.content is None:
            continue
        if len(file.content) > most:
            raise LimitError(f"files: {file.name} has more than {most} bytes; upload it ahead", code="SIZE")
        if file.name in parts:
            raise InvalidValueError(f"files: two have the name {file.name!r}", code="FILE_NAME")
        parts[file.name] = UploadFile(io.BytesIO(file.content), size=len(file.content), filename=file.name)
    sender = asked.caller.one_unit(given.unit)
    done = submit_given(face, sender, Given(asked=given, parts=parts), given.reference)
    return SubmittedAnswer(submitted=submitted_shape(done))


def _withdraw(asked: Asked, given: WithdrawIn) -> ReceiptAnswer:
    one = None if given.recipient is None else parse_unit_code(given.recipient)
    key = asked.found(Box.SENT, given).key
    return _receipt(asked.face.recaller.recall(key, given.person, given.text, one, as_id=asked.once.receipt()))


def _void(asked: Asked, given: VoidIn) -> ReceiptAnswer:
    key = asked.found(Box.SENT, given).key
    return _receipt(asked.face.recaller.void(key, given.person, given.text, as_id=asked.once.receipt()))


def _resend(asked: Asked, given: ResendIn) -> SubmittedAnswer:
    more = Reissue(
        to=addresses_of(given.to),
        operator=given.operator or given.declared_by,
        declared_by=given.declared_by,
        reviewed_by=given.reviewed_by,
        reference=given.reference,
    )
    return SubmittedAnswer(
        submitted=submitted_shape(asked.face.reissuer.reissue(asked.found(Box.SENT, given).key, more))
    )


def _urge(asked: Asked, given: UrgeIn) -> ReceiptAnswer:
    key, one = asked.found(Box.SENT, given).key, parse_unit_code(given.recipient)
    return _receipt(asked.face.recaller.remind(key, given.person, given.text, one, as_id=asked.once.receipt()))


def _query_status(asked: Asked, given: QueryStatusIn) -> StatusShape:
    if (given.id is None) == (given.reference is None):
        raise InvalidValueError("id: give it or reference, one of the two")
    if given.reference is None:
        return StatusShape(document=look(asked.face, Box.SENT, asked.found(Box.SENT, given)).shape)
    unit = asked.caller.one_unit(given.unit)
    with asked.face.node.store.look() as session:
        key = session.by_reference(unit, given.reference)
    if key is None:
        raise RefusedError(f"{unit} has sent nothing under the reference {given.reference}", code="NOT_FOUND")
    return StatusShape(document=look(asked.face, Box.SENT, Found(caller=asked.caller, unit=unit, key=key)).shape)


# ---------------------------------------------------------------------------------------- as a recipient


def _fetch(asked: Asked, given: FetchIn) -> FetchedShape:
    if given.id is None:
        unit = asked.caller.one_unit(given.unit)
        page = page_of(asked.face, unit, Box.INBOX, given.state, given.after, given.limit)
        return FetchedShape(items=page.items, next=page.next)
    found = asked.found(Box.INBOX, given, given.sender)
    held = look(asked.face, Box.INBOX, found)
    return FetchedShape(document=held.shape, files=_files(asked, found, held, with_content=given.with_files))


def _files(asked: Asked, found: Found, held: Held, *, with_content: bool) -> list[FetchedFile]:
    given, left = [], _ANSWER_BYTES
    query = urlencode({"unit": found.unit, "sender": found.key.sender})
    for file in held.files.values():
        one = FetchedFile(sha256=file.sha256, name=file.name, size=file.size)
        if with_content and file.size <= min(left, asked.face.settings.soap_file_bytes):
            left -= file.size
            one.content = _content(asked, found.unit, file)
        else:
            one.link = f"{asked.base}{BASE}/inbox/{found.key.id}/files/{file.sha256}?{query}"
        given.append(one)
    return given


def _content(asked: Asked, unit: UnitCode, file: FileEntry) -> bytes:
    fetch_files(asked.face.node, unit, [file])  # checked, and mended when this disk spoilt it
    with asked.face.node.files.open(file.sha256) as stream:
        return stream.read()


def _ack(asked: Asked, given: AckIn) -> ReceiptAnswer:
    found, holder = asked.received(given), asked.caller.token.id
    return _receipt(
        asked.face.confirmer.confirm(found.unit, found.key, holder, given.external_id, as_id=asked.once.receipt())
    )


def _sign(asked: Asked, given: SignOne) -> ReceiptAnswer:
    found = asked.received(given)
    return _receipt(asked.face.decider.sign(found.unit, found.key, given.person, as_id=asked.once.receipt()))


def _reject(asked: Asked, given: RejectIn) -> ReceiptAnswer:
    """Whoever has signed sends it back. Signing is for ever, so that asking again comes to the same."""
    found, decider = asked.received(given), asked.face.decider
    (own,) = (one for one in look(asked.face, Box.INBOX, found).shape.deliveries if one.unit == found.unit)
    say = decider.reject if own.signed is None else decider.send_back
    return _receipt(say(found.unit, found.key, given.person, given.reason, given.text, as_id=asked.once.receipt()))


def _feedback(asked: Asked, given: FeedbackIn) -> ReceiptAnswer:
    found = asked.received(given)
    return _receipt(
        asked.face.decider.answer(found.unit, found.key, given.person, given.text, as_id=asked.once.receipt())
    )


def _receipt(receipt: Receipt) -> ReceiptAnswer:
    return ReceiptAnswer(receipt=receipt_shape(receipt))


_WORK: Final[Mapping[str, Callable[[Asked, Any], Answered]]] = {
    "listUnits": _list_units,
    "send": _send,
    "fetch": _fetch,
    "ack": _ack,
    "sign": _sign,
    "reject": _reject,
    "feedback": _feedback,
    "withdraw": _withdraw,
    "void": _void,
    "resend": _resend,
    "urge": _urge,
    "queryStatus": _query_status,
}
