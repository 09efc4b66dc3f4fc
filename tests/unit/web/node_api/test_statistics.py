"""What a unit can count and prove of its own documents."""

import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path

from exchange.codec.read import read_envelope, read_receipt
from exchange.services.evidence.verify import verify
from tests.unit.services.hub_and_node import B, C, World
from tests.unit.web.node_api.programs import recipients, senders


def test_a_unit_counts_what_it_sent_and_received_and_how_long_signing_took() -> None:
    world = World()
    sender, office = senders(world), recipients(world, units=[B])
    first, _ = sender.submit(B, C), sender.submit(B)
    world.settle()
    world.pass_time(timedelta(minutes=10))
    office.post(f"/inbox/{first['id']}/sign", {"person": "李四"})
    world.settle()
    sent, received = sender.get("/statistics").json()["sent"], office.get("/statistics").json()["received"]
    assert (sent["deliveries"], sent["signed"], sent["business"]) == (3, 1, {"UNSIGNED": 2, "SIGNED": 1})
    assert (received["deliveries"], received["signed"], received["mean_seconds_to_sign"]) == (2, 1, 600.0)
    assert received["transport"] == {"DELIVERED": 2}
    world.pass_time(timedelta(days=31))
    assert sender.get("/statistics").json()["sent"]["deliveries"] == 0
    assert sender.get("/statistics", since="2026-03-01T00:00:00Z").json()["sent"]["deliveries"] == 3


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    program = senders(World())
    answer = program.get("/statistics", since="2026-03-02T00:00:00Z", until="2026-03-01T00:00:00Z")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query since")
    assert program.get("/statistics", since="2026-03-02T00:00:00").status_code == 422  # whose midnight?


def test_who_takes_what_a_node_holds_for_evidence_is_told_where_that_is_made(tmp_path: Path) -> None:
    world = World()
    sender, file = senders(world), tmp_path / "of-a-node.zip"
    file.write_bytes(sender.get(f"/documents/{sender.submit(B)['id']}/evidence").content)
    report = verify(file)
    assert not report.ok
    assert "yidi evidence export" in report.checks[0].detail


def test_what_a_node_holds_of_a_document_comes_out_in_one_file_byte_for_byte() -> None:
    world = World()
    sender, office = senders(world), recipients(world, units=[B])
    document = sender.submit(B)
    world.settle()
    office.post(f"/inbox/{document['id']}/sign", {"person": "李四"})
    world.settle()
    tracked = sender.get(f"/documents/{document['id']}").json()
    for program, box in ((sender, "documents"), (office, "inbox")):
        answer = program.get(f"/{box}/{document['id']}/evidence")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
            members = {name: package.read(name) for name in package.namelist()}
        assert hashlib.sha256(members["envelope.xml"]).hexdigest() == tracked["digest"]
        assert read_envelope(members["envelope.xml"]).id == document["id"]
        said = [read_receipt(data).event.value for name, data in members.items() if name.startswith("receipts/")]
        assert {"DELIVERED", "SIGNED"} <= set(said)
        assert members["directory.xml"].startswith(b"<")
