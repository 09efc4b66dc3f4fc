"""A load that no process of the exchange gives: an office that lays documents into its folder, one after the other,
whether its node runs or not, and looks into the others' folders what came of them.

Not here: what is done to the exchange meanwhile.
"""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["FolderLoad"]


class FolderLoad:
    """`with FolderLoad(office, others) as load:`; each is a unit's folder in `offices`, named by its code. `each`:
    seconds between two documents."""

    def __init__(self, office: Path, others: Sequence[Path], *, each: float = 0.3) -> None:
        self._office, self._others, self._each = office, others, each
        self._over, self._number = threading.Event(), 0
        self._body = f"{secrets.token_hex(4)}.txt"  # tells its documents from those of another load
        self._thread = threading.Thread(target=self._lay)

    @property
    def laid(self) -> int:
        return self._number

    def arrived(self, office: Path) -> Counter[int]:
        """How often each document lies in this unit's inbox."""
        return Counter(int(body.read_text()) for body in office.glob(f"inbox/*[0-9a-f]/files/{self._body}"))

    def everything_arrived(self) -> bool:
        return all(len(self.arrived(office)) == self._number for office in self._others)

    def check(self) -> None:
        """Everything is there, once."""
        for office in self._others:
            found = self.arrived(office)
            assert sorted(found) == list(range(1, self._number + 1)), f"{office.name} lacks some"
            assert max(found.values()) == 1, f"{office.name} has some twice"
        assert not list(self._office.glob("error/*"))

    def goes_on(self, count: int = 5, seconds: float = 240.0) -> None:
        """Wait until so many more have arrived everywhere."""
        wanted = [len(self.arrived(office)) + count for office in self._others]
        deadline = time.monotonic() + seconds
        while any(len(self.arrived(office)) < many for office, many in zip(self._others, wanted, strict=True)):
            assert time.monotonic() < deadline, "nothing arrives any more"
            assert self._thread.is_alive()
            time.sleep(0.2)

    def _lay(self) -> None:
        while not self._over.wait(self._each):
            number = self._number + 1
            folder = self._office / "outbox" / f"{number}.tmp"
            folder.mkdir(parents=True)
            (folder / self._body).write_text(str(number))
            (folder / "manifest.json").write_text(json.dumps(self._manifest(number)), encoding="utf-8")
            (folder / "READY").touch()
            folder.rename(folder.with_suffix(""))
            self._number = number

    def _manifest(self, number: int) -> dict[str, object]:
        return {
            "编号": f"{self._body}-{number}",
            "主送": [office.name for office in self._others],
            "元数据": {
                "文种": "通知",
                "标题": f"关于加强值班的通知（{number}）",
                "发文机关标志": "测试县",
                "发文机关署名": "测试县",
                "成文日期": "2026-11-01",
            },
            "文件": [{"文件名": self._body, "类别": "正文"}],
            "经办人": "李四",
            "不涉密声明人": "张三",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
