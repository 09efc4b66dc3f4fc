"""`python docs/make_staging.py`: writes `deploy/staging/*.sql` from `exchange.adapters.staging.tables`.

One file for each kind of database. A test holds them against the code.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect

from exchange.adapters.staging.tables import Tables, ddl

__all__ = ["FILES", "FOLDER"]

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "staging"

_KINDS: dict[str, tuple[str, Callable[[], Dialect], bool]] = {
    "postgresql": ("PostgreSQL; 金仓 KingbaseES 的 PostgreSQL 模式", postgresql.dialect, False),
    "mysql": ("MySQL 5.7、MariaDB 10.3 及以上", mysql.dialect, False),
    "oracle": (
        "Oracle 12 及以上；达梦 DM8、金仓 KingbaseES 的 Oracle 模式：名称为大写",
        oracle.dialect,
        True,
    ),
    "mssql": ("SQL Server 2012 及以上", mssql.dialect, False),
    "sqlite": ("SQLite 3，用于试用", sqlite.dialect, False),
}
_HEAD = """-- 前置机的表 tables of a staging database: {kind}
-- 由数据库管理员执行一次。说明见 docs/adapters/staging.md。节点的账号需要这些表的 SELECT、INSERT、UPDATE、DELETE；
-- 办公系统的账号：gw_out、gw_out_file、gw_in_action 可 INSERT；gw_in、gw_receipt 可 SELECT 与 UPDATE，不可 DELETE。
-- 本文件由 docs/make_staging.py 生成 written by docs/make_staging.py.

"""


def _page(kind: str, dialect: Callable[[], Dialect], upper: bool) -> str:
    return _HEAD.format(kind=kind) + ddl(dialect(), Tables.named(upper_case=upper))


FILES = {f"{name}.sql": _page(*what) for name, what in _KINDS.items()}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, page in FILES.items():
        (FOLDER / file).write_text(page, encoding="utf-8")
