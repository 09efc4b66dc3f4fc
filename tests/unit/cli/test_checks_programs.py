"""`yidi doctor` on the interface for programs: off, silent, tokens that end soon, webhooks that nobody takes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from exchange.cli.doctor.checks import Level, Patient
from exchange.cli.doctor.programs import programs_of
from exchange.model.webhook import Webhook
from exchange.settings import NodeApi
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import yidi

ON = NodeApi(port=8087)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 401)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def look(data: Path, settings: NodeApi = ON) -> list[tuple[str, Level, str]]:
    patient = Patient(Layout(data), now=datetime.now(UTC))
    try:
        return [(one.check, one.level, one.cure) for one in programs_of(patient, settings, patient.node_store)]
    finally:
        patient.close()


def test_off_is_well(data: Path) -> None:
    assert look(data, NodeApi()) == [("programs", Level.OK, "")]


def test_a_node_that_runs_must_serve_programs_when_its_settings_say_so(data: Path, url: str) -> None:
    assert look(data) == []  # nothing runs: a finding of its own
    Layout(data).web_url.write_text(url)
    assert [(check, level) for check, level, _ in look(data)] == [("programs", Level.FAILURE)]
    Layout(data).api_url.write_text(url)
    assert look(data) == [("programs", Level.OK, "")]


def test_a_token_that_ends_soon_is_named_and_one_that_is_revoked_or_lasts_is_not(data: Path) -> None:
    for days in ("10", "300"):
        yidi("node", "tokens", "new", "办公系统", "--days", days, "--json", data=data)
    gone = yidi("node", "tokens", "new", "x", "--days", "10", "--json", data=data).json["id"]
    yidi("node", "tokens", "revoke", gone, data=data)
    ((check, level, cure),) = look(data)
    assert (check, level) == ("tokens", Level.WARNING)
    assert "yidi node tokens new" in cure


@pytest.mark.parametrize(("ended", "failing", "cure"), [("410", False, "webhooks replay"), ("", True, "http://oa")])
def test_a_webhook_that_is_not_taken_is_named_with_its_cure(data: Path, ended: str, failing: bool, cure: str) -> None:
    now = datetime.now(UTC)
    token = yidi("node", "tokens", "new", "办公系统", "--json", data=data).json["id"]
    patient = Patient(Layout(data))
    with patient.node_store.begin() as session:
        session.add_webhook(
            Webhook(
                id="0" * 16,
                token=token,
                url="http://oa/",
                secrets=("whsec_eA==",),
                units=(),
                created=now,
                cursor=0,
                due=now,
                failing=now - timedelta(hours=1) if failing else None,
                ended=ended,
            )
        )
    patient.close()
    ((check, level, said),) = look(data)
    assert (check, level) == ("webhooks", Level.WARNING)
    assert cure in said
