"""The DDL files are what the code's tables are."""

import pytest

from docs.make_staging import FILES, FOLDER


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_tables_that_an_administrator_makes_are_those_of_the_code(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == FILES[name]


def test_no_other_file_lies_there() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)
