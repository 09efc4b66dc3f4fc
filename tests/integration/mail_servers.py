"""A private Dovecot for IMAP, and an SMTP server (aiosmtpd) that puts what it takes into Dovecot's mailboxes."""

import imaplib
import shutil
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

from exchange.trial.servers import free_port

__all__ = ["PASSWORD", "MailHost", "mail_host"]

PASSWORD = "made-up"
_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
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
    port = 0
  }}
}}
"""


class MailHost:
    """`refuse`: recipients whom SMTP takes no mail for."""

    def __init__(self, imap_port: int, smtp_port: int) -> None:
        self.imap_port, self.smtp_port = imap_port, smtp_port
        self.refuse: set[str] = set()

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
        for address in envelope.rcpt_tos:
            self.put(parseaddr(address)[1], envelope.content)
        return "250 taken"


@contextmanager
def mail_host(*names: str) -> Iterator[MailHost]:
    folder = Path(tempfile.mkdtemp(prefix="yidi-mail-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    user = getpwnam("mail")
    shutil.chown(folder / "mail", user.pw_uid, user.pw_gid)
    (folder / "users").write_text("".join(f"{name}:{PASSWORD}\n" for name in names))
    host = MailHost(free_port(), free_port())
    (folder / "dovecot.conf").write_text(_CONFIGURATION.format(folder=folder, port=host.imap_port))
    process = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")])
    controller = Controller(host, hostname="127.0.0.1", port=host.smtp_port)
    try:
        _await(host, names[0], folder / "log")
        controller.start()
        yield host
    finally:
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
