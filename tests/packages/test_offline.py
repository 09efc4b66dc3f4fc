"""The disk for a county without a network: what is on it installs by itself, and a spoilt disk is refused."""

import shutil
from pathlib import Path

import pytest

from tests.packages.conftest import Machine


@pytest.mark.timeout(900)
def test_installing_from_a_disk_brings_the_hub_and_its_servers(disk: Path, machine: Machine) -> None:
    shutil.copytree(disk, machine.written / "disk")
    machine("/disk/install", "yidi-hub", "rabbitmq-server", "postgresql")
    assert machine("yidi", "--version").startswith("yidi ")
    for package in ("yidi-hub", "rabbitmq-server", "postgresql"):
        assert machine("dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"


def test_installing_from_a_spoilt_disk_is_refused_before_anything(disk: Path, machine: Machine) -> None:
    shutil.copytree(disk, machine.written / "disk")
    spoilt = next((machine.written / "disk" / "packages").glob("yidi_*.deb"))
    with spoilt.open("r+b") as file:
        file.seek(1000)
        file.write(b"X")
    said = machine("/disk/install", "yidi-hub", fails=True)
    assert "FAILED" in said
    assert "重新复制" in said
    machine("dpkg-query", "-W", "yidi-hub", fails=True)
