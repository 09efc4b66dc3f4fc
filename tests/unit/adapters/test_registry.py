"""Adapters by name, opened with a table of settings."""

from pathlib import Path

import pytest

from exchange.adapters.folder import FolderAdapter
from exchange.adapters.registry import Place, adapter_names, load_adapter
from exchange.errors import AdapterError, InputError


def place(tmp_path: Path, name: str = "folder") -> Place:
    return Place(name=name, data=tmp_path, offices=tmp_path / "offices")


def test_the_folder_adapter_is_installed(tmp_path: Path) -> None:
    assert "folder" in adapter_names()
    assert isinstance(load_adapter({}, place(tmp_path)), FolderAdapter)


def test_a_table_of_another_name_says_which_adapter_it_is_for(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    table = {"adapter": "folder", "root": str(share)}
    adapter = load_adapter(table, place(tmp_path, "village-share"))
    assert list(adapter.collect("520304-030")) == []  # type: ignore[arg-type]
    assert (share / "520304-030" / "outbox").is_dir()


def test_a_setting_that_the_adapter_does_not_know_is_named_with_its_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"offices\.folder: rooot: ") as caught:
        load_adapter({"rooot": "/srv"}, place(tmp_path))
    assert caught.value.code == "SETTINGS"


def test_an_unknown_name_is_answered_with_what_is_installed(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"no adapter is called 'fodler'; installed: .*folder") as caught:
        load_adapter({}, place(tmp_path, "fodler"))
    assert caught.value.code == "ADAPTER_UNKNOWN"
