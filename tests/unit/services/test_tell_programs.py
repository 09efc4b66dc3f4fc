"""Programs are told in order, until they take it; what they do not take waits, and ends after days."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from exchange.errors import InvalidValueError, RefusedError, TransportError
from exchange.model.program import Scope
from exchange.model.webhook import Webhook
from exchange.services.node.tell_programs import Teller, Webhooks
from exchange.services.node.tokens import NewToken, Tokens
from exchange.trust.webhook import signature
from exchange.web.node_api.events import notice_of
from tests.unit.services.hub_and_node import B, C, World

URL = "http://127.0.0.1:9000/yidi"
TARGETS = ("http://127.0.0.1:9000",)


class Program:
    """Takes everything, unless told to answer otherwise; 0 is no answer."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == URL
        self.seen.append((dict(headers), body))
        status = self.answers.pop(0) if self.answers else 200
        if not status:
            raise TransportError("no answer", code="WEBHOOK")
        return status

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.seen]


class Told:
    """B's program, which wants to be told."""

    def __init__(self, types: tuple[str, ...] = ()) -> None:
        self.world, self.program = World(), Program()
        side = self.world.receiving
        self.tokens = Tokens(side.store, self.world.clock, side.log)
        self.made: NewToken = self.tokens.issue("OA", [Scope.WEBHOOKS], [B])
        self.webhooks = Webhooks(side.node, TARGETS)
        self.teller = Teller(side.node, self.program, notice_of, TARGETS)
        self.id = self.webhooks.register(self.made.token, URL, (B,), types).id

    @property
    def state(self) -> Webhook:
        (one,) = self.webhooks.of(self.made.token)
        return one


def test_a_program_is_told_what_happens_from_now_on_signed_and_once() -> None:
    told = Told()
    told.world.delivered(B)
    assert told.teller.tell() == 1
    assert told.teller.tell() == 0
    ((headers, body),) = told.program.seen
    event = json.loads(body)
    assert (event["type"], event["specversion"], event["id"]) == (
        "cn.yidi.document.received",
        "1.0",
        headers["webhook-id"],
    )
    key = base64.b64decode(told.state.secrets[0].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_what_is_not_taken_waits_in_order_and_is_told_again_under_the_same_id() -> None:
    told = Told()
    first = told.world.delivered(B)
    told.world.delivered(B)
    told.program.answers = [500, 0]
    assert told.teller.tell() == 0
    assert told.teller.tell() == 0  # it rests
    assert len(told.program.seen) == 1
    for _ in range(2):
        told.world.pass_time(timedelta(hours=1, seconds=1))
        told.teller.tell()
    ids = [headers["webhook-id"] for headers, _ in told.program.seen]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert json.loads(told.program.seen[0][1])["subject"] == str(first)
    assert (told.state.attempts, told.state.failing) == (0, None)
    assert told.world.receiving.log.events("warning").count("webhook_not_taken") == 2


def test_what_was_taken_before_a_failure_is_not_told_again() -> None:
    told = Told()
    for _ in range(3):
        told.world.delivered(B)
    told.program.answers = [200, 503]
    assert told.teller.tell() == 1
    told.world.pass_time(timedelta(hours=2))
    assert told.teller.tell() == 2
    assert len({headers["webhook-id"] for headers, _ in told.program.seen}) == 3


@pytest.mark.parametrize("status", [301, 302, 400, 404])
def test_a_redirect_or_a_refusal_is_no_taking(status: int) -> None:
    told = Told()
    told.world.delivered(B)
    told.program.answers = [status]
    assert told.teller.tell() == 0
    assert told.state.attempts == 1


def test_410_ends_it_and_a_replay_begins_again() -> None:
    told = Told()
    told.world.delivered(B)
    told.program.answers = [410]
    told.teller.tell()
    assert "410" in told.state.ended
    assert "webhook_ended" in told.world.receiving.log.events("alarm")
    told.world.pass_time(timedelta(days=1))
    assert told.teller.tell() == 0
    told.webhooks.replay(told.made.token, told.id, 0)
    assert told.teller.tell() == 1
    assert told.state.ended == ""


def test_days_of_failures_end_it() -> None:
    told = Told()
    told.world.delivered(B)
    told.program.answers = [500] * 1000
    for _ in range(5 * 24):
        told.teller.tell()
        assert not told.state.ended
        told.world.pass_time(timedelta(hours=1, seconds=1))
    told.teller.tell()
    assert "5 days" in told.state.ended


def test_a_program_is_told_what_it_asked_for_alone() -> None:
    told = Told(types=("cn.yidi.receipt.",))
    key = told.world.delivered(B, C)
    told.world.receiving.decider.sign(B, key, "李四")
    told.world.receiving.decider.sign(C, key, "王五")
    told.teller.tell()
    assert told.program.types == ["cn.yidi.receipt.signed"]
    assert b"\xe6\x9d\x8e\xe5\x9b\x9b" in told.program.seen[0][1]  # 李四, of B


def test_two_secrets_sign_while_they_change() -> None:
    told = Told()
    old = told.state.secrets[0]
    new = told.webhooks.rotate(told.made.token, told.id).secrets[0]
    told.world.delivered(B)
    told.teller.tell()
    ((headers, body),) = told.program.seen
    at = int(headers["webhook-timestamp"])
    expected = [signature(secret, headers["webhook-id"], at, body) for secret in (new, old)]
    assert headers["webhook-signature"].split(" ") == expected


def test_a_revoked_token_is_told_nothing_more() -> None:
    told = Told()
    told.tokens.revoke(told.made.token.id)
    told.world.delivered(B)
    assert told.teller.tell() == 0
    assert (told.program.seen, told.state.ended) == ([], "its token ended")


def test_a_replay_while_it_is_told_stands() -> None:
    told = Told()
    told.world.delivered(B)

    class Replays(Program):
        def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
            told.webhooks.replay(told.made.token, told.id, 5_000)
            return super().post(url, headers, body)

    Teller(told.world.receiving.node, Replays(), notice_of, TARGETS).tell()
    assert told.state.cursor == 5_000


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9001/yidi",
        "https://127.0.0.1:9000/yidi",
        "http://127.0.0.1.evil.example:9000/",
        "http://localhost:9000/",
        "http://169.254.169.254/latest",
    ],
)
def test_only_origins_that_the_administrator_named_are_told(url: str) -> None:
    told = Told()
    with pytest.raises(RefusedError) as refused:
        told.webhooks.register(told.made.token, url, (B,), ())
    assert refused.value.code == "WEBHOOK_TARGET"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:9000/", "http://u@127.0.0.1:9000/", "http://", "http://a:x/", "/x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    told = Told()
    with pytest.raises(InvalidValueError):
        told.webhooks.register(told.made.token, url, (B,), ())


def test_an_origin_taken_from_the_settings_is_told_no_more() -> None:
    told = Told()
    told.world.delivered(B)
    assert Teller(told.world.receiving.node, told.program, notice_of, ()).tell() == 0
    assert "webhook_targets" in told.state.ended
