"""The mail adapter, and what authenticates a mail.

From proves nothing. A document's mail carries a code that is a function of this node's secret, the unit and the
document; it goes to the unit's mailbox alone. Who answers with it, from that address, can read that mailbox, and that
is what a decision rests on. A mail with a document to send is answered with a code of its own, to the mailbox of the
unit that it says it is from; only an answer with that code sends it.

Nothing is kept on this disk: what went is known by our own copies in the node's mailbox, whose ids nobody else can
make up; what came stands in the inbox until it is dealt with, and is known by its Message-ID and content when it comes
twice.

Not here: the lines (`post`), reading a mail (`letters`), the words (`words`).

Limits: IMPORTED means that the mail server took it; a bounce is kept apart and named by `check`. Whoever reads the
unit's mailbox speaks for it. A code lasts as long as the document is open.
"""

import hashlib
import hmac
import re
import secrets
import time
from base64 import b32encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final, Self

from exchange.adapters.mail.letters import (
    Letter,
    is_automatic,
    is_report,
    message_id_of,
    open_mail,
    read_letter,
    sender_of,
    subject_of,
)
from exchange.adapters.mail.post import BOUNCED, COPIES, DONE, FAULTY, IGNORED, MailPost, Post, Waiting, context_of
from exchange.adapters.mail.settings import MailServer, MailSettings
from exchange.adapters.mail.words import (
    ASK,
    NO_REQUEST,
    NOT_CONFIRMED,
    NOT_DONE,
    NOT_SENT,
    compose,
    document_text,
    manifest_in,
    receipt_text,
    refusal_subject,
    refusal_text,
    said_in,
)
from exchange.adapters.manifest import notice_text
from exchange.adapters.parcels import draft_from
from exchange.adapters.registry import Place
from exchange.adapters.share import keep_private
from exchange.errors import InputError, InvalidValueError, LimitError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.notice import Notice
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, Misfit, OfficeAdapter, OfficeDecision

__all__ = ["MailAdapter"]

_MOST: Final = 50
_MOST_BYTES: Final = 128 << 20  # of mails held at once
_UNCONFIRMED_SECONDS: Final = 3 * 86_400.0  # from our question, which may come long after the mail itself
_PASSED_SECONDS: Final = 3_600.0
_CODE: Final = re.compile(r"\[(YD|YS)-([A-Z2-7]{20})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A mail of the inbox that is somebody's. `code`: what its subject shows, if anything."""

    uid: str
    unit: UnitCode
    code: str
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passed:
    """A mail of the inbox that waits to be confirmed, perhaps for days: until `until` nobody reads it again, unless the
    code that confirms it has come. Else those that are never confirmed would hold up what comes after them."""

    code: str
    until: float


class MailAdapter(OfficeAdapter):
    Settings = MailSettings

    @classmethod
    def open(cls, settings: MailSettings, place: Place) -> Self:
        """As an entry point is asked."""
        where, data = f"offices.{place.name}", place.data
        servers = settings.smtp, settings.imap
        tls = context_of(settings.smtp, data, f"{where}.smtp"), context_of(settings.imap, data, f"{where}.imap")
        passwords = _password(settings.smtp, place, "smtp"), _password(settings.imap, place, "imap")
        post = MailPost(settings.address, servers, tls, passwords)
        return cls(settings, post, _secret(data / settings.codes_file), place.name_of)

    def __init__(
        self,
        settings: MailSettings,
        post: Post,
        secret: bytes,
        name_of: Callable[[UnitCode], str] = lambda _unit: "",
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._post, self._secret, self._monotonic = settings, post, secret, monotonic
        self._name_of = name_of
        self._unit_of = {address.casefold(): UnitCode(unit) for unit, address in settings.mailboxes.items()}
        self._held: list[_Held] = []
        self._passed: dict[str, _Passed] = {}
        self._looked: float | None = None

    # ------------------------------------------------------------------------------------------ received

    def hand_over(self, item: HandOver) -> str:
        """Send the document's mail; returns its id."""
        message_id = self._id("document", item.unit, str(item.key))
        if item.again and self._post.has(message_id):
            return message_id
        files = item.envelope.files
        attached = sum(file.size for file in files) <= self._settings.attach_bytes
        subject = f"{item.envelope.metadata.title} [YD-{self._code('document', item.unit, str(item.key))}]"
        mail = compose(
            self._settings.address,
            self._mailbox(item.unit),
            message_id,
            subject,
            document_text(item, attached),
            headers={"X-Yidi-Document": str(item.key)},
        )
        for file in files if attached else ():
            main, _, sub = file.media_type.partition("/")
            with item.open_file(file.sha256) as stream:
                mail.add_attachment(stream.read(), maintype=main, subtype=sub, filename=file.name)
        self._post.deliver(mail.as_bytes(), self._mailbox(item.unit))
        return message_id

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """A mail in the thread of the document, or of its own for a notice, unless it went before."""
        if receipt.subject is None:
            message_id, notice = self._id("notice", unit, receipt.id), Notice.read(receipt.attributes)
            headers = {"X-Yidi-Event": receipt.event.value}
            first = (receipt.text or "").split("\n", 1)[0][:60]
            subject = f"【{notice.kind.chinese}】{first}"
            self._write(unit, message_id, subject, notice_text(notice, receipt), "", headers)
            return
        key = receipt.subject.envelope
        thread = self._id("sent" if key.sender == unit else "document", unit, str(key))
        headers = {"X-Yidi-Document": str(key), "X-Yidi-Event": receipt.event.value}
        self._write(
            unit,
            self._id("receipt", unit, receipt.id),
            f"{receipt.event.chinese} {key.id}",
            receipt_text(receipt, self._name_of),
            thread,
            headers,
        )

    # ------------------------------------------------------------------------------------------- to send

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        """Those whose unit has confirmed them. Faulty ones are answered; they stop no other."""
        held = [one for one in self._letters() if one.unit == unit and not one.code.startswith("YD-")]
        confirmed = {one.code: one for one in held if one.code}
        requests = [one for one in held if not one.code]
        asked = {self._request_code(one) for one in requests}
        for code, one in confirmed.items():
            if code not in asked:
                self._answer(one, NOT_CONFIRMED, "STATE", NO_REQUEST)
                self._put(one, DONE)
        for one in requests:
            try:
                if one.letter.fault:
                    raise InputError(one.letter.fault, code="FORMAT")
                draft = self._draft(unit, one.letter)
            except (InputError, InvalidValueError, LimitError) as error:
                self._refuse([one], NOT_SENT, error.code, error.message)
                continue
            if self._request_code(one) in confirmed:
                yield draft
            elif (age := self._post.age(self._question_id(one))) is None:
                self._ask(one, draft.metadata.title)
            elif age > _UNCONFIRMED_SECONDS:
                self._put(one, IGNORED)
            else:
                until = self._monotonic() + _PASSED_SECONDS
                self._passed[one.uid] = _Passed(code=self._request_code(one), until=until)

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        """Answered with its tracking number; what becomes of it comes into this thread."""
        requests = self._requests(reference)
        for one in requests:
            headers = {"X-Yidi-Document": str(key)}
            words = f"已发送，交换编号 {key.id}"
            self._write(unit, self._id("sent", unit, str(key)), words, words, one.letter.message_id, headers)
        self._put_all([*requests, *self._confirmations(requests)], DONE)

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        requests = self._requests(reference)
        self._refuse(requests, NOT_SENT, code, message)
        self._put_all(self._confirmations(requests), DONE)

    def _draft(self, unit: UnitCode, letter: Letter) -> Draft:
        manifest, files = manifest_in(letter, self._settings.fixed)
        return draft_from(unit, letter.ident, manifest, {name: partial(BytesIO, data) for name, data in files.items()})

    def _requests(self, reference: str) -> list[_Held]:
        ident = reference.rpartition("#")[0]
        return [one for one in self._held if one.letter.ident == ident]

    def _confirmations(self, requests: Sequence[_Held]) -> list[_Held]:
        codes = {self._request_code(one) for one in requests}
        return [one for one in self._held if one.code in codes]

    def _request_code(self, one: _Held) -> str:
        return f"YS-{self._code('request', one.unit, one.letter.ident)}"

    def _question_id(self, one: _Held) -> str:
        return self._id("question", one.unit, one.letter.ident)

    def _ask(self, one: _Held, title: str) -> None:
        subject = f"请确认发送：{title} [{self._request_code(one)}]"
        self._write(one.unit, self._question_id(one), subject, ASK.format(title=title), one.letter.message_id, {})

    # ----------------------------------------------------------------------------------------- decisions

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        """Answers to documents' mails, with their codes."""
        answers = [one for one in self._letters() if one.unit == unit and one.code.startswith("YD-")]
        if not answers:
            return
        keys = {f"YD-{self._code('document', unit, str(one.key))}": one.key for one in held()}
        for one in answers:
            try:
                if one.letter.fault:
                    raise InputError(one.letter.fault, code="FORMAT")
                if (key := keys.get(one.code)) is None:
                    raise InputError("标题中的代码不对，或这件公文已经办结", code="STATE")
                said = said_in(one.letter.text)
            except InputError as error:
                self._refuse([one], NOT_DONE, error.code, error.message)
                continue
            yield OfficeDecision(
                key=key, event=said.event, person=said.person, text=said.text, reference=one.letter.ident
            )

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        found = [one for one in self._held if one.letter.ident == reference]
        if fault is None:
            self._put_all(found, DONE)
        else:
            self._refuse(found, NOT_DONE, fault.code, fault.message)

    # --------------------------------------------------------------------------------------------- inbox

    def _letters(self) -> list[_Held]:
        """What stands in the inbox and is somebody's, read anew when it is time; everything else is put where it
        belongs, unanswered."""
        now = self._monotonic()
        if self._looked is not None and now - self._looked < self._settings.poll_seconds:
            return list(self._held)
        found: list[_Held] = []
        left = _MOST_BYTES
        for waiting in self._glance(now):
            folder, unit = self._place(waiting)
            if unit is None:
                self._post.move(waiting.uid, folder)
                continue
            size = waiting.size if waiting.size <= self._settings.letter_bytes else 0  # of a larger one, its header
            if size > left:
                break
            left -= size
            found.append(self._read(waiting, unit))
        self._held, self._looked = found, now
        return list(found)

    def _glance(self, now: float) -> list[Waiting]:
        """The oldest mails; of those that wait to be confirmed, these whose code has come."""
        self._passed = {uid: one for uid, one in self._passed.items() if one.until > now}
        found = self._post.waiting(_MOST, self._passed.keys())
        shown = {_code_in(subject_of(open_mail(one.header))) for one in found}
        confirmed = [uid for uid, one in self._passed.items() if one.code in shown]
        if not confirmed:
            return found
        for uid in confirmed:
            del self._passed[uid]
        return self._post.waiting(_MOST + len(confirmed), self._passed.keys())

    def _place(self, waiting: Waiting) -> tuple[str, UnitCode | None]:
        """Where a mail goes, or whose it is."""
        mail = open_mail(waiting.header)
        if self._is_ours(message_id_of(mail)):
            return COPIES, None
        if is_report(mail):
            return BOUNCED, None
        if is_automatic(mail) or (self._answers_us(mail) and not _CODE.search(subject_of(mail))):
            return IGNORED, None  # nobody wrote it, or it says thank you for a receipt: no answer, no loop
        return IGNORED, self._unit_of.get(sender_of(mail))

    def _answers_us(self, mail: Message) -> bool:
        return any(self._is_ours(one) for one in f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}".split())

    def _read(self, waiting: Waiting, unit: UnitCode) -> _Held:
        most = self._settings.letter_bytes
        if waiting.size > most:
            mail = open_mail(waiting.header)
            letter = Letter(
                sender=sender_of(mail),
                subject=subject_of(mail),
                message_id=message_id_of(mail),
                ident=hashlib.sha256(waiting.header).hexdigest()[:40],
                fault=f"邮件超过 {most} 字节",
            )
        else:
            letter = read_letter(self._post.fetch(waiting.uid))
        return _Held(uid=waiting.uid, unit=unit, code=_code_in(letter.subject), letter=letter)

    def _refuse(self, found: Sequence[_Held], what: str, code: str, message: str) -> None:
        """Answer why, then put away."""
        for one in found:
            self._answer(one, what, code, message)
        self._put_all(found, FAULTY)

    def _answer(self, one: _Held, what: str, code: str, message: str) -> None:
        subject = refusal_subject(what, code, " ".join(_CODE.sub("", one.letter.subject).split()))
        text, message_id = refusal_text(what, code, message), self._id("answer", one.unit, one.letter.ident)
        self._write(one.unit, message_id, subject, text, one.letter.message_id, {})

    def _put_all(self, found: Sequence[_Held], folder: str) -> None:
        for one in found:
            self._put(one, folder)

    def _put(self, one: _Held, folder: str) -> None:
        self._post.move(one.uid, folder)
        self._held.remove(one)

    def _write(
        self, unit: UnitCode, message_id: str, subject: str, text: str, thread: str, headers: Mapping[str, str]
    ) -> None:
        if self._post.has(message_id):
            return
        mailbox = self._mailbox(unit)
        plain = thread if thread.isascii() and thread.isprintable() else ""
        mail = compose(self._settings.address, mailbox, message_id, subject, text, thread=plain, headers=headers)
        self._post.deliver(mail.as_bytes(), mailbox)

    # ----------------------------------------------------------------------------------------------- else

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        """Both servers, a mailbox for every unit, and bounces."""
        for unit in units:
            if unit not in self._settings.mailboxes:
                found = f"{unit} 没有邮箱 has no mailbox"
                yield Misfit(where="mailboxes", found=found, cure="写上它的地址 write its address there")
        self._post.check()
        if bounced := self._post.count(BOUNCED):
            found = f"{bounced} 封退信 mails came back"
            yield Misfit(
                where="mailboxes", found=found, cure=f"查看文件夹 {BOUNCED}，处理后移走 look there, then move them away"
            )

    def close(self) -> None:
        self._post.close()

    def _mailbox(self, unit: UnitCode) -> str:
        """Raises InputError."""
        if unit not in self._settings.mailboxes:
            raise InputError(f"mailboxes: {unit} has none", code="SETTINGS")
        return self._settings.mailboxes[unit]

    def _id(self, *words: str) -> str:
        """A Message-ID that nobody else can make up: a forged copy must not stand for what never went."""
        name = hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
        return f"<{name}.{self._code('id', name)}@{self._settings.address.rpartition('@')[2]}>"

    def _is_ours(self, message_id: str) -> bool:
        name, _, rest = message_id.removeprefix("<").partition(".")
        return hmac.compare_digest(rest.partition("@")[0].encode(), self._code("id", name).encode())

    def _code(self, *words: str) -> str:
        found = hmac.digest(self._secret, "\0".join(words).encode("utf-8", "replace"), "sha256")
        return b32encode(found).decode("ascii")[:20]


def _code_in(subject: str) -> str:
    shown = _CODE.findall(subject)
    return "-".join(shown[-1]) if shown else ""


def _password(server: MailServer, place: Place, table: str) -> str:
    return place.secret(f"{table}.password_file", server.password_file) if server.user else ""


def _secret(file: Path) -> bytes:
    """Made once, readable by nobody else."""
    try:
        if not file.exists():
            keep_private(file, secrets.token_bytes(32))
        found = file.read_bytes()
    except OSError as error:
        raise InputError(f"codes_file: {file}: {error.strerror}", code="SETTINGS") from error
    if len(found) < 32:
        raise InputError(f"codes_file: {file}: shorter than 32 bytes", code="SETTINGS")
    return found
