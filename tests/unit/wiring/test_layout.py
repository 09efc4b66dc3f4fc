"""Making an exchange, and never making one over another."""

from pathlib import Path

import pytest

from exchange.errors import InputError
from exchange.testing.metrics import RecordingLog
from exchange.wiring.hub import establish_hub
from exchange.wiring.layout import Layout

HUB, NAME = "hub.520304", "播州区公文交换中心"


def test_an_exchange_whose_settings_are_lost_keeps_its_keys(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    establish_hub(layout, HUB, NAME, RecordingLog())
    keys = {path.name: path.read_bytes() for path in (layout.hub / "keys").iterdir()}
    layout.settings_file.unlink()
    with pytest.raises(InputError, match=r"yidi\.toml") as caught:
        establish_hub(layout, HUB, NAME, RecordingLog())
    assert caught.value.code == "EXISTS"
    assert {path.name: path.read_bytes() for path in (layout.hub / "keys").iterdir()} == keys


def test_nothing_secret_of_a_new_exchange_is_open_to_others(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    establish_hub(layout, HUB, NAME, RecordingLog())
    public = {layout.settings_file, layout.anchor_file}
    files = [path for path in layout.root.rglob("*") if path.is_file() and path not in public]
    assert files
    assert [path for path in files if path.stat().st_mode & 0o077] == []
