"""The suite for foreign nodes: ours passes it, and one that does one thing wrong is caught by the case for it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from exchange.conformance.case import Ending
from exchange.conformance.trial import try_target
from exchange.conformance.url.asking import Answer, Asker
from exchange.conformance.url.node import NodeTarget
from exchange.conformance.url.node_cases import CASES
from exchange.model.program import Scope
from exchange.trial.servers import free_port
from tests.integration.test_node_api import SENDER, at_work, found
from tests.unit.cli.commands import yidi


class Node:
    """Ours, as a running one-machine exchange, which may be started anew on the same data and port."""

    def __init__(self, folder: Path) -> None:
        port, self.listen = free_port(), f"127.0.0.1:{free_port()}"
        settings = f'requests_per_minute = 10000\nwebhook_targets = ["http://{self.listen}"]\n'
        self.data, self.url = found(folder, settings), f"http://127.0.0.1:{port}"
        file = self.data / "yidi.toml"
        file.write_text(file.read_text("utf-8").replace("port = 0", f"port = {port}"), "utf-8")
        self.token, self.narrow = self._token(*Scope), self._token(Scope.READ)
        self._life = ExitStack()
        self._life.enter_context(at_work(self.data, "webhook_ended"))

    def restart(self) -> None:
        self.close()
        self._life.enter_context(at_work(self.data, "webhook_ended"))

    def close(self) -> None:
        self._life.close()

    def _token(self, *scopes: Scope) -> str:
        named = [part for scope in scopes for part in ("--scope", scope)]
        made = yidi("node", "tokens", "new", "外来", *named, "--unit", SENDER, "--json", data=self.data)
        assert made.code == 0, made.err
        return str(made.json["token"])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    made = Node(tmp_path_factory.mktemp("foreign"))
    yield made
    made.close()


def tried(node: Node, kind: type[Asker], *ids: str) -> dict[str, tuple[str, ...]]:
    """What failed, and how."""
    asker = kind(node.url)
    try:
        target = NodeTarget(asker, node.token, node.narrow, restart=node.restart, listen=node.listen)
        verdicts = try_target(target, [case for case in CASES if not ids or case.id in ids])
    finally:
        asker.close()
    assert Ending.NOT_APPLICABLE not in {one.ending for one in verdicts}
    return {one.case.id: one.seen for one in verdicts if one.ending is Ending.FAILED}


class ForgetsKeys(Asker):
    """A new key for each question that comes: nothing is done once."""

    number = 0

    def ask(self, method: str, path: str = "", **parts: Any) -> Answer:
        headers = dict(parts.pop("headers", {}))
        if "Idempotency-Key" in headers:
            ForgetsKeys.number += 1
            headers["Idempotency-Key"] += f"-{ForgetsKeys.number}"
        return super().ask(method, path, headers=headers, **parts)


class ForgetsReferences(Asker):
    number = 0

    def ask(self, method: str, path: str = "", **parts: Any) -> Answer:
        if isinstance(parts.get("json"), dict) and "reference" in parts["json"]:
            ForgetsReferences.number += 1
            parts["json"] = parts["json"] | {"reference": f"r-{ForgetsReferences.number}"}
        return super().ask(method, path, **parts)


class GoesOnAfterGone(Asker):
    """Says that it ended, and tells all the same whatever happens."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.gone = ""

    def ask(self, method: str, path: str = "", **parts: Any) -> Answer:
        if path.endswith("/webhooks") and method == "POST" and parts["json"]["url"].endswith("/gone"):
            self.gone = parts["json"]["url"]
        if path.endswith("/documents") and method == "POST" and self.gone:
            teller = Asker(self.gone)
            teller.ask("POST", content=b"{}")
            teller.close()
        return super().ask(method, path, **parts)


class Wrong(NamedTuple):
    name: str
    kind: type[Asker]
    caught_by: tuple[str, ...]


def changing(change: Callable[[str, str, dict[str, Any], Answer], Answer]) -> type[Asker]:
    """A node whose answers somebody changes on the way."""

    class Changing(Asker):
        def ask(self, method: str, path: str = "", **parts: Any) -> Answer:
            asked = dict(parts)
            return change(method, path, asked, super().ask(method, path, **parts))

    return Changing


def shows_any_document_to_anybody(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    return replace(answer, status=200, body=b'{"items":[]}') if answer.status == 401 else answer


def sends_without_scope(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    return replace(answer, status=201, body=b'{"id":"x"}') if answer.status == 403 else answer


def says_no_limits(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    if not path.endswith("/v1"):
        return answer
    return replace(answer, body=json.dumps({**answer.json(), "limits": None, "units": []}).encode())


def spoils_files(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    return replace(answer, body=answer.body[:-1]) if "/files/" in path and answer.status == 200 else answer


def ignores_ranges(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    return replace(answer, status=200) if answer.status == 206 else answer


def answers_another_key_as_before(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    return replace(answer, status=201, body=b'{"id":"x"}') if b"KEY_REUSED" in answer.body else answer


def names_no_field(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    return (
        replace(answer, body=json.dumps({**answer.json(), "errors": []}).encode()) if answer.status == 422 else answer
    )


class DiesOfLargeOnes(Asker):
    def announce(self, path: str, headers: Any) -> Answer:
        return replace(super().announce(path, headers), status=500)


def skips_one_on_a_page(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    if not asked.get("params", {}).get("limit") or not path.endswith("/documents"):
        return answer
    page = answer.json()
    return replace(answer, body=json.dumps({**page, "items": page["items"][1:]}).encode())


def numbers_events_anew(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    if not path.endswith("/events"):
        return answer
    items = [{**one, "number": 1} for one in answer.json()["items"]]
    return replace(answer, body=json.dumps({"items": items}).encode())


def signs_with_another_secret(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    if not path.endswith("/webhooks") or method != "POST":
        return answer
    return replace(answer, body=json.dumps({**answer.json(), "secret": "whsec_" + "QUFB" * 8}).encode())


def does_not_end_it(method: str, path: str, asked: dict[str, Any], answer: Answer) -> Answer:
    if not path.endswith("/webhooks") or method != "GET":
        return answer
    items = [{**one, "ended": ""} for one in answer.json()["items"]]
    return replace(answer, body=json.dumps({"items": items}).encode())


class OneAtATime(Asker):
    def half_a_question(self, headers: Any, body: bytes) -> Any:
        self.url = "http://127.0.0.1:9"  # nobody is left to answer
        return ExitStack()


WRONG: Final = (
    Wrong("says no limits", changing(says_no_limits), ("API-01",)),
    Wrong("asks for no token", changing(shows_any_document_to_anybody), ("API-02",)),
    Wrong("asks for no scope", changing(sends_without_scope), ("API-03",)),
    Wrong("spoils files", changing(spoils_files), ("API-04",)),
    Wrong("forgets keys", ForgetsKeys, ("API-05", "API-06", "API-07", "API-15")),
    Wrong("answers another one as before", changing(answers_another_key_as_before), ("API-07",)),
    Wrong("forgets references", ForgetsReferences, ("API-08",)),
    Wrong("names no field", changing(names_no_field), ("API-09",)),
    Wrong("dies of large ones", DiesOfLargeOnes, ("API-10",)),
    Wrong("ignores ranges", changing(ignores_ranges), ("API-11",)),
    Wrong("skips one on a page", changing(skips_one_on_a_page), ("API-12",)),
    Wrong("numbers events anew", changing(numbers_events_anew), ("API-13",)),
    Wrong("serves one at a time", OneAtATime, ("API-14",)),
    Wrong("signs with another secret", changing(signs_with_another_secret), ("API-16",)),
    Wrong("goes on after 410", GoesOnAfterGone, ("API-17",)),
    Wrong("does not end it at 410", changing(does_not_end_it), ("API-17",)),
)


@pytest.mark.timeout(120)
def test_our_own_node_passes(node: Node) -> None:
    assert tried(node, Asker) == {}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_node_is_caught(node: Node, wrong: Wrong) -> None:
    assert set(tried(node, wrong.kind, *wrong.caught_by)) == set(wrong.caught_by)


def test_every_case_catches_something() -> None:
    assert {case.id for case in CASES} == {id_ for wrong in WRONG for id_ in wrong.caught_by}
