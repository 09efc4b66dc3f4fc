"""The office of the staging adapter: a database of the office's, written and read by its own people in plain SQL."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from exchange.adapters.registry import Place
from exchange.adapters.staging.adapter import StagingAdapter, StagingSettings
from exchange.adapters.staging.tables import Tables
from exchange.conformance.benches.staging import make_tables, statements_at
from exchange.settings import read_table
from tests.contract.crash_matrix import FILES, TITLE
from tests.unit.services.hub_and_node import A, B

__all__ = ["MANIFEST", "StagingBench"]

MANIFEST: dict[str, Any] = {
    "主送": [B],
    "元数据": {
        "文种": "通知",
        "标题": TITLE,
        "发文机关标志": "测试县人民政府办公室",
        "发文机关署名": "测试县人民政府办公室",
        "成文日期": "2026-03-01",
    },
    "经办人": "王芳",
    "不涉密声明人": "王芳",
}


@dataclass
class StagingBench:
    """`office`: connects as the office's people do. `url`: as the node does. Steps are statements that write, and
    commits."""

    office: Engine
    url: str
    place: Path
    settings: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.place / "staging").write_text(self.url)
        tables = Tables.named(str(self.settings.get("prefix", "gw_")), upper_case=bool(self.settings.get("upper_case")))
        self.tables = tables
        make_tables(self.office, tables)

    def open(self) -> StagingAdapter:
        settings = read_table(StagingSettings, {"database_file": "staging", **self.settings}, "offices.staging")
        return StagingAdapter.open(settings, Place(name="staging", data=self.place, offices=self.place))

    def watch(self, reach: Callable[[str], None]) -> AbstractContextManager[None]:
        return statements_at(self.office.url.database, reach)

    def put_out(self, id_: str = "OA-7", manifest: dict[str, Any] | None = None) -> None:
        with self.office.begin() as connection:
            for number, (name, data) in enumerate(FILES.items()):
                connection.execute(
                    self.tables.out_file.insert().values(doc_id=id_, seq=number, kind="附件", name=name, blob_data=data)
                )
            body = json.dumps(manifest or MANIFEST, ensure_ascii=False)
            connection.execute(self.tables.out.insert().values(id=id_, unit_code=A, doc_json=body))

    def act(self) -> bool:
        received, action = self.tables.received, self.tables.action
        with self.office.begin() as connection:
            held = connection.execute(received.select()).all()
            done = len(connection.execute(action.select()).all())
            if not held or done == 2:
                return False
            connection.execute(
                action.insert().values(
                    id=f"deed-{done}",
                    unit_code=B,
                    doc_id=held[0].id,
                    action=("签收", "反馈")[done],
                    person="李四",
                    note="已办",
                )
            )
        return True

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        files = self.tables.received_file
        with self.office.begin() as connection:
            return [
                (
                    row.title,
                    {
                        one.name: bytes(one.blob_data)
                        for one in connection.execute(files.select().where(files.c.doc_id == row.id))
                    },
                )
                for row in connection.execute(self.tables.received.select()).all()
            ]

    def shown(self) -> list[str]:
        with self.office.begin() as connection:
            return sorted(row.event for row in connection.execute(self.tables.receipt.select()))

    def waiting(self) -> int:
        with self.office.begin() as connection:
            rows = [
                row for table in (self.tables.out, self.tables.action) for row in connection.execute(table.select())
            ]
        return sum(row.status != "S" for row in rows)

    def empty(self) -> None:
        """As it was made."""
        with self.office.begin() as connection:
            for table in self.tables.all:
                connection.execute(table.delete())

    def close(self) -> None:
        self.office.dispose()
