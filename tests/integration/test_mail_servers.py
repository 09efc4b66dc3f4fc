"""The mail adapter over real servers: the whole story, a mailbox that is refused, and what must not be believed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.mail.letters import read_letter
from exchange.adapters.mail.post import BOUNCED, DONE, IGNORED, MailPost
from exchange.adapters.registry import Place, load_adapter
from exchange.errors import AdapterError
from exchange.ports.office import OfficeAdapter
from tests.contract.crash_matrix import FILES, TITLE
from tests.contract.mail_office import A_BOX, B_BOX, NODE, SECRET, WORDS, a_letter, settings_of
from tests.integration.certificates import CountyAuthority
from tests.integration.mail_servers import PASSWORD, MailHost, tls_mail_host
from tests.unit.adapters.offices import UNIT, received
from tests.unit.services.hub_and_node import A, B


@pytest.fixture(scope="module")
def host() -> Iterator[MailHost]:
    with tls_mail_host() as running:
        yield running


@pytest.fixture
def post(host: MailHost) -> Iterator[MailPost]:
    settings = settings_of(host.smtp_port, host.imap_port)
    one = MailPost(NODE, (settings.smtp, settings.imap), (None, None), ("", PASSWORD))
    yield one
    one.close()


def test_what_is_delivered_leaves_a_copy_that_is_found_again_and_put_away(host: MailHost, post: MailPost) -> None:
    post.check()
    mail = a_letter(NODE, "副本", "正文", number=77)
    assert not post.has("<77@unit.test>")
    post.deliver(mail, B_BOX)
    assert post.has("<77@unit.test>")
    assert [read_letter(one).subject for one in host.mails(B_BOX)] == ["副本"]
    (copy,) = [one for one in post.waiting(50) if b"<77@unit.test>" in one.header]
    assert read_letter(post.fetch(copy.uid)).text.strip() == "正文"
    assert copy.size >= len(mail)
    assert (post.age("<77@unit.test>") or 601) < 600
    before = post.count(DONE)
    post.move(copy.uid, DONE)
    assert post.count(DONE) == before + 1


def test_a_mailbox_that_is_refused_gets_nothing_and_neither_do_we(host: MailHost, post: MailPost) -> None:
    host.refuse = {B_BOX}
    try:
        with pytest.raises(AdapterError):
            post.deliver(a_letter(NODE, "退", "正文", number=78), B_BOX)
    finally:
        host.refuse = set()
    assert not post.has("<78@unit.test>")


def test_only_an_answer_with_the_code_sends_a_document_and_what_nobody_wrote_is_put_aside(
    host: MailHost, post: MailPost
) -> None:
    office = MailAdapter(settings_of(host.smtp_port, host.imap_port), post, SECRET)
    host.put(NODE, a_letter(A_BOX, TITLE, WORDS, FILES, number=80))
    host.put(NODE, b"Auto-Submitted: auto-replied\r\n" + a_letter(A_BOX, "休假", "我在休假", number=81))
    host.put(NODE, b"Return-Path: <>\r\n" + a_letter(A_BOX, "退信", "无此人", number=82))
    host.put(NODE, a_letter("stranger@elsewhere.test", TITLE, WORDS, number=83))
    assert list(office.collect(A)) == []
    assert post.count(IGNORED) == 2
    assert post.count(BOUNCED) == 1
    assert [one.where for one in office.check([A, B])] == ["mailboxes"]
    (question,) = [one for one in map(read_letter, host.mails(A_BOX)) if "[YS-" in one.subject]
    forged = question.subject.replace("[YS-", "[YS-A")[:-2] + "]"
    host.put(NODE, a_letter(A_BOX, f"Re: {forged}", "确认", number=84))
    assert list(office.collect(A)) == []
    host.put(NODE, a_letter("stranger@elsewhere.test", f"Re: {question.subject}", "确认", number=85))
    assert list(office.collect(A)) == []
    host.put(NODE, a_letter(A_BOX, f"Re: {question.subject}", "确认", number=86))
    (draft,) = office.collect(A)
    assert draft.metadata.title == TITLE
    assert {file.name: file.open().read() for file in draft.files} == FILES
    assert len([one for one in host.mails(A_BOX) if b"YS-" in one]) == 1  # asked once, however often it was looked


# ------------------------------------------------------------------------------------------------------- TLS


class Opener:
    """Adapters as a node opens them, from a table of settings: TLS from the start, but for the changes."""

    def __init__(self, host: MailHost, place: Path) -> None:
        self._host, self._place, self.made = host, place, list[OfficeAdapter]()
        (place / "password").write_text(PASSWORD)
        (place / "wrong").write_text("wrong")
        CountyAuthority.create(place, "other")

    def __call__(self, which: str, **changes: object) -> OfficeAdapter:
        """`which`: the server that the changes are for, else both. A port may be named."""
        host = self._host
        ports = {"smtp": (host.smtp_port, host.smtp_tls_port), "imap": (host.imap_port, host.imap_tls_port)}
        table: dict[str, object] = {"adapter": "mail", "address": OTHER, "mailboxes": {UNIT: "c@unit.test"}}
        for name, (plain, tls) in ports.items():
            server: dict[str, object] = {"host": "127.0.0.1", "port": tls, "user": "other", "ca_file": host.ca_file}
            server = {**server, "password_file": "password", **(changes if which in ("", name) else {})}
            table[name] = {**server, "port": plain if server["port"] == "plain" else server["port"]}
        self.made.append(load_adapter(table, Place(name="town", data=self._place, offices=self._place)))
        return self.made[-1]


@pytest.fixture
def opened(host: MailHost, tmp_path: Path) -> Iterator[Opener]:
    opener = Opener(host, tmp_path)
    yield opener
    for one in opener.made:
        one.close()


OTHER = "other@yidi.test"  # a node of its own: its secret is another, and what it sent is a stranger's to the first
STARTTLS: dict[str, object] = {"security": "starttls", "port": "plain"}


@pytest.mark.parametrize("changes", [{}, STARTTLS], ids=["tls", "starttls"])
def test_both_servers_are_spoken_to_over_tls_from_the_start_or_by_starttls(
    host: MailHost, opened: Opener, changes: dict[str, object]
) -> None:
    office = opened("", **changes)
    assert list(office.check([UNIT])) == []
    went, before = len(host.over_tls), len(host.mails("c@unit.test"))
    office.hand_over(received(("通知.pdf", b"body")))
    assert host.over_tls[went:] == [True]
    assert len(host.mails("c@unit.test")) == before + 1


@pytest.mark.parametrize("which", ["smtp", "imap"])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ca_file": "other.pem"}, "服务器的证书不可信.*signature failure"),
        ({"ca_file": ""}, "服务器的证书不可信.*local issuer"),
        ({"host": "localhost"}, "服务器的证书不可信.*Hostname mismatch"),
        ({**STARTTLS, "ca_file": "other.pem"}, "服务器的证书不可信.*signature failure"),
        ({**STARTTLS, "host": "localhost"}, "服务器的证书不可信.*Hostname mismatch"),
        ({"port": "plain"}, "这个端口不说 TLS"),
        ({"password_file": "wrong"}, "账号或密码不对"),
        ({**STARTTLS, "password_file": "wrong"}, "账号或密码不对"),
        ({"port": 1}, "连不上"),
    ],
)
def test_a_server_that_is_not_the_one_that_was_meant_is_named_and_gets_no_mail(
    host: MailHost, opened: Opener, which: str, changes: dict[str, object], said: str
) -> None:
    office, went = opened(which, **changes), len(host.over_tls)
    with pytest.raises(AdapterError, match=f"{which.upper()}：{said}") as caught:
        list(office.check([UNIT]))
    assert PASSWORD not in f"{caught.value} {caught.value.detail}"
    if which == "smtp":
        with pytest.raises(AdapterError, match=said):
            office.hand_over(received(("通知.pdf", b"body")))
    assert len(host.over_tls) == went


@pytest.mark.parametrize("which", ["smtp", "imap"])
def test_a_server_without_starttls_is_told_no_password(opened: Opener, which: str) -> None:
    """Somebody on the line may have taken the offer away."""
    with _without_starttls(which) as (port, heard), pytest.raises(AdapterError, match="STARTTLS"):
        list(opened(which, security="starttls", port=port).check([UNIT]))
    assert b"LOGIN" not in heard.upper()
    assert b"AUTH" not in heard.upper()


@contextmanager
def _without_starttls(which: str) -> Iterator[tuple[int, bytearray]]:
    """A server that says how it is called and knows no STARTTLS, and all that it heard."""
    heard = bytearray()
    answers = {"smtp": (b"220 mail\r\n", b"250 mail\r\n"), "imap": (b"* OK mail\r\n", b"")}[which]

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(answers[0])
            for line in self.rfile:
                heard.extend(line)
                tag = line.split()[0]
                capable = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n"
                self.wfile.write(answers[1] or capable)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join()
