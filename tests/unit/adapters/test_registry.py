"""Adapters by name."""

from pathlib import Path

import pytest

from exchange.adapters.folder import FolderAdapter
from exchange.adapters.registry import adapter_names, load_adapter
from exchange.errors import AdapterError


def test_the_folder_adapter_is_installed(tmp_path: Path) -> None:
    assert "folder" in adapter_names()
    assert isinstance(load_adapter("folder", tmp_path), FolderAdapter)


def test_an_unknown_name_is_answered_with_what_is_installed(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"no adapter is called 'fodler'; installed: .*folder") as caught:
        load_adapter("fodler", tmp_path)
    assert caught.value.code == "ADAPTER_UNKNOWN"
