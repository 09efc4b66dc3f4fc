"""The node's mailbox: SMTP out, IMAP in, by the standard library.

A mail goes to its reader and to the node's own mailbox in one transaction of SMTP, both or neither: the copy there is
what tells, after a crash, that it went. Lines are made when needed and dropped after any fault.

Not here: what is written and read (`letters`, `adapter`).
"""

import imaplib
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from socket import gaierror
from typing import Any, Final, Protocol

from exchange.adapters.mail.settings import MailServer
from exchange.errors import AdapterError, InputError

__all__ = ["BOUNCED", "COPIES", "DONE", "FAULTY", "IGNORED", "MailPost", "Post", "Waiting", "context_of"]

COPIES: Final = "yidi-copies"
DONE: Final = "yidi-done"
FAULTY: Final = "yidi-error"
IGNORED: Final = "yidi-ignored"
BOUNCED: Final = "yidi-bounced"
_FOLDERS: Final = (COPIES, DONE, FAULTY, IGNORED, BOUNCED)
_SECONDS: Final = 60.0
_HEADER_BYTES: Final = 64 * 1024
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A mail in the inbox: its header alone, and its size in bytes."""

    uid: str
    header: bytes
    size: int


class Post(Protocol):
    def deliver(self, mail: bytes, reader: str) -> None:
        """To its reader and to ourselves, or to neither. Raises AdapterError."""
        ...

    def has(self, message_id: str) -> bool:
        """Whether our copy of what went under this id has come."""
        ...

    def age(self, message_id: str) -> float | None:
        """For how many seconds our copy has been there."""
        ...

    def waiting(self, most: int, passed: Container[str] = ()) -> list[Waiting]:
        """The oldest mails of the inbox, but not those with these uids."""
        ...

    def fetch(self, uid: str) -> bytes: ...

    def move(self, uid: str, folder: str) -> None: ...

    def count(self, folder: str) -> int: ...

    def check(self) -> None:
        """Log in at both servers. Raises AdapterError."""
        ...

    def close(self) -> None: ...


def context_of(server: MailServer, data: Path, where: str) -> ssl.SSLContext | None:
    """None: without TLS. Raises InputError (SETTINGS)."""
    if server.security == "none":
        if server.host not in _LOOPBACK:
            raise InputError(
                f"{where}.security: {server.host} is not this machine: use tls or starttls", code="SETTINGS"
            )
        return None
    try:
        context = ssl.create_default_context(cafile=data / server.ca_file if server.ca_file else None)
    except OSError as error:
        raise InputError(f"{where}.ca_file: {server.ca_file}: no certificates (PEM) in it", code="SETTINGS") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class MailPost:
    """`tls`: contexts for SMTP and IMAP, None without TLS. `passwords`: the same for both."""

    def __init__(
        self,
        address: str,
        servers: tuple[MailServer, MailServer],
        tls: tuple[ssl.SSLContext | None, ssl.SSLContext | None],
        passwords: tuple[str, str],
    ) -> None:
        self._address, self._tls, self._passwords = address, tls, passwords
        self._smtp, self._imap = servers
        self._line: imaplib.IMAP4 | None = None

    # ------------------------------------------------------------------------------------------- SMTP

    def deliver(self, mail: bytes, reader: str) -> None:
        with _as_adapter_errors("SMTP", self._forget), self._submission() as smtp:
            _expect(smtp.mail(self._address), smtp)
            for one in (reader, self._address):
                _expect(smtp.rcpt(one), smtp)
            _expect(smtp.data(mail), smtp)

    @contextmanager
    def _submission(self) -> Iterator[smtplib.SMTP]:
        server, context = self._smtp, self._tls[0]
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        try:
            if server.security == "starttls":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if server.user:
                smtp.login(server.user, self._passwords[0])
            yield smtp
            with suppress(smtplib.SMTPException, OSError):  # it was taken; how the line ends is nothing to us
                smtp.quit()
        finally:
            smtp.close()

    # ------------------------------------------------------------------------------------------- IMAP

    def has(self, message_id: str) -> bool:
        with self._mailbox() as imap:
            return _copy_of(imap, message_id) is not None

    def age(self, message_id: str) -> float | None:
        with self._mailbox() as imap:
            if (uid := _copy_of(imap, message_id)) is None:
                return None
            line = b" ".join(one for one in _ok(imap.uid("FETCH", uid, "(INTERNALDATE)")) if isinstance(one, bytes))
            arrived = imaplib.Internaldate2tuple(line)
            return 0.0 if arrived is None else max(0.0, time.time() - time.mktime(arrived))

    def waiting(self, most: int, passed: Container[str] = ()) -> list[Waiting]:
        with self._mailbox() as imap:
            _ok(imap.select("INBOX"))
            uids = [uid.decode("ascii") for uid in (_ok(imap.uid("SEARCH", "ALL"))[0] or b"").split()]
            return [self._glance(imap, uid) for uid in islice((one for one in uids if one not in passed), most)]

    @staticmethod
    def _glance(imap: imaplib.IMAP4, uid: str) -> Waiting:
        line, header = _literal(_ok(imap.uid("FETCH", uid, f"(RFC822.SIZE BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>)")))
        size = _SIZE.search(line)
        return Waiting(uid=uid, header=header, size=int(size[1]) if size else 1 << 40)

    def fetch(self, uid: str) -> bytes:
        with self._mailbox() as imap:
            _ok(imap.select("INBOX"))
            return _literal(_ok(imap.uid("FETCH", uid, "(BODY.PEEK[])")))[1]

    def move(self, uid: str, folder: str) -> None:
        with self._mailbox() as imap:
            _ok(imap.select("INBOX"))
            if "MOVE" in imap.capabilities:  # RFC 6851
                _ok(imap.uid("MOVE", uid, folder))
                return
            _ok(imap.uid("COPY", uid, folder))
            _ok(imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
            _ok(imap.expunge())

    def count(self, folder: str) -> int:
        with self._mailbox() as imap:
            return int(_ok(imap.select(folder, readonly=True))[0] or 0)

    def check(self) -> None:
        with self._mailbox() as imap:
            _ok(imap.noop())
        with _as_adapter_errors("SMTP", self._forget), self._submission() as smtp:
            _expect(smtp.noop(), smtp)

    def close(self) -> None:
        self._forget()

    @contextmanager
    def _mailbox(self) -> Iterator[imaplib.IMAP4]:
        with _as_adapter_errors("IMAP", self._forget):
            if self._line is None:
                self._line = self._log_in()
            yield self._line

    def _log_in(self) -> imaplib.IMAP4:
        server, context = self._imap, self._tls[1]
        if server.security == "tls":
            imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=_SECONDS)
        else:
            imap = imaplib.IMAP4(server.host, server.port, timeout=_SECONDS)
        try:
            if server.security == "starttls":
                imap.starttls(ssl_context=context)
            _ok(imap.login(server.user, self._passwords[1]))
            for folder in _FOLDERS:
                imap.create(folder)  # NO: it is there
        except BaseException:
            with suppress(OSError, imaplib.IMAP4.error):  # what went wrong before is what counts
                imap.shutdown()
            raise
        return imap

    def _forget(self) -> None:
        if self._line is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                self._line.shutdown()
            self._line = None


def _expect(answer: tuple[int, bytes], smtp: smtplib.SMTP) -> None:
    """Raises SMTPResponseException, and nothing goes to anybody."""
    code, words = answer
    if code // 100 != 2:
        with suppress(smtplib.SMTPException, OSError):
            smtp.rset()
        raise smtplib.SMTPResponseException(code, words)


def _ok(answer: tuple[str, Any]) -> list[Any]:
    """What the library gives: texts, and pairs of text and literal. Raises IMAP4.error."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{kind} {data!r}"[:200])
    assert isinstance(data, list)
    return data


def _copy_of(imap: imaplib.IMAP4, message_id: str) -> str | None:
    """Its uid, in the folder that is selected then."""
    for folder in (COPIES, "INBOX"):
        _ok(imap.select(folder, readonly=folder != "INBOX"))
        found = _ok(imap.uid("SEARCH", "HEADER", "Message-ID", f'"{message_id}"'))
        if found and found[0]:
            return str(found[0].split()[0], "ascii")
    return None


def _literal(data: list[Any]) -> tuple[bytes, bytes]:
    """Of an answer to FETCH: everything beside the literal, and the literal."""
    pairs = [one for one in data if isinstance(one, tuple)]
    if not pairs:
        raise imaplib.IMAP4.abort("the mail is gone")
    beside = b" ".join(one[0] if isinstance(one, tuple) else one for one in data if one)
    return beside, pairs[0][1]


@contextmanager
def _as_adapter_errors(name: str, forget: Callable[[], None]) -> Iterator[None]:
    """Names neither user nor mail: servers quote both."""
    try:
        yield
    except (TimeoutError, smtplib.SMTPException, imaplib.IMAP4.error, OSError, ValueError) as error:
        forget()
        raise AdapterError(f"{name}：{_fault(error)}", detail=str(error)) from error


def _fault(error: Exception) -> str:
    """What whoever set it up can do about it."""
    match error:
        case ssl.SSLCertVerificationError():
            said = error.verify_message.rstrip(".")
            return f"服务器的证书不可信，核对 host 与 ca_file its certificate is not trusted: {said}"
        case ssl.SSLError():
            return "这个端口不说 TLS，核对 port 与 security no TLS at this port"
        case smtplib.SMTPNotSupportedError() | imaplib.IMAP4.abort() if "not supported" in str(error):
            return "服务器不提供 STARTTLS 或登录，核对 port 与 security it offers no STARTTLS, or no login"
        case smtplib.SMTPAuthenticationError():
            return "账号或密码不对 it refuses user or password"
        case imaplib.IMAP4.error() if "AUTHENTICATIONFAILED" in str(error):  # RFC 5530
            return "账号或密码不对 it refuses user or password"
        case ConnectionRefusedError() | TimeoutError() | gaierror():
            return "连不上，核对 host 与 port it cannot be reached"
    return f"邮件服务器没有照办 the mail server does not do it {getattr(error, 'smtp_code', '')}".rstrip()
