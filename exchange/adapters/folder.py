"""Folder exchange: an office without an interface reads and writes folders, on a disk or a share.

    <root>/<unit>/outbox/    documents to send: a folder or zip each, with manifest.json
                  done/      those sent, each beside its tracking number
                  error/     those refused, each beside reason.txt
                  inbox/     received documents: <sender>_<id>/ with envelope.xml, manifest.json, files/
                  decisions/ what people decided about received documents, a JSON file each (`folder_decisions`)
                  receipts/  <envelope id>.<event>.<receipt id>.json, and the signed .xml
                  notices/   <kind>.<receipt id>.txt for people, .json, .xml: what the hub tells the unit
                  .yidi/     what was given or taken, so that nothing is twice in effect

Commit is a rename: whatever ends in .tmp is nobody's yet, here and there. A document to send is taken once it holds
READY, or once it has looked the same for `settle_seconds`; one that stays incomplete for `patience_seconds` is
refused. No time stamp of the share is trusted. docs/adapters/folder.md describes the format.

Not here: reading what lies there (`waiting`, `manifest`).

Limits: one process per root.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import Field

from exchange.adapters.decision import name_of
from exchange.adapters.folder_decisions import DecisionFolder
from exchange.adapters.manifest import describe, describe_receipt, notice_text, read_manifest
from exchange.adapters.registry import Place
from exchange.adapters.share import (
    display_name,
    faults_as_adapter_errors,
    free_name,
    is_unfinished,
    sync_directory,
    write_synced,
    write_whole,
)
from exchange.adapters.waiting import Glance, glance, open_parcel
from exchange.errors import (
    AdapterError,
    ConflictError,
    CorruptFileError,
    InputError,
    InvalidValueError,
    LimitError,
    YidiError,
)
from exchange.model.envelope import EnvelopeKey, FileEntry
from exchange.model.notice import Notice
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.office import Draft, HandOver, InOffice, Misfit, OfficeAdapter, OfficeDecision
from exchange.settings import AdapterSettings

__all__ = ["FOLDERS", "FolderAdapter", "FolderSettings"]

FOLDERS = ("outbox", "inbox", "receipts", "decisions", "error", "done", ".yidi")
# A whole path must stay below 260 characters for Windows, whose root may be longer than ours.
_LONGEST_NAME = 80
_LONGEST_PATH, _LONGEST_BELOW_UNIT = 259, len("/inbox/_/files/") + 2 * len("520304000000-000000") + 36 + _LONGEST_NAME
_CHUNK = 1 << 20

_HEADLINES = {
    "CONFLICT": "编号与以前发送的另一份公文相同",
    "INCOMPLETE": "材料不完整",
    "FORMAT": "清单或文件不合要求",
    "SIZE": "文件过大或过多",
    "LIMIT": "超出限制",
    "FILE_NAME": "文件名不合要求",
    "SECRECY": "发现密级标志，涉密材料不得在本系统传输",
    "SECRECY_HOLD": "须经人工复核：复核后在清单中填写 reviewed_by（复核人）再提交",
    "UNKNOWN_RECIPIENT": "收文单位或分组不存在",
    "NOT_AUTHORISED": "本单位无权发送",
    "VALUE": "清单中的内容不合要求",
    "STATE": "公文当前的状态下不能这样做",
    "NOT_FOUND": "本单位没有收到这件公文",
    "REASON_REQUIRED": "须说明理由",
}


@dataclass(slots=True)
class _Watch:
    glance: Glance
    since: float
    draft: Draft | None = None
    own_id: str | None = None


class FolderSettings(AdapterSettings):
    root: str = Field(
        default="",
        description="Folder of all units, such as a mounted share. Empty: `offices` in the data directory.",
    )
    settle_seconds: float = Field(
        default=3.0, ge=0, le=3600, description="What holds no READY is taken once it looked the same for so long."
    )
    patience_seconds: float = Field(
        default=600.0, ge=0, le=86_400, description="What stays incomplete for so long is refused."
    )


class FolderAdapter(OfficeAdapter):
    """`root` must exist: a share that is not mounted must not be written beneath."""

    Settings = FolderSettings

    @classmethod
    def open(cls, settings: FolderSettings, place: Place) -> Self:
        """As an entry point is asked."""
        root = place.data / settings.root if settings.root else place.offices
        return cls(
            root,
            settle_seconds=settings.settle_seconds,
            patience_seconds=settings.patience_seconds,
            unit_name=place.name_of,
        )

    def __init__(
        self,
        root: Path,
        *,
        settle_seconds: float = 3.0,
        patience_seconds: float = 600.0,
        unit_name: Callable[[UnitCode], str] = lambda _unit: "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root, self._unit_name = root, unit_name
        self._settle, self._patience, self._monotonic = settle_seconds, patience_seconds, monotonic
        self._watched: dict[UnitCode, dict[Path, _Watch]] = {}
        self._decisions: dict[UnitCode, DecisionFolder] = {}
        self._whole: set[UnitCode] = set()

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        """Whether every folder can be written, and no path is too long for Windows."""
        root = self._root
        if not root.is_dir():
            yield _misfit(f"没有文件夹 no folder {root}", f"挂载共享 mount the share; mkdir -m 700 {root}")
            return
        if (over := len(str(root)) + _LONGEST_BELOW_UNIT - _LONGEST_PATH) > 0:
            found = f"{root}: 其下的路径对 Windows 过长 paths below it may be too long for Windows"
            yield _misfit(found, f"换短 {over} 个字符的路径 a path {over} characters shorter")
        if os.statvfs(root).f_flag & os.ST_RDONLY:
            found = f"{root}: 共享是只读的 the share is mounted read-only"
            yield _misfit(found, "请对方给读写权限，再重新挂载 have it shared for writing, and mount it again")
            return
        for unit in units:
            parts = [path for name in FOLDERS if (path := root / unit / name).exists()] or [root]
            lost = [name for name in FOLDERS if not (root / unit / name).exists()] if parts != [root] else []
            if lost:
                found = f"{root / unit} 缺少文件夹 lacks folders: {', '.join(lost)}"
                yield _misfit(found, "重启节点即补建 start the node again, which makes them")
            for path in parts:
                if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                    yield _misfit(f"{path} 不可读写 cannot be read and written", f"chmod u+rwx {path}")

    # ------------------------------------------------------------------------------------------ received

    def hand_over(self, item: HandOver) -> str:
        """Write the document to the unit's inbox; its folder's name is the office's id for it."""
        name = name_of(item.key)
        with faults_as_adapter_errors(f"inbox of {item.unit}"):
            home = self._home(item.unit)
            folder, taken = home / "inbox" / name, home / ".yidi" / f"in-{name}"
            # The office may have moved the folder away before our caller stored its name.
            if taken.exists():
                return name
            if folder.exists():
                if (folder / "envelope.xml").read_bytes() != item.document:
                    raise ConflictError(f"inbox of {item.unit}: {name} is another document")
            else:
                self._write_document(item, folder)
            taken.touch()
        return name

    def _write_document(self, item: HandOver, folder: Path) -> None:
        temporary = folder.with_name(folder.name + ".tmp")
        if temporary.exists():
            shutil.rmtree(temporary)  # ours: left by a crash, never seen by the office
        temporary.mkdir()
        write_synced(temporary / "envelope.xml", item.document)
        stored: dict[str, str] = {}
        if item.envelope.files:
            files = temporary / "files"
            files.mkdir()
            for number, entry in enumerate(item.envelope.files, 1):
                short = _short_name(entry.name, number)
                _copy_file(item, entry, files / short)
                stored[entry.name] = f"files/{short}"
            sync_directory(files)
        write_synced(temporary / "manifest.json", describe(item, stored))
        sync_directory(temporary)
        temporary.rename(folder)
        sync_directory(folder.parent)

    # ------------------------------------------------------------------------------------------ receipts

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """Write the receipt, signed and readable. The .json comes last: who sees it finds the .xml."""
        if receipt.subject is None:
            self._tell_notice(unit, receipt, document)
            return
        stem = f"{receipt.subject.envelope.id}.{receipt.event}.{receipt.id}"
        with faults_as_adapter_errors(f"receipts of {unit}"):
            folder = self._home(unit) / "receipts"
            if (folder / f"{stem}.json").exists():
                return
            write_whole(folder / f"{stem}.xml", document)
            write_whole(folder / f"{stem}.json", describe_receipt(receipt, self._unit_name))
            sync_directory(folder)

    def _tell_notice(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """The .json comes last, as of receipts."""
        notice = Notice.read(receipt.attributes)
        with faults_as_adapter_errors(f"notices of {unit}"):
            folder = self._home(unit) / "notices"
            folder.mkdir(exist_ok=True)  # an earlier release made none
            stem = f"{notice.kind.word}.{receipt.id}"
            if (folder / f"{stem}.json").exists():
                return
            write_whole(folder / f"{stem}.xml", document)
            # A mark and CR LF: clerks read it in Notepad.
            write_whole(folder / f"{stem}.txt", notice_text(notice, receipt).replace("\n", "\r\n").encode("utf-8-sig"))
            write_whole(folder / f"{stem}.json", describe_receipt(receipt, self._unit_name))
            sync_directory(folder)

    # ------------------------------------------------------------------------------------------- to send

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        """Drafts that are complete. Faulty ones move to error/; one that cannot be read stops no other."""
        with faults_as_adapter_errors(f"outbox of {unit}"):
            home = self._home(unit)
            entries = sorted(path for path in (home / "outbox").iterdir() if not is_unfinished(path.name))
        watched = self._watched.setdefault(unit, {})
        for gone in watched.keys() - set(entries):
            del watched[gone]
        fault: AdapterError | None = None
        for entry in entries:
            try:
                with faults_as_adapter_errors(f"outbox of {unit}"):
                    draft = self._look(unit, home, entry, watched)
            except AdapterError as error:
                fault = fault or error
                continue
            if draft is not None:
                yield draft
        if fault is not None:
            raise fault

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        """Move it to done/, beside a note of its tracking number."""
        note = {"reference": reference, "sender": key.sender, "id": key.id}
        with faults_as_adapter_errors(f"outbox of {unit}"):
            home = self._home(unit)
            for entry, watch in self._waiting(unit, reference):
                if watch.own_id is not None:
                    _index(home, watch.own_id).write_text(reference, encoding="utf-8")
                target = free_name(home / "done", display_name(entry.name))
                write_whole(target.with_name(target.name + ".json"), json.dumps(note).encode())
                entry.rename(target)
                del self._watched[unit][entry]

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        with faults_as_adapter_errors(f"outbox of {unit}"):
            for entry, _ in self._waiting(unit, reference):
                self._reject(unit, entry, code, message)

    # ----------------------------------------------------------------------------------------- decisions

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        """Those that are complete. Faulty ones move to error/."""
        with faults_as_adapter_errors(f"decisions of {unit}"):
            yield from self._decision_folder(unit).waiting(self._monotonic(), self._settle, self._patience)

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        with faults_as_adapter_errors(f"decisions of {unit}"):
            refuse = None if fault is None else (fault.code, fault.message)
            self._decision_folder(unit).finish(reference, refuse)

    def _decision_folder(self, unit: UnitCode) -> DecisionFolder:
        home = self._home(unit)
        if unit not in self._decisions:
            (home / "decisions").mkdir(exist_ok=True)  # a release before made none
            self._decisions[unit] = DecisionFolder(
                home / "decisions",
                home / "done",
                lambda entry, code, message: self._set_aside(home, entry, code, message, "decisions"),
            )
        return self._decisions[unit]

    def _look(self, unit: UnitCode, home: Path, entry: Path, watched: dict[Path, _Watch]) -> Draft | None:
        now = self._monotonic()
        seen = glance(entry)
        watch = watched.get(entry)
        if watch is None or watch.glance != seen:
            watch = watched[entry] = _Watch(seen, now)
        age = now - watch.since
        if not seen.ready and age < self._settle:
            return None
        if watch.draft is not None:
            return watch.draft
        try:
            self._read(unit, home, entry, watch)
        except (InputError, InvalidValueError, LimitError) as error:
            wait = self._settle if seen.ready else self._patience
            if error.code != "INCOMPLETE" or age >= wait:
                self._reject(unit, entry, error.code, error.message)
            return None
        return watch.draft

    def _read(self, unit: UnitCode, home: Path, entry: Path, watch: _Watch) -> None:
        """Fill in `watch`. The reference covers every byte: another document under an old name is not the old one."""
        parcel = open_parcel(entry)
        digests = parcel.digests()
        manifest = read_manifest(unit, parcel, digests)
        total = hashlib.sha256("".join(f"{digest} {name}\n" for name, digest in sorted(digests.items())).encode())
        reference = f"{(manifest.id or parcel.name)[:100]}#{total.hexdigest()[:32]}"
        if manifest.id is not None:
            given = [w.draft.reference for w in self._watched[unit].values() if w.draft and w.own_id == manifest.id]
            index = _index(home, manifest.id)
            if index.exists():
                given.append(index.read_text(encoding="utf-8"))
            if any(other != reference for other in given):
                raise InputError(f"编号 {manifest.id} 已用于另一份公文", code="CONFLICT")
        watch.own_id = manifest.id
        watch.draft = replace(manifest.draft, reference=reference)

    def _reject(self, unit: UnitCode, entry: Path, code: str, message: str) -> None:
        self._set_aside(self._home(unit), entry, code, message, "outbox")
        self._watched.get(unit, {}).pop(entry, None)

    @staticmethod
    def _set_aside(home: Path, entry: Path, code: str, message: str, came_from: str) -> None:
        """The entry goes into a folder of its own, beside reason.txt: moved back once mended, it is as it was."""
        name = display_name(entry.name)
        target = free_name(home / "error", _short_name(name, 0))
        lines = [
            f"{'未发送' if came_from == 'outbox' else '未办理'}：{_HEADLINES.get(code, '未被受理')}",
            f"代码：{code}",
            f"说明：{message}",
            f"处理：改正后，把这里的 {name} 移回 {came_from}。",
        ]
        target.mkdir()
        # A mark and CR LF: clerks read it in Notepad.
        write_whole(target / "reason.txt", "\r\n".join([*lines, ""]).encode("utf-8-sig"))
        entry.rename(target / entry.name)

    def _waiting(self, unit: UnitCode, reference: str) -> list[tuple[Path, _Watch]]:
        watched = self._watched.get(unit, {})
        return [(entry, w) for entry, w in watched.items() if w.draft is not None and w.draft.reference == reference]

    def _home(self, unit: UnitCode) -> Path:
        """The unit's folder with its parts made. Raises AdapterError when the root is not there."""
        home = self._root / parse_unit_code(unit)
        # Each part once in a life: those that were empty are in no backup, and a restored node has the others.
        if unit not in self._whole or not (home / FOLDERS[-1]).is_dir():
            if not self._root.is_dir():
                raise AdapterError("the folder of the office is not there", detail=str(self._root))
            for name in FOLDERS:
                (home / name).mkdir(parents=True, exist_ok=True)
            self._whole.add(unit)
        return home


def _misfit(found: str, cure: str) -> Misfit:
    return Misfit(where="root", found=found, cure=cure)


def _index(home: Path, own_id: str) -> Path:
    return home / ".yidi" / f"out-{hashlib.sha256(own_id.encode()).hexdigest()}"


def _short_name(name: str, number: int) -> str:
    """`name`, whose characters are safe already, cut to what a path has room for, its kind kept."""
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, kind = name.rpartition(".")
    ending = f"~{number}{dot}{kind}" if stem and len(kind) <= 10 else f"~{number}"
    return name[: _LONGEST_NAME - len(ending)].rstrip(". ") + ending


def _copy_file(item: HandOver, entry: FileEntry, target: Path) -> None:
    """Copy and hash: what the office gets is what was signed."""
    digest = hashlib.sha256()
    with item.open_file(entry.sha256) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != entry.sha256:
        raise CorruptFileError(f"file {entry.sha256[:12]} of {item.key} changed on its way to the office")
