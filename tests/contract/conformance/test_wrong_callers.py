"""Offices that call the node, and do one thing wrong each: caught by the cases that are there for it."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest

from exchange.cli.conformance_node import served
from exchange.client import NodeError
from exchange.conformance.bench import BenchKind, CalledNode, Program, Site
from exchange.conformance.benches.caller import CallerBench, Paper
from exchange.conformance.benches.rest import RestBench, RestProgram
from exchange.conformance.benches.soap import SoapBench, SoapProgram
from exchange.conformance.case import Ending
from exchange.conformance.trial import ADAPTER_CASES, Booth, try_adapter
from exchange.trial.servers import free_port

BY_ID = {case.id: case for case in ADAPTER_CASES}


class StoresAgain(RestProgram):
    def known(self, sender: str, id_: str) -> str:
        return ""

    def store(self, sender: str, id_: str, title: str) -> str:
        return super().store(f"{sender}-{secrets.token_hex(4)}", id_, title)


class ConfirmsFirst(RestProgram):
    def take(self, sender: str, id_: str, title: str) -> None:
        self.node.confirm(id_, f"SW-{id_}", key=f"in-{id_}")
        self.store(sender, id_, title)


class NewReferenceEachTime(RestProgram):
    def reference(self, paper: Paper) -> str:
        return f"{paper.id}-{secrets.token_hex(4)}"


class GivesUpAtOnce(RestProgram):
    def give_up(self, paper: Paper, what: str, error: NodeError) -> None:
        paper.answer(f"{what} {error.code}")


class ShowsAgain(RestProgram):
    def note(self, event: Any) -> None:
        super().note({**event, "id": secrets.token_hex(8)})


class BelievesInOrder(RestProgram):
    last = 0

    def note(self, event: Any) -> None:
        if event["number"] == BelievesInOrder.last + 1:
            super().note(event)
        BelievesInOrder.last = event["number"]


class LooksAtNoFlag(SoapProgram):
    def answer(self, paper: Paper, verb: str, wish: dict[str, Any], words: tuple[str, str]) -> None:
        self.call(verb, wish)
        paper.answer(words[0])


class SignsAnew(SoapProgram):
    def reference(self, paper: Paper) -> str:
        return f"{paper.id}-{secrets.token_hex(4)}"


class Wrong(NamedTuple):
    bench: type[CallerBench]
    program: Callable[..., Program]
    caught_by: tuple[str, ...]


WRONG: Final = (
    Wrong(RestBench, StoresAgain, ("IN-02",)),
    Wrong(RestBench, ConfirmsFirst, ("IN-07",)),
    Wrong(RestBench, NewReferenceEachTime, ("OUT-02", "OUT-03", "DEC-02")),
    Wrong(RestBench, GivesUpAtOnce, ("OUT-02", "DEC-02", "NET-03")),
    Wrong(RestBench, ShowsAgain, ("RCP-02",)),
    Wrong(RestBench, BelievesInOrder, ("RCP-03",)),
    Wrong(SoapBench, LooksAtNoFlag, ("OUT-04", "DEC-04")),
    Wrong(SoapBench, SignsAnew, ("OUT-03", "DEC-03")),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.program.__name__)
def test_a_wrong_caller_is_caught(wrong: Wrong) -> None:
    class Bench(wrong.bench):  # type: ignore[name-defined,misc]  # each its own
        def program(self, node: CalledNode) -> Program:
            ports = [self._port] if wrong.bench is RestBench else []
            return wrong.program(self.office, node, *ports)

    verdicts = _tried(cast("BenchKind", Bench), wrong.caught_by)
    assert all(ending is Ending.FAILED for ending, _ in verdicts.values()), verdicts


class Elsewhere(RestBench):
    """An office whose program runs by itself, at a node whose place and token stand in a file."""

    simulated = False

    def __init__(self, site: Site) -> None:
        super().__init__(Site(data=site.data, folder=site.folder))
        self._token = site.data / str(site.table["token_file"])
        self._mine: RestProgram | None = None
        self._url = f"http://{site.table['listen']}"

    def program(self, node: CalledNode) -> None:  # type: ignore[override]  # it is not the kit's to run
        if self._mine is None:
            token = self._token.read_text(encoding="utf-8").strip()
            self._mine = RestProgram(self.office, CalledNode(url=self._url, token=token, now=node.now), self._port)

    def attend(self) -> None:
        assert self._mine is not None
        with suppress(NodeError):  # it tries again
            self._mine.look()

    def close(self) -> None:
        assert self._mine is not None
        self._mine.close()


@pytest.mark.timeout(300)
def test_a_program_that_runs_by_itself_is_tried_at_a_node_whose_place_it_is_told(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    table = {"listen": listen, "token_file": "token"}
    serve = partial(served, listen=listen, token_file=tmp_path / "token")
    booth = Booth("rest", None, Elsewhere, table, data=tmp_path, patience=60.0, most_plays=2, serve=serve)
    tried = ("IN-02", "OUT-03", "RCP-03", "NET-01", "NET-02", "NET-03", "CRS-01")
    verdicts = {one.case.id: one for one in try_adapter(booth, [BY_ID[id_] for id_ in tried])}
    assert verdicts.pop("CRS-01").ending is Ending.NOT_APPLICABLE
    assert {id_: one.seen for id_, one in verdicts.items() if one.ending is not Ending.PASSED} == {}


def _tried(bench: BenchKind, ids: Sequence[str]) -> dict[str, tuple[Ending, tuple[str, ...]]]:
    booth = Booth("rest", None, bench, serve=served)
    return {one.case.id: (one.ending, one.seen) for one in try_adapter(booth, [BY_ID[id_] for id_ in ids])}
