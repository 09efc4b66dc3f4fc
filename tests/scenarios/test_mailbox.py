"""A unit that lives in a mailbox, on real mail servers over TLS: it receives, signs, returns, rejects and sends by mail
alone."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count

import pytest

from exchange.adapters.mail.letters import Letter, read_letter
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState
from exchange.model.unit import Unit
from exchange.ports.office import Address
from tests.integration.mail_servers import PASSWORD, MailHost, tls_mail_host
from tests.scenarios.documents import notice, text_file
from tests.scenarios.stage import OFFICE_SECRET, Stage, wait

NODE, TOWN = "node@county.test", "town@county.test"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def town(townships: list[Unit]) -> Unit:
    return townships[3]


@pytest.fixture
def host(stage: Stage, town: Unit) -> Iterator[MailHost]:
    with tls_mail_host() as running:
        smtp = {"port": running.smtp_port, "security": "starttls"}
        imap = {"port": running.imap_tls_port, "security": "tls"}
        rest = {"host": "127.0.0.1", "user": "node", "password_file": OFFICE_SECRET, "ca_file": running.ca_file}
        table = {"adapter": "mail", "address": NODE, "mailboxes": {town.code: TOWN}, "poll_seconds": 0}
        stage.connect({town.code: {**table, "smtp": smtp | rest, "imap": imap | rest}}, PASSWORD)
        yield running
        stage.close()  # nobody asks it any more


_NUMBERS = count(1)


def write(host: MailHost, subject: str, text: str, files: dict[str, bytes] | None = None) -> None:
    """The unit's people write to the node."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = TOWN, NODE, subject
    mail["Message-ID"] = f"<{next(_NUMBERS)}@county.test>"
    mail.set_content(text)
    for name, data in (files or {}).items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    host.put(NODE, mail.as_bytes())


def came(host: MailHost, word: str) -> Letter:
    """The one mail in the unit's box with this word in its subject."""
    found: list[Letter] = []

    def look() -> bool:
        found[:] = [one for one in map(read_letter, host.mails(TOWN)) if word in one.subject]
        return bool(found)

    wait(f"a mail about {word}", look)
    (letter,) = found
    return letter


def business(stage: Stage, key: EnvelopeKey, unit: Unit) -> BusinessState:
    return stage.view(key)[unit.code].business


def test_a_document_is_signed_for_and_given_back_by_answers_and_another_is_rejected(
    stage: Stage, host: MailHost, office: Unit, town: Unit
) -> None:
    files = (text_file("安排.txt", "三日内完成。"),)
    first = stage.submit(notice(office, [Address(to=town.code)], "关于更换门牌的通知", files=files))
    letter = came(host, "更换门牌")
    assert letter.files == {"安排.txt": "三日内完成。".encode()}
    assert business(stage, first, town) is BusinessState.UNSIGNED  # nobody signs but a person

    write(host, f"回复：{letter.subject}", "签收 李四\n\n> 请照此办理。")
    wait("the sender sees who signed", lambda: business(stage, first, town) is BusinessState.SIGNED)
    signed = stage.view(first)[town.code].signed
    assert signed is not None
    assert signed.person == "李四"
    write(host, f"回复：{letter.subject}", "退文 李四 非本单位业务")
    wait("the sender sees why", lambda: business(stage, first, town) is BusinessState.RETURNED)
    closed = stage.view(first)[town.code].closed
    assert closed is not None
    assert (closed.person, closed.text) == ("李四", "非本单位业务")

    second = stage.submit(notice(office, [Address(to=town.code)], "关于借用会场的通知"))
    write(host, f"Re: {came(host, '借用会场').subject}", "拒收 李四 缺附件")
    wait("rejected", lambda: business(stage, second, town) is BusinessState.REJECTED)
    assert host.over_tls
    assert all(host.over_tls)
    assert stage.broken_promises() == []


@pytest.mark.long_on_servers
def test_a_document_written_as_a_mail_goes_out_once_its_mailbox_has_confirmed_it(
    stage: Stage, host: MailHost, office: Unit, town: Unit
) -> None:
    words = (
        f"主送：{office.name}\n文种：函\n发文机关标志：{town.name}\n发文机关署名：{town.name}\n"
        "成文日期：2026-11-23\n经办人：李四\n不涉密声明人：李四\n"
    )
    write(host, "关于报送联系人的函", words, {"联系人.txt": b"list"})
    question = came(host, "请确认发送")
    assert stage.inbox(office.code) == {}
    write(host, f"回复：{question.subject}", "确认")

    wait("it is in the office", lambda: len(stage.inbox(office.code)) == 1)
    (key,) = stage.inbox(office.code)
    assert key.sender == town.code
    stage.sign(office.code, key, "罗文")
    assert "罗文" in came(host, "已签收").text
    assert stage.broken_promises() == []
