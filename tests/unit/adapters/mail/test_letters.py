"""Mails as old programs write them."""

import base64
from pathlib import Path

import pytest

from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.mail.letters import is_automatic, open_mail, read_letter
from exchange.adapters.mail.post import FAULTY, context_of
from exchange.adapters.mail.settings import MailServer
from exchange.adapters.mail.words import said_in
from exchange.errors import InputError
from exchange.model.events import Event
from tests.contract.mail_office import A_BOX, SECRET, MemoryPost, a_letter, settings_of
from tests.unit.services.hub_and_node import A, B


def test_header_and_name_and_text_in_gbk_without_saying_so() -> None:
    raw = (
        "From: 张三 <A@Unit.Test>\nSubject: 关于防汛的通知\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        'Content-Type: text/plain\n\n签收 李四\n--b\nContent-Type: application/pdf; name="通知.pdf"\n'
        'Content-Disposition: attachment; filename="通知.pdf"\n\n%PDF\n--b--\n'
    ).encode("gb18030")
    letter = read_letter(raw)
    assert (letter.sender, letter.subject, letter.text.strip()) == ("a@unit.test", "关于防汛的通知", "签收 李四")
    assert (list(letter.files), letter.fault) == (["通知.pdf"], "")


def test_encoded_words_that_say_gb2312_and_mean_gbk() -> None:
    word = base64.b64encode("镕".encode("gbk")).decode()
    assert read_letter(f"Subject: =?gb2312?B?{word}?=\n\n".encode()).subject == "镕"


def test_html_alone_is_read_without_tags_and_without_what_it_quotes() -> None:
    page = "<style>x</style><div>签收&nbsp;李四</div><blockquote>反馈 王五</blockquote>"
    letter = read_letter(f"Content-Type: text/html; charset=utf-8\n\n{page}".encode())
    assert letter.text.split() == ["签收", "李四"]


def test_half_a_mail_and_a_package_that_nobody_opens_are_named() -> None:
    whole = a_letter(A_BOX, "x", "y", {"a.pdf": b"%PDF" * 99})
    assert read_letter(whole).fault == ""
    assert read_letter(whole[:-60]).fault == "邮件不完整"
    assert "winmail" in read_letter(a_letter(A_BOX, "x", "y", {"winmail.dat": b"x"})).fault


def test_a_mail_that_comes_twice_is_the_same_whatever_way_it_took() -> None:
    raw = a_letter(A_BOX, "x", "y", {"a.pdf": b"%PDF"})
    assert read_letter(raw).ident == read_letter(b"Received: by another way\r\n" + raw).ident
    assert read_letter(raw).ident != read_letter(a_letter(A_BOX, "x", "y", {"a.pdf": b"%PDG"})).ident


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <x>", "Subject: 自动回复：Re"]
)
def test_what_no_person_wrote_is_known(header: str) -> None:
    assert is_automatic(open_mail(f"{header}\n\n".encode()))
    assert not is_automatic(open_mail(b"Auto-Submitted: no\nSubject: Re\n\n"))


def test_the_first_line_that_is_no_quotation_decides() -> None:
    said = said_in("\n> 签收 王五\n退文 李四 非本单位\n反馈 x y")
    assert (said.event, said.person, said.text) == (Event.RETURNED, "李四", "非本单位")
    for wrong in ("签收", "退文 李四", "同意 李四", ""):
        with pytest.raises(InputError):
            said_in(wrong)


def test_a_wrong_code_is_answered_and_decides_nothing_and_a_thank_you_starts_no_loop() -> None:
    post = MemoryPost()
    office = MailAdapter(settings_of(), post, SECRET)
    post.arrive(a_letter(A_BOX, f"Re: x [YD-{'A' * 20}]", "签收 李四"))
    assert list(office.decisions(A, lambda: ())) == []
    (answer,) = post.boxes[A_BOX]
    assert post.count(FAULTY) == 1
    told = read_letter(answer)
    assert "代码不对" in told.text
    thanks = a_letter(A_BOX, "Re: 未办理", "谢谢", number=5)
    post.arrive(f"In-Reply-To: {told.message_id}\r\n".encode() + thanks)
    assert list(office.collect(A)) == []
    assert len(post.boxes[A_BOX]) == 1


def test_a_mail_over_the_limit_is_answered_unread() -> None:
    post = MemoryPost()
    office = MailAdapter(settings_of(letter_bytes=65536), post, SECRET)
    post.arrive(a_letter(A_BOX, "大", "x" * 70_000))
    assert list(office.collect(A)) == []
    assert "邮件超过" in read_letter(post.boxes[A_BOX][0]).text


def test_only_this_machine_is_spoken_to_without_tls() -> None:
    server = MailServer(host="mail.example", port=25, security="none")
    with pytest.raises(InputError, match="security"):
        context_of(server, Path(), "offices.mail.smtp")
    assert context_of(server.model_copy(update={"security": "tls"}), Path(), "x") is not None


def test_a_copy_that_somebody_else_made_up_is_no_copy_of_ours() -> None:
    post = MemoryPost()
    office = MailAdapter(settings_of(), post, SECRET)
    post.arrive(a_letter(A_BOX, "x", "y").replace(b"<1@unit.test>", f"<{'a' * 32}.{'A' * 20}@yidi.test>".encode()))
    list(office.collect(B))
    assert post.count("yidi-copies") == 0
