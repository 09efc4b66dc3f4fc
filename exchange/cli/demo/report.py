"""The demo's report: who has what, how fast, which promises held, and where the evidence is. Chinese first."""

from collections import defaultdict
from datetime import datetime
from typing import IO, Any

from rich.console import Console
from rich.table import Table

from exchange.model.unit import UnitKind

__all__ = ["render"]


def render(findings: dict[str, Any], stream: IO[str]) -> None:
    """Print `findings` (see `findings.examine` and `command`)."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else 110)
    if failed := findings.get("failed"):
        console.print(f"[bold red]✗ 未完成 Not finished[/]: {failed}")
        return
    console.print(_who(findings))
    console.print(_speed(findings))
    console.print(_refusals(findings))
    console.print(_promises(findings))
    evidence = findings["evidence"]
    passed = sum(check["ok"] for check in evidence["checks"])
    mark = "[green]✓[/]" if evidence["ok"] else "[bold red]✗[/]"
    console.print(
        f"{mark} 证据包 Evidence package: {passed}/{len(evidence['checks'])} 项离线核验通过 checks hold off line"
    )
    if "kept" in findings:
        console.print(f"  数据与证据包保存在 kept in: {findings['kept']}")
    memory = findings["peak_kib"] / 1024
    own = f"（{findings['processes']} 个进程合计 processes together）" if "processes" in findings else ""
    console.print(
        f"  用时 time {findings['seconds']} s · 进程内存峰值 peak memory {memory:.0f} MiB{own}"
        f" · {findings['units']} 个单位 units"
    )
    if findings["ok"]:
        console.print("[bold green]✓ 全部成立 Everything holds[/]")
    else:
        console.print("[bold red]✗ 有承诺未兑现，见上 A promise was broken, see above[/]")


def _who(findings: dict[str, Any]) -> Table:
    table = Table(title="通知的送达与签收 Who has the notice", title_justify="left")
    for column in ("类别 Kind", "送达 Delivered", "签收 Signed", "最后送达 Last delivered", "最后签收 Last signed"):
        table.add_column(column)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in findings["who"]:
        groups[row["kind"]].append(row)
    for kind, rows in groups.items():
        table.add_row(UnitKind(kind).chinese, *_counts(rows, findings["sent"]))
    table.add_section()
    table.add_row("[bold]合计 Total[/]", *_counts(findings["who"], findings["sent"]))
    return table


def _counts(rows: list[dict[str, Any]], sent: str) -> tuple[str, str, str, str]:
    delivered = [row["delivered"] for row in rows if row["transport"] == "DELIVERED"]
    signed = [row["signed"] for row in rows if row["business"] == "SIGNED"]
    return (
        f"{len(delivered)}/{len(rows)}",
        f"{len(signed)}/{len(rows)}",
        _after(sent, max(delivered, default=None)),
        _after(sent, max(signed, default=None)),
    )


def _after(sent: str, at: str | None) -> str:
    if at is None:
        return "-"
    return f"+{(datetime.fromisoformat(at) - datetime.fromisoformat(sent)).total_seconds():.2f} s"


def _speed(findings: dict[str, Any]) -> Table:
    notice, dispatch, killed = findings["notice"], findings["dispatch"], findings["killed"]
    table = Table(title="速度 Speed", title_justify="left", show_header=False)
    for _ in range(2):
        table.add_column()
    deliver, sign = notice["deliver_ms"], notice["sign_ms"]
    table.add_row("通知送达 notice delivered", f"{notice['deliveries_per_second']} 件/秒 deliveries/s")
    table.add_row("发出到送达 sent to delivered", _milliseconds(deliver))
    table.add_row("发出到签收 sent to signed", _milliseconds(sign))
    table.add_row("第二批 second dispatch", f"杀死时 at the kill {killed['delivered']}/{killed['of']}")
    if wiped := findings.get("wiped"):
        table.add_row("", f"清空 RabbitMQ 时 at the wipe {wiped['delivered']}/{wiped['of']}")
    table.add_row(
        "",
        f"最终 in the end {dispatch['delivered']}/{dispatch['deliveries']}"
        + ("，不缺不重 none missing, none doubled" if findings["ok"] else ""),
    )
    return table


def _milliseconds(percentiles: dict[str, int]) -> str:
    return "  ".join(f"{name} {value} ms" for name, value in percentiles.items())


def _refusals(findings: dict[str, Any]) -> Table:
    notes = findings["notes"]
    table = Table(title="应当拒绝的 What had to be refused", title_justify="left", show_header=False)
    for _ in range(2):
        table.add_column()
    table.add_row("标注“机密” marked 机密", str(notes.get("classified", "-")))
    table.add_row("篡改 tampered", str(notes.get("tampered-refused", "-")))
    table.add_row("冒名 impersonated", str(notes.get("impersonated-refused", "-")))
    table.add_row("拒收 rejected", str(notes.get("rejected", "-")))
    table.add_row("撤回 recalled", str(notes.get("recalled", "-")))
    return table


def _promises(findings: dict[str, Any]) -> Table:
    table = Table(title="只凭存储核对承诺 Promises, checked from the stores alone", title_justify="left")
    for column in ("", "承诺 Promise", "查验 Examined", "发现 Findings"):
        table.add_column(column)
    for check in findings["promises"]:
        mark = "[green]✓[/]" if check["ok"] else "[bold red]✗[/]"
        name = f"{check['promise']} {check['zh']} {check['en']}"
        table.add_row(mark, name, str(check["examined"]), "\n".join(map(str, check["findings"])) or "-")
    return table
