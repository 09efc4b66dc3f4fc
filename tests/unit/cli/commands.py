"""Runs `yidi` in this process, as a shell would see it: exit code, standard output, standard error."""

import io
import json
from collections.abc import Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exchange.cli import run
from exchange.ports.node import Box, HandoverRecord
from exchange.storage import open_node_store
from exchange.telemetry import make_metrics
from exchange.wiring.layout import Layout
from workers.machine import open_machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def yidi(*arguments: str | Path, data: Path | None = None, **environment: str) -> Result:
    given = [str(argument) for argument in arguments]
    if data is not None:
        given += ["--data", str(data)]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(given, environment)
    return Result(code=code, out=out.getvalue(), err=err.getvalue())


def deliver(data: Path, *alarms: str) -> None:
    """What a running exchange would have done: both loops go round until nothing is left to do, and all is sealed.
    No alarms but these are expected."""
    metrics = make_metrics()
    machine = open_machine(Layout(data), metrics, Silent(alarms))
    try:
        while sum(runner.round() for runner in machine.runners):
            pass
        machine.hub.sealer.seal()
        assert machine.faults() == {}
    finally:
        machine.close()


class Silent:
    def __init__(self, alarms: Sequence[str]) -> None:
        self._alarms = alarms

    def info(self, event: str, **fields: object) -> None:
        pass

    def warning(self, event: str, **fields: object) -> None:
        pass

    def alarm(self, event: str, **fields: object) -> None:
        assert event in self._alarms, f"alarm {event} {fields}"


def send(data: Path, *arguments: str | Path) -> str:
    """Send a document; returns its id."""
    usual = (
        "send",
        "--from",
        "甲局",
        "--to",
        "乙镇",
        "--title",
        "关于防汛工作的通知",
        "--declared-by",
        "张三",
        "--json",
    )
    result = yidi(*usual, *arguments, data=data)
    assert result.code == 0, result.err
    return str(result.json["id"])


def refuse(data: Path, document: str) -> None:
    """As if the offices of all who received it had said that they will never take it."""
    with closing(open_node_store(Layout(data).node_database())) as store, store.begin() as session:
        for unit, envelope in session.find(None, Box.INBOX, document):
            refused = HandoverRecord(unit=unit, envelope=envelope, due=None, attempts=1, fault="OA_REJECTED")
            session.save_handovers([refused])
