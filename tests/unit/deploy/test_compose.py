"""The county in containers: nothing runs here, but everything that its files name is looked for."""

import json
import re
import shutil
import stat
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from exchange.settings import HubSettings, NodeSettings
from tests.docs.names import commands

ROOT: Final = Path(__file__).parents[3]
FOLDER: Final = ROOT / "deploy" / "compose"
COUNTY: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COUNTY["services"]
OURS: Final = {name: one for name, one in SERVICES.items() if one["image"].startswith("yidi:")}


def test_it_is_what_compose_reads() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(COUNTY)


def test_the_image_is_built_as_the_linter_wants_it() -> None:
    # DL3008: Debian's packages follow Debian's security updates, and are not held at a version.
    linter = Path(sys.executable).with_name("hadolint")
    command = [str(linter), "--ignore", "DL3008", str(ROOT / "deploy" / "container" / "Containerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_made_of_what_is_there() -> None:
    text = (ROOT / "deploy" / "container" / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for name in line.split()]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_our_commands_and_settings_exist() -> None:
    known = commands()
    for name, one in OURS.items():
        words = [word for word in one["command"] if not word.startswith(("-", "@")) and word.isascii()]
        path = " ".join(words[1:3])
        assert path in known, name
        options = {option for parameter in known[path].params for option in parameter.opts}
        assert {word for word in one["command"] if word.startswith("--")} <= options
        kind = NodeSettings if path == "node run" else HubSettings
        for variable in one.get("environment", {}):
            fields: Any = kind.model_fields
            for part in variable.removeprefix("YIDI_").lower().split("__"):
                fields = getattr(fields[part].annotation, "model_fields", {})


def test_our_containers_may_nothing_that_they_need_not() -> None:
    for name, one in OURS.items():
        assert (one["read_only"], one["cap_drop"], one["user"]) == (True, ["ALL"], "10001:10001"), name
        assert one["security_opt"] == ["no-new-privileges:true"], name


def test_only_what_nodes_need_is_let_in_and_by_default_from_this_machine() -> None:
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert ports == {
        "hub": ["${YIDI_ADDRESS:-127.0.0.1}:8443:8443"],
        "rabbitmq": ["${YIDI_ADDRESS:-127.0.0.1}:5671:5671"],
        "grafana": ["127.0.0.1:3000:3000"],
    }
    assert COUNTY["networks"]["servers"] == COUNTY["networks"]["watch"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["servers"]


def test_the_files_that_are_mounted_are_there() -> None:
    mounted = [volume.split(":")[0] for one in SERVICES.values() for volume in one.get("volumes", ())]
    assert [name for name in mounted if name.startswith(".") and not (FOLDER / name).exists()] == []
    assert {name for name in mounted if not name.startswith(".")} == set(COUNTY["volumes"])


def test_passwords_are_made_once_and_nobody_elses(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "make-secrets", tmp_path)
    subprocess.run([tmp_path / "make-secrets"], check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert {f"./secrets/{name}" for name in made} == {one["file"] for one in COUNTY["secrets"].values()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    password = made["postgres_password"].strip()
    assert re.fullmatch("[0-9a-f]{48}", password)
    assert f":{password}@postgres/" in made["database.url"]
    assert made["rabbitmq_admin.conf"].split()[-1] in made["management.url"]
    assert made["grafana_password"] != made["postgres_password"]
    subprocess.run([tmp_path / "make-secrets"], check=True)
    assert made == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}


def test_prometheus_reads_its_settings(tmp_path: Path) -> None:
    for path in (FOLDER / "prometheus.yml", ROOT / "deploy" / "prometheus" / "yidi-alerts.yml"):
        shutil.copy(path, tmp_path)
    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
