"""The units for systemd are what systemd understands, and leave a service little of the machine. What they keep from a
service, and that it works without it, is seen on a machine where systemd runs (docs/install.md)."""

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))


def analyze(*arguments: str) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_there_are_units_for_a_hub_and_a_node() -> None:
    assert UNITS == ["yidi-hub.service", "yidi-node.service"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_says_nothing_that_systemd_does_not_know(unit: str) -> None:
    # The program is not installed where the tests run.
    found = [line for line in analyze("verify", str(FOLDER / unit)).splitlines() if "is not executable" not in line]
    assert [line for line in found if unit in line] == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_is_left_little_of_the_machine(unit: str) -> None:
    said = analyze("security", "--offline=true", "--threshold=100", str(FOLDER / unit))
    level = re.search(rf"exposure level for {re.escape(unit)}: ([0-9.]+)", said)
    assert level is not None, said
    assert float(level[1]) < 2.5
