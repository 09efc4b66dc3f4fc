"""Checks of the interface for programs: whether it answers, tokens that end soon, webhooks that nobody takes.

Not here: what programs do with it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from exchange.cli.doctor.checks import SOON, Finding, Place, failure, fine, warning
from exchange.cli.language import say
from exchange.cli.output import local
from exchange.cli.running import programs_served, running
from exchange.trust.servers import server_end

if TYPE_CHECKING:
    from exchange.model.webhook import Webhook
    from exchange.ports.node import NodeStore
    from exchange.settings import NodeApi

__all__ = ["programs_of"]


def programs_of(patient: Place, settings: "NodeApi", store: "NodeStore") -> Iterator[Finding]:
    if settings.port is None:
        yield fine("programs", say("程序接口未开启", "the interface for programs is off"))
        return
    yield from _served(patient)
    if settings.certificate_file:
        yield from _certificate(patient, settings)
    with store.look() as session:
        tokens, webhooks = session.tokens(), session.webhooks()
    for token in tokens:
        ends = token.expires
        if token.revoked is None and ends is not None and patient.now < ends <= patient.now + SOON:
            found = say(
                f"令牌 {token.id} {token.name} {local(ends)[:10]} 失效", f"token {token.id} ends {local(ends)[:10]}"
            )
            yield warning(
                "tokens", found, say("发新令牌并更换：yidi node tokens new", "yidi node tokens new, then change it")
            )
    for webhook in webhooks:
        yield from _webhook(patient, webhook)


def _served(patient: Place) -> Iterator[Finding]:
    if running(patient.layout) is None:
        return  # which is a finding of its own
    if url := programs_served(patient.layout):
        yield fine("programs", say(f"程序接口 {url}", f"programs are served at {url}"))
        return
    cure = say("设置改过之后须重启：", "after a change of settings start it again: ") + patient.runs
    yield failure("programs", say("程序接口没有应答", "the interface for programs does not answer"), cure)


def _certificate(patient: Place, settings: "NodeApi") -> Iterator[Finding]:
    end = server_end((patient.layout.root / settings.certificate_file).read_bytes())
    found = say(f"程序接口的证书有效至 {local(end)[:10]}", f"its certificate is good until {local(end)[:10]}")
    cure = say(
        "换 api.certificate_file 与 key_file，然后重启", "replace api.certificate_file and key_file, start again"
    )
    if end <= patient.now:
        yield failure("programs", found, cure)
    elif end <= patient.now + SOON:
        yield warning("programs", found, cure)


def _webhook(patient: Place, one: "Webhook") -> Iterator[Finding]:
    again = f"yidi node webhooks replay {one.id} --data {patient.layout.root}"
    if one.ended:
        found = say(f"推送 {one.id} 已停止：{one.ended}", f"webhook {one.id} ended: {one.ended}")
        yield warning("webhooks", found, say("修好对方后：", "mend the program, then: ") + again)
    elif one.failing is not None:
        since = local(one.failing)
        found = say(f"推送 {one.id} 自 {since} 未被接收", f"webhook {one.id} not taken since {since}")
        yield warning("webhooks", found, say(f"查看 {one.url} 的程序", f"look at the program at {one.url}"))
