"""An office that calls the node by itself, kept in files: its people, and what its programs (`rest`, `soap`) share.

    sent/N.json        put out to be sent, with its files beside it and what came of it
    received/KEY/      a received document: all of it, or nothing
    deeds/N.json       what a person did with one, and what came of it
    shown/KEY.json     events of a document that people see

Every write is a rename. Not here: how the node is asked.
"""

import json
import shutil
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from exchange.conformance.bench import Bench, CalledNode, Program, Site, Written
from exchange.errors import InputError
from exchange.model.envelope import EnvelopeKey

__all__ = ["CallerBench", "CallerOffice", "Paper"]

_WORDS: Final = {
    "document_type": "通知",
    "issuer_identification": ["测试县人民政府办公室"],
    "issuer_signatures": ["测试县人民政府办公室"],
    "issued_date": "2026-03-01",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One file of the office's, and what stands in it."""

    path: Path
    said: dict[str, Any]

    @property
    def id(self) -> str:
        return self.path.stem

    @property
    def files(self) -> Mapping[str, Path]:
        """Of a document to be sent: by their names."""
        return {name: self.path.parent / place for name, place in self.said["files"].items()}

    @property
    def metadata(self) -> dict[str, Any]:
        return {"title": self.said["title"], **_WORDS}

    def answer(self, text: str) -> None:
        _write(self.path, {**self.said, "answer": text})


class CallerOffice:
    def __init__(self, home: Path) -> None:
        self.home = home
        for name in ("sent", "received", "deeds", "shown", "coming"):
            (home / name).mkdir(exist_ok=True)

    def papers(self, kind: str) -> list[Paper]:
        return [Paper(path, _read(path)) for path in sorted((self.home / kind).glob("*.json"))]

    def waiting(self, kind: str) -> Iterator[Paper]:
        return (one for one in self.papers(kind) if not one.said["answer"])

    def put(self, kind: str, **said: Any) -> None:
        path = self.home / kind / f"{kind}-{len(self.papers(kind)) + 1:04}.json"
        _write(path, {**said, "answer": ""})

    # received

    def number_of(self, sender: str, id_: str) -> str:
        """Its own number, of a document that it has."""
        record = self.home / "received" / f"{sender}-{id_}" / "record"
        return str(_read(record)["number"]) if record.exists() else ""

    def coming(self, sender: str, id_: str) -> Path:
        """Where its files are gathered, from the beginning."""
        folder = self.home / "coming" / f"{sender}-{id_}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def file(self, folder: Path, sender: str, id_: str, title: str, names: Sequence[str]) -> str:
        """It is there from now on, with all its files, which lie in `folder` by their places in `names`. Returns its
        number."""
        number = f"SW-{len(list((self.home / 'received').iterdir())) + 1:04}"
        _write(folder / "record", {"number": number, "id": id_, "sender": sender, "title": title, "names": [*names]})
        folder.rename(self.home / "received" / folder.name)
        return number

    def newest(self, most: int) -> list[str]:
        """Ids of what was received last."""
        folders = sorted((self.home / "received").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
        return [folder.name[-36:] for folder in folders[-most:]]

    def received(self, title: str) -> list[tuple[dict[str, Any], dict[str, bytes]]]:
        folders = sorted((self.home / "received").iterdir())
        found = [(folder, record) for folder in folders if (record := _read(folder / "record"))["title"] == title]
        return [
            (record, {name: (folder / str(place)).read_bytes() for place, name in enumerate(record["names"])})
            for folder, record in found
        ]

    # shown

    def show(self, subject: str, events: Mapping[str, str]) -> None:
        """Event by receipt: all at once, each once however often it is told."""
        path = self.home / "shown" / f"{subject.replace('/', '-')}.json"
        known = _read(path) if path.exists() else {}
        if not events.items() <= known.items():
            _write(path, {**known, **events})

    def events_of(self, id_: str) -> list[str]:
        """What is shown of a document."""
        return [event for path in (self.home / "shown").glob(f"*-{id_}.json") for event in _read(path).values()]


class CallerBench(Bench):
    simulated = True

    def __init__(self, site: Site) -> None:
        """Raises InputError when somebody gave settings of a real office, into which this bench cannot look."""
        if site.table or site.extra:
            raise InputError(
                "this bench has an office of its own; for a real one name a bench of your own by --bench "
                "(docs/conformance.md)",
                code="BENCH_UNKNOWN",
            )
        self.office = CallerOffice(site.folder)

    @classmethod
    def open(cls, site: Site) -> Self:
        return cls(site)

    def settings(self) -> Mapping[str, Any]:
        return {}

    @abstractmethod
    def program(self, node: CalledNode) -> Program: ...

    def put_out(self, written: Written) -> None:
        number = len(self.office.papers("sent")) + 1
        places = {name: f"{number:04}-{place}.file" for place, name in enumerate(written.files)}
        for name, data in written.files.items():
            (self.office.home / "sent" / places[name]).write_bytes(data)
        self.office.put("sent", title=written.title, to=written.to, operator=written.operator, files=places)

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        ((record, _),) = self.office.received(title)
        self.office.put("deeds", title=title, id=record["id"], decision=decision, person=person, text=text)

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [files for _, files in self.office.received(title)]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        return self.office.events_of(key.id)

    def waiting(self, title: str) -> int:
        return sum(not answer for answer in self._answers(title))

    def refused(self, title: str) -> Sequence[str]:
        return [answer for answer in self._answers(title) if answer.startswith("未")]

    def _answers(self, title: str) -> list[str]:
        papers = self.office.papers("sent") + self.office.papers("deeds")
        return [one.said["answer"] for one in papers if one.said["title"] == title]


def _write(path: Path, value: object) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    draft.rename(path)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
