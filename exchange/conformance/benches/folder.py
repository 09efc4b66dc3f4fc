"""The office of the folder adapter: people who put files into folders and look into them.

With a settings file it works in the `root` that stands there; without one, in a folder of its own.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from exchange.adapters.folder import FOLDERS
from exchange.conformance.bench import Bench, Site, Written
from exchange.conformance.county import UNIT
from exchange.errors import InputError
from exchange.model.envelope import EnvelopeKey

__all__ = ["FolderBench"]


class FolderBench(Bench):
    simulated = True

    def __init__(self, site: Site) -> None:
        self._table = dict(site.table)
        root = site.data / str(self._table["root"]) if self._table.get("root") else site.folder
        if not root.is_dir():
            raise InputError(f"offices.folder.root: {root}: there is no such folder", code="SETTINGS")
        self._home = root / UNIT
        self._deeds = 0
        for name in FOLDERS:  # as a node that starts makes them
            (self._home / name).mkdir(parents=True, exist_ok=True)

    @classmethod
    def open(cls, site: Site) -> Self:
        return cls(site)

    def settings(self) -> Mapping[str, Any]:
        return {**self._table, "settle_seconds": 0.0}

    def put_out(self, written: Written) -> None:
        folder = self._home / "outbox" / f"OA-{len(list(self._home.glob('*/OA-*'))) + 1}"
        folder.mkdir(parents=True)
        for name, data in written.files.items():
            (folder / name).write_bytes(data)
        manifest = {
            "主送": [written.to],
            "元数据": {
                "文种": "通知",
                "标题": written.title,
                "发文机关标志": "测试县人民政府办公室",
                "发文机关署名": "测试县人民政府办公室",
                "成文日期": "2026-03-01",
            },
            "文件": [{"文件名": name} for name in written.files],
            "经办人": written.operator,
            "不涉密声明人": written.operator,
        }
        _write(folder / "manifest.json", manifest)
        (folder / "READY").touch()

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        (self._home / "decisions").mkdir(parents=True, exist_ok=True)
        (folder,) = self._inbox(title)
        self._deeds += 1
        said = {"公文": folder.name, "决定": decision, "人员": person, "说明": text or "无"}
        path = self._home / "decisions" / f"{self._deeds}-{folder.name}.json"
        _write(path.with_suffix(".tmp"), said)
        path.with_suffix(".tmp").rename(path)

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        found = []
        for folder in self._inbox(title):
            manifest = _read(folder / "manifest.json")
            found.append({file["name"]: (folder / file["path"]).read_bytes() for file in manifest["files"]})
        return found

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        return [str(_read(one)["event"]) for one in (self._home / "receipts").glob(f"{key.id}.*.json")]

    def waiting(self, title: str) -> int:
        return len(self._drafts("outbox", title)) + len(self._decisions("decisions", title))

    def refused(self, title: str) -> Sequence[str]:
        found = [one.parent for one in self._drafts("error/*", title)] + [
            one.parent for one in self._decisions("error/*", title)
        ]
        return [(one / "reason.txt").read_text(encoding="utf-8-sig") for one in found]

    def _drafts(self, where: str, title: str) -> list[Path]:
        found = self._home.glob(f"{where}/OA-*/manifest.json")
        return [one.parent for one in found if _read(one)["元数据"]["标题"] == title]

    def _decisions(self, where: str, title: str) -> list[Path]:
        names = {folder.name for folder in self._inbox(title)}
        return [one for one in self._home.glob(f"{where}/*.json") if _read(one).get("公文") in names]

    def _inbox(self, title: str) -> list[Path]:
        folders = [one for one in (self._home / "inbox").glob("*") if one.suffix != ".tmp"]
        return [one for one in folders if _read(one / "manifest.json")["元数据"]["标题"] == title]


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
