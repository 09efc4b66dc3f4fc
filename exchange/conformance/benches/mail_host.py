"""A mail host of the kit's own: a private Dovecot for IMAP, and an SMTP server (aiosmtpd) that puts what it takes into
Dovecot's mailboxes. Every name has a mailbox, and one password opens them all.

Not here: whose mailboxes they are (`mail`).

Limits: Dovecot 2.3; the settings of 2.4 are others.
"""

import imaplib
import logging
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.utils import parseaddr
from grp import getgrgid
from pathlib import Path
from pwd import getpwnam, getpwuid
from typing import Any, Final

from exchange.errors import InputError
from exchange.trial.servers import TlsFiles, free_port
from exchange.trial.watchdog import Watchdog

__all__ = ["PASSWORD", "MailHost", "mail_host"]

PASSWORD: Final = "made-up"  # noqa: S105  # of mailboxes that are nobody's
_LARGEST: Final = 64 << 20
_SECONDS: Final = 60.0
_PROGRAM: Final = "/usr/sbin/dovecot"
_CONFIGURATION: Final = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{more}
"""
_TLS: Final = """
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
"""
_WITHOUT_TLS: Final = """
ssl = no
"""
_NOT_AS_ROOT: Final = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class MailHost:
    """Each server has a port for TLS from the start, 0 without TLS, and one where STARTTLS may be asked for. `refuse`:
    recipients whom SMTP takes no mail for. `over_tls`: whether each mail came so, in order."""

    smtp_port: int
    smtp_tls_port: int
    imap_port: int
    imap_tls_port: int
    ca_file: str = ""
    refuse: set[str] = field(default_factory=set)
    over_tls: list[bool] = field(default_factory=list)
    _lines: dict[str, imaplib.IMAP4] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, address: str) -> imaplib.IMAP4:
        imap = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=_SECONDS)
        imap.login(address.partition("@")[0], PASSWORD)
        return imap

    def put(self, address: str, mail: bytes) -> None:
        """By a line that is kept: a login each would take most of the time."""
        with self._lock:
            imap = self._lines.get(address) or self._lines.setdefault(address, self.open(address))
            imap.append("INBOX", "", imaplib.Time2Internaldate(time.time()), mail)

    def close(self) -> None:
        for imap in self._lines.values():
            imap.shutdown()

    def mails(self, address: str, folder: str = "INBOX") -> list[bytes]:
        imap = self.open(address)
        try:
            if imap.select(folder, readonly=True)[0] != "OK":
                return []
            numbers = imap.search(None, "ALL")[1][0].split()
            return [imap.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index,misc]
        finally:
            imap.logout()

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # as above
        self.over_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        for address in envelope.rcpt_tos:
            self.put(parseaddr(address)[1], envelope.content)
        return "250 taken"


@contextmanager
def mail_host(tls: TlsFiles | None = None) -> Iterator[MailHost]:
    """`tls`: of both servers, for 127.0.0.1; who then logs in at SMTP does so over TLS. Raises InputError
    (BENCH_SERVER) when there is no Dovecot or no aiosmtpd."""
    _need()
    with ExitStack() as stack:
        folder = _folder(stack)
        host = MailHost(free_port(), free_port() if tls else 0, free_port(), free_port() if tls else 0)
        host.ca_file = str(tls.authority) if tls else ""
        _dovecot(stack, host, folder, tls)
        stack.callback(host.close)
        _smtp(stack, host, tls)
        yield host


def _need() -> None:
    try:
        import aiosmtpd.controller  # noqa: F401, PLC0415  # whoever tries another adapter does not need it
    except ImportError:
        raise _missing("aiosmtpd", "pip install aiosmtpd") from None
    if not Path(_PROGRAM).exists():
        raise _missing("dovecot", "sudo apt-get install -y dovecot-imapd")


def _missing(what: str, cure: str) -> InputError:
    return InputError(
        f"{what} is missing: the bench of `mail` runs a mail host of its own. Install it: {cure}; or give your own "
        "mail host by --settings (docs/conformance.md)",
        code="BENCH_SERVER",
    )


def _folder(stack: ExitStack) -> Path:
    """Short, for sockets have names in it."""
    folder = Path(tempfile.mkdtemp(prefix="yidi-mail-", dir="/tmp"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    return folder


def _dovecot(stack: ExitStack, host: MailHost, folder: Path, tls: TlsFiles | None) -> None:
    """Dovecot keeps no mail as root."""
    names = {"user": getpwuid(os.getuid()).pw_name, "group": getgrgid(os.getgid()).gr_name}
    more = _TLS.format(certificate=tls.certificate, key=tls.key) if tls else _WITHOUT_TLS
    if os.getuid():
        more += _NOT_AS_ROOT.format(**names)
    else:
        names = {"user": "mail", "group": "mail"}
        shutil.chown(folder / "mail", getpwnam("mail").pw_uid, getpwnam("mail").pw_gid)
    text = _CONFIGURATION.format(
        folder=folder, port=host.imap_port, tls_port=host.imap_tls_port, password=PASSWORD, more=more, **names
    )
    (folder / "dovecot.conf").write_text(text, encoding="utf-8")
    command = [_PROGRAM, "-F", "-c", str(folder / "dovecot.conf")]
    process = subprocess.Popen(command, process_group=0)  # noqa: S603  # Debian's Dovecot
    watchdog = Watchdog(process.pid, folder)

    def stop() -> None:
        os.killpg(process.pid, signal.SIGKILL)  # nothing of it is kept; in order it would take a second
        process.wait(_SECONDS)
        watchdog.dismiss()

    stack.callback(stop)
    _await(host, folder / "log")


def _await(host: MailHost, log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            host.open("nobody").logout()
        except (OSError, imaplib.IMAP4.error) as error:
            if time.monotonic() > end:
                said = log.read_text(encoding="utf-8", errors="replace")[-500:] if log.exists() else ""
                raise InputError(f"dovecot does not start: {said or error}", code="BENCH_SERVER") from error
            time.sleep(0.01)
        else:
            return


def _smtp(stack: ExitStack, host: MailHost, tls: TlsFiles | None) -> None:
    from aiosmtpd.controller import Controller  # noqa: PLC0415  # see `_need`

    log = logging.getLogger("mail.log")
    before = log.level
    log.setLevel(logging.CRITICAL)  # of faults that clients are made to have, and of names that it deprecates itself
    stack.callback(log.setLevel, before)
    rules: dict[str, Any] = {"hostname": "127.0.0.1", "ready_timeout": _SECONDS, "data_size_limit": _LARGEST}
    ways: list[Mapping[str, Any]] = [{"port": host.smtp_port}]
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
        rules["authenticator"] = _knows
        ways = [
            {"port": host.smtp_port, "tls_context": context},
            {"port": host.smtp_tls_port, "ssl_context": context, "auth_require_tls": False},
        ]
    for way in ways:
        controller = Controller(host, **rules, **way)
        controller.start()
        stack.callback(controller.stop, no_assert=True)


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> Any:
    from aiosmtpd.smtp import AuthResult  # noqa: PLC0415  # see `_need`

    return AuthResult(success=login.password == PASSWORD.encode(), handled=False)
