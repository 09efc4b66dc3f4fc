"""The day's quota of a unit: what counts, who is told what, and that neither rows nor files of the rest stay."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO

import pytest

from exchange.model.calendar import COUNTY_TIME, next_day, start_of
from exchange.model.document import EmergencyDegree
from exchange.model.events import Event
from exchange.model.receipt import Reason
from exchange.model.unit import UnitCode
from exchange.ports.text import NOT_LOOKED_AT, FileText
from exchange.services.evidence.facts import read_receipt
from exchange.services.hub.route import Router
from exchange.settings import Quota
from tests.unit.services.hub_and_node import HOURS, NOTICE, A, B, D, World, a_file, an_envelope, signed
from workers.batch import take

URGENT = replace(NOTICE, emergency_degree=EmergencyDegree.EXTRA_URGENT)


@pytest.fixture
def world() -> World:
    return World()


def allow(world: World, documents: int = 100, **more: object) -> None:
    world.hub.hub.quota = Quota.model_validate({"documents_per_day": documents} | more)


def send(world: World, *numbers: int, sender: UnitCode = A, limit: int = 100, **changes: object) -> list[bytes]:
    documents = [signed(an_envelope(sender=sender, number=number, **changes)) for number in numbers]
    for document in documents:
        world.put(document, user=sender)
    while world.broker.depth("work.normal"):
        world.hub.route(limit)
    return documents


def tomorrow(world: World) -> None:
    world.pass_time(next_day(world.clock.now()) - world.clock.now())


@pytest.mark.parametrize("limit", [100, 1])
def test_beyond_the_days_documents_each_is_refused_with_a_signed_quota(world: World, limit: int) -> None:
    allow(world, 2)
    send(world, 1, 2, 3, 4, limit=limit)
    assert sorted(world.events(A)) == ["ACCEPTED", "ACCEPTED", "REFUSED", "REFUSED"]
    assert world.hub.counts()["documents"] == 2
    assert len(world.inbox(B)) == 2
    assert world.hub.metrics.counted("yidi_router_refusals_total", code="QUOTA") == 2


def test_the_refusal_says_what_the_limit_is_when_it_ends_and_what_to_do(world: World) -> None:
    allow(world, 7, documents_per_day_of={A: 0})
    send(world, 1)
    (answer,) = world.inbox(A)
    receipt = read_receipt(answer)
    assert (receipt.event, receipt.reason) == (Event.REFUSED, Reason.QUOTA)
    end = next_day(world.clock.now())
    assert dict(receipt.attributes) == {"until": end.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    assert receipt.text is not None
    assert receipt.text.startswith("QUOTA: 今日发文限额（0 件）已用完")
    assert (end + timedelta(hours=8)).strftime("北京时间 %Y-%m-%d 00:00 起") in receipt.text
    assert f"until {end:%Y-%m-%d}T16:00Z; then send it anew" in receipt.text


def test_the_next_day_begins_anew_but_what_was_refused_stays_refused(world: World) -> None:
    allow(world, 1)
    documents = send(world, 1, 2)
    world.empty(A)
    tomorrow(world)
    world.put(documents[1])
    world.hub.route()
    assert world.events(A) == ["REFUSED"]
    send(world, 3)
    assert world.events(A) == ["REFUSED", "ACCEPTED"]


def test_the_last_moment_of_the_day_is_of_that_day(world: World) -> None:
    allow(world, 1)
    world.pass_time(next_day(world.clock.now()) - world.clock.now() - timedelta(milliseconds=1))
    send(world, 1)
    world.pass_time(timedelta(milliseconds=1))
    send(world, 2)
    assert world.events(A) == ["ACCEPTED", "ACCEPTED"]


def test_what_comes_before_eight_is_of_the_countys_day_and_no_longer_of_the_day_before(world: World) -> None:
    allow(world)
    tomorrow(world)
    world.pass_time(timedelta(hours=7))
    send(world, 1)
    now = world.clock.now()
    today = now.astimezone(COUNTY_TIME).date()
    midnight, day = start_of(today), timedelta(days=1)
    with world.hub.store.begin() as session:
        assert session.figures(midnight, midnight + day, now)[A].bytes > 0
        assert A not in session.figures(midnight - day, midnight, now)


def test_what_was_accepted_before_is_neither_counted_nor_refused(world: World) -> None:
    allow(world, 2)
    (first,) = send(world, 1)
    for _ in range(5):
        world.put(first)
        world.hub.route()
    world.put(first)
    send(world, 2)
    world.put(first)
    world.hub.route()
    assert "REFUSED" not in world.events(A)
    assert world.hub.counts()["documents"] == 2


def test_what_is_refused_for_another_reason_is_not_counted(world: World) -> None:
    allow(world, 1)
    send(world, 1, metadata=replace(NOTICE, title="机密★关于某事的通知"))
    send(world, 2)
    assert world.events(A) == ["REFUSED", "ACCEPTED"]


def test_each_unit_has_a_quota_of_its_own_and_some_have_another(world: World) -> None:
    allow(world, 1, documents_per_day_of={D: 3})
    send(world, 1, 2, sender=D)
    send(world, 1, 2)
    send(world, 3, 4, sender=D)
    assert world.events(A) == ["ACCEPTED", "REFUSED"]
    assert world.events(D) == ["ACCEPTED", "ACCEPTED", "ACCEPTED", "REFUSED"]


def test_bytes_are_those_of_the_envelope_and_of_its_files(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 " + bytes(5000))
    document = signed(an_envelope(files=(entry,)))
    allow(world, bytes_per_day=len(document) + 5008)
    send(world, 1, files=(entry,))
    assert world.events(A) == ["REFUSED"]
    (text,) = (read_receipt(answer).text for answer in world.inbox(A))
    assert text is not None
    assert f"{len(document) + 5008} 字节" in text
    allow(world, bytes_per_day=len(document) + 5009)
    world.upload(b"%PDF-1.7 " + bytes(5000))
    send(world, 2, files=(entry,))
    assert world.events(A) == ["REFUSED", "ACCEPTED"]
    send(world, 3)
    assert world.events(A) == ["REFUSED", "ACCEPTED", "REFUSED"]


def test_urgent_documents_may_use_as_much_again_and_no_more(world: World) -> None:
    allow(world, 2)
    send(world, 1, 2, 3)
    send(world, 4, 5, 6, metadata=URGENT)
    assert world.events(A) == [*["ACCEPTED"] * 2, "REFUSED", *["ACCEPTED"] * 2, "REFUSED"]


def test_nothing_of_it_stays_but_the_receipt(world: World) -> None:
    allow(world, 1)
    send(world, 1)
    entry = world.upload(b"%PDF-1.7 over")
    (document,) = send(world, 2, files=(entry,))
    world.hub.discarder.discard()
    assert not world.hub.files.has(entry.sha256)
    assert world.hub.quarantine() == []
    with world.hub.store.begin() as session:
        assert session.claimed(A, [entry.sha256]) == set()
    # It was uploaded and sent again, because the refusal was lost.
    world.upload(b"%PDF-1.7 over")
    world.put(document)
    world.hub.route()
    world.hub.discarder.discard()
    assert not world.hub.files.has(entry.sha256)


def test_a_file_that_an_accepted_document_names_stays(world: World) -> None:
    allow(world, 1)
    entry = world.upload(b"%PDF-1.7 form")
    send(world, 1, 2, files=(entry,))
    assert world.events(A) == ["ACCEPTED", "REFUSED"]
    assert world.hub.files.has(entry.sha256)
    with world.hub.store.begin() as session:
        assert session.claimed(A, [entry.sha256]) == {entry.sha256}


class Meanwhile:
    """A text source in whose time another router gives a file of A's up."""

    def __init__(self, world: World, digest: str) -> None:
        self._world, self._digest = world, digest

    def lines(self, name: str, media_type: str, open_file: Callable[[], BinaryIO]) -> FileText:
        with self._world.hub.store.begin() as session:
            session.drop_claims([(A, self._digest)])
        return NOT_LOOKED_AT


def test_a_file_given_up_between_look_and_record_is_asked_for_again(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 form")
    documents = [signed(an_envelope(files=(entry,))), signed(an_envelope(number=2))]
    for document in documents:
        world.put(document)
    take(world.hub.envelopes, Router(world.hub.hub, Meanwhile(world, entry.sha256)).route, 100)
    assert world.events(A) == ["ACCEPTED"]
    assert world.inbox(B) == documents[1:]
    assert world.hub.log.events("warning") == ["envelope_not_ready"]
    world.upload(b"%PDF-1.7 form")
    world.put(documents[0])
    world.hub.route()
    assert world.inbox(B) == [*reversed(documents)]


def test_a_document_over_quota_ends_at_its_sender_with_the_reason_and_may_be_sent_anew(world: World) -> None:
    allow(world, 1)
    world.delivered(B)
    key = world.submit(B, files=[a_file()])
    world.settle()
    state = world.sending.delivery(A, key).state
    assert state.failed is not None
    assert state.failed.reason == "QUOTA"
    assert world.sending.open_outbox(A) == []
    tomorrow(world)
    world.pass_time(HOURS)
    again = world.delivered(B, files=[a_file()])
    assert again != key
    assert "DELIVERED" in world.hub.said(again)
