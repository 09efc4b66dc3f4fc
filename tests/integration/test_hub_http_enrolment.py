"""Enrolment and the directory over the hub's HTTP, and what strangers learn: nothing."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.directory.update import change_unit, revoke_key
from exchange.errors import DirectoryError, EnrolmentError, InputError, TransportError
from exchange.model.unit import UnitCode
from exchange.remote.client import HubClient
from exchange.remote.enrolment import enroll
from exchange.remote.feed import HttpDirectoryFeed
from exchange.settings import HubHttp
from exchange.testing.clock import FakeClock
from exchange.testing.ids import SeededIds
from exchange.testing.keys import county, unit_code
from exchange.trust.anchor import verify_directory
from exchange.trust.authority import request
from exchange.trust.keys import generate
from exchange.trust.keystore import KeyStore
from exchange.web.hub_api import hub_server
from tests.contract.hub_line import HubLine, hub_line

UNIT, OTHER = unit_code(1), unit_code(2)
NOBODY = UnitCode("999999-001")
CSR = request(UNIT, "单位", generate())


@pytest.fixture
def line(tmp_path: Path) -> Iterator[HubLine]:
    with hub_line(tmp_path) as line:
        yield line


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys", b"a passphrase that is long enough")


def client(line: HubLine, keys: KeyStore) -> HubClient:
    return HubClient(line.url, keys=keys.signer, clock=line.clock, ids=SeededIds(3), ca_file=line.ca_file)


def test_a_node_enrols_with_its_code_and_then_follows_the_directory(line: HubLine, keys: KeyStore) -> None:
    code = line.enroller.invite([UNIT])[UNIT]
    with client(line, keys) as hub:
        enrolled = enroll(hub, UNIT, "第1单位", code.lower(), keys, line.clock)
        assert (enrolled.anchor, enrolled.broker_host, enrolled.broker_port) == (line.county.anchor, "mq.example", 5671)
        assert keys.signer(UNIT).certificate == enrolled.certificate
        feed = HttpDirectoryFeed(hub, lambda: [UNIT])
        document = feed.newer(0)
        assert document is not None
        directory, _ = verify_directory(document, enrolled.anchor, line.clock.now(), None)
        assert directory.version == 2
        assert enrolled.certificate in [key.certificate for key in directory.by_code[UNIT].keys]
        assert feed.newer(2) is None


def test_an_answer_lost_on_the_way_costs_no_second_code(line: HubLine, keys: KeyStore) -> None:
    code = line.enroller.invite([UNIT])[UNIT]
    first = line.enroller.enroll([(UNIT, code, request(UNIT, "第1单位", keys.prepare(UNIT)))])[UNIT]
    with client(line, keys) as hub:
        assert enroll(hub, UNIT, "第1单位", code, keys, line.clock).certificate == first


def test_a_hub_of_another_exchange_than_the_nodes_is_not_believed(line: HubLine, keys: KeyStore) -> None:
    code = line.enroller.invite([UNIT])[UNIT]
    with client(line, keys) as hub, pytest.raises(DirectoryError) as refused:
        enroll(hub, UNIT, "第1单位", code, keys, line.clock, anchor=county(1, seed=5).anchor)
    assert refused.value.code == "WRONG_HUB"
    assert not keys.has(UNIT)


def test_whether_a_unit_exists_shows_in_no_answer(line: HubLine) -> None:
    line.enroller.invite([UNIT])
    answers = []
    for unit in (UNIT, OTHER, NOBODY):
        asked = {"unit": unit, "code": "22222-22222-22222-22222", "request": request(unit, "单位", generate())}
        answer = line.raw("POST", "/v1/enrolment", {"Content-Type": "application/json"}, json.dumps(asked).encode())
        assert (answer.status_code, answer.json()["code"]) == (403, "ENROLMENT_CODE")
        answers.append(answer.text.replace(unit, "?"))
    assert len(set(answers)) == 1


def test_a_wrong_code_is_an_error_of_enrolment(line: HubLine, keys: KeyStore) -> None:
    with client(line, keys) as hub, pytest.raises(EnrolmentError) as refused:
        enroll(hub, UNIT, "第1单位", "22222", keys, line.clock)
    assert refused.value.code == "ENROLMENT_CODE"


def test_attempts_for_one_unit_are_bounded_and_others_go_on(line: HubLine, keys: KeyStore) -> None:
    code = line.enroller.invite([UNIT])[UNIT]
    with client(line, keys) as hub:
        for _ in range(10):
            with pytest.raises(EnrolmentError):
                enroll(hub, UNIT, "第1单位", "22222", keys, line.clock)
        with pytest.raises(TransportError) as refused:
            enroll(hub, UNIT, "第1单位", code, keys, line.clock)
        assert refused.value.code == "RATE"
        with pytest.raises(EnrolmentError):
            enroll(hub, OTHER, "第2单位", "22222", keys, line.clock)
        line.clock.advance(timedelta(minutes=10))
        enroll(hub, UNIT, "第1单位", code, keys, line.clock)


def test_a_wrong_form_is_told_without_repeating_the_code(line: HubLine) -> None:
    asked = {"unit": UNIT, "code": "S" * 65, "request": CSR, "more": 1}
    refused = line.raw("POST", "/v1/enrolment", {"Content-Type": "application/json"}, json.dumps(asked).encode())
    assert (refused.status_code, refused.json()["code"]) == (400, "VALUE")
    assert "SSSS" not in refused.text
    assert "body.code" in refused.text


@pytest.mark.parametrize("size", [64 * 1024 + 1, 5 << 20])
def test_a_large_form_is_not_read(line: HubLine, size: int) -> None:
    refused = line.raw("POST", "/v1/enrolment", {"Content-Type": "application/json"}, b"{" * size)
    assert (refused.status_code, refused.json()["code"]) == (413, "SIZE")


def test_many_or_large_fields_are_refused(line: HubLine) -> None:
    answer = line.raw("GET", "/v1/health", {"X-Large": "x" * 20_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "SIZE")


def test_every_answer_forbids_everything_to_browsers_and_names_no_software(line: HubLine) -> None:
    for path in ("/v1/health", "/v1/directory", "/docs", "/openapi.json"):
        answer = line.raw("GET", path, {})
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert "server" not in answer.headers
    assert line.raw("GET", "/docs", {}).json()["code"] == "HTTP_ROUTE"
    assert line.raw("DELETE", "/v1/health", {}).status_code == 405


def test_the_directory_has_a_tag(line: HubLine) -> None:
    path = "/v1/directory?newer_than=0"
    first = line.raw("GET", path, line.signed(UNIT, "GET", path))
    same = line.raw("GET", path, line.signed(UNIT, "GET", path) | {"If-None-Match": first.headers["etag"]})
    assert (first.status_code, same.status_code, same.content) == (200, 304, b"")
    wrong = "/v1/directory?newer_than=x"
    assert line.raw("GET", wrong, line.signed(UNIT, "GET", wrong)).json()["code"] == "VALUE"


def test_another_unit_of_the_node_asks_when_the_hub_takes_one_key_no_more(line: HubLine) -> None:
    fingerprint = line.county.signers[UNIT].fingerprint
    line.administrator.change(lambda now: revoke_key(now, UNIT, fingerprint, line.clock.now(), "lost"))
    assert HttpDirectoryFeed(line.client, lambda: [UNIT, OTHER]).newer(1) is not None
    line.administrator.change(lambda now: change_unit(now, OTHER, active=False))
    with pytest.raises(TransportError) as refused:
        HttpDirectoryFeed(line.client, lambda: [UNIT, OTHER]).newer(1)
    assert refused.value.code == "NOT_AUTHORISED"
    assert HttpDirectoryFeed(line.client, list).newer(1) is None


def test_a_server_with_another_authoritys_certificate_is_not_asked(line: HubLine, tmp_path: Path) -> None:
    keys = line.county.signers.__getitem__
    with HubClient(line.url, keys=keys, clock=line.clock, ids=SeededIds(4)) as hub:
        with pytest.raises(TransportError) as refused:
            hub.ask("GET", "/v1/health")
        assert refused.value.code == "HUB_TLS"
    assert not line.answered(None)


def test_a_hub_that_is_not_there_is_a_temporary_error(line: HubLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    keys = line.county.signers.__getitem__
    with HubClient(f"https://127.0.0.1:{port}", keys=keys, clock=line.clock, ids=SeededIds(4)) as hub:
        with pytest.raises(TransportError) as refused:
            hub.ask("GET", "/v1/health")
        assert refused.value.code == "HUB_UNREACHABLE"


@pytest.mark.parametrize(
    ("url", "plain", "right"),
    [
        ("http://127.0.0.1:8080", True, True),
        ("http://127.0.0.1:8080", False, False),
        ("http://hub.example", True, False),
        ("https://hub.example/path", True, False),
    ],
)
def test_plain_http_only_to_this_machine_and_when_told_so(url: str, plain: bool, right: bool) -> None:
    def ask() -> None:
        keys = county(1).signers.__getitem__
        HubClient(url, keys=keys, clock=FakeClock(), ids=SeededIds(1), plain_loopback=plain).close()

    if right:
        ask()
    else:
        with pytest.raises(InputError):
            ask()


def test_only_loopback_is_served_without_tls(line: HubLine) -> None:
    with pytest.raises(InputError) as refused:
        hub_server(replace(line.face, settings=HubHttp(host="0.0.0.0")))
    assert refused.value.code == "WEB_TLS"
    with pytest.raises(InputError, match="WEB_TLS"):
        hub_server(replace(line.face, settings=HubHttp(certificate_file="/nowhere.pem", key_file="/nowhere.key")))
