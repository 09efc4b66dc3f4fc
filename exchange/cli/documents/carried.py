"""What `pack` and `unpack` print of carry packages: a line for each, or for each thing in one that is looked at; or
the same for programs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.cli.output import local, named, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.model.carry import Carry
    from exchange.services.carry.contents import Contents
    from exchange.services.carry.package import Packed, Unpacked

__all__ = ["show_contents", "show_packed", "show_unpacked"]

_MB = 1_000_000


def show_packed(packed: "Sequence[tuple[Path, Packed]]", *, as_json: bool) -> None:
    if as_json:
        show_json([_packed_value(path, one) for path, one in packed])
        return
    show_table(
        [("文件", "file"), ("公文", "documents"), ("回执", "receipts"), ("附件", "files"), ("大小", "MB"),
         ("留到下一包", "left"), ("本机损坏", "spoilt")],
        [(path, one.envelopes, one.receipts, one.files, _megabytes(path.stat().st_size), one.no_room, one.spoilt)
         for path, one in packed],
    )  # fmt: skip


def show_unpacked(done: "Sequence[tuple[Path, Unpacked]]", *, as_json: bool) -> None:
    if as_json:
        show_json([_unpacked_value(path, one) for path, one in done])
        return
    show_table(
        [("文件", "file"), ("单位", "unit"), ("公文", "documents"), ("其中新到", "new"), ("拒收", "refused"),
         ("未收下", "not taken"), ("回执", "receipts")],
        [(path.name, one.carry.unit, one.documents, one.new, one.refused, one.not_taken, one.receipts)
         for path, one in done],
    )  # fmt: skip


def show_contents(looked: "Sequence[tuple[Path, Contents]]", *, as_json: bool) -> None:
    if as_json:
        show_json([_contents_value(path, one) for path, one in looked])
        return
    for path, one in looked:
        rows: list[tuple[object, ...]] = [
            (document.title, document.key.id, document.files, _megabytes(document.size)) for document in one.documents
        ]
        rows += [(named(receipt.event), receipt.key and receipt.key.id, None, None) for receipt in one.receipts]
        rows += [("不能识读 unreadable", None, None, None)] * one.unreadable
        show_table(
            [("内容", "what"), ("公文编号", "document"), ("附件", "files"), ("大小", "MB")],
            rows,
            title=f"{path.name} {one.carry.unit} {one.carry.way.value} {local(one.carry.made)}",
        )


def _megabytes(size: int) -> str:
    return f"{size / _MB:.1f}"


def _heading(path: Path, carry: "Carry") -> dict[str, object]:
    return {"file": str(path), "package": carry.id, "unit": carry.unit, "way": carry.way.value}


def _packed_value(path: Path, one: "Packed") -> dict[str, object]:
    return _heading(path, one.carry) | {
        "documents": one.envelopes,
        "receipts": one.receipts,
        "files": one.files,
        "bytes": path.stat().st_size,
        "whole": one.carry.whole,
        "left": one.no_room,
        "spoilt": one.spoilt,
    }


def _unpacked_value(path: Path, one: "Unpacked") -> dict[str, object]:
    return _heading(path, one.carry) | {
        "documents": one.documents,
        "new": one.new,
        "refused": one.refused,
        "not_taken": one.not_taken,
        "receipts": one.receipts,
    }


def _contents_value(path: Path, one: "Contents") -> dict[str, object]:
    return _heading(path, one.carry) | {
        "made": stamp(one.carry.made),
        "whole": one.carry.whole,
        "documents": [
            {
                "id": document.key.id,
                "sender": document.key.sender,
                "title": document.title,
                "recipients": list(document.recipients),
                "files": document.files,
                "bytes": document.size,
            }
            for document in one.documents
        ],
        "receipts": [
            {"event": receipt.event.value, "id": receipt.key and receipt.key.id, "unit": receipt.unit}
            for receipt in one.receipts
        ],
        "unreadable": one.unreadable,
    }
