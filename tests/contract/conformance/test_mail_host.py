"""The bench of the mail adapter on a mail host that somebody gave: over TLS, by the settings of the pages."""

from pathlib import Path

import pytest

from exchange.adapters.registry import find_adapter
from exchange.conformance.bench import find_bench
from exchange.conformance.case import Ending
from exchange.conformance.trial import ADAPTER_CASES, Booth, try_adapter
from exchange.errors import InputError
from tests.integration.mail_servers import PASSWORD, tls_mail_host

UNIT = "520304-001"


@pytest.mark.timeout(300)
def test_a_mail_host_that_is_given_is_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD)
    with tls_mail_host() as host:
        server = {"host": "127.0.0.1", "ca_file": host.ca_file, "password_file": "secret", "user": "node"}
        table = {
            "address": "node@yidi.test",
            "mailboxes": {UNIT: "unit@yidi.test"},
            "smtp": {**server, "port": host.smtp_tls_port},
            "imap": {**server, "port": host.imap_port, "security": "starttls"},
            "codes_file": "codes",
        }
        bench = {"user": "unit", "password_file": "secret"}
        booth = Booth("mail", find_adapter("mail"), find_bench("mail"), table, bench, tmp_path, patience=60.0)
        verdicts = try_adapter(booth, [case for case in ADAPTER_CASES if case.id in ("IN-01", "OUT-01", "DEC-04")])
        assert {one.case.id: one.seen for one in verdicts if one.ending is not Ending.PASSED} == {}
        assert all(host.over_tls)


def test_what_the_bench_needs_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD)
    server = {"host": "127.0.0.1", "port": 9, "user": "node", "password_file": "secret"}
    table = {"address": "node@yidi.test", "smtp": server, "imap": server}
    for mailboxes, bench, said in (
        ({}, {}, f"offices.mail.mailboxes: {UNIT}"),
        ({UNIT: "unit@yidi.test"}, {}, "bench: give user and password_file"),
        ({UNIT: "unit@yidi.test"}, {"user": "unit", "password_file": "none"}, "bench.password_file: .*No such file"),
    ):
        booth = Booth(
            "mail", find_adapter("mail"), find_bench("mail"), {**table, "mailboxes": mailboxes}, bench, tmp_path
        )
        with pytest.raises(InputError, match=said):
            try_adapter(booth, ())
