"""What a command saves for a spreadsheet, .xlsx or .csv by the file's name."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from exchange.cli.failure import fail

__all__ = ["check_spreadsheet", "save_spreadsheet"]


def check_spreadsheet(out: Path | None) -> None:
    """Before the work that it is for. Refuses any other kind of file, and a folder that is not there."""
    if out is not None and out.suffix not in {".xlsx", ".csv"}:
        raise fail("PERIOD", f"{out.name}：只能存为 .xlsx 或 .csv", f"{out.name}: only .xlsx or .csv can be written")
    if out is not None and not out.parent.is_dir():
        raise fail("PERIOD", f"没有目录 {out.parent}", f"there is no directory {out.parent}")


def save_spreadsheet(out: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from exchange.adapters.sheet import write_csv, write_xlsx

    (write_xlsx if out.suffix == ".xlsx" else write_csv)(out, header, rows)
