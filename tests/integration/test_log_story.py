"""A whole story with the log on: documents, refusals, broken offices, programs, strangers. Every line is one JSON
object with the same keys, a document can be followed by its id, and no line holds what was said or kept secret."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from docs.make_logs import EVENTS
from exchange.conformance.benches.seeyon import settings_of
from exchange.errors import EnrolmentError
from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.transport import Message
from exchange.remote.client import HubClient
from exchange.remote.enrolment import enroll
from exchange.telemetry import configure_log, make_metrics
from exchange.testing.ids import SeededIds
from exchange.testing.keys import unit_code
from exchange.testing.office_server import Asked, OfficeServer, RefusedError
from exchange.topology import Lane, in_exchange
from exchange.trust.keystore import KeyStore
from exchange.wiring.layout import Layout
from tests.contract.hub_line import hub_line
from tests.integration.test_node_api import bearer, eventually, found
from tests.scenarios.offices import write_offices
from workers.machine import Machine, open_machine

A, B, C = UnitCode("520304-001"), UnitCode("520304-002"), UnitCode("520304-003")

# Nothing of this may be in the log. Each is one word, so that cutting and quoting do not hide it.
TITLE, CONTENT, FILE_NAME, FILE_TEXT = "青龙行动题", "白虎行动文", "朱雀附件名", "玄武附件字"
PERSON, WORDS, OFFICE_PASSWORD, HOOK = "欧阳麒麟", "腾蛇退回语", "oa-Passw0rd-canary", "hook-path-canary"
SAID = [TITLE, CONTENT, FILE_NAME, FILE_TEXT, PERSON, WORDS, OFFICE_PASSWORD, HOOK]


class Echo(OfficeServer):
    """An office that is broken and says so by quoting the question."""

    root = "/seeyon/rest"

    def answer(self, asked: Asked) -> object:
        if asked.path.startswith("/token"):
            return {"id": "oa-token-canary"}
        raise RefusedError(500, f"cannot: {asked.path} {asked.query} {asked.body.decode('utf-8', 'replace')} {TITLE}")


class Deaf(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(500)
        self.end_headers()
        self.wfile.write(TITLE.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        pass


pytestmark = pytest.mark.timeout(300)  # an exchange at work, on whatever machine


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[str], "Story"]]:
    with ExitStack() as stack:
        story = Story(tmp_path_factory.mktemp("log"), stack)
        story.tell()
        yield [line for line in story.stream.getvalue().split("\n") if line], story


class Story:
    """What happens, and the ids and secrets that came of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.stream = io.StringIO()
        self._folder, self._stack = folder, stack
        program = HTTPServer(("127.0.0.1", 0), Deaf)
        self.hook = f"http://127.0.0.1:{program.server_port}"
        thread = threading.Thread(target=program.serve_forever)
        thread.start()
        for end in (program.server_close, thread.join, program.shutdown):  # the last is the first
            stack.callback(end)
        self.data = found(folder, f'webhook_targets = ["{self.hook}"]\n', f"{C},丙镇,township,township\n")
        office = stack.enter_context(Echo())
        write_offices(
            Layout(self.data).settings_file, {C: settings_of(office.url, adapter="seeyon", password_file="secrets/oa")},
            OFFICE_PASSWORD,
        )  # fmt: skip
        self.ids: dict[str, str] = {}
        self.secrets = [(self.data / "secrets/passphrase").read_text(encoding="utf-8").strip()]

    def tell(self) -> None:
        tokens = bearer(self.data)
        self.secrets.append(tokens["Authorization"].removeprefix("Bearer ").rpartition("_")[2])
        with self._work() as machine:
            with httpx2.Client(base_url=f"{machine.api_url}/api/v1", headers=tokens, trust_env=False) as http:
                self._programs(http)
                self._strangers(http)
            self._refused(machine)
            eventually(lambda: "hand_over_failed" in self._events())
            eventually(lambda: "office_unreachable" in self._events())
            eventually(lambda: "webhook_not_taken" in self._events())
        self._enrol()

    @contextmanager
    def _work(self) -> Iterator[Machine]:
        log = configure_log(self.stream, process="up")
        machine = open_machine(Layout(self.data), make_metrics(), log)
        thread = threading.Thread(target=machine.run)
        thread.start()
        try:
            yield machine
        finally:
            machine.stop()
            thread.join()

    def _events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.stream.getvalue().split("\n")[:-1]]

    def _programs(self, http: httpx2.Client) -> None:
        def post(path: str, unit: str, **body: object) -> Any:
            key = f"{path}{unit}{body}".encode().hex()[-60:]
            return http.post(path, json=body, params={"unit": unit}, headers={"Idempotency-Key": key})

        asked_for = {"url": f"{self.hook}/{HOOK}", "units": [B]}
        hooked = http.post("/webhooks", json=asked_for, headers={"Idempotency-Key": "hook"})
        assert hooked.status_code == 201, hooked.text
        self.secrets.append(hooked.json()["secret"])
        draft = {"metadata": {"title": TITLE}, "declared_by": PERSON, "content": CONTENT}
        for name, to in (("signed", B), ("rejected", B), ("stuck", C)):
            asked = json.dumps({"to": [{"to": to}], **draft, "files": [{"name": f"{FILE_NAME}.txt"}]})
            parts = [("file", (f"{FILE_NAME}.txt", f"{FILE_TEXT}{name}".encode(), "text/plain"))]
            fields = {"Idempotency-Key": name}
            sent = http.post("/documents", params={"unit": A}, headers=fields, data={"document": asked}, files=parts)
            assert sent.status_code == 201, sent.text
            self.ids[name] = sent.json()["id"]
        for name in ("signed", "rejected"):
            path = f"/inbox/{self.ids[name]}"
            eventually(partial(lambda path: http.get(path, params={"unit": B}).status_code == 200, path))
        for done in (
            post(f"/inbox/{self.ids['signed']}/confirm", B, external_id="SW-1"),
            post(f"/inbox/{self.ids['signed']}/sign", B, person=PERSON),
            post(f"/inbox/{self.ids['rejected']}/reject", B, person=PERSON, text=WORDS, reason="WRONG_UNIT"),
            post(f"/documents/{self.ids['stuck']}/recall", A, person=PERSON, text=WORDS),
        ):
            assert done.status_code in {200, 201}, done.text
        for name, state in (("signed", "SIGNED"), ("rejected", "REJECTED")):

            def ended(name: str = name, state: str = state) -> bool:
                (one,) = http.get(f"/documents/{self.ids[name]}", params={"unit": A}).json()["deliveries"]
                return bool(one["business"] == state)

            eventually(ended)
        # refused before anything was stored
        secret = post("/documents", A, to=[{"to": B}], metadata={"title": f"机密★1年 {TITLE}"}, declared_by=PERSON)
        assert secret.json()["code"].startswith("SECRECY")
        post("/documents", A, to=[{"to": TITLE}], metadata={"title": TITLE}, declared_by=PERSON)
        post("/documents", A, to=[{"to": B}], metadata={"title": TITLE * 500}, declared_by=PERSON)
        http.post("/documents", content=f'{{"{TITLE}": ', headers={"Content-Type": "application/json"})

    def _strangers(self, http: httpx2.Client) -> None:
        wrong = {"Authorization": "Bearer yidi_0123456789abcdef_token-canary-token-canary-token-ca"}
        for address in ("/inbox", f"/office/oa-{C}/files/link-canary", f"/{TITLE}"):
            http.get(address, headers=wrong)
        http.post(f"/office/oa-{C}/calls", content=TITLE.encode(), headers=wrong)
        self.secrets += ["token-canary", "link-canary"]

    def _refused(self, machine: Machine) -> None:
        """What a unit's node would never send, on the unit's own account."""
        key = EnvelopeKey(A, parse_envelope_id(self.ids["signed"]))
        with machine.node_store.look() as session:
            sent = session.documents(Box.SENT, [(A, key)])[(A, key)].document
        publisher = machine.transport.publisher()
        bodies = {
            "garbage": f"<{TITLE}>".encode(),
            "broken": sent[: len(sent) // 2],
            "long title": sent.replace(TITLE.encode(), (TITLE * 400).encode(), 1),
            "other title": sent.replace(TITLE.encode(), f"{TITLE}再".encode(), 1),
            "unknown element": sent.replace(b"</Metadata>", f"<{TITLE}>{CONTENT}</{TITLE}></Metadata>".encode(), 1),
        }
        for lane in (Lane.NORMAL, Lane.RECEIPT, Lane.PRESENCE):
            batch = [Message(exchange=in_exchange(A), key=lane.value, body=body, user=A) for body in bodies.values()]
            publisher.publish(batch)
        publisher.close()
        eventually(lambda: self._events().count("envelope_refused") >= 5)
        eventually(lambda: self._events().count("receipt_invalid") >= 5)
        eventually(lambda: self._events().count("presence_invalid") >= 1)  # of each unit the last

    def _enrol(self) -> None:
        """A node enrols with its code over the hub's own HTTP, and somebody tries a wrong one."""
        (self._folder / "hub").mkdir()
        with hub_line(self._folder / "hub") as line:
            unit = unit_code(1)
            code = line.enroller.invite([unit])[unit]
            keys = KeyStore(self._folder / "keys", b"a passphrase that is a canary")
            with HubClient(line.url, keys=keys.signer, clock=line.clock, ids=SeededIds(3), ca_file=line.ca_file) as hub:
                with pytest.raises(EnrolmentError):
                    enroll(hub, unit, TITLE, "22222-wrong-canary", keys, line.clock)
                enroll(hub, unit, TITLE, code, keys, line.clock)
            self.secrets += [code, code.lower(), code.replace("-", ""), "22222", "passphrase that"]
            log = configure_log(self.stream, process="web-1")
            for one in line.log.lines:
                getattr(log, one.level)(one.event, **one.fields)


def test_every_line_is_one_object_with_the_same_keys(told: tuple[list[str], Story]) -> None:
    lines = [json.loads(line) for line in told[0]]
    assert len(lines) > 50
    for line in lines:
        assert isinstance(line, dict)
        assert {"time", "level", "event", "process"} <= line.keys()
        assert line["level"] in {"info", "warning", "alarm"}
        assert line["event"] in EVENTS
        assert line.get("dropped") is None, line
        assert all(isinstance(value, str | int | float | bool | None) for value in line.values())
    assert {line["worker"] for line in lines if "worker" in line} >= {"hub", "node", "office", "programs"}


def test_nothing_that_was_said_and_no_secret_is_in_any_line(told: tuple[list[str], Story]) -> None:
    lines, story = told
    kept = [word for word in (*SAID, *story.secrets) if word]
    found = {(word, line) for line in lines for word in kept if word in line or word in json.dumps(json.loads(line))}
    assert not found
    for word in kept:  # and not in another dress
        dressed = word.encode().hex(), word.encode("unicode_escape").decode(), base64.b64encode(word.encode()).decode()
        assert [line for line in lines for one in dressed if one in line] == []


@pytest.mark.parametrize(("name", "word"), [("signed", "SIGNED"), ("rejected", "REJECTED")])
def test_a_document_can_be_followed_by_its_id(told: tuple[list[str], Story], name: str, word: str) -> None:
    lines, story = told
    envelope = f"{A}/{story.ids[name]}"
    way = [line for line in map(json.loads, lines) if line.get("envelope") == envelope]
    stations = iter([(line["event"], line.get("event_name")) for line in way])
    expected = [
        ("envelope_submitted", None),
        ("envelope_relayed", None),
        ("envelope_accepted", None),
        ("envelope_delivered", None),
        ("decided", word),
        ("receipt_recorded", word),
        ("receipt_received", word),
    ]
    assert [station for station in expected if station not in stations] == []  # all of them, in this order
    decided, recorded, received = ([line for line in way if line.get("event_name") == word])[:3]
    assert decided["receipt"] == recorded["receipt"] == received["receipt"]
    assert (decided["unit"], recorded["recipient"], received["unit"]) == (B, B, A)
    accepted = {line["event_name"] for line in way if line["event"] == "receipt_received"}
    assert {"ACCEPTED", "DELIVERED"} <= accepted
