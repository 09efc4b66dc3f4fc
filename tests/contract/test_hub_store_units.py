"""The contract of the hub's store: units, their files, their usage, and what went wrong.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

import threading
from dataclasses import replace

from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.ports.hub import (
    EnrolmentRecord,
    HubStore,
    Usage,
)
from exchange.ports.records import QuarantineCause
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    Open,
    delivery,
    digest,
    document,
    envelope,
    quarantined,
)


def test_an_enrolment_code_takes_the_place_of_the_former_one(store: HubStore) -> None:
    first = EnrolmentRecord(unit=A, code_sha256=digest(1), expires=NOW)
    with store.begin() as session:
        session.save_enrolment(first)
        assert session.enrolment(A) == first
        session.save_enrolment(replace(first, used=NOW + HOUR))
        assert session.enrolment(A) == replace(first, used=NOW + HOUR)
        assert session.enrolment(B) is None


def test_a_unit_may_have_the_files_it_uploaded_and_those_sent_to_it(store: HubStore) -> None:
    uploaded, sent, foreign = digest("uploaded"), digest("sent"), digest("foreign")
    with store.begin() as session:
        session.add_claims(B, [uploaded])
        session.add_claims(B, [uploaded])
        session.add_documents([document(envelope(1), files=(sent,)), document(envelope(2), files=(foreign,))])
        session.add_deliveries([delivery(envelope(1), B), delivery(envelope(2), C)])
        assert session.claimed(B, [uploaded, sent, foreign, digest("none")]) == {uploaded, sent}
        assert session.claimed(C, [uploaded, sent, foreign]) == {foreign}


def test_a_dropped_claim_frees_only_files_that_nobody_else_needs(store: HubStore) -> None:
    own, shared, sent = digest("own"), digest("shared"), digest("sent")
    with store.begin() as session:
        session.add_claims(A, [own, shared, sent])
        session.add_claims(B, [shared])
        session.add_documents([document(envelope(1, C), files=(sent,))])
        session.drop_claims([(A, own), (A, shared), (A, sent)])
        assert session.unneeded(10) == sorted([own, shared, sent])
        assert {sha256 for sha256 in session.unneeded(10) if session.take_unneeded(sha256)} == {own}
        assert session.unneeded(10) == []
        assert session.claimed(A, [own, shared, sent]) == set()
        assert session.claimed(B, [shared]) == {shared}


def test_what_a_units_own_document_names_stays_its_own(store: HubStore) -> None:
    with store.begin() as session:
        session.add_claims(A, [digest("sent")])
        session.add_documents([document(envelope(1, A), files=(digest("sent"),))])
        session.drop_claims([(A, digest("sent"))])
        assert not session.take_unneeded(digest("sent"))
        assert session.claimed(A, [digest("sent")]) == {digest("sent")}


def test_only_what_a_unit_uploaded_can_be_held(store: HubStore) -> None:
    with store.begin() as session:
        session.add_claims(A, [digest(1)])
        session.add_claims(B, [digest(2)])
        asked = [(A, digest(1)), (A, digest(2)), (B, digest(2))]
        assert session.hold_claims(asked) == {(A, digest(1)), (B, digest(2))}
        assert session.hold_claims([]) == set()


def test_a_file_that_is_held_stays_with_the_document_that_comes_to_name_it(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.add_claims(A, [digest(1)])

    def drop() -> None:
        with other.begin() as session:
            session.drop_claims([(A, digest(1))])

    thread = threading.Thread(target=drop)
    with one.begin() as session:
        assert session.hold_claims([(A, digest(1))])
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        session.add_documents([document(envelope(1, A), files=(digest(1),))])
    thread.join(timeout=50)
    assert not thread.is_alive()
    with one.begin() as session:
        assert session.claimed(A, [digest(1)]) == {digest(1)}


def test_a_file_that_was_given_up_meanwhile_cannot_be_held(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.add_claims(A, [digest(1)])
    held: list[set[tuple[UnitCode, str]]] = []

    def hold() -> None:
        with other.begin() as session:
            held.append(session.hold_claims([(A, digest(1))]))

    thread = threading.Thread(target=hold)
    with one.begin() as session:
        session.drop_claims([(A, digest(1))])
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
    thread.join(timeout=50)
    assert held == [set()]


def test_usage_adds_up_by_unit_and_day(store: HubStore) -> None:
    tomorrow = NOW + 24 * HOUR
    with store.begin() as session:
        session.add_usage(NOW, {B: Usage(documents=3, bytes=1 << 40), A: Usage(documents=1, bytes=10)})
        session.add_usage(tomorrow, {A: Usage(documents=100)})
        session.add_usage(NOW, {})
    with store.begin() as session:
        session.add_usage(NOW, {A: Usage(documents=2, bytes=5)})
        assert session.usage([A, B, C], NOW) == {
            A: Usage(documents=3, bytes=15),
            B: Usage(documents=3, bytes=1 << 40),
        }
        assert session.usage([A], tomorrow) == {A: Usage(documents=100)}
        assert session.usage([], NOW) == {}


def test_quarantine_keeps_the_same_bytes_once_newest_first(store: HubStore) -> None:
    with store.begin() as session:
        session.quarantine([quarantined(1)])
        session.quarantine([quarantined(2), quarantined(1)])
        assert session.quarantined(9) == [quarantined(2), quarantined(1)]
        assert session.quarantined(1) == [quarantined(2)]


def test_quarantine_is_told_by_cause_the_latest_first(store: HubStore) -> None:
    other = replace(quarantined(1), user=B, at=NOW + HOUR)
    with store.begin() as session:
        session.quarantine([quarantined(1), other, quarantined(2)])
        session.quarantine([replace(quarantined(3), code="SIG_VALUE", at=NOW + 2 * HOUR)])
        assert session.quarantine_causes() == [
            QuarantineCause(code="SIG_VALUE", messages=1, users=1, first=NOW + 2 * HOUR, last=NOW + 2 * HOUR),
            QuarantineCause(code="XML", messages=3, users=2, first=NOW, last=NOW + HOUR),
        ]


def test_quarantine_is_found_by_the_beginning_of_a_digest(store: HubStore) -> None:
    other = replace(quarantined(1), user=B)
    with store.begin() as session:
        session.quarantine([other, quarantined(1), quarantined(2)])
        assert session.quarantined_as(digest(1), 9) == [quarantined(1), other]
        assert session.quarantined_as(digest(1)[:12], 1) == [quarantined(1)]
        assert session.quarantined_as(digest(2)[:12], 9) == [quarantined(2)]
        assert session.quarantined_as("0" * 64, 9) == []


def test_quarantine_takes_whatever_a_detail_quotes(store: HubStore) -> None:
    with store.begin() as session:
        session.quarantine([quarantined(1, detail="bad \0 byte, lone \ud800 surrogate")])
        assert session.quarantined(1)[0].detail == "bad \N{REPLACEMENT CHARACTER} byte, lone ? surrogate"


def test_failures_are_counted_per_message(store: HubStore) -> None:
    with store.begin() as session:
        assert [session.count_failure(digest(1)) for _ in range(3)] == [1, 2, 3]
        assert session.count_failure(digest(2)) == 1


def test_what_is_settled_is_open_no_more_until_it_comes_again(store: HubStore) -> None:
    later = quarantined(3)
    with store.begin() as session:
        session.quarantine([quarantined(1), quarantined(2)])
        session.quarantine([later])
        assert session.settle_quarantine(quarantined(1), NOW + HOUR, "closed")
        assert not session.settle_quarantine(quarantined(1), NOW + 2 * HOUR, "taken")
        [(first, two), (second, three)] = session.open_quarantine("XML", 0, 9)
        assert (two, three, first < second) == (quarantined(2), later, True)
        assert session.open_quarantine(None, first, 9) == [(second, later)]
        assert session.open_quarantine("SIG_VALUE", 0, 9) == []
        assert session.open_quarantine(None, 0, 1) == [(first, two)]
        assert [cause.messages for cause in session.quarantine_causes()] == [2]
        assert session.counts()["quarantined"] == 2
        settled = replace(quarantined(1), settled=NOW + HOUR, settlement="closed")
        assert session.quarantined_as(digest(1), 9) == [settled]
        session.recount()
        assert session.counts()["quarantined"] == 2
    with store.begin() as session:
        session.quarantine([quarantined(1)])
        assert session.quarantined_as(digest(1), 9) == [quarantined(1)]
        assert session.counts()["quarantined"] == 3


def test_acts_come_the_latest_first_and_stay_as_they_are(store: HubStore) -> None:
    operator = Operator(account="root", name="王芳", reason="因 ’\N{GRINNING FACE}")
    acts = [operator.act(NOW + number * HOUR, "resend", f"{number}", "sent") for number in range(3)]
    with store.begin() as session:
        session.add_acts(acts[:2])
    with store.begin() as session:
        session.add_acts(acts[2:])
        found = session.acts(None, 9)
        assert [act for _, act in found] == acts[::-1]
        assert session.acts(found[0][0], 1) == [found[1]]
        assert session.acts(found[2][0], 9) == []
