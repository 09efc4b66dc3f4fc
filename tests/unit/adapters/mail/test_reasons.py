"""Why a document did not go, was refused or came back: what its sender's mailbox is told, in Chinese, for people."""

import pytest

from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.mail.letters import Letter, open_mail, read_letter
from exchange.adapters.mail.post import FAULTY
from exchange.model.notice import NoticeKind
from exchange.model.receipt import Reason
from exchange.ports.acts import Operator
from exchange.ports.node import Box
from exchange.services.hub.announce import announce
from exchange.settings import Quota
from tests.contract.mail_office import A_BOX, B_BOX, SECRET, WORDS, MemoryPost, a_letter, settings_of
from tests.unit.services.hub_and_node import HOURS, A, B, World

TITLE = "关于更换门牌的通知"
NAMES = {A: "甲局", B: "乙镇"}


class Mailboxes:
    """A sends, B receives, both by mail alone."""

    def __init__(self) -> None:
        self.world, self.post, self._number = World(), MemoryPost(), 0
        self.adapter = MailAdapter(settings_of(), self.post, SECRET, NAMES.__getitem__)
        self.world.sending.offices[A] = self.world.receiving.offices[B] = self.adapter

    def write(self, box: str, subject: str, text: str, files: dict[str, bytes] | None = None) -> None:
        self._number += 1
        self.post.arrive(a_letter(box, subject, text, files, number=self._number))

    def mails(self, box: str) -> list[Letter]:
        return [read_letter(mail) for mail in self.post.boxes.get(box, [])]

    def last(self, box: str) -> Letter:
        return self.mails(box)[-1]

    def belongs_to(self, letter: Letter) -> Letter:
        """The mail that this one answers."""
        raw = {read_letter(one).message_id: open_mail(one) for one in self.post.boxes[A_BOX]}
        (found,) = [one for one in self.mails(A_BOX) if one.message_id == str(raw[letter.message_id]["In-Reply-To"])]
        return found

    def go_on(self) -> None:
        """Everything that can happen without time passing."""
        for _ in range(3):
            for side in self.world.nodes:
                side.officer.collect()
                side.office_decider.take()
                side.officer.tell()
            self.world.settle()
            self.world.receiving.officer.hand_over()

    def send(self, words: str = WORDS, title: str = TITLE) -> Letter:
        """Written and confirmed; returns what came back last."""
        self.write(A_BOX, title, words, {"通知.pdf": b"%PDF"})
        self.go_on()
        if "[YS-" in self.last(A_BOX).subject:
            self.write(A_BOX, f"Re: {self.last(A_BOX).subject}", "确认")
            self.go_on()
        return self.last(A_BOX)


@pytest.fixture
def boxes() -> Mailboxes:
    return Mailboxes()


@pytest.mark.parametrize(
    ("line", "instead", "code", "words"),
    [
        (f"主送：{B}", "主送：没有的局", "UNKNOWN_RECIPIENT", "原因：没有这个收文单位或分组：'没有的局'"),
        ("文种：通知\n", "", "FORMAT", "文种 DocumentType: 必须填写"),
        ("不涉密声明人：王芳\n", "", "FORMAT", "不涉密声明人 declared_by: 必须填写"),
        ("成文日期：2026-03-01", "成文日期：昨天", "FORMAT", "成文日期 IssuedDate: 应为日期"),
    ],
)
def test_a_document_that_cannot_be_sent_comes_back_with_its_reason_and_what_to_do(
    boxes: Mailboxes, line: str, instead: str, code: str, words: str
) -> None:
    answer = boxes.send(WORDS.replace(line, instead))
    assert answer.subject == f"未发送：{TITLE}"
    assert words in answer.text
    assert f"代码：{code}\n" in answer.text.replace("\r", "")
    assert "办法：改正后另写一封新邮件发来" in answer.text
    assert (boxes.post.count(FAULTY), boxes.world.sending.counts()["sent"]) == (1, 0)
    mails = len(boxes.mails(A_BOX))
    boxes.go_on()
    assert len(boxes.mails(A_BOX)) == mails  # told once


def test_the_subject_of_what_may_be_classified_is_not_repeated(boxes: Mailboxes) -> None:
    answer = boxes.send(title=f"机密★一年 {TITLE}")
    assert answer.subject == "未发送"
    assert "门牌" not in answer.text
    assert "有密级标志" in answer.text
    assert "请走机要渠道" in answer.text


def test_what_the_hub_refuses_is_told_in_the_thread_of_what_was_sent(boxes: Mailboxes) -> None:
    boxes.world.hub.hub.quota = Quota(documents_per_day=1)
    boxes.send()
    answer = boxes.send(title="第二件")
    assert answer.subject.startswith("不予受理 ")
    assert "原因：超出限额" in answer.text
    assert "今日发文限额（1 件）已用完" in answer.text
    assert "00:00 起方可再发" in answer.text
    assert boxes.belongs_to(answer).subject.startswith("已发送")
    assert boxes.post.count(FAULTY) == 0  # it was sent: nothing is wrong with the mail


@pytest.mark.parametrize(
    ("words", "event", "why"),
    [
        (["拒收 李四 缺附件"], "拒收", "缺附件"),
        (["签收 李四", "退文 李四 非本单位业务"], "退文", "非本单位业务"),
    ],
)
def test_who_sent_a_document_back_and_why_is_told(boxes: Mailboxes, words: list[str], event: str, why: str) -> None:
    boxes.send()
    document = boxes.last(B_BOX)
    for line in words:
        boxes.write(B_BOX, f"Re: {document.subject}", line)
        boxes.go_on()
    (answer,) = [one for one in boxes.mails(A_BOX) if one.subject.startswith(f"{event} ")]
    lines = answer.text.splitlines()
    assert lines[:1] == [event]
    assert {f"单位：乙镇 {B}", "人员：李四", f"说明：{why}"} <= set(lines)
    assert "经办人决定" not in answer.text  # it gave words of its own
    assert boxes.belongs_to(answer).subject.startswith("已发送")


def test_a_reason_that_an_office_gave_by_its_code_is_told_in_chinese(boxes: Mailboxes) -> None:
    boxes.send()
    world = boxes.world
    with world.receiving.store.look() as session:
        (document, _), *_ = session.listing(B, Box.INBOX)
    world.receiving.decider.reject(B, document.key, "李四", Reason.NOT_READABLE, "第二页")
    boxes.go_on()
    answer = boxes.last(A_BOX)
    assert {"拒收", "原因：打不开、看不清", "说明：第二页"} <= set(answer.text.split())


def test_an_answer_that_decides_nothing_says_why_and_what_to_write(boxes: Mailboxes) -> None:
    boxes.send()
    document = boxes.last(B_BOX)
    boxes.write(B_BOX, f"Re: {document.subject}", "退文 李四 非本单位业务")
    boxes.go_on()
    answer = boxes.last(B_BOX)
    assert answer.subject == f"未办理：Re: {TITLE}"
    assert "原因：当前状态下不能这样做：退文" in answer.text
    assert "请重新回复那封公文来信" in answer.text
    assert "[YD-" not in answer.subject + answer.text


def test_a_notice_of_the_hubs_is_a_mail_once(boxes: Mailboxes) -> None:
    hub, until = boxes.world.hub.hub, boxes.world.clock.now() + 3 * HOURS
    announce(hub, [B], NoticeKind.OUTAGE, "今日停机升级", until, Operator(account="root", name="", reason="x"))
    boxes.world.hub.forwarder.forward()
    boxes.world.settle()
    boxes.go_on()
    boxes.go_on()
    (letter,) = boxes.mails(B_BOX)
    assert letter.subject == "【停机通知】今日停机升级"
    assert "今日停机升级" in letter.text
