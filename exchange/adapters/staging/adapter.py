"""The staging adapter: what is put into the tables and taken out of them.

Every row is claimed before it is read: an UPDATE that succeeds for one poller only, in any database. A row that this
node claimed and did not finish is taken again after a crash, since it carries the node's name; one that another node
claimed stays that node's, until a person sets it back to N. The node remembers the office's id of what it sent, so
that nothing is sent twice. Received documents and receipts go in by their own ids, each in one transaction.

Not here: the tables (`tables`), connecting (`database`), files (`blobs`).

Limits: a file that stands in a row is held in memory whole, one at a time.
"""

import io
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from pydantic import Field
from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select, update

from exchange.adapters.decision import event_of, key_from, name_of, reason_of
from exchange.adapters.json_fields import parse, refuse
from exchange.adapters.manifest import describe, describe_receipt
from exchange.adapters.parcels import draft_from
from exchange.adapters.registry import Place
from exchange.adapters.share import faults_as_adapter_errors
from exchange.adapters.staging.blobs import Share
from exchange.adapters.staging.database import Database, connect
from exchange.adapters.staging.tables import DOING, DONE, NEW, REFUSED, Tables
from exchange.adapters.times import county_time
from exchange.errors import AdapterError, ConflictError, InputError, InvalidValueError, LimitError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, Misfit, OfficeAdapter, OfficeDecision
from exchange.settings import AdapterSettings

__all__ = ["StagingAdapter", "StagingSettings"]

_AT_ONCE: Final = 50


class StagingSettings(AdapterSettings):
    database_file: str = Field(
        default="secrets/staging",
        description="File with the database's URL as SQLAlchemy writes it.",
    )
    prefix: str = Field(default="gw_", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,20}$", description="Before each table's name.")
    tables_schema: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_]{0,60}$",
        description="Schema or owner of the tables, if not the account's.",
    )
    upper_case: bool = Field(
        default=False, description="Write names in capitals, for a database that keeps names as they are written."
    )
    files_dir: str = Field(default="", description="A share for files too large for a row; rows then hold their paths.")
    blob_bytes: int = Field(default=8 << 20, ge=0, le=1 << 30, description="The largest file that goes into a row.")


class StagingAdapter(OfficeAdapter):
    """`owner`: what this node claims rows as, the same in each of its lives."""

    Settings = StagingSettings

    @classmethod
    def open(cls, settings: StagingSettings, place: Place) -> Self:
        """As an entry point is asked."""
        url = place.secret("database_file", settings.database_file)
        names = Tables.named(settings.prefix, schema=settings.tables_schema, upper_case=settings.upper_case)
        share = Share(root=place.data / settings.files_dir if settings.files_dir else None, largest=settings.blob_bytes)
        owner = partial(_owner, place.offices / f".staging-{place.name}")
        return cls(connect(url), names, share, owner, unit_name=place.name_of)

    def __init__(
        self,
        database: Database,
        tables: Tables,
        share: Share,
        owner: Callable[[], str],
        *,
        unit_name: Callable[[UnitCode], str] = lambda _unit: "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._tables, self._share, self._owner, self._now = database, tables, share, owner, now
        self._unit_name = unit_name

    # ------------------------------------------------------------------------------------------ received

    def hand_over(self, item: HandOver) -> str:
        """One row and its files in one transaction; the row's id is the office's id for it."""
        name, tables = name_of(item.key), self._tables
        files = [
            (number, entry, self._share.store(entry, item.open_file, name, number))
            for number, entry in enumerate(item.envelope.files, 1)
        ]
        stored = {entry.name: where.path or f"{tables.received_file.name}/{number}" for number, entry, where in files}
        with self._database.begin(f"inbox of {item.unit}") as connection:
            if self._is_there(connection, item, name):
                return name
            for number, entry, where in files:
                _add(
                    connection,
                    tables.received_file,
                    doc_id=name,
                    seq=number,
                    kind=entry.role.chinese,
                    name=entry.name,
                    sha=entry.sha256,
                    file_size=entry.size,
                    blob_data=where.blob,
                    path=where.path,
                )
            metadata = item.envelope.metadata
            _add(
                connection,
                tables.received,
                id=name,
                unit_code=item.unit,
                sender=item.key.sender,
                sender_name=item.sender_name,
                envelope_id=item.key.id,
                title=metadata.title,
                issued_number=metadata.issued_number,
                doc_json=describe(item, stored).decode(),
                envelope_xml=item.document,
                ts=self._stamp(),
            )
        return name

    def _is_there(self, connection: Connection, item: HandOver, name: str) -> bool:
        received = self._tables.received
        held = connection.execute(select(received.c.envelope_xml).where(received.c.id == name)).scalar()
        if held is not None and bytes(held) != item.document:
            raise ConflictError(f"inbox of {item.unit}: {name} is another document")
        if held is None:  # files without their row were left where a database has no transactions
            files = self._tables.received_file
            connection.execute(delete(files).where(files.c.doc_id == name))
        return held is not None

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """One row by the receipt's id."""
        subject, table = receipt.subject, self._tables.receipt
        if subject is None:
            return
        with self._database.begin(f"receipts of {unit}") as connection:
            if connection.execute(select(table.c.id).where(table.c.id == receipt.id)).first() is not None:
                return
            _add(
                connection,
                table,
                id=receipt.id,
                unit_code=unit,
                envelope_id=subject.envelope.id,
                sender=subject.envelope.sender,
                event=receipt.event.value,
                event_name=receipt.event.chinese,
                recipient=subject.recipient,
                person=receipt.actor.person,
                reason=receipt.reason,
                note=receipt.text,
                happened_at=county_time(receipt.at),
                doc_json=describe_receipt(receipt, self._unit_name).decode(),
                receipt_xml=document,
                ts=self._stamp(),
            )

    # ------------------------------------------------------------------------------------------- to send

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        """Documents that this node has claimed. Faulty ones become E with the reason; they stop no other."""
        for row in self._claimed(self._tables.out, unit):
            try:
                yield self._draft(unit, row)
            except (InputError, InvalidValueError, LimitError) as error:
                self._finish(self._tables.out, row["id"], f"{error.code} {error.message}")

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        """The row is S and shows its tracking number."""
        self._finish(self._tables.out, _id_of(reference), None, tracking_id=key.id)

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self._finish(self._tables.out, _id_of(reference), f"{code} {message}")

    def _draft(self, unit: UnitCode, row: Mapping[str, Any]) -> Draft:
        openers, listed = self._files_of(row["id"])
        raw = parse(row["doc_json"].encode(), "doc_json")
        if isinstance(raw, dict) and not {"files", "文件"} & raw.keys():
            raw = {**raw, "files": listed}
        return draft_from(unit, row["id"], raw, openers)

    def _files_of(self, document: str) -> tuple[dict[str, Callable[[], BinaryIO]], list[dict[str, str]]]:
        """Each file's opener by its name, and all of them as a manifest lists them."""
        table = self._tables.out_file
        wanted = (table.c.seq, table.c.name, table.c.kind, table.c.sha, table.c.path)
        with self._database.begin("files") as connection:
            rows = connection.execute(select(*wanted).where(table.c.doc_id == document).order_by(table.c.seq)).all()
        openers: dict[str, Callable[[], BinaryIO]] = {}
        listed = []
        for seq, name, kind, sha, path in rows:
            if name in openers:
                refuse(f"有两个文件都叫 {name}")
            openers[name] = self._opener(document, seq, path)
            listed.append({"name": name, "role": kind or "附件"} | ({"sha256": sha} if sha else {}))
        return openers, listed

    def _opener(self, document: str, seq: int, path: str | None) -> Callable[[], BinaryIO]:
        if path:
            return lambda: self._share.open(path)
        table = self._tables.out_file
        query = select(table.c.blob_data).where(table.c.doc_id == document, table.c.seq == seq)

        def read() -> BinaryIO:
            with self._database.begin("files") as connection:
                return io.BytesIO(connection.execute(query).scalar() or b"")

        return read

    # ----------------------------------------------------------------------------------------- decisions

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        """As `collect`."""
        table = self._tables.action
        for row in self._claimed(table, unit):
            try:
                yield OfficeDecision(
                    key=key_from(row["doc_id"]),
                    event=event_of(row["action"].strip()),
                    person=row["person"] or refuse("person: 必须填写"),
                    reason=reason_of(row["reason"]),
                    text=row["note"],
                    reference=row["id"],
                )
            except InputError as error:
                self._finish(table, row["id"], f"{error.code} {error.message}")

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        refusal = None if fault is None else f"{fault.code} {fault.message}"
        self._finish(self._tables.action, reference, refusal)

    # ------------------------------------------------------------------------------------------- claiming

    def _claimed(self, table: Table, unit: UnitCode) -> list[Mapping[str, Any]]:
        """Rows that are this node's now, in the order of their ids."""
        owner = self._owner()
        mine = and_(table.c.status == DOING, table.c.claimed_by == owner)
        waiting = select(table.c.id).where(table.c.unit_code == unit, or_(table.c.status == NEW, mine))
        claimed: list[Mapping[str, Any]] = []
        with self._database.begin(f"{table.name} of {unit}") as connection:
            found = [row.id for row in connection.execute(waiting.order_by(table.c.id).limit(_AT_ONCE))]
        for id_ in found:
            with self._database.begin(f"{table.name} of {unit}") as connection:
                # Of two that try this at once, the second finds the row changed, and changes none.
                taking = update(table).where(table.c.id == id_, table.c.status == NEW)
                values = {"status": DOING, "claimed_by": owner, "retry": table.c.retry + 1, "ts": self._stamp()}
                connection.execute(taking.values(values))
                row = connection.execute(select(*table.c).where(table.c.id == id_, mine)).first()
            if row is not None:
                claimed.append(dict(zip(table.c.keys(), row, strict=True)))
        return claimed

    def _finish(self, table: Table, id_: str, refusal: str | None, **values: str) -> None:
        """Set a row of ours to S, or to E with the reason."""
        status = DONE if refusal is None else REFUSED
        ours = and_(table.c.id == id_, table.c.status == DOING, table.c.claimed_by == self._owner())
        values |= {"status": status, "err": (refusal or "")[:500], "ts": self._stamp()}
        with self._database.begin(table.name) as connection:
            connection.execute(update(table).where(ours).values(**values))

    # ----------------------------------------------------------------------------------------------- else

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        """Tables, columns, rights; rows that another node has claimed."""
        misfits = list(self._database.check(self._tables, "deploy/staging"))
        yield from misfits
        if self._share.root is not None and not os.access(self._share.root, os.R_OK | os.W_OK | os.X_OK):
            found = f"{self._share.root} 不可读写 cannot be read and written"
            yield Misfit(where="files_dir", found=found, cure="挂载共享并给予权限 mount it, and give the rights")
        if misfits:
            return
        for table in (self._tables.out, self._tables.action):
            others = and_(table.c.status == DOING, table.c.claimed_by != self._owner(), table.c.unit_code.in_(units))
            with self._database.begin("check") as connection:
                count = connection.execute(select(func.count()).select_from(table).where(others)).scalar() or 0
            if count:
                found = f"{table.name}: {count} 行由另一个节点占用 rows are claimed by another node"
                cure = "该节点若已停用，把这些行的 status 改回 N: if that node is gone, set their status back to N"
                yield Misfit(where="database_file", found=found, cure=cure)

    def close(self) -> None:
        self._database.close()

    def _stamp(self) -> str:
        return county_time(self._now())


def _add(connection: Connection, table: Table, **values: Any) -> None:
    """Texts are cut to what their column holds; the whole stands in the JSON and the signed document beside them."""
    for name, value in values.items():
        length = getattr(table.c[name].type, "length", None)
        if isinstance(value, str) and length is not None:
            values[name] = value[:length]
    if "status" in table.c:
        values |= {"status": NEW, "retry": 0}
    connection.execute(insert(table).values(**values))


def _id_of(reference: str) -> str:
    return reference.rpartition("#")[0]


def _owner(file: Path) -> str:
    """The name under which this node claims rows, made once."""
    with faults_as_adapter_errors("offices"):
        if not file.exists():
            temporary = file.with_name(file.name + ".tmp")
            temporary.write_text(str(uuid.uuid4()), encoding="ascii")
            temporary.replace(file)
        text = file.read_text(encoding="ascii").strip()
    if not text:
        raise AdapterError(f"{file.name} is empty: remove it")
    return text
