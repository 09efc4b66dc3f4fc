"""Every office adapter that ships, through the crash matrix."""

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from exchange.adapters.folder import FolderAdapter
from exchange.testing.landray import LandrayOffice
from exchange.testing.o2oa import O2oaOffice
from exchange.testing.seeyon import SeeyonOffice
from exchange.testing.weaver import WeaverOffice
from tests.contract.crash_matrix import FILES, TITLE, survive_every_step
from tests.contract.example_office import ExampleBench
from tests.contract.file_steps import file_steps
from tests.contract.landray_office import LandrayBench, make_templates
from tests.contract.o2oa_office import O2oaBench, make_processes
from tests.contract.seeyon_office import SeeyonBench, make_forms
from tests.contract.staging_office import StagingBench
from tests.contract.weaver_office import WeaverBench, make_workflows
from tests.unit.services.hub_and_node import A, B

PARTS = 4  # so that several processes share them


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: these deaths are exceptions, so nothing depends on what was synced."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


@dataclass
class FolderBench:
    """Two units' folders below one root. The clock moves on with every look, so that what settles has settled."""

    root: Path
    seconds: float = 0.0

    def open(self) -> FolderAdapter:
        return FolderAdapter(self.root, settle_seconds=0.5, monotonic=self._tick)

    def watch(self, reach: Callable[[str], None]) -> AbstractContextManager[object]:
        return file_steps(self.root, reach)

    def put_out(self) -> None:
        draft = self.root / A / "outbox" / "OA-7"
        draft.mkdir(parents=True)
        for name, data in FILES.items():
            (draft / name).write_bytes(data)
        manifest = {
            "编号": "OA-7",
            "主送": [B],
            "元数据": {
                "文种": "通知",
                "标题": TITLE,
                "发文机关标志": "测试县人民政府办公室",
                "发文机关署名": "测试县人民政府办公室",
                "成文日期": "2026-03-01",
            },
            "文件": [{"文件名": name} for name in FILES],
            "经办人": "王芳",
            "不涉密声明人": "王芳",
        }
        (draft / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
        (draft / "READY").touch()

    def act(self) -> bool:
        (self.root / B / "decisions").mkdir(parents=True, exist_ok=True)
        for folder in self._inbox():
            for decision in ("签收", "反馈"):
                name = f"{decision}.json"
                if any((self.root / B / place / name).exists() for place in ("decisions", "done")):
                    continue
                said = {"公文": folder.name, "决定": decision, "人员": "李四", "说明": "已办"}
                (self.root / B / "decisions" / name).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
                return True
        return False

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        found = []
        for folder in self._inbox():
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            files = {file["name"]: (folder / file["path"]).read_bytes() for file in manifest["files"]}
            found.append((manifest["元数据"]["标题"], files))
        return found

    def shown(self) -> list[str]:
        receipts = (self.root / A / "receipts").glob("*.json")
        return sorted(json.loads(one.read_text(encoding="utf-8"))["event"] for one in receipts)

    def waiting(self) -> int:
        places = [(A, "outbox"), (A, "error"), (B, "decisions"), (B, "error")]
        return sum(len(list((self.root / unit / place).glob("*"))) for unit, place in places)

    def _inbox(self) -> list[Path]:
        return [one for one in (self.root / B / "inbox").glob("*") if one.suffix != ".tmp"]

    def _tick(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_folder_adapter_survives_a_death_at_every_step(folder: Path, part: int) -> None:
    def bench(number: int) -> FolderBench:
        root = folder / str(number)
        root.mkdir()
        return FolderBench(root)

    survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
def test_the_adapter_that_the_documentation_shows_survives_a_death_at_every_step(folder: Path) -> None:
    survive_every_step(lambda number: ExampleBench(folder / f"{number}.sqlite"))


def test_the_adapter_that_the_documentation_shows_says_which_table_is_missing(tmp_path: Path) -> None:
    bench = ExampleBench(tmp_path / "office.sqlite")
    assert list(bench.open().check([A])) == []
    with sqlite3.connect(bench.file) as office:
        office.execute("DROP TABLE deeds")
    office.close()
    (misfit,) = bench.open().check([A])
    assert "has no table deeds" in misfit.found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_staging_adapter_survives_a_death_at_every_step(folder: Path, part: int) -> None:
    """On SQLite; on PostgreSQL and MariaDB: tests/integration."""

    def bench(number: int) -> StagingBench:
        place = folder / str(number)
        place.mkdir()
        url = f"sqlite:///{place / 'staging.sqlite'}"
        return StagingBench(create_engine(url), url, place)

    survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_seeyon_adapter_survives_a_death_at_every_step(part: int) -> None:
    """Against a simulated office over HTTP, whose forms check nothing for uniqueness but receipts."""
    with ExitStack() as offices:

        def bench(_number: int) -> SeeyonBench:
            office = offices.enter_context(SeeyonOffice())
            make_forms(office)
            return SeeyonBench(office)

        survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_weaver_adapter_survives_a_death_at_every_step(folder: Path, part: int) -> None:
    """Against a simulated office over HTTP, which checks nothing for uniqueness."""
    with ExitStack() as offices:

        def bench(number: int) -> WeaverBench:
            office = offices.enter_context(WeaverOffice())
            make_workflows(office)
            return WeaverBench(office, folder / str(number))

        survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_o2oa_adapter_survives_a_death_at_every_step(part: int) -> None:
    """Against a simulated office over HTTP, which checks nothing for uniqueness, and takes files after the process has
    begun."""
    with ExitStack() as offices:

        def bench(_number: int) -> O2oaBench:
            office = offices.enter_context(O2oaOffice())
            make_processes(office)
            return O2oaBench(office)

        survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("soap", [False, True], ids=["rest", "soap"])
@pytest.mark.parametrize("part", range(PARTS))
def test_the_landray_adapter_survives_a_death_at_every_step(folder: Path, part: int, soap: bool) -> None:
    """Against a simulated office over HTTP, which checks nothing for uniqueness and lets nobody read a form."""
    with ExitStack() as offices:

        def bench(number: int) -> LandrayBench:
            office = offices.enter_context(LandrayOffice())
            make_templates(office)
            return LandrayBench(office, folder / str(number), soap=soap)

        survive_every_step(bench, part, PARTS)
