"""Settings: read once, and whatever is wrong is one line that names file, setting and rule."""

import os
from pathlib import Path

import pytest

from exchange.errors import InputError
from exchange.settings import MachineSettings, load_machine


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("YIDI_")]:
        monkeypatch.delenv(name)


def load(folder: Path, text: str | bytes) -> MachineSettings:
    path = folder / "yidi.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_machine(path)


HUB = 'hub = "hub.520304"\n'


def test_a_hub_is_all_that_must_be_said(tmp_path: Path) -> None:
    settings = load(tmp_path, HUB)
    assert (settings.hub, settings.transport, settings.office) == ("hub.520304", "memory://", "folder")
    assert settings.hub_timing.deliver_within.total_seconds() == 72 * 3600


def test_settings_do_not_change_once_read(tmp_path: Path) -> None:
    settings = load(tmp_path, HUB)
    with pytest.raises(ValueError, match="frozen"):
        settings.web.port = 1  # type: ignore[misc]


def test_a_variable_wins_over_the_file_and_leaves_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIDI_WEB__PORT", "8080")
    settings = load(tmp_path, HUB + '[web]\nhost = "127.0.0.2"\nport = 1\n')
    assert (settings.web.host, settings.web.port) == ("127.0.0.2", 8080)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("hub = ", "not a TOML file"),
        (b'hub = "\xff"', "not a TOML file"),
        ("", "hub: Field required"),
        ("hub = 1", "hub: "),
        ('hub = "HUB 1"', "hub: .*expected a-z"),
        (HUB + "colour = 1", "colour: "),
        (HUB + "[web]\ncolour = 1", "web.colour: "),
        (HUB + "web = 3", "web: "),
        (HUB + "[web]\nport = 65536", "web.port: .*65535"),
        (HUB + '[hub_timing]\nremind_at_most = "many"', "hub_timing.remind_at_most: .*integer"),
        (HUB + "[hub_timing]\ndeliver_within_hours = 0", "hub_timing.deliver_within_hours: "),
        (HUB + "[hub_timing]\ndeliver_within_hours = inf", "hub_timing.deliver_within_hours: "),
        (HUB + "[hub_timing]\nremind_every_hours = 1e12", "hub_timing.remind_every_hours: "),
        (HUB + '[hub_timing.sign_within_hours]\n"特急" = -1', "hub_timing.sign_within_hours.特急: "),
        (HUB + '[hub_timing.sign_within_hours]\n"特级" = 1', "hub_timing.sign_within_hours: 特级 is no urgency"),
        (HUB + "[offices.a.calls]\nsecret_file = 'x'", r"toml: offices\.a\.calls: .*api\.port"),
        (HUB + "[offices.a]\nnode_url = 'https://node:1'", r"toml: offices\.a\.node_url: .*api\.port"),
        (HUB + "[node_timing.retry]\ncap_seconds = nan", "node_timing.retry.cap_seconds: "),
        (HUB + "[node_timing]\nchunk_bytes = 1", "node_timing.chunk_bytes: "),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(tmp_path: Path, text: str | bytes, part: str) -> None:
    with pytest.raises(InputError, match=part) as fault:
        load(tmp_path, text)
    assert fault.value.code == "SETTINGS"
    assert str(tmp_path / "yidi.toml") in fault.value.message
    assert "\n" not in fault.value.message


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"web\.port: .*; .*colour: "):
        load(tmp_path, HUB + "colour = 1\n[web]\nport = -1")


@pytest.mark.parametrize(
    ("name", "value"), [("YIDI_HUB_TIMING", "soon"), ("YIDI_WEB__PORT", "high"), ("YIDI_WEB__COLOUR", "1")]
)
def test_a_wrong_variable_is_told_in_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as fault:
        load(tmp_path, HUB)
    assert fault.value.code == "SETTINGS"
    assert "\n" not in fault.value.message


def test_without_a_file_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="yidi hub init --data") as fault:
        load_machine(tmp_path / "yidi.toml")
    assert fault.value.code == "NO_DATA"


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "yidi.toml").mkdir()
    with pytest.raises(InputError, match="directory") as fault:
        load_machine(tmp_path / "yidi.toml")
    assert fault.value.code == "SETTINGS"


def test_one_urgency_is_changed_beside_the_others_and_all_with_the_empty_key(tmp_path: Path) -> None:
    one = load(tmp_path, HUB + '[hub_timing.sign_within_hours]\n"特急" = 2').hub_timing.sign_within_hours
    assert one == {"特提": 1.0, "特急": 2.0, "加急": 8.0, "平急": 24.0, "": 48.0}
    assert load(tmp_path, HUB + '[hub_timing.sign_within_hours]\n"" = 3').hub_timing.sign_within_hours == {"": 3.0}


def test_an_office_that_calls_is_heard_where_the_interface_for_programs_is(tmp_path: Path) -> None:
    called = "[api]\nport = 0\n[offices.a]\nnode_url = 'https://node:1'\n[offices.a.calls]\nsecret_file = 'x'\n"
    assert load(tmp_path, HUB + called).offices["a"]["node_url"] == "https://node:1"
    load(tmp_path, HUB + "[offices.a]\nfiles_by = 'base64'\nnode_url = 'https://node:1'")
