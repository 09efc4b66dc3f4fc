"""The office of the staging adapter: its own people, who read and write the tables in plain SQL.

With a settings file they do so in the database that stands there, whatever kind it is; without one, in SQLite.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

from sqlalchemy import Connection, Engine, Select, create_engine, event, select, text

from exchange.adapters.staging.tables import Tables, ddl
from exchange.conformance.bench import Bench, Reach, Site, Written
from exchange.conformance.county import UNIT
from exchange.errors import InputError
from exchange.model.envelope import EnvelopeKey

__all__ = ["StagingBench", "make_tables", "statements_at"]

_FILE = "staging-database"


class StagingBench(Bench):
    """Whatever the database, the kit is told of each statement that writes, and of each commit."""

    simulated = True

    def __init__(self, site: Site) -> None:
        self._table = {"database_file": _FILE, "files_dir": "share", **site.table}
        self._share = site.data / str(self._table["files_dir"])
        if not site.table:
            self._share.mkdir()
            (site.data / _FILE).write_text(f"sqlite:///{site.folder / 'staging.sqlite'}", encoding="utf-8")
        file = site.data / str(self._table["database_file"])
        try:
            self._office = create_engine(file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise InputError(f"offices.staging.database_file: {file}: {error.strerror}", code="SETTINGS") from error
        prefix, upper_case = str(self._table.get("prefix", "gw_")), bool(self._table.get("upper_case"))
        self._tables = Tables.named(prefix, upper_case=upper_case)
        if not site.table:
            make_tables(self._office, self._tables)

    @classmethod
    def open(cls, site: Site) -> Self:
        return cls(site)

    def close(self) -> None:
        self._office.dispose()

    def settings(self) -> Mapping[str, Any]:
        return self._table

    def put_out(self, written: Written) -> None:
        tables, id_ = self._tables, f"OA-{secrets.token_hex(6)}"
        manifest = {
            "主送": [written.to],
            "元数据": {
                "文种": "通知",
                "标题": written.title,
                "发文机关标志": "测试县人民政府办公室",
                "发文机关署名": "测试县人民政府办公室",
                "成文日期": "2026-03-01",
            },
            "经办人": written.operator,
            "不涉密声明人": written.operator,
        }
        with self._office.begin() as office:
            for number, (name, data) in enumerate(written.files.items()):
                file = {"doc_id": id_, "seq": number, "kind": "附件", "name": name, "blob_data": data}
                office.execute(tables.out_file.insert().values(file))
            body = json.dumps(manifest, ensure_ascii=False)
            office.execute(tables.out.insert().values(id=id_, unit_code=UNIT, doc_json=body))

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        ((document,),) = self._rows(select(self._tables.received.c.id).where(self._tables.received.c.title == title))
        deed = {"unit_code": UNIT, "doc_id": document, "action": decision, "person": person, "note": text}
        with self._office.begin() as office:
            office.execute(self._tables.action.insert().values(id=f"deed-{secrets.token_hex(6)}", **deed))

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        documents, files = self._tables.received.c, self._tables.received_file.c
        found = self._rows(select(documents.id).where(documents.title == title))
        columns = select(files.name, files.blob_data, files.path)
        return [
            {
                name: (self._share / path).read_bytes() if path else bytes(data or b"")
                for name, data, path in self._rows(columns.where(files.doc_id == id_))
            }
            for (id_,) in found
        ]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        receipts = self._tables.receipt.c
        return [event for (event,) in self._rows(select(receipts.event).where(receipts.envelope_id == key.id))]

    def waiting(self, title: str) -> int:
        return sum(status not in ("S", "E") for status, _ in self._states(title))

    def refused(self, title: str) -> Sequence[str]:
        return [why or "" for status, why in self._states(title) if status == "E"]

    def watch(self, reach: Reach) -> AbstractContextManager[None]:
        return statements_at(self._office.url.database, reach)

    def _states(self, title: str) -> list[tuple[str, str | None]]:
        out, documents, actions = self._tables.out.c, self._tables.received.c, self._tables.action.c
        sent = [
            (status, why)
            for body, status, why in self._rows(select(out.doc_json, out.status, out.err))
            if json.loads(body)["元数据"]["标题"] == title
        ]
        ids = select(documents.id).where(documents.title == title)
        done = self._rows(select(actions.status, actions.err).where(actions.doc_id.in_(ids)))
        return sent + [(status, why) for status, why in done]

    def _rows(self, asked: Select[Any]) -> list[Any]:
        with self._office.begin() as office:
            return list(office.execute(asked))


def make_tables(office: Engine, tables: Tables) -> None:
    """As the office's administrator does, from the file of `deploy/staging`."""
    with office.begin() as connection:
        for statement in ddl(office.dialect, tables).split(";"):
            if statement.strip():
                connection.execute(text(statement))


@contextmanager
def statements_at(database: str | None, reach: Reach) -> Iterator[None]:
    """Tells of each statement that writes there, whoever makes it, and of each commit."""

    def statement(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.engine.url.database == database and not statement.lstrip().startswith(("SELECT", "BEGIN")):
            reach(statement[:40])

    def commit(connection: Connection) -> None:
        if connection.engine.url.database == database:
            reach("commit of the office's")

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)
