"""The mail host of the conformance kit, each server of it with a certificate for 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from exchange.conformance.benches.mail_host import PASSWORD, MailHost, mail_host
from tests.integration.certificates import CountyAuthority

__all__ = ["PASSWORD", "MailHost", "tls_mail_host"]


@contextmanager
def tls_mail_host() -> Iterator[MailHost]:
    with (
        TemporaryDirectory(prefix="yidi-mail-") as folder,
        mail_host(CountyAuthority.create(Path(folder)).broker()) as host,
    ):
        yield host
