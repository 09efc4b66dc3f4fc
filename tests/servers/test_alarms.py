"""The fault matrix of alarms: what fires when something breaks, what stays silent, and what is told of it.

Every fault is brought upon one small exchange on real servers (`alarms.watched`). During a fault nothing fires but what
the matrix names (`alarms.matrix`); afterwards all falls silent again. Of what fires the causes are told, once when each
begins and once when it is over, and nothing else is.

Not here: one node of a broker's cluster (`test_alarms_cluster.py`), and alerts that take days: those are played
(`tests/integration/alerts.yml`).
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from docs.make_metrics import alerts
from exchange.trial.county import TrialCounty
from tests.chaos.faults import FAULTS
from tests.chaos.volume import may_mount
from tests.servers.alarms.hurried import hurried
from tests.servers.alarms.matrix import LASTING, ROWS, all_faults
from tests.servers.alarms.play import begun, judge, lingers, play
from tests.servers.alarms.told import turns
from tests.servers.alarms.watched import UNITS, Watched, plan, watched
from tests.servers.watching import DEPLOYED

# After so many rows the slow faults have had their time.
_LASTS_ROWS = 6


def test_a_minute_is_a_second_in_the_rules_and_nothing_else_is_changed() -> None:
    shipped = (DEPLOYED / "yidi-alerts.yml").read_text(encoding="utf-8")
    changed = hurried(shipped)
    pairs = [(a, b) for a, b in zip(shipped.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert ("        for: 2m", "        for: 2s") in pairs
    assert ("        keep_firing_for: 15m", "        keep_firing_for: 15s") in pairs
    assert (
        "        expr: yidi_node_outbox_age_seconds > 900",
        "        expr: yidi_node_outbox_age_seconds > 900 / 60",
    ) in pairs
    assert all(re.sub(r"\d+[smhd]\b| / 60", "", a) == re.sub(r"\d+[smhd]\b| / 60", "", b) for a, b in pairs)


@pytest.fixture(scope="module")
def part(repository: Path) -> str:
    page = (repository / "docs/faults.md").read_text(encoding="utf-8")
    return page.split("## What operators are told")[1].split("\n## ")[0]


def test_the_page_of_faults_says_of_each_fault_of_a_run_what_is_told_and_where_it_is_tried(part: str) -> None:
    rows = [line.strip("| ").split("|") for line in part.splitlines() if line.startswith("| `")]
    named = [one for row in rows for one in re.findall("`([^`]+)`", row[0])]
    assert sorted(named) == sorted(fault.name for fault in FAULTS)
    tried = {name.strip() for row in rows for name in row[2:] for name in name.split(";")}
    assert tried - {"a node of the broker is lost", ""} == {fault.name for fault in all_faults()} - {"flood"}


def test_the_page_of_faults_names_each_alert_that_the_matrix_lacks(part: str) -> None:
    fired = {one.split()[0] for fault in all_faults() for one in (*fault.fires, *fault.follows, *fault.may_follow)}
    lacks = set(re.findall(r"`(Yidi\w+)`", part.split("The matrix lacks")[1]))
    assert lacks | fired | {"YidiBrokerNodeDown"} == {rule.name for rule in alerts()}
    assert not lacks & fired


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    root = tmp_path_factory.mktemp("county")
    with ExitStack() as stack:
        if may_mount():
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6g", "tmpfs", root], check=True)
            stack.callback(lambda: subprocess.run(["umount", "-l", root], check=True))
        made = stack.enter_context(TrialCounty(root, UNITS, plan(nodes=2)))
        yield stack.enter_context(watched(made, tmp_path_factory.mktemp("alarms")))


@pytest.mark.long
@pytest.mark.timeout(1800)  # a loaded machine
def test_each_fault_fires_its_alarms_and_no_other_and_each_cause_is_told_once(county: Watched) -> None:
    county.until("all must be well", lambda: not county.firing() and not begun(county.told, still=True))
    before = len(county.told)
    slow = frozenset(one for fault in LASTING for one in fault.fires)
    lasting, undo = slow, [fault.begin(county) for fault in LASTING]
    for number, row in enumerate(ROWS):
        if number == _LASTS_ROWS:
            county.until(f"{sorted(slow)} must be told", lambda: slow <= begun(county.told[before:]))
            for one in undo:
                one()
        possible = [fault for fault in row if fault.is_possible()]
        play(county, possible, lasting)
        lasting |= lingers(possible)
    county.until("all must be over", lambda: not county.firing() and not begun(county.told[before:], still=True))
    told = {alarm: its for alarm, its in turns(county.told[before:]).items() if alarm.name in lasting}
    assert lasting == {alarm.name for alarm in told}
    judge("slow faults", told, lasting)
