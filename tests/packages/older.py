"""A package of an older release: the hub's tables at their third step, another default file."""

import re
import shutil
import tarfile
from pathlib import Path

__all__ = ["OLDER", "older_checkout"]

OLDER = "0.0.9"
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = _ROOT / "tests/servers/release_before.tar.xz"


def older_checkout(folder: Path) -> Path:
    """This checkout, with the program of the release before. It did not know systemd yet."""
    for name in ("deploy", "docs", "examples"):
        shutil.copytree(_ROOT / name, folder / name)
    for file in _ROOT.iterdir():
        if file.is_file():
            shutil.copy2(file, folder)
    (folder / ".venv").symlink_to(_ROOT / ".venv")
    with tarfile.open(_PROGRAM) as archive:
        archive.extractall(folder, filter="data")
    _number(folder / "pyproject.toml")
    for name in ("hub", "node"):
        _replace(folder / f"deploy/systemd/yidi-{name}.service", "Type=notify", "Type=exec")
        _replace(folder / f"deploy/systemd/yidi-{name}.service", "WatchdogSec=180\n", "")
        with (folder / f"deploy/debian/debian/yidi-{name}.default").open("a", encoding="utf-8") as default:
            default.write("#YIDI_WORKERS__CLOCK=1\n")
    return folder


def _number(project: Path) -> None:
    text, found = re.subn(
        r'^version = ".+"$', f'version = "{OLDER}"', project.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert found == 1
    project.write_text(text, encoding="utf-8")


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
