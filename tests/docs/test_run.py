"""`./run`: what a person types counts from where that person stands."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_relative_path_starts_where_it_was_typed(tmp_path: Path) -> None:
    command = [str(ROOT / "run"), "yidi", "hub", "init", "--id", "hub.520304", "--name", "中心", "--data", "here"]

    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    assert (tmp_path / "here" / "yidi.toml").is_file()
