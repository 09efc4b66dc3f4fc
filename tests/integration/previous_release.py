"""What the release before months did to a hub's tables, in its own statements and its own transactions.

Written down here because its code is gone: these are the statements that it sent for one document and one receipt.
"""

from sqlalchemy import Connection, Engine, text

__all__ = ["read_again", "write_document"]

_DOCUMENT = (
    "INSERT INTO documents (envelope_id, sender, digest, document, received, title, urgent)"
    " VALUES (:id, 'A', :digest, :document, :at, 'title', false)"
)
_DELIVERY = (
    "INSERT INTO deliveries (envelope_id, sender, recipient, transport, business, reminders, printed, moments, digest,"
    " due, attempts) VALUES (:id, 'A', 'B', 10, 0, 0, 0, '{}', :digest, :at, 1)"
)
_RECEIPT = (
    "INSERT INTO receipts (receipt_id, envelope_id, sender, recipient, event, digest, document, at, recorded)"
    " VALUES (:receipt, :id, 'A', NULL, 'ACCEPTED', :digest, :document, :at, :at)"
)
_ENTRY = (
    "INSERT INTO entries (kind, sender, envelope_id, id, digest, recorded)"
    " VALUES ('ENVELOPE', 'A', :id, :id, :digest, :at)"
)
_SETTLE = "UPDATE deliveries SET transport = 60, due = NULL WHERE envelope_id = :id"
_READ = (
    "SELECT documents.document, receipts.document FROM documents JOIN receipts USING (envelope_id, sender)"
    " WHERE envelope_id = :id"
)


def write_document(engine: Engine, number: int, at: int) -> None:
    values = {"id": _id(number), "receipt": f"r{number:06}", "digest": f"{number:064x}", "at": at}
    values["document"] = b"<document %d/>" % number
    with engine.begin() as connection:
        for statement in (_DOCUMENT, _DELIVERY, _RECEIPT, _ENTRY):
            connection.execute(text(statement), values)
    with engine.begin() as connection:
        connection.execute(text(_SETTLE), {"id": _id(number)})


def read_again(connection: Connection, number: int) -> list[bytes]:
    row = connection.execute(text(_READ), {"id": _id(number)}).one()
    return [bytes(value) for value in row]


def _id(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"
