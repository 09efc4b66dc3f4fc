"""The Debian packages: what is in them; that they install, upgrade and go without a network, and leave data alone."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.packages.conftest import ROOT, Machine

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("packages")]
DATA = "/var/lib/yidi"


def listed(package: Path) -> dict[str, str]:
    """Path -> mode, owner and group."""
    said = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    lines = (line.split(maxsplit=5) for line in said.splitlines())
    return {path.removeprefix("."): f"{mode} {owner}" for mode, owner, _, _, _, path in lines}


def control(package: Path, part: str) -> str:
    tar = subprocess.run(["dpkg-deb", "--ctrl-tarfile", package], capture_output=True, check=True).stdout
    return subprocess.run(["tar", "xO", f"./{part}"], input=tar, capture_output=True, check=True).stdout.decode()


def test_what_is_in_them(packages: dict[str, Path]) -> None:
    program = listed(packages["yidi"])
    locked = re.findall(r"^([a-z0-9-]+)==([^ ]+) \\$", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    there = "".join(path for path in program if path.endswith(".dist-info/METADATA")).replace("_", "-").lower()

    assert [name for name, release in locked if f"/{name}-{release}.dist-info" not in there] == []
    assert "/usr/bin/yidi -> ../lib/yidi/bin/yidi" in program
    assert not [
        path for path, mode in program.items() if not mode.endswith(" root/root") or (mode[0] != "l" and mode[8] == "w")
    ]
    for path in ("/usr/share/yidi/prometheus/yidi-alerts.yml", "/usr/share/doc/yidi/examples/bozhou/units.csv"):
        assert path in program
    assert f" {Path('/usr/bin/python3').resolve().name}," in control(packages["yidi"], "control")
    for name in ("hub", "node"):
        assert f"/lib/systemd/system/yidi-{name}.service" in listed(packages[f"yidi-{name}"])
        assert control(packages[f"yidi-{name}"], "conffiles").split() == [f"/etc/default/yidi-{name}"]


def test_from_installing_to_purging(packages: dict[str, Path], machine: Machine) -> None:
    said = machine("dpkg", "-i", *machine.put(*packages.values()))
    assert said.index("没有启动任何服务") < said.index("nothing was started")
    assert machine("yidi", "--version").strip()
    owner = machine("stat", "-c", "%U %a", DATA, "/var/lib/yidi-node")
    assert owner.split() == ["yidi", "700"] * 2

    as_service = ["setpriv", "--reuid=yidi", "--regid=yidi", "--clear-groups"]
    machine(*as_service, "yidi", "hub", "init", "--data", DATA, "--id", "hub.520304", "--name", "中心")
    machine(*as_service, "yidi", "demo", "--units", "5", "--keep", f"{DATA}/demo")
    unit = machine("sh", "-c", "cat /lib/systemd/system/yidi-hub.service")
    assert "ExecStart=/usr/bin/yidi hub run" in unit
    assert f"ConditionPathExists={DATA}/hub.toml" in unit

    keys = machine("sh", "-c", f"cd {DATA} && find . -type f | sort | xargs sha256sum")
    machine("sh", "-c", "echo YIDI_LANG=en >>/etc/default/yidi-hub")
    machine("dpkg", "-i", *machine.put(*packages.values()))
    assert machine("tail", "-n", "1", "/etc/default/yidi-hub").strip() == "YIDI_LANG=en"
    machine("dpkg", "--remove", "yidi-hub", "yidi-node", "yidi")
    assert "/etc/default/yidi-hub" in machine("ls", "/etc/default/yidi-hub")
    assert f"数据保留在 Data stays in {DATA}" in machine("dpkg", "--purge", "yidi-hub", "yidi-node", "yidi")
    assert machine("sh", "-c", f"cd {DATA} && find . -type f | sort | xargs sha256sum") == keys
    machine("test", "-e", "/usr/lib/yidi", fails=True)


def test_services_end_before_their_files_change_and_the_node_ends_first(packages: dict[str, Path]) -> None:
    prerm = control(packages["yidi"], "prerm")
    assert re.search(r"for unit in yidi-node.service yidi-hub.service; do\s+deb-systemd-invoke stop", prerm)
    for name in ("hub", "node"):
        assert f"deb-systemd-invoke start 'yidi-{name}.service'" in control(packages[f"yidi-{name}"], "postinst")
        assert "restart" not in control(packages[f"yidi-{name}"], "postinst")
