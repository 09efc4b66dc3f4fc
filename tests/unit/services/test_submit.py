"""Submitting: a promise that is kept in one transaction, or a refusal that leaves nothing behind."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.directory.update import change_unit
from exchange.errors import CertificateError, CorruptFileError, SignatureError, StorageError, YidiError
from exchange.model.document import DocumentType, EmergencyDegree
from exchange.model.envelope import RecipientRole
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.office import Address, Draft, DraftFile
from exchange.testing.keys import EXPIRES
from exchange.topology import Lane
from exchange.trust.digest import sha256_hex
from tests.unit.services.hub_and_node import HOURS, NOTICE, A, B, C, D, World, a_draft, a_file, an_entry

BIG = b"%PDF-1.7 " + b"0123456789" * 1000


@pytest.fixture
def world() -> World:
    return World()


def held(world: World) -> tuple[int, int, list[str]]:
    counts = world.sending.counts()
    return counts["sent"], counts["outbox_open"], list(world.sending.files.digests())


def test_an_accepted_draft_is_a_signed_envelope_with_its_deliveries_files_and_outbox_row(world: World) -> None:
    done = world.sending.submitter.submit(a_draft(B, C, files=[a_file(data=BIG)]))
    assert (done.recipients, done.again) == ((B, C), False)
    with world.sending.store.begin() as session:
        document = session.documents(Box.SENT, [(A, done.key)])[A, done.key]
        (row,) = session.due_outbox(world.clock.now(), 10)
    verified = world.sending.node.verifier().envelope(document.document, world.clock.now())
    assert verified.envelope.files == (an_entry(BIG),)
    assert (row.document, row.digest, row.lane) == (document.document, sha256_hex(document.document), Lane.NORMAL)
    assert set(world.sending.deliveries(A, done.key)) == {B, C}
    assert held(world)[2] == [an_entry(BIG).sha256]


def test_nothing_is_published_yet(world: World) -> None:
    world.submit(B)
    assert world.sending.steps.of("publish.before") == []


def test_everything_goes_into_one_transaction(world: World) -> None:
    world.sending.steps.seen.clear()
    world.submit(B, reference="r-1")
    watched = world.sending.steps.of(
        "add_documents", "add_deliveries_of_units", "add_outbox", "add_reference", "begin", "commit-after"
    )
    expected = ["begin", "add_documents", "add_deliveries_of_units", "add_outbox", "add_reference", "commit-after"]
    assert watched[-6:] == expected


def test_an_urgent_document_overtakes(world: World) -> None:
    world.submit(B)
    urgent = world.submit(B, metadata=replace(NOTICE, emergency_degree=EmergencyDegree.EXTRA_URGENT))
    with world.sending.store.begin() as session:
        rows = session.due_outbox(world.clock.now(), 10)
    assert (rows[0].id, rows[0].lane) == (urgent.id, Lane.URGENT)


def test_deadlines_count_from_now(world: World) -> None:
    key = world.submit(B, sign_within_hours=4, handle_within_hours=48)
    with world.sending.store.begin() as session:
        (row,) = session.due_outbox(world.clock.now(), 1)
    envelope = world.sending.node.verifier().envelope(row.document, world.clock.now()).envelope
    assert (envelope.sign_by, envelope.handle_by) == (world.clock.now() + 4 * HOURS, world.clock.now() + 48 * HOURS)
    assert world.sending.delivery(A, key).sign_by == envelope.sign_by


def test_the_same_reference_is_one_document_and_gets_the_same_answer(world: World) -> None:
    first = world.sending.submitter.submit(a_draft(B, C, reference="OA-2026-7"))
    again = world.sending.submitter.submit(a_draft(B, C, reference="OA-2026-7"))
    assert (again.key, again.recipients, again.again) == (first.key, first.recipients, True)
    assert held(world)[:2] == (1, 1)


def test_one_reference_of_two_units_names_two_documents(world: World) -> None:
    first = world.receiving.submitter.submit(a_draft(A, sender=B, reference="r"))
    second = world.receiving.submitter.submit(a_draft(A, sender=C, reference="r"))
    assert first.key != second.key


def test_a_preview_shows_whom_the_addresses_reach(world: World) -> None:
    expansion = world.sending.submitter.preview(a_draft("各单位"))
    assert [recipient.unit for recipient in expansion.recipients] == [u for u in world.generation if u != A]
    assert expansion.groups == ("all",)
    assert held(world) == (0, 0, [])


def _to_nobody(draft: Draft) -> Draft:
    return replace(draft, to=(Address(to="政府办"),))


def _to_itself(draft: Draft) -> Draft:
    return replace(draft, to=(Address(to=A),))


def _from_a_unit_of_another_node(draft: Draft) -> Draft:
    return replace(draft, sender=B)


def _with_a_mark_in_the_title(draft: Draft) -> Draft:
    return replace(draft, metadata=replace(NOTICE, title="秘密★关于检查的通知"))


def _with_a_mark_in_a_file(draft: Draft) -> Draft:
    return replace(draft, files=(a_file("附件.txt", "机密★1年\n".encode(), "text/plain"),))


def _with_a_copy_number(draft: Draft) -> Draft:
    return replace(draft, metadata=replace(NOTICE, serial_number_of_copies="000001"))


def _with_a_path_for_a_name(draft: Draft) -> Draft:
    return replace(draft, files=(a_file("../通知.pdf"),))


def _with_one_name_twice(draft: Draft) -> Draft:
    return replace(draft, files=(a_file("A.pdf"), a_file("a.pdf", b"other")))


def _with_a_deadline_in_the_past(draft: Draft) -> Draft:
    return replace(draft, sign_within_hours=0)


def _with_no_media_type(draft: Draft) -> Draft:
    return replace(draft, files=(a_file(media_type="pdf"),))


def _as_a_request_to_two(draft: Draft) -> Draft:
    metadata = replace(NOTICE, document_type=DocumentType.REQUEST, signers=("张三",))
    return replace(draft, metadata=metadata, to=(Address(to=B), Address(to=C)))


def _in_reply_to_no_id(draft: Draft) -> Draft:
    return replace(draft, in_reply_to="播府发〔2026〕1号")


REFUSED: list[tuple[Callable[[Draft], Draft], str]] = [
    (_to_nobody, "UNKNOWN_RECIPIENT"),
    (_to_itself, "UNKNOWN_RECIPIENT"),
    (_from_a_unit_of_another_node, "WRONG_UNIT"),
    (_with_a_mark_in_the_title, "SECRECY"),
    (_with_a_mark_in_a_file, "SECRECY"),
    (_with_a_copy_number, "SECRECY_HOLD"),
    (_with_a_path_for_a_name, "FILE_NAME"),
    (_with_one_name_twice, "VALUE"),
    (_with_a_deadline_in_the_past, "VALUE"),
    (_with_no_media_type, "VALUE"),
    (_as_a_request_to_two, "VALUE"),
    (_in_reply_to_no_id, "ENVELOPE_ID"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED, ids=[change.__name__[1:] for change, _ in REFUSED])
def test_a_draft_is_refused_with_its_code_and_nothing_stays(
    world: World, change: Callable[[Draft], Draft], code: str
) -> None:
    draft = change(a_draft(files=[a_file()], reference="r-1"))
    with pytest.raises(YidiError) as refusal:
        world.sending.submitter.submit(draft)
    assert refusal.value.code == code
    assert held(world) == (0, 0, [])
    assert not world.sending.submitter.submit(a_draft(reference="r-1")).again  # the reference is still free


def test_a_held_draft_passes_with_the_name_of_who_looked(world: World) -> None:
    world.submit(B, metadata=replace(NOTICE, serial_number_of_copies="000001"), reviewed_by="王五")
    assert held(world)[0] == 1


def test_a_request_with_copies_has_one_main_receiver(world: World) -> None:
    metadata = replace(NOTICE, document_type=DocumentType.REQUEST, signers=("张三",))
    to = (Address(to=B), Address(to=C, role=RecipientRole.COPY))
    world.sending.submitter.submit(replace(a_draft(metadata=metadata), to=to))
    assert held(world)[0] == 1


def test_an_expired_directory_sends_nothing(world: World) -> None:
    world.clock.jump(EXPIRES - world.clock.now())
    with pytest.raises(YidiError, match="DIRECTORY_EXPIRED"):
        world.submit(B)


def test_a_unit_that_is_gone_sends_nothing(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, A, active=False))
    world.refresh()
    with pytest.raises(YidiError, match="NOT_AUTHORISED"):
        world.submit(B)


def test_what_we_would_refuse_from_others_we_do_not_send(world: World) -> None:
    """A key that the directory does not give us (yet): the hub would refuse it."""
    world.generation[A] = 2
    with pytest.raises(SignatureError, match="SIG_KEY_UNKNOWN"):
        world.submit(B, files=[a_file()])
    assert held(world) == (0, 0, [])


def test_nor_with_a_key_that_has_ended(world: World) -> None:
    world.clock.jump(timedelta(days=-90))
    with pytest.raises(CertificateError, match="CERT_NOT_YET"):
        world.submit(B)


@pytest.mark.parametrize(
    "step", ["add_documents", "add_deliveries_of_units", "add_outbox", "add_reference", "commit-before"]
)
def test_a_full_disk_promises_nothing(world: World, step: str) -> None:
    world.sending.steps.faults = {step: StorageError("the disk is full")}
    with pytest.raises(StorageError):
        world.submit(B, reference="r-1")
    world.sending.steps.faults = {}
    assert held(world)[:2] == (0, 0)


def test_a_full_disk_under_the_files_promises_nothing(world: World) -> None:
    world.sending.files.capacity = 5000
    with pytest.raises(StorageError):
        world.submit(B, files=[a_file(data=BIG)])
    assert held(world)[:2] == (0, 0)
    world.sending.files.capacity = None
    world.submit(B, files=[a_file(data=BIG)])  # goes on where it stopped
    assert held(world)[2] == [an_entry(BIG).sha256]


def test_a_file_that_changes_while_it_is_read_is_not_sent(world: World) -> None:
    contents = iter([b"%PDF-1.7 as measured"])

    def changing() -> io.BytesIO:
        return io.BytesIO(next(contents, b"%PDF-1.7 as copied"))

    with pytest.raises(CorruptFileError):
        world.sending.submitter.submit(a_draft(files=[replace(a_file(), open=changing)]))
    assert held(world) == (0, 0, [])


def test_one_file_in_two_documents_is_kept_once(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.submit(C, files=[a_file("另一个名.pdf", BIG)])
    assert held(world)[2] == [an_entry(BIG).sha256]


def test_a_stored_file_that_went_bad_is_found_before_anything_is_promised(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.sending.files.flip(an_entry(BIG).sha256)
    with pytest.raises(CorruptFileError):
        world.submit(C, files=[a_file(data=BIG)])
    assert held(world)[0] == 1
    world.submit(C, files=[a_file(data=BIG)])  # it was set aside, so this one is whole again
    assert held(world)[0] == 2


def test_an_unreadable_text_is_held_and_not_guessed(world: World) -> None:
    file = DraftFile(
        role=a_file().role, name="扫描.txt", media_type="text/plain", open=lambda: io.BytesIO(b"\x00\xff\x00")
    )
    with pytest.raises(YidiError, match="SECRECY_HOLD"):
        world.sending.submitter.submit(a_draft(files=[file]))


def test_a_recipient_is_named_by_code_name_or_group(world: World) -> None:
    name = world.sending.node.verifier().directory.by_code[D].unit.name
    done = world.sending.submitter.submit(a_draft(B, UnitCode(name), UnitCode("all")))
    assert set(done.recipients) == set(world.generation) - {A}
