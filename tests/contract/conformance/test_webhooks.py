"""The suite for programs that are told by webhooks: a right one and that of the pages pass, a wrong one is caught."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from exchange.conformance.case import Ending, Verdict
from exchange.conformance.trial import try_target
from exchange.conformance.url.asking import Asker
from exchange.conformance.url.webhook import CASES, WebhookTarget
from exchange.trial.servers import free_port
from tests.contract.conformance.receivers import SECRET, WRONG, EndsOnForgery, Receiver, WrongReceiver, running

PROGRAM = Path(__file__).parents[3] / "docs/adapters/examples/webhook_receiver.py"


def tried(url: str, *ids: str, seconds: float = 15.0) -> list[Verdict]:
    asker = Asker(url, seconds=seconds)
    target = WebhookTarget(asker, SECRET)
    try:
        cases = [case for case in CASES if not ids or case.id in ids]
        return try_target(target, cases)
    finally:
        asker.close()


def failed(verdicts: list[Verdict]) -> dict[str, tuple[str, ...]]:
    return {one.case.id: one.seen for one in verdicts if one.ending is Ending.FAILED}


def test_a_receiver_that_does_everything_right_passes() -> None:
    with running(Receiver) as url:
        assert failed(tried(url)) == {}


def test_the_receiver_of_the_pages_passes(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(PROGRAM), str(tmp_path / "inbox.sqlite"), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(f"{SECRET}\n")
        process.stdin.close()
        url, end = f"http://127.0.0.1:{port}/yidi", time.monotonic() + 30
        while failed(tried(url, "WHK-01")) and time.monotonic() < end:
            time.sleep(0.1)
        found = failed(tried(url))
        process.kill()
    assert found == {}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.kind.__name__)
def test_a_wrong_receiver_is_caught(wrong: WrongReceiver) -> None:
    with running(wrong.kind) as url:
        assert set(failed(tried(url, *wrong.caught_by, seconds=6.0))) == set(wrong.caught_by)


def test_a_receiver_that_answered_410_is_told_nothing_more() -> None:
    with running(EndsOnForgery) as url:
        found = failed(tried(url, "WHK-01", "WHK-06", "WHK-12"))
    assert set(found) == {"WHK-06", "WHK-12"}
    assert "410" in found["WHK-12"][0]


def test_every_case_catches_something() -> None:
    assert {case.id for case in CASES} == {id_ for wrong in WRONG for id_ in wrong.caught_by}


def test_a_receiver_that_is_not_there_fails_and_says_so() -> None:
    found = failed(tried(f"http://127.0.0.1:{free_port()}/", "WHK-01"))
    assert "ConnectError" in found["WHK-01"][0]
