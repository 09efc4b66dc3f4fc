"""Every adapter that ships has its page, and the settings that a page shows are settings that its adapter takes."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from exchange.adapters.registry import adapter_names, find_adapter
from exchange.settings import read_table
from tests.docs.pages import PAGES, ROOT, blocks, name_of, rows

FOLDER = ROOT / "docs" / "adapters"


def _page(adapter: str) -> Path:
    return FOLDER / f"{adapter}.md"


def _settings(page: Path) -> dict[str, Any]:
    """All the TOML of a page: it is one file, as a reader would write it."""
    return tomllib.loads("".join(block.text for block in blocks(page) if block.info == "toml"))


@pytest.mark.parametrize("adapter", adapter_names())
def test_each_adapter_has_its_page_and_stands_in_the_list(adapter: str) -> None:
    listed = {row[0]: row[2] for row in rows(FOLDER / "README.md") if len(row) == 3}
    assert listed[f"`{adapter}`"] == f"[{adapter}.md]({adapter}.md)"


@pytest.mark.parametrize("adapter", adapter_names())
def test_the_settings_that_a_page_shows_are_taken(adapter: str) -> None:
    shown = _settings(_page(adapter))
    tables = shown["offices"]
    assert shown.get("office", adapter) in {adapter, *tables}
    for name, table in tables.items():
        kind = find_adapter(table.pop("adapter", name))
        read_table(kind.Settings, table, f"offices.{name}")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_as_toml_is_toml(page: Path) -> None:
    """Chinese keys want quotes."""
    for block in blocks(page):
        if block.info == "toml":
            tomllib.loads(block.text)


def test_the_whole_adapter_that_the_page_shows_has_sixty_lines() -> None:
    """That it works: tests/contract/test_example_adapter.py."""
    (shown,) = [block.text for block in blocks(FOLDER / "README.md") if block.info == "python"]
    assert len([line for line in shown.splitlines() if line.strip()]) == 60
