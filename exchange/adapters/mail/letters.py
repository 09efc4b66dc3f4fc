"""One mail, read with suspicion: from whom it says it is, what it says, and its files.

Old programs write headers and names in GBK without saying so, text as HTML alone, and attachments in a package that
nobody else opens. Everything is bounded. Not here: whether it is believed (`adapter`).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import (
    CloseBoundaryNotFoundDefect,
    HeaderParseError,
    InvalidBase64CharactersDefect,
    InvalidBase64LengthDefect,
    StartBoundaryNotFoundDefect,
)
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final

from exchange.adapters.share import decode_name, display_name

__all__ = [
    "Letter",
    "is_automatic",
    "is_report",
    "message_id_of",
    "open_mail",
    "read_letter",
    "sender_of",
    "subject_of",
]

_MOST_PARTS: Final = 200
_TEXT: Final = 200_000
_AUTOMATIC: Final = ("自动回复", "自动答复", "auto:", "automatic reply", "out of office", "autoreply")
_HALF: Final = (
    CloseBoundaryNotFoundDefect,
    StartBoundaryNotFoundDefect,
    InvalidBase64CharactersDefect,
    InvalidBase64LengthDefect,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`fault`: why it cannot be read, for a person. `ident`: its Message-ID and its content, the same for a mail that
    comes twice."""

    sender: str
    subject: str
    message_id: str
    text: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ident: str = ""
    fault: str = ""


class _AsWritten(Compat32):
    """Fields as their bytes came: the library would replace those that are no ASCII."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # the library names it
        return value


def open_mail(raw: bytes) -> Message:
    """Its fields and parts, none of them believed."""
    return message_from_bytes(raw, policy=_AsWritten())


def read_letter(raw: bytes) -> Letter:
    """Never raises for what a stranger wrote."""
    mail = open_mail(raw)
    texts: list[str] = []
    pages: list[str] = []
    files: dict[str, bytes] = {}
    fault = ""
    for number, part in enumerate(_leaves(mail)):
        if number == _MOST_PARTS:
            fault = f"附件超过 {_MOST_PARTS} 个"
            break
        content, kind, name = _content(part), part.get_content_type(), _name_of(part)
        if kind == "application/ms-tnef" or name.casefold() == "winmail.dat":
            fault = "附件被邮件程序打成了 winmail.dat，请改用“纯文本”或 HTML 格式重发"
        elif name or part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text":
            name = name or f"附件{number}"
            fault = f"有两个附件都叫 {name}" if name in files else fault
            files[name] = content
        else:
            (pages if kind == "text/html" else texts).append(_text_of(part, content))
        if any(isinstance(defect, _HALF) for defect in part.defects):
            fault = "邮件不完整"
    if any(isinstance(defect, _HALF) for one in mail.walk() for defect in one.defects):
        fault = "邮件不完整"
    text = "\n".join(texts) if any(one.strip() for one in texts) else "\n".join(map(_without_tags, pages))
    message_id = message_id_of(mail)
    digest = hashlib.sha256(message_id.encode("utf-8", "replace"))
    for name, content in sorted({**files, "": text.encode("utf-8", "replace")}.items()):
        digest.update(hashlib.sha256(name.encode("utf-8", "replace")).digest() + hashlib.sha256(content).digest())
    return Letter(
        sender=sender_of(mail),
        subject=subject_of(mail),
        message_id=message_id,
        text=text[:_TEXT],
        files=files,
        ident=digest.hexdigest()[:40],
        fault=fault,
    )


def sender_of(mail: Message) -> str:
    """The one address in From, in small letters; "" when there are several. It proves nothing."""
    given = mail.get_all("From", [])
    return parseaddr(_header(given[0]))[1].casefold() if len(given) == 1 else ""


def subject_of(mail: Message) -> str:
    return " ".join(_header(mail.get("Subject", "")).split())[:500]


def message_id_of(mail: Message) -> str:
    return _header(mail.get("Message-ID", "")).strip()[:300]


def is_report(mail: Message) -> bool:
    """A bounce, RFC 3464."""
    return mail.get_content_type() == "multipart/report" or mail.get("Return-Path", "").strip() == "<>"


def is_automatic(mail: Message) -> bool:
    """Not written by a person: RFC 3834, and what older programs have instead. Nothing is answered to it."""
    said = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().casefold()
    bulk = str(mail.get("Precedence", "")).strip().casefold() in ("bulk", "junk", "list", "auto_reply")
    named = subject_of(mail).casefold().startswith(_AUTOMATIC)
    return said != "no" or bulk or named or "X-Autoreply" in mail or "List-Id" in mail


def _leaves(mail: Message) -> Iterator[Message]:
    """A mail within a mail is one file."""
    waiting = [mail]
    while waiting:
        one = waiting.pop(0)
        payload = one.get_payload()
        if one.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting[:0] = [part for part in payload if isinstance(part, Message)]
        else:
            yield one


def _content(part: Message) -> bytes:
    if part.get_content_maintype() == "message":
        return part.as_bytes()
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _text_of(part: Message, content: bytes) -> str:
    charset = (part.get_content_charset() or "").casefold()
    if charset in ("", "us-ascii", "gb2312", "gbk", "x-gbk", "gb18030"):
        return decode_name(content)
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return decode_name(content)


def _name_of(part: Message) -> str:
    name = part.get_filename() or part.get_param("name") or ""
    text = _header(name if isinstance(name, str) else name[2])
    return display_name(text.replace("\\", "/").rpartition("/")[2].strip()) if text else ""


def _header(raw: str) -> str:
    """As it was meant: encoded words, or bytes of UTF-8 or GB18030 as they are."""
    if any("\udc80" <= sign <= "\udcff" for sign in raw):
        return decode_name(raw.encode("utf-8", "surrogateescape"))
    try:
        pieces = decode_header(raw)
    except HeaderParseError:
        return raw
    return "".join(_piece(piece, charset) for piece, charset in pieces)


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    wide = {"gb2312": "gb18030", "gbk": "gb18030", "unknown-8bit": None}
    known = wide.get((charset or "").casefold(), charset)
    try:
        return piece.decode(known) if known else decode_name(piece)
    except (LookupError, UnicodeDecodeError):
        return decode_name(piece)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "blockquote"):
            self._silent += 1
        elif tag in ("br", "p", "div", "tr", "li"):
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "blockquote"):
            self._silent = max(0, self._silent - 1)
        elif tag in ("p", "div", "tr", "li"):
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def _without_tags(page: str) -> str:
    words = _Words()
    words.feed(page[:_TEXT])
    words.close()
    return "".join(words.found)
