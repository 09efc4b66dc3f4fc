"""An exchange of four units with keys, made once by the commands themselves and copied for each test."""

import shutil
from pathlib import Path

import pytest

from tests.unit.cli.commands import deliver, send, yidi

UNITS = """code,name,category,level
520304-001,甲局,government,county
520304-002,乙镇,township,township
520304-003,丙镇,township,township
520304-004,丁办,party,county
"""


@pytest.fixture
def units_file(tmp_path: Path) -> Path:
    path = tmp_path / "units.csv"
    path.write_text(UNITS, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    data, units = folder / "data", folder / "units.csv"
    units.write_text(UNITS, encoding="utf-8")
    for arguments in (("hub", "init"), ("hub", "units", "import", units), ("node", "enroll", "--all")):
        result = yidi(*arguments, data=data)
        assert result.code == 0, result.err
    return data


@pytest.fixture(scope="session")
def made_delivered(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    data = tmp_path_factory.mktemp("delivered") / "data"
    shutil.copytree(made, data)
    body = data.parent / "通知.txt"
    body.write_text("请各镇做好防汛工作。\n", encoding="utf-8")
    document = send(data, "--to", "丙镇", "--body", body, "--urgency", "特急")
    deliver(data)
    return data, document


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """The data directory of an exchange in which nothing was sent yet."""
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture
def delivered(made_delivered: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """A data directory in which 甲局's document has come to 乙镇 and 丙镇, and its id."""
    data, document = made_delivered
    return Path(shutil.copytree(data, tmp_path / "delivered")), document
