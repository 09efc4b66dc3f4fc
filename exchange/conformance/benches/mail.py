"""The office of the mail adapter: a unit's mailbox, and the person who reads and writes it.

With a settings file it works on the mail host that stands there, whatever kind it is; without one, on a private
Dovecot. The table `bench` of the file says how the unit's mailbox is opened:

    [bench]
    user = "conformance-unit@county.example"
    password_file = "secrets/unit-mail"

Servers, ports and TLS are those of the adapter; the mailbox of unit 520304-001 is where its documents come.

Not here: a mail host (`mail_host`).
"""

import email
import imaplib
import smtplib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Any, Final, Self

from exchange.adapters.mail.post import context_of
from exchange.adapters.mail.settings import MailServer
from exchange.conformance.bench import Bench, Site, Written
from exchange.conformance.benches.mail_host import PASSWORD, mail_host
from exchange.conformance.benches.over_simulated import secret_in
from exchange.conformance.county import UNIT
from exchange.errors import InputError
from exchange.model.envelope import EnvelopeKey
from exchange.settings import read_table

__all__ = ["MailBench"]

_SECONDS: Final = 60.0
_ASKS: Final = "请确认发送"
_DOCUMENT: Final = "[YD-"
_SENT: Final = "已发送，交换编号"  # the answer to what was sent, and no receipt
_LINES: Final = """主送：{to}
文种：通知
发文机关标志：测试县人民政府办公室
发文机关署名：测试县人民政府办公室
成文日期：2026-03-01
经办人：{operator}
不涉密声明人：{operator}

此致
"""


@dataclass
class _Sent:
    """A mail of our person's. `refusal`: the mail host's own."""

    title: str
    message_id: str
    is_document: bool
    refusal: str = ""


@dataclass
class _Mailbox:
    """One account, as a mail program has it. What was read of it is kept: mails never change."""

    server: MailServer
    tls: Any
    password: str
    known: dict[bytes, EmailMessage] = field(default_factory=dict)
    _line: imaplib.IMAP4 | None = None

    @contextmanager
    def line(self) -> Iterator[imaplib.IMAP4]:
        """Kept from one look to the next; the inbox as it is now."""
        try:
            self._line = imap = self._line or self._log_in()
            imap.select("INBOX", readonly=True)
            yield imap
        except (OSError, imaplib.IMAP4.error):
            self.close()
            raise

    def _log_in(self) -> imaplib.IMAP4:
        server = self.server
        imap: imaplib.IMAP4 = (
            imaplib.IMAP4_SSL(server.host, server.port, ssl_context=self.tls, timeout=_SECONDS)
            if server.security == "tls"
            else imaplib.IMAP4(server.host, server.port, timeout=_SECONDS)
        )
        if server.security == "starttls":
            imap.starttls(self.tls)
        imap.login(server.user, self.password)
        return imap

    def close(self) -> None:
        if self._line is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                self._line.shutdown()
            self._line = None

    def mails(self) -> list[EmailMessage]:
        with self.line() as imap:
            uids = imap.uid("SEARCH", "ALL")[1][0].split()
            for uid in uids:
                if uid not in self.known:
                    _, ((_, data), *_rest) = imap.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
                    self.known[uid] = email.message_from_bytes(data, policy=SMTP)
        return [self.known[uid] for uid in uids]

    def holds(self, message_ids: Sequence[str]) -> int:
        """How many of these mails stand in it."""
        with self.line() as imap:
            found = [imap.uid("SEARCH", "HEADER", "Message-ID", f'"{one}"')[1][0] for one in message_ids]
        return sum(bool(one) for one in found)


class MailBench(Bench):
    simulated = True

    def __init__(self, site: Site) -> None:
        self._stack = ExitStack()
        self._table = dict(site.table) or self._private(site)
        if UNIT not in self._table.get("mailboxes", {}):
            raise InputError(f"offices.mail.mailboxes: {UNIT} has none: the kit plays that unit", code="SETTINGS")
        self._ours, self._node = str(self._table["mailboxes"][UNIT]), str(self._table["address"])
        account = {**self._table["imap"], **site.extra} if site.table else {**self._table["imap"], "user": self._ours}
        if site.table and not {"user", "password_file"} <= site.extra.keys():
            raise InputError("bench: give user and password_file of the unit's mailbox", code="SETTINGS")
        self._mailbox, self._nodes = self._open(site, account), self._open(site, self._table["imap"])
        self._smtp = read_table(MailServer, {**self._table["smtp"], "user": account["user"]}, "bench")
        self._smtp_tls = context_of(self._smtp, site.data, "offices.mail.smtp")
        self._logs_in = bool(self._table["smtp"].get("user"))
        self._sent: list[_Sent] = []
        self._confirmed: set[str] = set()

    @classmethod
    def open(cls, site: Site) -> Self:
        return cls(site)

    def _private(self, site: Site) -> dict[str, Any]:
        host = self._stack.enter_context(mail_host())
        server = {"host": "127.0.0.1", "security": "none"}
        return {
            "address": "node@yidi.test",
            "mailboxes": {UNIT: "unit@yidi.test"},
            "smtp": {**server, "port": host.smtp_port},
            "imap": {
                **server,
                "port": host.imap_port,
                "user": "node@yidi.test",
                "password_file": secret_in(site, "mail", PASSWORD),
            },
            "codes_file": "mail-codes",
            "attach_bytes": 64 << 20,
            "letter_bytes": 64 << 20,
        }

    @staticmethod
    def _open(site: Site, account: Mapping[str, Any]) -> _Mailbox:
        server = read_table(MailServer, account, "bench")
        file = site.data / server.password_file
        try:
            password = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InputError(f"bench.password_file: {file}: {error.strerror}", code="SETTINGS") from error
        return _Mailbox(server, context_of(server, site.data, "offices.mail.imap"), password)

    def close(self) -> None:
        for one in (self._mailbox, self._nodes):
            one.close()
        self._stack.close()

    def settings(self) -> Mapping[str, Any]:
        return {**self._table, "poll_seconds": 0}

    # as the unit's person

    def put_out(self, written: Written) -> None:
        words = _LINES.format(to=written.to, operator=written.operator)
        self._write(written.title, written.title, words, written.files, is_document=True)

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        (document,) = self._documents(title)
        self._write(title, f"Re: {document['Subject']}", f"{decision} {person} {text}\n\n> 原文\n")

    def attend(self) -> None:
        """Answer what asks whether it is really theirs."""
        titles = [one.title for one in self._sent if one.is_document]
        for mail in self._mailbox.mails() if titles else ():
            subject = str(mail["Subject"])
            ours = subject.startswith(_ASKS) and any(title in subject for title in titles)
            if ours and mail["Message-ID"] not in self._confirmed:
                self._confirmed.add(mail["Message-ID"])
                self._post(self._mail(f"Re: {subject}", "确认\n", {}))

    def _write(
        self,
        title: str,
        subject: str,
        text: str,
        files: Mapping[str, bytes] | None = None,
        *,
        is_document: bool = False,
    ) -> None:
        mail = self._mail(subject, text, files or {})
        sent = _Sent(title, str(mail["Message-ID"]), is_document)
        self._sent.append(sent)
        try:
            self._post(mail)
        except smtplib.SMTPResponseException as error:  # a mail host that takes nothing so large
            sent.refusal = f"{error.smtp_code} {error.smtp_error!r}"

    def _mail(self, subject: str, text: str, files: Mapping[str, bytes]) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = self._ours, self._node, subject
        mail["Message-ID"] = make_msgid(domain="yidi.test")
        mail.set_content(text)
        for name, data in files.items():
            mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
        return mail

    def _post(self, mail: EmailMessage) -> None:
        server = self._smtp
        smtp = (
            smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=self._smtp_tls)
            if server.security == "tls"
            else smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        )
        with smtp:
            if server.security == "starttls":
                smtp.starttls(context=self._smtp_tls)
            if self._logs_in:
                smtp.login(server.user, self._mailbox.password)
            smtp.send_message(mail)

    # as somebody who looks

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [
            {str(part.get_filename()): bytes(part.get_content()) for part in mail.iter_attachments()}
            for mail in self._documents(title)
        ]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        """A receipt's mail is headed with what happened, and the document's id."""
        heads = [str(mail["Subject"]).split() for mail in self._mailbox.mails()]
        return [head[0] for head in heads if head[1:] == [key.id] and head[0] != _SENT]

    def waiting(self, title: str) -> int:
        """What stands in the node's inbox, beside what confirms: a document until it is answered, a decision until it
        is put away."""
        return self._nodes.holds([one.message_id for one in self._sent if one.title == title and not one.refusal])

    def refused(self, title: str) -> Sequence[str]:
        ours = [one for one in self._sent if one.title == title]
        threads = {one.message_id for one in ours}
        answers = [mail for mail in self._mailbox.mails() if str(mail["In-Reply-To"]) in threads]
        found = [mail.get_content() for mail in answers if str(mail["Subject"]).startswith(("未发送", "未办理"))]
        return found + [one.refusal for one in ours if one.refusal]

    def _documents(self, title: str) -> list[EmailMessage]:
        mails = self._mailbox.mails()
        return [mail for mail in mails if str(mail["Subject"]).partition(_DOCUMENT)[0].strip() == title]
