"""The web service as an old office system meets it: zeep, which knows nothing of us, reads the WSDL of a running
node and calls every verb."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from requests import HTTPError, Session
from zeep import Client, Settings, Transport
from zeep.exceptions import Fault

from tests.integration.test_node_api import RECIPIENT, SENDER, at_work, bearer, eventually, found
from tests.unit.cli.commands import yidi
from workers.machine import Machine

THIRD = "520304-003"
MORE = f"{THIRD},丙镇,township,township\n"
PDF = b"%PDF-1.7 \x00\xff notice"
LARGE = hashlib.shake_128(b"large").digest(70_000)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found(
        tmp_path_factory.mktemp("soap"), "soap = true\nsoap_file_bytes = 65536\nupload_bytes_per_day = 150000\n", MORE
    )


@pytest.fixture(scope="module")
def machine(data: Path) -> Iterator[Machine]:
    with at_work(data) as machine:
        yield machine


def client(machine: Machine, password: str) -> Client:
    """As .NET and Java programs do it: user and password."""
    session = Session()
    session.trust_env = False
    session.auth = ("oa", password)
    url = f"{machine.api_url}/api/v1/soap?wsdl"
    transport = Transport(session=session, timeout=60)  # type: ignore[no-untyped-call]  # zeep has half its types
    return Client(url, transport=transport, settings=Settings(strict=True))  # type: ignore[no-untyped-call]


def token(data: Path, unit: str, *scopes: str) -> str:
    chosen = [part for scope in scopes for part in ("--scope", scope)]
    made = yidi("node", "tokens", "new", "旧OA", "--unit", unit, *chosen, "--json", data=data)
    return str(made.json["token"])


@pytest.fixture(scope="module")
def sender(machine: Machine, data: Path) -> Any:
    return client(machine, token(data, SENDER, "read", "submit")).service


@pytest.fixture(scope="module")
def office(machine: Machine, data: Path) -> Any:
    return client(machine, token(data, RECIPIENT, "read", "receive", "sign")).service


def letter(reference: str, **more: Any) -> dict[str, Any]:
    return {
        "to": [{"to": RECIPIENT}],
        "metadata": {"title": "防汛通知", "documentType": "通知"},
        "declaredBy": "张三",
        "reference": reference,
        "content": "请知悉",
    } | more


def done(answer: Any) -> Any:
    assert (answer.errorFlag, answer.errCode) == (0, None), answer
    return answer


def arrived(office: Any, document: str) -> Any:
    def look() -> Any:
        answer = office.fetch(id=document)
        return None if answer.errorFlag else answer

    return eventually(look)


def test_a_document_with_files_goes_its_whole_way_by_the_verbs_alone(sender: Any, office: Any) -> None:
    units = done(sender.listUnits(q="乙"))
    assert [(one.code, one.hosted) for one in units.units] == [(RECIPIENT, False)]
    file = {"name": "通知.pdf", "role": "body", "content": PDF}
    sent = done(sender.send(**letter("OA-1", files=[file]))).submitted
    assert done(sender.send(**letter("OA-1", files=[file]))).submitted.id == sent.id  # pressed twice
    fetched = arrived(office, sent.id)
    assert [(one.name, one.content, one.link) for one in fetched.files] == [("通知.pdf", PDF, None)]
    assert fetched.document.metadata.title == "防汛通知"
    assert sent.id in [one.id for one in done(office.fetch()).items]
    assert done(office.ack(id=sent.id, reference="in-1", externalId="SW-1")).receipt.event == "IMPORTED"
    assert sent.id not in [one.id for one in done(office.fetch()).items]
    assert done(office.sign(id=sent.id, reference="s-1", person="李四")).receipt.person == "李四"
    assert done(office.feedback(id=sent.id, reference="f-1", person="李四", text="已办结")).receipt.text == "已办结"

    def answered() -> bool:
        (delivery,) = done(sender.queryStatus(reference="OA-1")).document.deliveries
        return bool(delivery.business == "ANSWERED" and delivery.imported)

    eventually(answered)


def test_a_verb_asked_twice_under_one_reference_is_done_once_and_another_is_refused(sender: Any, office: Any) -> None:
    sent = done(sender.send(**letter("OA-2"))).submitted
    arrived(office, sent.id)
    done(office.sign(id=sent.id, reference="s-2", person="李四"))
    first = done(office.feedback(id=sent.id, reference="f-2", person="李四", text="在办"))
    again = done(office.feedback(id=sent.id, reference="f-2", person="李四", text="在办"))
    assert again.receipt.id == first.receipt.id
    other = office.feedback(id=sent.id, reference="f-2", person="李四", text="办结")
    assert (other.errorFlag, other.errCode) == (1, "KEY_REUSED")
    assert other.errMsg


def test_a_document_is_refused_or_returned_by_the_same_verb(sender: Any, office: Any) -> None:
    for reference, sign, event in (("OA-3", False, "REJECTED"), ("OA-4", True, "RETURNED")):
        sent = done(sender.send(**letter(reference))).submitted
        arrived(office, sent.id)
        if sign:
            done(office.sign(id=sent.id, reference=f"s-{reference}", person="李四"))
        wish = {"id": sent.id, "reference": f"r-{reference}", "person": "李四", "text": "缺附件"}
        assert done(office.reject(**wish)).receipt.event == event
        assert done(office.reject(**wish)).receipt.event == event


def test_a_sender_urges_sends_to_more_takes_back_and_voids(sender: Any, office: Any) -> None:
    sent = done(sender.send(**letter("OA-5"))).submitted
    arrived(office, sent.id)
    eventually(lambda: done(sender.queryStatus(id=sent.id)).document.deliveries[0].transport == "DELIVERED")
    words = {"person": "张三", "text": "请尽快"}
    assert done(sender.urge(id=sent.id, reference="u-5", recipient=RECIPIENT, **words)).receipt.event == "REMINDED"
    more = sender.resend(id=sent.id, reference="m-5", to=[{"to": "丙镇"}], declaredBy="张三")
    assert done(more).submitted.recipients == [THIRD]
    withdrawn = done(sender.withdraw(id=sent.id, reference="w-5", **words)).receipt
    assert withdrawn.event == "RECALL_REQUESTED"
    other = done(sender.send(**letter("OA-6"))).submitted
    assert done(sender["void"](id=other.id, reference="v-6", **words)).receipt.event == "VOIDED"


def test_a_large_file_goes_by_digest_and_comes_by_link(machine: Machine, sender: Any, office: Any, data: Path) -> None:
    file = {"name": "图纸.pdf", "content": LARGE}
    refused = sender.send(**letter("OA-7", files=[file]))
    assert (refused.errorFlag, refused.errCode) == (1, "SIZE")
    sha256 = upload(machine, bearer(data, SENDER))
    sent = done(sender.send(**letter("OA-7", files=[{"name": "图纸.pdf", "sha256": sha256}]))).submitted
    (one,) = arrived(office, sent.id).files
    assert (one.sha256, one.content) == (sha256, None)
    basic = ("x", token(data, RECIPIENT, "read"))
    with httpx2.Client(trust_env=False) as http:
        assert http.get(one.link, auth=basic).content == LARGE
        assert http.get(one.link).status_code == 401


def upload(machine: Machine, fields: dict[str, str]) -> str:
    sha256 = hashlib.sha256(LARGE).hexdigest()
    named = b64encode(sha256.encode()).decode()
    begin = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(LARGE)), "Upload-Metadata": f"sha256 {named}"}
    piece = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    with httpx2.Client(base_url=machine.api_url or "", headers=fields, trust_env=False) as http:
        where = http.post("/api/v1/uploads", headers=begin).headers["location"]
        assert http.patch(where, content=LARGE, headers=piece).status_code == 204
    return sha256


def test_what_comes_in_a_call_counts_in_the_days_uploads(machine: Machine, data: Path) -> None:
    service = client(machine, token(data, THIRD, "submit")).service
    for number in range(3):
        file = {"name": "图纸.pdf", "content": LARGE[number:60_000]}
        answer = service.send(**letter(f"quota-{number}", content=None, files=[file]))
        assert answer.errCode == (None if number < 2 else "QUOTA")


def test_what_is_wrong_is_said_in_the_answer_with_a_code_and_the_field(sender: Any, office: Any) -> None:
    nobody = sender.send(**letter("OA-8", to=[{"to": "无此单位"}]))
    assert (nobody.errorFlag, nobody.errCode, nobody.submitted) == (1, "UNKNOWN_RECIPIENT", None)
    early = office.fetch(id="3f2a9c01-7a0b-4c61-9f0e-6f1c1f6e53a5")
    assert early.errCode == "NOT_FOUND"
    bad = sender.send(**letter("OA-9", signWithinHours=0))
    assert bad.errCode == "VALUE"
    assert "sign_within_hours" in bad.errMsg
    assert office.send(**letter("OA-10", to=[{"to": SENDER}])).errCode == "SCOPE"


def test_who_is_not_known_and_what_is_no_soap_gets_a_fault(machine: Machine, data: Path, sender: Any) -> None:
    with pytest.raises(Fault) as caught:
        client(machine, "yidi_no_such").service.listUnits()
    assert caught.value.detail[0].text == "TOKEN"
    url, fields = f"{machine.api_url}/api/v1/soap", bearer(data, SENDER) | {"Content-Type": "text/xml"}
    with httpx2.Client(headers=fields, trust_env=False) as http:
        for body, kind, code in (
            (b"<html/>", "VersionMismatch", "SOAP_VERSION"),
            (b"<!DOCTYPE a><a/>", "Client", "XML_DTD_FORBIDDEN"),
        ):
            answer = http.post(url, content=body)
            assert answer.status_code == 500
            assert f"<faultcode>soap:{kind}</faultcode>" in answer.text
            assert f">{code}</errCode>" in answer.text
        unknown = http.post(url, content=b"<a/>", headers={"Authorization": "Basic eDp5"})
        assert (unknown.status_code, unknown.headers["www-authenticate"].partition(" ")[0]) == (401, "Basic")
        assert http.post(f"{url}?token=x", content=b"<a/>", headers={"Authorization": ""}).status_code == 401
        assert http.get(url).status_code == 422


def test_it_is_off_unless_set(tmp_path: Path) -> None:
    with at_work(found(tmp_path)) as machine, pytest.raises(HTTPError, match="404"):
        client(machine, "")
