"""The staging adapter on a SQLite file: rows that are taken, given, refused and left alone."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, update

from exchange.adapters.registry import Place, load_adapter
from exchange.errors import AdapterError, ConflictError, CorruptFileError, InputError, RefusedError
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.ports.office import HandOver, OfficeDecision
from tests.contract.staging_office import MANIFEST, StagingBench
from tests.unit.adapters.offices import NOW, SENDER, UNIT, received
from tests.unit.services.hub_and_node import A, B


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StagingBench]:
    url = f"sqlite:///{tmp_path / 'staging.sqlite'}"
    made = StagingBench(create_engine(url), url, tmp_path)
    yield made
    made.close()


def row(office: StagingBench, id_: str = "OA-7") -> Any:
    with office.office.begin() as connection:
        return connection.execute(select(office.tables.out).where(office.tables.out.c.id == id_)).one()


def collected(office: StagingBench) -> list[str]:
    adapter = office.open()
    found = [draft.reference or "" for draft in adapter.collect(A)]
    adapter.close()
    return found


# -------------------------------------------------------------------------------------------------- to send


def test_a_row_is_claimed_given_until_it_is_sent_and_then_shows_its_number(office: StagingBench) -> None:
    office.put_out()
    (reference,) = collected(office)
    assert (row(office).status, row(office).retry) == ("P", 1)
    assert collected(office) == [reference]  # also in the next life
    adapter = office.open()
    adapter.sent(A, reference, received().key)
    assert (row(office).status, row(office).tracking_id) == ("S", received().key.id)
    assert collected(office) == []


def test_the_files_of_a_row_need_not_be_listed_and_can_be_read_again(office: StagingBench) -> None:
    office.put_out()
    (draft,) = office.open().collect(A)
    assert [(file.name, file.role) for file in draft.files] == [("通知.pdf", "attachment"), ("名单.xlsx", "attachment")]
    for _ in range(2):
        with draft.files[0].open() as file:
            assert file.read() == b"%PDF-1.7 notice"
    assert draft.metadata.document_identifier == f"{A}-OA-7"


def test_what_another_node_has_claimed_is_left_alone_and_found_by_the_check(office: StagingBench) -> None:
    office.put_out()
    collected(office)
    with office.office.begin() as connection:
        connection.execute(update(office.tables.out).values(claimed_by="another"))
    assert collected(office) == []
    (misfit,) = office.open().check([A])
    assert "gw_out: 1 行由另一个节点占用" in misfit.found
    adapter = office.open()
    adapter.refused(A, "OA-7#x", "VALUE", "not ours")
    assert row(office).status == "P"


def test_a_faulty_row_says_why_and_stops_no_other(office: StagingBench) -> None:
    office.put_out("a", {**MANIFEST, "主送": []})
    office.put_out("b", {**MANIFEST, "标提": "x"})
    office.put_out("c")
    assert len(collected(office)) == 1
    assert (row(office, "a").status, row(office, "a").err.split(":")[0]) == ("E", "FORMAT 主送 to")
    assert "不认识的项 标提" in row(office, "b").err


def test_a_file_that_is_not_what_its_digest_says_is_incomplete(office: StagingBench) -> None:
    office.put_out()
    with office.office.begin() as connection:
        connection.execute(update(office.tables.out_file).values(sha=hashlib.sha256(b"whole").hexdigest()))
    assert collected(office) == []
    assert row(office).err.startswith("INCOMPLETE 文件 通知.pdf")


def test_another_document_under_an_old_id_is_another_document(office: StagingBench) -> None:
    office.put_out()
    (first,) = collected(office)
    adapter = office.open()
    adapter.refused(A, first, "SECRECY", "发现密级标志")
    assert row(office).err == "SECRECY 发现密级标志"
    with office.office.begin() as connection:
        values = {"status": "N", "doc_json": row(office).doc_json.replace("王芳", "陈静")}
        connection.execute(update(office.tables.out).values(values))
    (second,) = collected(office)
    assert second != first


def test_a_large_file_lies_on_the_share_and_no_path_leads_out_of_it(office: StagingBench) -> None:
    share = office.place / "share"
    (share / "out").mkdir(parents=True)
    (share / "out" / "大.pdf").write_bytes(b"large")
    (office.place / "secret.pdf").write_bytes(b"secret")
    (share / "link").symlink_to(office.place)
    office.settings = {"files_dir": "share"}

    def with_path(path: str) -> list[str]:
        with office.office.begin() as connection:
            connection.execute(update(office.tables.out).values(status="N"))
            files = office.tables.out_file
            connection.execute(update(files).where(files.c.seq == 0).values(blob_data=None, path=path))
        return collected(office)

    office.put_out()
    assert len(with_path("out\\大.pdf")) == 1
    for path in ("../secret.pdf", str(office.place / "secret.pdf"), "link/secret.pdf", "C:/x.pdf", "out/none.pdf"):
        assert with_path(path) == []
        assert row(office).err.startswith("INCOMPLETE"), path


# ------------------------------------------------------------------------------------------------- received


def test_a_received_document_is_one_row_with_its_files_whatever_is_asked_again(office: StagingBench) -> None:
    item = replace(received(("通知.pdf", b"body"), document=b"<signed/>"), sender_name="区政府办")
    adapter = office.open()
    assert adapter.hand_over(item) == adapter.hand_over(item) == f"{SENDER}_{item.key.id}"
    assert office.received() == [("关于做好秋季森林防火工作的通知", {"通知.pdf": b"body"})]
    with office.office.begin() as connection:
        held = connection.execute(select(office.tables.received)).one()
    assert (held.status, held.sender_name, held.envelope_xml) == ("N", "区政府办", b"<signed/>")
    with pytest.raises(ConflictError):
        adapter.hand_over(replace(item, document=b"<other/>"))


def test_a_file_too_large_for_a_row_goes_to_the_share(office: StagingBench) -> None:
    office.settings = {"blob_bytes": 3}
    item = received(("通知.pdf", b"body"))
    with pytest.raises(AdapterError, match="须设置 files_dir") as caught:
        office.open().hand_over(item)
    assert (caught.value.code, caught.value.retryable) == ("FILES_DIR", True)
    office.settings = {"blob_bytes": 3, "files_dir": "share"}
    with pytest.raises(AdapterError):
        office.open().hand_over(item)  # not mounted
    assert office.received() == []
    (office.place / "share").mkdir()
    office.open().hand_over(item)
    with office.office.begin() as connection:
        file = connection.execute(select(office.tables.received_file)).one()
    assert (file.blob_data, (office.place / "share" / file.path).read_bytes()) == (None, b"body")


@pytest.mark.parametrize("largest", [1, 100])
def test_a_file_that_is_not_what_was_signed_reaches_no_row(office: StagingBench, largest: int) -> None:
    (office.place / "share").mkdir()
    office.settings = {"blob_bytes": largest, "files_dir": "share"}
    good, other = received(("通知.pdf", b"body")), received(("通知.pdf", b"BODY"))
    item: HandOver = replace(good, open_file=lambda _: other.open_file(other.envelope.files[0].sha256))
    with pytest.raises(CorruptFileError):
        office.open().hand_over(item)
    assert office.received() == []


def test_a_receipt_is_one_row(office: StagingBench) -> None:
    receipt = Receipt(
        id=ReceiptId("0b6e2f0e-0d7c-4a57-8c43-000000000001"),
        hub="hub.520304",
        event=Event.RETURNED,
        actor=Actor(speaker=Speaker.PERSON, unit=SENDER, person="李强"),
        at=NOW,
        subject=Subject(envelope=replace(received().key, sender=UNIT), digest="0" * 64, recipient=SENDER),
        reason="WRONG_UNIT",  # type: ignore[arg-type]
        text="应送区水务局",
    )
    adapter = office.open()
    adapter.tell(UNIT, receipt, b"<Receipt/>")
    adapter.tell(UNIT, receipt, b"<Receipt/>")
    with office.office.begin() as connection:
        shown = connection.execute(select(office.tables.receipt)).one()
    assert (shown.event_name, shown.person, shown.reason, shown.note) == ("退文", "李强", "WRONG_UNIT", "应送区水务局")


# ----------------------------------------------------------------------------------------------- decisions


def decide(office: StagingBench, **columns: str) -> None:
    values = {"id": "d", "unit_code": B, "doc_id": f"{A}_{received().key.id}", "action": "签收", "person": "李四"}
    with office.office.begin() as connection:
        connection.execute(office.tables.action.insert().values(values | columns))


def decisions(office: StagingBench) -> list[OfficeDecision]:
    adapter = office.open()
    found = list(adapter.decisions(B, lambda: ()))
    adapter.close()
    return found


def test_a_decision_waits_until_it_is_taken_and_then_is_done(office: StagingBench) -> None:
    decide(office)
    (first,) = decisions(office)
    assert (first.event, first.person, first.reference) == (Event.SIGNED, "李四", "d")
    assert decisions(office) == [first]
    office.open().decided(B, "d", None)
    assert decisions(office) == []
    assert office.waiting() == 0


def test_a_decision_that_cannot_be_taken_says_why(office: StagingBench) -> None:
    decide(office)
    decisions(office)
    office.open().decided(B, "d", RefusedError("sign for it first", code="STATE"))
    with office.office.begin() as connection:
        assert connection.execute(select(office.tables.action.c.err)).scalar() == "STATE sign for it first"


@pytest.mark.parametrize("wrong", [{"person": ""}, {"action": "阅"}, {"doc_id": "7"}, {"reason": "懒"}])
def test_a_decision_with_a_mistake_is_refused(office: StagingBench, wrong: dict[str, str]) -> None:
    decide(office, **wrong)
    assert decisions(office) == []
    with office.office.begin() as connection:
        assert connection.execute(select(office.tables.action.c.status)).scalar() == "E"


# ------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("url", "said"),
    [("", "expected a URL"), ("kingbase+ksycopg2://x@h/d", "没有安装"), ("mysql+mysqlconnector://x@h/d", "没有安装")],
)
def test_a_database_that_cannot_be_opened_is_a_setting_that_is_wrong(tmp_path: Path, url: str, said: str) -> None:
    (tmp_path / "url").write_text(url)
    place = Place(name="staging", data=tmp_path, offices=tmp_path)
    with pytest.raises(InputError, match=said):
        load_adapter({"database_file": "url"}, place)
    with pytest.raises(InputError, match=r"offices\.staging\.database_file"):
        load_adapter({"database_file": "none"}, place)
