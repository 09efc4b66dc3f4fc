"""Progress of the demo: one bar per act on a terminal, one line per finished act elsewhere."""

import time
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Column

__all__ = ["ACTS", "Progress"]

ACTS = {
    "servers": ("启动 RabbitMQ 与 PostgreSQL", "RabbitMQ and PostgreSQL started"),
    "import": ("从表格导入单位", "units imported from the sheet"),
    "enrol": ("各单位生成密钥并入网", "keys made, units enrolled"),
    "provision": ("在 RabbitMQ 上开设账户与队列", "accounts and queues made at RabbitMQ"),
    "enrol-far": ("凭一次性口令经 HTTPS 入网", "enrolled over HTTPS with one-time codes"),
    "notice-delivered": ("通知送达各单位", "notice delivered"),
    "notice-handed-over": ("各单位 OA 入库", "notice handed over to the offices"),
    "notice-signing": ("各单位专人签收", "a named person signs in each unit"),
    "notice-signed": ("发文单位收到签收回执", "signed receipts back at the sender"),
    "reports": ("镇乡上报并处理", "townships report back"),
    "rejected": ("一件拒收，说明理由", "one rejected, with a reason"),
    "recalled": ("一件签收前撤回", "one recalled before signing"),
    "classified-refused": ("标注“机密”的文件被拒绝发出", "a document marked 机密 refused before it leaves"),
    "duplicate-answered": ("重复件以原回执答复", "a duplicate answered with the original receipt"),
    "tampered-refused": ("篡改件被拒绝", "a tampered envelope refused"),
    "impersonated-refused": ("冒名件被拒绝", "an impersonated envelope refused"),
    "kill": ("第二批公文发到一半，强制杀死进程", "SIGKILL in the middle of the second dispatch"),
    "kill-three": ("第二批发送中，强制杀死路由、节点和 RabbitMQ", "SIGKILL to router, node and RabbitMQ"),
    "restarted": ("三者重新启动", "all three started again"),
    "wipe": ("清空 RabbitMQ，全部队列丢失", "RabbitMQ wiped, all queues lost"),
    "dispatch": ("重新启动后，第二批各件全部送达", "restarted: documents of the second dispatch delivered"),
    "rest": ("全部回执归位，账本封存", "all receipts home, ledger sealed"),
}


class Progress:
    def __init__(self, stream: IO[str]) -> None:
        self._console = Console(file=stream)
        self._started = time.monotonic()
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._finished: set[str] = set()
        self.failure: str | None = None
        if self._console.is_terminal:
            # Numbers first and at their full width: on 80 columns it is the label that is cut.
            columns = (
                MofNCompleteColumn(table_column=Column(min_width=9, justify="right", no_wrap=True)),
                BarColumn(bar_width=12, table_column=Column(width=12, no_wrap=True)),
                TimeElapsedColumn(table_column=Column(min_width=7, no_wrap=True)),
                TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
            )
            self._bars = Bars(*columns, console=self._console, expand=True)
            self._bars.start()

    def show(self, step: dict[str, object]) -> None:
        act = str(step["act"])
        done, of = int(str(step["done"])), int(str(step["of"]))
        if act == "failed":
            self.failure = f"{step['code']}: {step['message']} {step.get('detail') or ''}".strip()
            return
        if self._bars is not None:
            if act not in self._tasks:
                self._tasks[act] = self._bars.add_task(_label(act), total=of)
            self._bars.update(self._tasks[act], completed=done, total=of)
        elif done >= of and act not in self._finished:
            self._line(f"{_label(act)}  {done}/{of}")
        if done >= of:
            self._finished.add(act)

    def note(self, act: str, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(f"{_label(act)}  {text}", style="bold yellow")
        else:
            self._line(f"{_label(act)}  {text}")

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()

    def _line(self, text: str) -> None:
        self._console.print(
            f"[{time.monotonic() - self._started:6.1f} s] {text}", markup=False, highlight=False, soft_wrap=True
        )


def _label(act: str) -> str:
    chinese, english = ACTS.get(act, (act, act))
    return f"{chinese} {english}"
