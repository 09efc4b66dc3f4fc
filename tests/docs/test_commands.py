"""Every shell block of the pages runs, in order, in a folder that looks like a checkout."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.docs.names import commands
from tests.docs.pages import PAGES, ROOT, blocks, name_of

INSTALL = ROOT / "docs" / "install.md"
SECONDS = 600  # on a loaded machine; 20 to 60 on an idle one
_OURS = Path(sys.executable).parent
_WITH_COMMANDS = [page for page in PAGES if any(block.runs for block in blocks(page))]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Links to what a reader of the page has before him; what commands write stays in here."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YIDI_")}
    return {**kept, "PATH": f"{_OURS}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8"}


def _script(page: Path) -> Iterator[str]:
    yield "set -euo pipefail\n"
    for block in blocks(page):
        if block.runs:
            yield block.text


@pytest.mark.timeout(SECONDS + 20)
@pytest.mark.parametrize("page", _WITH_COMMANDS, ids=name_of)
def test_the_commands_of_a_page_run_as_they_stand(page: Path, checkout: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    said = checkout / ".said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [bash, "-x", "-c", "".join(_script(page))],
            cwd=checkout,
            env=_environment(checkout),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with suppress(ProcessLookupError):  # an exchange that a page left running, or a command that waits
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert code == 0, f"{code}: " + said.read_text("utf-8", "replace")[-4000:]


def test_a_block_that_is_not_run_says_why_and_there_are_few() -> None:
    kept = [block for page in PAGES for block in blocks(page) if block.shell and not block.runs]
    for block in kept:
        assert block.info.startswith("sh no-run: "), block.info
    # Installing needs servers: that page is gone through by a test of its own, see below.
    assert len([block for block in kept if block not in blocks(INSTALL)]) <= 8


def test_every_command_of_the_page_on_installing_is_typed_by_the_test_on_real_servers() -> None:
    typed = (ROOT / "tests" / "servers" / "test_real_exchange.py").read_text("utf-8")
    shown = "".join(block.text for block in blocks(INSTALL))
    named = [name for name in commands() if re.search(rf"^yidi {name}( |$)", shown, re.MULTILINE)]
    assert len(named) >= 9
    assert [name for name in named if ", ".join(f'"{word}"' for word in name.split()) not in typed] == []
