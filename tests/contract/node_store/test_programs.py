"""What the interface for programs keeps: tokens, answers, pages, uploads, webhooks."""

from dataclasses import replace

from exchange.model.events import BusinessState
from exchange.model.fold import DeliveryState
from exchange.model.program import Scope, Token
from exchange.model.webhook import Webhook
from exchange.ports.node import (
    Box,
    HandoverRecord,
    NodeStore,
)
from exchange.ports.programs import Answer, Lock, Place, Wanted
from exchange.ports.records import DeliveryKey, DeliveryRecord
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    digest,
    document,
    envelope,
    receipt,
    receipt_id,
)


def test_tokens_are_kept_used_and_revoked_once(store: NodeStore) -> None:
    token = Token(id="0a", name="OA", digest=digest(1), scopes=frozenset(Scope), units=(A, B), created=NOW)
    with store.begin() as session:
        session.add_token(token)
        session.add_token(replace(token, id="0b", created=NOW - HOUR, expires=NOW, units=(), scopes=frozenset()))
    with store.begin() as session:
        session.use_token("0a", NOW + HOUR)
        session.revoke_token("0a", NOW + 2 * HOUR)
        session.revoke_token("0a", NOW + 3 * HOUR)
    with store.begin() as session:
        assert session.token("0a") == replace(token, used=NOW + HOUR, revoked=NOW + 2 * HOUR)
        assert session.token("0c") is None
        assert [(one.id, one.expires, one.units) for one in session.tokens()] == [("0b", NOW, ()), ("0a", None, (A, B))]


def test_an_answer_is_begun_once_and_forgotten_in_time(store: NodeStore) -> None:
    answer = Answer(token="0a", key="k", digest=digest(1), at=NOW)
    with store.begin() as session:
        assert session.begin_answer(answer) is None
        assert session.begin_answer(replace(answer, token="0b")) is None
        assert session.begin_answer(replace(answer, digest=digest(2))) == answer
        session.finish_answer("0a", "k", 201, b"{}")
        assert session.begin_answer(answer) == replace(answer, status=201, body=b"{}")
        session.drop_answer("0b", "k")
        assert session.begin_answer(replace(answer, token="0b", at=NOW + HOUR)) is None
        session.drop_answers(NOW + HOUR)
        assert session.begin_answer(replace(answer, at=NOW + HOUR)) is None
        assert session.begin_answer(replace(answer, token="0b", at=NOW + 2 * HOUR)) is not None


def test_pages_go_from_the_newest_to_the_oldest_and_show_what_is_wanted(store: NodeStore) -> None:
    keys = [envelope(number, B) for number in range(5)]
    with store.begin() as session:
        for number, key in enumerate(keys):
            session.add_documents(Box.INBOX, [(A, document(key, received=NOW + (number // 2) * HOUR))])
            state = DeliveryState(business=BusinessState.SIGNED if number == 1 else BusinessState.UNSIGNED)
            session.add_deliveries(A, [DeliveryRecord(key=DeliveryKey(key, A), state=state)])
            taken = {0: "SW-1", 2: ""}.get(number)
            session.add_handovers([HandoverRecord(unit=A, envelope=key, due=None, external_id=taken)])
        session.add_documents(Box.INBOX, [(C, document(envelope(9, B)))])
    with store.begin() as session:

        def listed(wanted: Wanted, after: Place | None = None, limit: int = 9) -> list[int]:
            found = session.page(A, Box.INBOX, wanted, after, limit)
            assert all([one.key.recipient for one in deliveries] == [A] for _, deliveries in found)
            return [keys.index(record.key) for record, _ in found]

        assert listed(Wanted.ALL) == [4, 3, 2, 1, 0]
        assert listed(Wanted.ALL, limit=2) == [4, 3]
        assert listed(Wanted.ALL, Place(NOW + HOUR, keys[3])) == [2, 1, 0]
        assert listed(Wanted.UNSIGNED) == [4, 3, 2, 0]
        assert listed(Wanted.NEW) == [4, 3, 2, 1]


def test_a_lock_takes_the_place_of_the_one_before(store: NodeStore) -> None:
    lock = Lock(unit=A, envelope=envelope(1, B), token="0a", until=NOW)
    with store.begin() as session:
        session.put_lock(lock)
        session.put_lock(replace(lock, unit=C))
        session.put_lock(replace(lock, token="0b"))
        assert session.locks(A, [envelope(1, B), envelope(2, B)]) == {envelope(1, B): replace(lock, token="0b")}
        session.drop_lock(A, envelope(1, B))
        assert (session.locks(A, [envelope(1, B)]), len(session.locks(C, [envelope(1, B)]))) == ({}, 1)


def test_an_upload_is_one_units(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_upload(A, digest(1), 5, NOW)
        session.add_upload(A, digest(1), 5, NOW + HOUR)
        assert (session.uploaded(A, digest(1)), session.uploaded(B, digest(1))) == (NOW + HOUR, None)
        session.renew_upload(A, digest(1), NOW + 2 * HOUR)
        session.renew_upload(B, digest(1), NOW)
        assert (session.uploaded(A, digest(1)), session.uploaded(B, digest(1))) == (NOW + 2 * HOUR, None)


def test_a_file_is_unneeded_when_no_document_names_it_and_nobody_asked_for_it_lately(store: NodeStore) -> None:
    files = [digest(number) for number in range(4)]
    with store.begin() as session:
        session.add_documents(Box.INBOX, [(B, replace(document(envelope(1)), files=(files[0],)))])
        for unit, sha256, at in ((A, files[0], NOW), (A, files[1], NOW), (B, files[1], NOW + HOUR), (A, files[2], NOW)):
            session.add_upload(unit, sha256, 5, at)
        assert session.unneeded_files(files, NOW) == {files[3]}
        assert session.unneeded_files(files, NOW + HOUR) == {files[2], files[3]}
        assert session.unneeded_files(files[:3], NOW + 2 * HOUR) == {files[1], files[2]}
        session.forget_uploads(files[1])
        assert [session.uploaded(unit, files[1]) for unit in (A, B)] == [None, None]
        assert session.uploaded(A, files[2]) is not None


def test_bytes_of_programs_add_up_by_unit_and_day(store: NodeStore) -> None:
    for more in (7, 5, -2):
        with store.begin() as session:
            session.add_bytes(A, NOW, more)
    with store.begin() as session:
        session.add_bytes(A, NOW + 24 * HOUR, 3)
    with store.look() as session:
        found = [session.bytes_of_day(*one) for one in ((A, NOW), (A, NOW + 24 * HOUR), (B, NOW))]
    assert found == [10, 3, 0]


def test_receipts_are_numbered_as_they_are_committed(store: NodeStore) -> None:
    with store.begin() as session:
        assert session.last_occurrence() == 0
        session.add_receipts(A, [receipt(3, envelope(1)), receipt(1, envelope(1))])
    with store.begin() as session:
        session.add_receipts(B, [receipt(2, envelope(1), recorded=NOW - HOUR)])
    with store.begin() as session:
        found = session.occurrences(0, [A, B], 9)
        assert [(one.unit, one.receipt.id) for one in found] == [
            (A, receipt_id(3)),
            (A, receipt_id(1)),
            (B, receipt_id(2)),
        ]
        assert [one.number for one in session.occurrences(found[0].number, [A, B], 1)] == [found[1].number]
        assert [one.unit for one in session.occurrences(0, [B], 9)] == [B]
        assert session.last_occurrence() == found[-1].number


def test_webhooks_are_kept_changed_and_removed(store: NodeStore) -> None:
    webhook = Webhook(
        id="0a", token="t", url="http://h/", secrets=("s", "r"), units=(A, B), created=NOW, cursor=7, due=NOW
    )
    with store.begin() as session:
        session.add_webhook(webhook)
        session.add_webhook(replace(webhook, id="0b", types=("cn.",), created=NOW - HOUR))
        changed = replace(webhook, cursor=9, due=NOW + HOUR, attempts=2, failing=NOW, ended="why not", secrets=("q",))
        session.save_webhook(changed)
    with store.begin() as session:
        assert [one.id for one in session.webhooks()] == ["0b", "0a"]
        assert session.webhooks()[1] == changed
        session.drop_webhook("0b")
        assert session.webhooks() == [changed]
