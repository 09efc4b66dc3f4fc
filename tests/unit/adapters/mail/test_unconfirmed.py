"""Mails to send that wait to be confirmed: for how long, and whom they hold up meanwhile."""

import pytest

from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.mail.letters import Letter, read_letter
from exchange.adapters.mail.post import DONE, FAULTY, IGNORED
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from tests.contract.mail_office import A_BOX, SECRET, WORDS, MemoryPost, a_letter, settings_of
from tests.unit.services.hub_and_node import A

DAY = 86_400.0


@pytest.fixture
def post() -> MemoryPost:
    return MemoryPost()


@pytest.fixture
def office(post: MemoryPost) -> MailAdapter:
    return MailAdapter(settings_of(), post, SECRET)


def put_out(post: MemoryPost, title: str, number: int = 1) -> None:
    post.arrive(a_letter(A_BOX, title, WORDS, {"正文.pdf": b"%PDF"}, number))


def confirm(post: MemoryPost, title: str, number: int = 1000) -> None:
    (question,) = [one for one in told(post) if one.subject.partition("[")[0].strip() == f"请确认发送：{title}"]
    post.arrive(a_letter(A_BOX, f"Re: {question.subject}", "确认", number=number))


def told(post: MemoryPost) -> list[Letter]:
    return [read_letter(mail) for mail in post.boxes.get(A_BOX, [])]


def sent(office: MailAdapter) -> list[str]:
    drafts = list(office.collect(A))
    for draft in drafts:
        assert draft.reference
        office.sent(A, draft.reference, EnvelopeKey(sender=A, id=EnvelopeId("X")))
    return [draft.metadata.title for draft in drafts]


def test_the_three_days_begin_with_our_question_and_not_with_the_mail(post: MemoryPost, office: MailAdapter) -> None:
    """A node that was off for a week asks first."""
    post.copies_age = 9 * DAY  # of what there is none yet
    put_out(post, "通知")
    assert sent(office) == []
    assert [one.subject[:8] for one in told(post)] == ["请确认发送：通知"]
    assert post.count(IGNORED) == 0
    post.copies_age = 2 * DAY
    confirm(post, "通知")
    assert sent(office) == ["通知"]


def test_what_is_not_confirmed_for_three_days_is_put_away_and_a_late_answer_is_told_so(
    post: MemoryPost, office: MailAdapter
) -> None:
    put_out(post, "通知")
    assert sent(office) == []
    post.copies_age = 4 * DAY
    assert sent(MailAdapter(settings_of(), post, SECRET)) == []
    assert post.count(IGNORED) == 1
    confirm(post, "通知")
    assert sent(office) == []
    assert told(post)[-1].subject.startswith("没有待发公文")
    assert "另写一封新邮件" in told(post)[-1].text
    assert post.count(DONE) == 1


def test_what_confirmed_a_document_that_went_is_put_away_without_a_word(post: MemoryPost, office: MailAdapter) -> None:
    put_out(post, "通知")
    assert sent(office) == []
    confirm(post, "通知", 1000)
    confirm(post, "通知", 1001)  # the person pressed twice
    assert sent(office) == ["通知"]
    assert sent(office) == []
    assert [one.subject[:5] for one in told(post)] == ["请确认发送", "已发送，交"]
    assert post.count(DONE) == 3


def test_many_that_nobody_confirms_hold_up_neither_answers_nor_what_is_confirmed(
    post: MemoryPost, office: MailAdapter
) -> None:
    """Anybody can write mails that say they are from a unit."""
    for number in range(120):
        put_out(post, f"冒充{number}", number)
    put_out(post, "通知", 500)
    for _ in range(8):
        assert sent(office) == []
    assert len(told(post)) == 121
    read = post.fetched
    assert sent(office) == []
    assert post.fetched == read
    confirm(post, "通知")
    confirm(post, "冒充3", 1001)
    assert sorted(sent(office)) == ["冒充3", "通知"]
    assert sent(office) == []


def test_a_mail_that_is_passed_over_is_looked_at_again_after_an_hour(post: MemoryPost) -> None:
    now = 0.0
    office = MailAdapter(settings_of(), post, SECRET, monotonic=lambda: now)
    put_out(post, "通知")
    for _ in range(3):
        assert sent(office) == []
    post.copies_age = 4 * DAY
    assert sent(office) == []
    assert post.count(IGNORED) == 0
    now = 3_601.0
    assert sent(office) == []
    assert post.count(IGNORED) == 1


def test_a_mail_larger_than_all_that_is_held_at_once_is_answered_and_stops_nothing(
    post: MemoryPost, office: MailAdapter
) -> None:
    post.size = 1 << 30
    put_out(post, "通知")
    assert sent(office) == []
    assert "超过" in told(post)[0].text
    assert post.count(FAULTY) == 1
