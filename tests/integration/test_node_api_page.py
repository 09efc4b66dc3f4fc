"""schemathesis asks a running node whatever its own page allows, and whatever it forbids: every answer is one that the
page names, no failure is ours, and nobody comes in without a token.

Not asked: that whatever fits the page is accepted. The domain has rules that no schema says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from docs.make_openapi import document
from tests.integration.test_node_api import at_work, bearer, eventually, found
from tests.integration.test_node_api import document as document_to

_ID = re.compile(r"[0-9a-f-]{36}")
UNIT, OTHER = "520304-001", "520304-002"

schema = schemathesis.openapi.from_dict(document())


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A node with a document that the unit sent, and one that it received."""

    url: str
    token: dict[str, str]
    sent: str
    received: str


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    often = "requests_per_minute = 1000000\nstrangers_per_address = 1000000\n"
    data = found(tmp_path_factory.mktemp("page"), often)
    with at_work(data) as machine:
        tokens = {unit: bearer(data, unit) for unit in (UNIT, OTHER)}
        ids = {}
        for unit, other in ((UNIT, OTHER), (OTHER, UNIT)):
            body = document_to(to=[{"to": other}], content="请知悉")
            fields = tokens[unit] | {"Idempotency-Key": "first"}
            ids[unit] = httpx2.post(f"{machine.api_url}/api/v1/documents", json=body, headers=fields).json()["id"]
        there = f"{machine.api_url}/api/v1/inbox/{ids[OTHER]}"
        eventually(lambda: httpx2.get(there, headers=tokens[UNIT]).status_code == 200)
        yield Live(url=machine.api_url, token=tokens[UNIT], sent=ids[UNIT], received=ids[OTHER])


@schema.parametrize()
@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_page_names(case: Any, live: Live) -> None:
    given = str(case.path_parameters.get("document_id", "")) if case.path_parameters else ""
    if _ID.fullmatch(given):  # a document that is there is worth more than one that is not
        case.path_parameters["document_id"] = live.received if "/inbox/" in case.path else live.sent
    case.call_and_validate(base_url=live.url, headers=live.token, excluded_checks=[positive_data_acceptance])
