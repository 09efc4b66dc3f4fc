"""The mail adapter over real servers: the whole story, a mailbox that is refused, and what must not be believed."""

from collections.abc import Iterator

import pytest

from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.mail.letters import read_letter
from exchange.adapters.mail.post import BOUNCED, DONE, IGNORED, MailPost
from exchange.errors import AdapterError
from tests.contract.crash_matrix import FILES, TITLE
from tests.contract.mail_office import A_BOX, B_BOX, NODE, SECRET, WORDS, a_letter, settings_of
from tests.integration.mail_servers import PASSWORD, MailHost, mail_host
from tests.unit.services.hub_and_node import A, B


@pytest.fixture(scope="module")
def host() -> Iterator[MailHost]:
    with mail_host("node", "a", "b") as running:
        yield running


@pytest.fixture
def post(host: MailHost) -> Iterator[MailPost]:
    settings = settings_of(host.smtp_port, host.imap_port)
    one = MailPost(NODE, (settings.smtp, settings.imap), (None, None), ("", PASSWORD))
    yield one
    one.close()


def test_what_is_delivered_leaves_a_copy_that_is_found_again_and_put_away(host: MailHost, post: MailPost) -> None:
    post.check()
    mail = a_letter(NODE, "副本", "正文", number=77)
    assert not post.has("<77@unit.test>")
    post.deliver(mail, B_BOX)
    assert post.has("<77@unit.test>")
    assert [read_letter(one).subject for one in host.mails(B_BOX)] == ["副本"]
    (copy,) = [one for one in post.waiting(50) if b"<77@unit.test>" in one.header]
    assert read_letter(post.fetch(copy.uid)).text.strip() == "正文"
    assert copy.size >= len(mail)
    assert copy.age < 600
    before = post.count(DONE)
    post.move(copy.uid, DONE)
    assert post.count(DONE) == before + 1


def test_a_mailbox_that_is_refused_gets_nothing_and_neither_do_we(host: MailHost, post: MailPost) -> None:
    host.refuse = {B_BOX}
    try:
        with pytest.raises(AdapterError):
            post.deliver(a_letter(NODE, "退", "正文", number=78), B_BOX)
    finally:
        host.refuse = set()
    assert not post.has("<78@unit.test>")


def test_only_an_answer_with_the_code_sends_a_document_and_what_nobody_wrote_is_put_aside(
    host: MailHost, post: MailPost
) -> None:
    office = MailAdapter(settings_of(host.smtp_port, host.imap_port), post, SECRET)
    host.put(NODE, a_letter(A_BOX, TITLE, WORDS, FILES, number=80))
    host.put(NODE, b"Auto-Submitted: auto-replied\r\n" + a_letter(A_BOX, "休假", "我在休假", number=81))
    host.put(NODE, b"Return-Path: <>\r\n" + a_letter(A_BOX, "退信", "无此人", number=82))
    host.put(NODE, a_letter("stranger@elsewhere.test", TITLE, WORDS, number=83))
    assert list(office.collect(A)) == []
    assert post.count(IGNORED) == 2
    assert post.count(BOUNCED) == 1
    assert [one.where for one in office.check([A, B])] == ["mailboxes"]
    (question,) = [one for one in map(read_letter, host.mails(A_BOX)) if "[YS-" in one.subject]
    forged = question.subject.replace("[YS-", "[YS-A")[:-2] + "]"
    host.put(NODE, a_letter(A_BOX, f"Re: {forged}", "确认", number=84))
    assert list(office.collect(A)) == []
    host.put(NODE, a_letter("stranger@elsewhere.test", f"Re: {question.subject}", "确认", number=85))
    assert list(office.collect(A)) == []
    host.put(NODE, a_letter(A_BOX, f"Re: {question.subject}", "确认", number=86))
    (draft,) = office.collect(A)
    assert draft.metadata.title == TITLE
    assert {file.name: file.open().read() for file in draft.files} == FILES
    assert len([one for one in host.mails(A_BOX) if b"YS-" in one]) == 1  # asked once, however often it was looked
