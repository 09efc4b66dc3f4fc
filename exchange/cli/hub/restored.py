"""What a restored hub has lost, has back and still misses, for `yidi hub status` and `yidi ledger verify`."""

from typing import TYPE_CHECKING

from exchange.cli.language import say
from exchange.cli.output import local, stamp

if TYPE_CHECKING:
    from exchange.services.hub.restoring import Restoring

__all__ = ["restored_rows", "restored_value"]


def restored_rows(found: "Restoring | None") -> list[tuple[str, object]]:
    if found is None:
        return []
    one, largest = found.restored, found.largest
    rows: list[tuple[str, object]] = [
        (
            say("恢复", "restored"),
            say(
                f"{local(one.at)}，自 {local(one.backup)} 的备份，账本自 {one.size} 条起：{one.reason}",
                f"{local(one.at)} from a backup of {local(one.backup)}, the ledger from {one.size}: {one.reason}",
            ),
        ),
        (
            say("已补回", "came back"),
            say(
                f"公文 {found.documents_back} 件，回执 {found.receipts_back} 份",
                f"{found.documents_back} documents, {found.receipts_back} receipts",
            ),
        ),
        (
            say("尚缺", "still missing"),
            say(f"已知公文 {found.documents_missing} 件", f"{found.documents_missing} documents known of"),
        ),
    ]
    if largest is not None:
        rows.append(
            (
                say("恢复前账本至少", "ledger before, at least"),
                say(f"{largest.size} 条 {largest.root.hex()}", f"{largest.size} entries {largest.root.hex()}"),
            )
        )
    return rows


def restored_value(found: "Restoring | None") -> dict[str, object] | None:
    if found is None:
        return None
    one, largest = found.restored, found.largest
    return {
        "at": stamp(one.at),
        "backup": stamp(one.backup),
        "reason": one.reason,
        "ledger_size": one.size,
        "ledger_root": one.root.hex(),
        "largest_checkpoint": {"size": largest.size, "root": largest.root.hex()} if largest else None,
        "documents_back": found.documents_back,
        "receipts_back": found.receipts_back,
        "documents_missing": found.documents_missing,
    }
