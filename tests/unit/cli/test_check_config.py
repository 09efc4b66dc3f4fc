"""`yidi check-config`: every problem of the settings at once, where it stands, and what to do; nothing is started."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from exchange.errors import InputError
from exchange.settings import Traces
from exchange.testing.metrics import RecordingMetrics
from exchange.wiring.traces import open_traces
from tests.unit.cli.commands import yidi


def config(folder: Path, text: str, name: str = "yidi.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "secrets").mkdir(exist_ok=True)
    secret = folder / "secrets" / "passphrase"
    secret.write_text("correct horse battery staple\n", encoding="utf-8")
    secret.chmod(0o600)
    return folder


def found(data: Path) -> list[tuple[str, str, str]]:
    """File and line, setting, and cure of each problem."""
    result = yidi("check-config", "--json", data=data)
    listed: list[dict[str, Any]] = result.json
    assert result.code == (1 if listed else 0)
    return [(Path(one["where"]).name, one["setting"], one["cure"]) for one in listed]


def test_settings_as_they_were_made_are_right(data: Path) -> None:
    assert found(data) == []
    assert yidi("up", "--check-config", data=data).out == "设置没有问题\n"
    assert not (data / "web.url").exists()


def test_every_problem_is_told_at_once_where_it_stands(tmp_path: Path) -> None:
    text = """hub = "hub.520304"
nmae = "播州"

[web]
prot = 8086
port = "many"

[node_timing.retry]
base_secnds = 3
[quota]
documents_per_day = 0
"""
    problems = found(config(tmp_path / "d", text))
    assert [(where, setting) for where, setting, _ in sorted(problems)] == [
        ("yidi.toml:11", "quota.documents_per_day"),
        ("yidi.toml:2", "nmae"),
        ("yidi.toml:5", "web.prot"),
        ("yidi.toml:6", "web.port"),
        ("yidi.toml:9", "node_timing.retry.base_secnds"),
    ]
    cures = {setting: cure for _, setting, cure in problems}
    assert (cures["nmae"], cures["web.prot"]) == ("是否为 name？", "是否为 port？")
    assert cures["node_timing.retry.base_secnds"] == "是否为 base_seconds？"


def test_what_is_no_toml_names_its_line(tmp_path: Path) -> None:
    assert found(config(tmp_path / "d", 'hub = "hub.520304"\n[web\n'))[0][0] == "yidi.toml:2"


def test_a_table_of_an_office_is_read_as_its_adapter_reads_it(tmp_path: Path) -> None:
    text = """hub = "hub.520304"
office = "share"
office_of = {"520304-002" = "foldr"}
[offices.share]
adapter = "folder"
settle_secs = 3
[offices.unused]
adapter = "folder"
"""
    problems = {setting: (where, cure) for where, setting, cure in found(config(tmp_path / "d", text))}
    assert problems.keys() == {"offices.share.settle_secs", "offices.unused", "office"}
    assert problems["offices.share.settle_secs"] == ("yidi.toml:6", "是否为 settle_seconds？")
    assert problems["offices.unused"][0] == "yidi.toml:7"


def test_files_must_be_there_and_secrets_their_owners_alone(tmp_path: Path) -> None:
    text = 'hub = "hub.520304"\n[api]\nport = 0\ncertificate_file = "tls/api.pem"\nkey_file = "tls/api.key"\n'
    data = config(tmp_path / "d", text)
    (data / "tls").mkdir()
    (data / "tls" / "api.key").write_text("key", encoding="utf-8")
    (data / "tls" / "api.key").chmod(0o640)
    (data / "secrets" / "passphrase").chmod(0o644)
    problems = {setting: (where, cure) for where, setting, cure in found(data)}
    assert problems.keys() == {"passphrase_file", "api.certificate_file", "api.key_file"}
    assert problems["api.certificate_file"][0] == "yidi.toml:4"
    assert problems["api.key_file"] == ("yidi.toml:5", f"chmod 600 {data / 'tls/api.key'}")


def test_what_is_made_at_the_first_start_or_used_by_nobody_is_not_missed(tmp_path: Path) -> None:
    server = 'host = "127.0.0.1"\nport = 1\nsecurity = "none"\n'
    text = f"""hub = "hub.520304"
office = "mail"
[offices.mail]
address = "yidi@county.example"
mailboxes = {{ 520304-001 = "a@county.example" }}
[offices.mail.smtp]
{server}[offices.mail.imap]
{server}user = "yidi"
password_file = "secrets/imap"
"""
    assert [setting for _, setting, _ in found(config(tmp_path / "d", text))] == ["offices.mail.imap.password_file"]


def test_a_port_that_somebody_has_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        text = f'hub = "hub.520304"\n[web]\nport = {other.getsockname()[1]}\n'
        assert [(where, setting) for where, setting, _ in found(config(tmp_path / "d", text))] == [
            ("yidi.toml:3", "web.port")
        ]


def test_a_variable_that_names_no_setting_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIDI_WBE__PORT", "1")
    monkeypatch.setenv("YIDI_WEB__PORT", "0")
    problems = found(config(tmp_path / "d", 'hub = "hub.520304"\n'))
    assert [(where, cure) for where, _, cure in problems] == [("YIDI_WBE__PORT", "是否为 YIDI_WEB？")]


@pytest.mark.parametrize(("name", "command"), [("hub.toml", ("hub", "run")), ("node.toml", ("node", "run"))])
def test_hub_and_node_are_checked_before_they_run(tmp_path: Path, name: str, command: tuple[str, ...]) -> None:
    result = yidi(*command, "--check-config", data=config(tmp_path / "d", "", name))
    assert result.code == 1
    assert "Field required" in result.out
    assert "个问题" in result.err


def test_where_there_are_no_settings_at_all_is_said(tmp_path: Path) -> None:
    assert "NO_DATA" in yidi("check-config", data=tmp_path).err


def test_traces_without_their_package_are_a_problem_before_the_start_and_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'hub = "hub.520304"\n[traces]\nendpoint = "https://collector.example:4318/v1/traces"\n'
    data = config(tmp_path / "data", text)
    assert found(data) == []
    monkeypatch.setitem(sys.modules, "exchange.telemetry.otlp", None)  # as where it is not installed
    assert found(data) == [("yidi.toml:3", "traces.endpoint", "pip install 'yidi[otel]'")]
    with pytest.raises(InputError, match=r"pip install 'yidi\[otel\]'"):
        open_traces(Traces(endpoint="https://collector.example:4318/v1/traces"), data, "up", RecordingMetrics())


def test_a_bucket_without_its_package_is_a_problem_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = config(tmp_path / "data", 'hub = "hub.520304"\n[files]\nstore = "s3://yidi/a"\n')
    assert found(data) == []
    monkeypatch.setitem(sys.modules, "exchange.files.s3", None)
    assert found(data) == [("yidi.toml:3", "files.store", "pip install 'yidi[s3]'")]


@pytest.mark.parametrize(
    "endpoint",
    ["http://collector.example:4318/v1/traces", "https://collector.example", "https://a:b@c.example/v1/traces"],
)
def test_a_collector_elsewhere_is_told_over_tls_at_a_whole_address(tmp_path: Path, endpoint: str) -> None:
    data = config(tmp_path / "data", f'hub = "hub.520304"\n[traces]\nendpoint = "{endpoint}"\n')
    [(where, setting, _)] = found(data)
    assert (where, setting) == ("yidi.toml:3", "traces.endpoint")
