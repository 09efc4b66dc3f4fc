"""Writes the table of cases in docs/conformance.md: `python docs/make_conformance.py`."""

from collections.abc import Sequence
from pathlib import Path

from exchange.conformance.case import Case
from exchange.conformance.trial import ADAPTER_CASES
from exchange.conformance.url.node_cases import CASES as NODE_CASES
from exchange.conformance.url.webhook import CASES as WEBHOOK_CASES

__all__ = ["PAGE", "SUITES", "page"]

PAGE = Path(__file__).parent / "conformance.md"
SUITES: tuple[tuple[str, Sequence[Case]], ...] = (
    ("办公系统接口 `--adapter`", ADAPTER_CASES),
    ("接收推送的程序 `--url` `--secret-file`", WEBHOOK_CASES),
    ("别家的节点接口 `--url` `--token-file`", NODE_CASES),
)
_BEGIN, _END = "## 用例 The cases\n", "\n## 报告 The report\n"


def page(text: str) -> str:
    """The page with the tables as they should be."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{''.join(map(_table, SUITES))}{_END.lstrip()}{after}"


def _table(suite: tuple[str, Sequence[Case]]) -> str:
    name, cases = suite
    rows = [f"| `{one.id}` | {one.title.zh} {one.title.en} | {one.expected.zh} |" for one in cases]
    return "\n".join([f"### {name}", "", "| 编号 | 用例 | 应当 |", "|---|---|---|", *rows, "", ""])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
