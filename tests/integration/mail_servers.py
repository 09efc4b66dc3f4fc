"""A private Dovecot for IMAP, and an SMTP server (aiosmtpd) that puts what it takes into Dovecot's mailboxes. Each
listens at two ports: one for TLS from the start, one where STARTTLS is asked for, or is not."""

import imaplib
import logging
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from pathlib import Path
from pwd import getpwnam
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from exchange.trial.servers import TlsFiles, free_port
from tests.integration.certificates import CountyAuthority

__all__ = ["PASSWORD", "MailHost", "mail_host"]

PASSWORD = "made-up"
_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%n
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
"""


class MailHost:
    """`refuse`: recipients whom SMTP takes no mail for. `ca_file`: of the certificate of both servers, which is for
    127.0.0.1. `over_tls`: whether each mail came so, in order."""

    def __init__(self, tls: TlsFiles) -> None:
        self.imap_port, self.smtp_port = free_port(), free_port()
        self.imap_tls_port, self.smtp_tls_port = free_port(), free_port()
        self.tls, self.ca_file = tls, str(tls.authority)
        self.refuse: set[str] = set()
        self.over_tls: list[bool] = []

    def open(self, address: str) -> imaplib.IMAP4:
        imap = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=30)
        imap.login(address.partition("@")[0], PASSWORD)
        return imap

    def put(self, address: str, mail: bytes) -> None:
        imap = self.open(address)
        imap.append("INBOX", "", imaplib.Time2Internaldate(time.time()), mail)
        imap.logout()

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

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.over_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        for address in envelope.rcpt_tos:
            self.put(parseaddr(address)[1], envelope.content)
        return "250 taken"

    def controllers(self) -> list[Controller]:
        """Both ports of SMTP. Who logs in does so over TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.tls.certificate, self.tls.key)
        rules: dict[str, Any] = {"hostname": "127.0.0.1", "authenticator": _knows}
        return [
            Controller(self, port=self.smtp_port, tls_context=context, **rules),
            Controller(self, port=self.smtp_tls_port, ssl_context=context, auth_require_tls=False, **rules),
        ]


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
    return AuthResult(success=login.password == PASSWORD.encode(), handled=False)


@contextmanager
def mail_host(*names: str) -> Iterator[MailHost]:
    folder = Path(tempfile.mkdtemp(prefix="yidi-mail-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    user = getpwnam("mail")
    shutil.chown(folder / "mail", user.pw_uid, user.pw_gid)
    (folder / "users").write_text("".join(f"{name}:{PASSWORD}\n" for name in names))
    host = MailHost(CountyAuthority.create(folder).broker())
    settings = _CONFIGURATION.format(
        folder=folder,
        port=host.imap_port,
        tls_port=host.imap_tls_port,
        certificate=host.tls.certificate,
        key=host.tls.key,
    )
    (folder / "dovecot.conf").write_text(settings)
    process = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")])
    controllers, log = host.controllers(), logging.getLogger("mail.log")
    log.setLevel(logging.CRITICAL)  # of faults that clients are made to have, and of names that it deprecates itself
    try:
        _await(host, names[0], folder / "log")
        for controller in controllers:
            controller.start()
        yield host
    finally:
        log.setLevel(logging.NOTSET)
        for controller in controllers:
            with suppress(AssertionError):
                controller.stop()
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _await(host: MailHost, name: str, log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            host.open(name).logout()
            return
        except (OSError, imaplib.IMAP4.error):
            assert time.monotonic() < end, log.read_text() if log.exists() else "no log"
            time.sleep(0.1)
