"""Mailboxes in memory, their people, and the mail adapter over them."""

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.policy import SMTP

from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.mail.letters import Letter, message_id_of, open_mail, read_letter
from exchange.adapters.mail.post import COPIES, Waiting
from exchange.adapters.mail.settings import MailSettings
from exchange.settings import read_table
from tests.contract.crash_matrix import FILES, TITLE
from tests.unit.services.hub_and_node import A, B

__all__ = ["A_BOX", "B_BOX", "NODE", "MailBench", "MemoryPost", "a_letter", "settings_of"]

NODE, A_BOX, B_BOX = "node@yidi.test", "a@unit.test", "b@unit.test"
SECRET = b"s" * 32
WORDS = f"""主送：{B}
文种：通知
发文机关标志：测试县人民政府办公室
成文日期：2026-03-01
经办人：王芳
不涉密声明人：王芳

此致
"""
FIXED = {"发文机关署名": "测试县人民政府办公室"}


def settings_of(smtp_port: int = 25, imap_port: int = 143, **changes: object) -> MailSettings:
    def server(port: int) -> dict[str, object]:
        return {"host": "127.0.0.1", "port": port, "security": "none"}

    table = {
        "address": NODE,
        "mailboxes": {A: A_BOX, B: B_BOX},
        "smtp": server(smtp_port),
        "imap": {**server(imap_port), "user": "node"},
        "poll_seconds": 0,
        "fixed": FIXED,
        **changes,
    }
    return read_table(MailSettings, table, "offices.mail")


def a_letter(sender: str, subject: str, text: str, files: dict[str, bytes] | None = None, number: int = 1) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, NODE, subject
    mail["Message-ID"] = f"<{number}@unit.test>"
    mail.set_content(text)
    for name, data in (files or {}).items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


@dataclass
class MemoryPost:
    """Every mailbox and the node's folders. A transaction reaches both or neither. `copies_age`: of all copies of ours,
    in seconds. `size`: what it says of every mail, 0 for what is true. `fetched`: how many whole mails were read."""

    boxes: dict[str, list[bytes]] = field(default_factory=dict)
    folders: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"INBOX": {}})
    reach: Callable[[str], None] | None = None
    copies_age: float = 0.0
    size: int = 0
    fetched: int = 0
    number: int = 0

    def arrive(self, mail: bytes) -> None:
        self.number += 1
        self.folders["INBOX"][str(self.number)] = mail

    def deliver(self, mail: bytes, reader: str) -> None:
        with self._told("deliver"):
            self.boxes.setdefault(reader, []).append(mail)
            self.arrive(mail)

    def has(self, message_id: str) -> bool:
        held = [*self.folders["INBOX"].values(), *self.folders.get(COPIES, {}).values()]
        return any(message_id_of(open_mail(mail)) == message_id for mail in held)

    def age(self, message_id: str) -> float | None:
        return self.copies_age if self.has(message_id) else None

    def waiting(self, most: int, passed: Container[str] = ()) -> list[Waiting]:
        inbox = [(uid, mail) for uid, mail in self.folders["INBOX"].items() if uid not in passed]
        return [Waiting(uid=uid, header=mail, size=self.size or len(mail)) for uid, mail in inbox[:most]]

    def fetch(self, uid: str) -> bytes:
        self.fetched += 1
        return self.folders["INBOX"][uid]

    def move(self, uid: str, folder: str) -> None:
        with self._told(f"move to {folder}"):
            self.folders.setdefault(folder, {})[uid] = self.folders["INBOX"].pop(uid)

    def count(self, folder: str) -> int:
        return len(self.folders.get(folder, {}))

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass

    @contextmanager
    def _told(self, step: str) -> Iterator[None]:
        if self.reach is not None:
            self.reach(f"before {step}")
        yield
        if self.reach is not None:
            self.reach(f"after {step}")


@dataclass
class MailBench:
    """A's person sends and confirms, B's signs and answers; both read what comes to their mailboxes."""

    post: MemoryPost = field(default_factory=MemoryPost)
    acted: list[str] = field(default_factory=list)

    def open(self) -> MailAdapter:
        return MailAdapter(settings_of(), self.post, SECRET)

    @contextmanager
    def watch(self, reach: Callable[[str], None]) -> Iterator[None]:
        self.post.reach = reach
        try:
            yield
        finally:
            self.post.reach = None

    def put_out(self) -> None:
        self.post.arrive(a_letter(A_BOX, TITLE, WORDS, FILES))

    def act(self) -> bool:
        questions = [one for one in self._mails(A_BOX) if "[YS-" in one.subject]
        documents = [one for one in self._mails(B_BOX) if "[YD-" in one.subject]
        for found, sender, words in (
            (questions, A_BOX, "确认"),
            (documents, B_BOX, "签收 李四"),
            (documents, B_BOX, "反馈 李四 已办"),
        ):
            if found and words not in self.acted:
                self.acted.append(words)
                text = f"{words}\n\n> 原文"
                self.post.arrive(a_letter(sender, f"Re: {found[0].subject}", text, number=10 + len(self.acted)))
                return True
        return False

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        found = [one for one in self._mails(B_BOX) if "[YD-" in one.subject]
        return [(one.subject.partition("[")[0].strip(), one.files) for one in found]

    def shown(self) -> list[str]:
        mails = map(open_mail, self.post.boxes.get(A_BOX, []))
        return sorted(_event(mail) for mail in mails if "X-Yidi-Event" in mail)

    def waiting(self) -> int:
        """Beside our copies, which are put away at the next look."""
        inbox = [mail for mail in self.post.folders["INBOX"].values() if "auto-generated" not in mail.decode("latin-1")]
        return len(inbox) + self.post.count("yidi-error") + self.post.count("yidi-ignored")

    def _mails(self, box: str) -> list[Letter]:
        return [read_letter(mail) for mail in self.post.boxes.get(box, [])]


def _event(mail: Message) -> str:
    return str(mail["X-Yidi-Event"])
