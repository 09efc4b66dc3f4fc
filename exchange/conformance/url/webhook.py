"""WHK: a program that is told by webhooks: what is ours it takes, however often and in whatever order; what is not it
refuses, and goes on.

Only its answers are seen. Not here: whether what it took is on its disk.
"""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from exchange.conformance.case import Case, FailedError, Words
from exchange.conformance.url.asking import Answer, Asker
from exchange.trust.webhook import signature

__all__ = ["CASES", "WebhookTarget"]

_LARGE: Final = 8 << 20
_OLD: Final = 600  # seconds: the window is 300


@dataclass
class WebhookTarget:
    asker: Asker
    secret: str
    number: int = field(default_factory=lambda: int(time.time()))
    ended: bool = False

    def event(self, **changes: Any) -> dict[str, Any]:
        """As a node tells it; each has a number and an id of its own."""
        self.number += 1
        document, receipt = "3f2a9c01-7a0b-4c61-9f0e-6f1c1f6e53a5", f"0b6e2f0e-0d7c-4a57-8c43-{secrets.token_hex(6)}"
        now = datetime.now(UTC).isoformat()
        said = {"id": receipt, "event": "DELIVERED", "event_chinese": "已送达", "at": now}
        return {
            "number": self.number,
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "id": f"520304-002/{receipt}",
            "type": "cn.yidi.document.received",
            "source": "/units/520304-002",
            "subject": f"520304-001/{document}",
            "time": now,
            "data": said,
            **changes,
        }

    def signed(self, event: Mapping[str, Any], *, at: int | None = None) -> tuple[dict[str, str], bytes]:
        at, body = int(time.time()) if at is None else at, json.dumps(event, ensure_ascii=False).encode()
        return {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": event["id"],
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self.secret, event["id"], at, body),
        }, body

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises FailedError once it has answered 410: a node tells it nothing more."""
        if self.ended:
            raise FailedError("它已答过 410，节点不再推送 it answered 410 before: a node tells it nothing more")
        answer = self.asker.ask("POST", headers=dict(headers), content=body)
        self.ended = answer.status == 410
        return answer

    def tell(self, event: Mapping[str, Any], *, at: int | None = None) -> Answer:
        return self.post(*self.signed(event, at=at))


def _taken(answer: Answer, what: str) -> None:
    if answer.status // 100 != 2:
        raise FailedError(f"{what}：{answer}，应答 2xx expected 2xx")


def _refused(answer: Answer, what: str) -> None:
    """410 would end the webhook, and 5xx says that it may be tried again."""
    if answer.status // 100 != 4 or answer.status == 410:
        raise FailedError(f"{what}：{answer}，应答 4xx（410 除外） expected 4xx other than 410")


def good(target: WebhookTarget) -> None:
    began = time.monotonic()
    _taken(target.tell(target.event()), "正确的事件 a good event")
    if (seconds := time.monotonic() - began) > target.asker.seconds / 2:
        raise FailedError(
            f"用了 {seconds:.1f} 秒才回答；节点只等 it took so long; a node waits {target.asker.seconds:.0f} s"
        )


def duplicate(target: WebhookTarget) -> None:
    event = target.event()
    for time_ in ("第一次 the first time", "第二次 the second time", "第三次 the third time"):
        _taken(target.tell(event), time_)


def duplicates_at_once(target: WebhookTarget) -> None:
    event = target.event()
    answers: list[Answer] = []
    others = [threading.Thread(target=lambda: answers.append(target.tell(event))) for _ in range(4)]
    for one in others:
        one.start()
    for one in others:
        one.join()
    for answer in answers:
        _taken(answer, "同时来四遍 four times at once")


def out_of_order(target: WebhookTarget) -> None:
    older, newer = target.event(), target.event(type="cn.yidi.receipt.signed")
    _taken(target.tell(newer), "后来的先到 the newer one first")
    _taken(target.tell(older), "先前的后到 the older one after it")


def told_late(target: WebhookTarget) -> None:
    event = target.event(time="2026-01-05T01:00:00+00:00")
    _taken(target.tell(event), "很早的事、刚签的名 what happened long ago, signed now")


def forged(target: WebhookTarget) -> None:
    headers, body = target.signed(target.event())
    wrong = signature("whsec_" + "QUFB" * 8, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    _refused(target.post({**headers, "webhook-signature": wrong}, body), "别的密钥签的名 signed with another secret")


def unsigned(target: WebhookTarget) -> None:
    headers, body = target.signed(target.event())
    for missing in ("webhook-signature", "webhook-timestamp", "webhook-id"):
        rest = {name: value for name, value in headers.items() if name != missing}
        _refused(target.post(rest, body), f"没有 without {missing}")
    _refused(target.post({**headers, "webhook-signature": ""}, body), "签名是空的 an empty signature")
    _refused(target.post({**headers, "webhook-timestamp": "now"}, body), "时间不是数 a time that is no number")


def changed(target: WebhookTarget) -> None:
    headers, body = target.signed(target.event())
    _refused(target.post(headers, body.replace(b"received", b"refused_")), "改了内容 a changed body")
    _refused(target.post({**headers, "webhook-id": "520304-002/other"}, body), "改了编号 a changed id")


def old(target: WebhookTarget) -> None:
    _refused(target.tell(target.event(), at=int(time.time()) - _OLD), "十分钟前签的 signed ten minutes ago")


def ahead(target: WebhookTarget) -> None:
    _refused(target.tell(target.event(), at=int(time.time()) + _OLD), "十分钟后签的 signed ten minutes ahead")


def rotating(target: WebhookTarget) -> None:
    headers, body = target.signed(target.event())
    other = "v1," + "A" * 43 + "="
    both = {**headers, "webhook-signature": f"{other} v1a,AAAA {headers['webhook-signature']}"}
    _taken(target.post(both, body), "几个签名，其中一个对 several signatures, of which one is right")


def unknown(target: WebhookTarget) -> None:
    event = target.event(type="cn.yidi.receipt.something_new", extra={"later": True})
    _taken(target.tell(event), "不认识的类型与字段 an unknown type and field")


def oversize(target: WebhookTarget) -> None:
    headers, _ = target.signed(target.event())
    answer = target.post(headers, b"x" * _LARGE)
    if answer.status // 100 == 2:
        raise FailedError(f"收下了 8 MiB 的伪造内容 8 MiB of forgery were taken: {answer}")
    _taken(target.tell(target.event()), "之后正确的事件 a good event after it")


def slow(target: WebhookTarget) -> None:
    headers, body = target.signed(target.event())
    with target.asker.half_a_question(headers, body):
        _taken(
            target.tell(target.event()), "有人只发了一半时，正确的事件 a good event while somebody has sent half of one"
        )


def broken_off(target: WebhookTarget) -> None:
    event = target.event()
    with target.asker.half_a_question(*target.signed(event)):
        pass
    _taken(target.tell(event), "断在一半，再来 broken off half-way, and told again")


def nonsense(target: WebhookTarget) -> None:
    headers, _ = target.signed(target.event())
    for body in (b"", b"{", b"\xff\xfe", b"[]"):
        _refused(target.post(headers, body), f"不是事件 no event: {body!r}")
    _taken(target.tell(target.event()), "之后正确的事件 a good event after it")


_FORGERY: Final = Words(
    "谁都能往这个地址发；伪造的“已签收”不能进办公系统", "anybody can post there; a forged SIGNED must not get in"
)
_AGAIN: Final = Words("至少一次：断线后必然重来", "at least once: after a break it comes again")

CASES: Final = (
    Case(
        id="WHK-01",
        title=Words("正确的事件", "a good event"),
        expected=Words("7.5 秒内答 2xx", "2xx within 7.5 seconds"),
        why=Words("不答 2xx 就会重来，且后面的都等着", "without 2xx it comes again, and all behind it wait"),
        cure=Words("存下就答，处理放在后面", "answer once it is stored; deal with it afterwards"),
        play=good,
    ),
    Case(
        id="WHK-02",
        title=Words("重复的事件", "a duplicate"),
        expected=Words("每次都答 2xx", "2xx each time"),
        why=_AGAIN,
        cure=Words("以 id 为主键，已有的也答 2xx", "make the id a primary key, and answer 2xx to what is there"),
        play=duplicate,
    ),
    Case(
        id="WHK-03",
        title=Words("同一事件同时来四遍", "the same event four times at once"),
        expected=Words("都答 2xx", "2xx to all"),
        why=_AGAIN,
        cure=Words("先插入再判断冲突，不要先查后插", "insert and see the conflict; do not look first"),
        play=duplicates_at_once,
    ),
    Case(
        id="WHK-04",
        title=Words("先后颠倒", "out of order"),
        expected=Words("都答 2xx", "2xx to both"),
        why=Words("重新推送时，旧的会在新的之后到来", "a replay brings old ones after new ones"),
        cure=Words("以 number 为序，不以到达为序", "order them by number, not by arrival"),
        play=out_of_order,
    ),
    Case(
        id="WHK-05",
        title=Words("很早的事刚刚推送", "an old event told now"),
        expected=Words("答 2xx", "2xx"),
        why=Words("看的是签名的时间，不是事件的时间", "the window is about when it was signed, not when it happened"),
        cure=Words("用 webhook-timestamp 判断新旧", "judge by webhook-timestamp"),
        play=told_late,
    ),
    Case(
        id="WHK-06",
        title=Words("伪造的签名", "a forged signature"),
        expected=Words("答 4xx", "4xx"),
        why=_FORGERY,
        cure=Words("用 Standard Webhooks 的库验签", "verify with a Standard Webhooks library"),
        play=forged,
    ),
    Case(
        id="WHK-07",
        title=Words("没有签名", "no signature"),
        expected=Words("缺哪个头都答 4xx", "4xx, whichever header is missing"),
        why=_FORGERY,
        cure=Words("先验签，再做别的", "verify before anything else"),
        play=unsigned,
    ),
    Case(
        id="WHK-08",
        title=Words("内容被改", "changed on the way"),
        expected=Words("答 4xx", "4xx"),
        why=_FORGERY,
        cure=Words("对收到的原始字节验签，编号也在签名之内", "verify the bytes as they came; the id is signed, too"),
        play=changed,
    ),
    Case(
        id="WHK-09",
        title=Words("过期的签名（重放）", "an old signature (a replay)"),
        expected=Words("答 4xx", "4xx"),
        why=_FORGERY,
        cure=Words("时间差超过五分钟的不收；校准时钟", "refuse more than five minutes; set the clock"),
        play=old,
    ),
    Case(
        id="WHK-10",
        title=Words("来自将来的签名", "a signature from the future"),
        expected=Words("答 4xx", "4xx"),
        why=_FORGERY,
        cure=Words("时间差超过五分钟的不收，两个方向都是", "refuse more than five minutes, either way"),
        play=ahead,
    ),
    Case(
        id="WHK-11",
        title=Words("更换密钥时有几个签名", "several signatures while a secret changes"),
        expected=Words("有一个对就答 2xx；不认识的版本略过", "2xx when one is right; unknown versions are passed over"),
        why=Words("否则一换密钥就停", "else it stops at every change of the secret"),
        cure=Words("逐个比较，以空格分开", "compare each; they are split by spaces"),
        play=rotating,
    ),
    Case(
        id="WHK-12",
        title=Words("不认识的类型与字段", "an unknown type and field"),
        expected=Words("答 2xx", "2xx"),
        why=Words(
            "新版本会增加；拒绝它就堵住后面的", "a later release adds some; who refuses one blocks those behind it"
        ),
        cure=Words("不认识的存下或略过，答 2xx", "store or pass over what you do not know, and answer 2xx"),
        play=unknown,
    ),
    Case(
        id="WHK-13",
        title=Words("过大的内容", "oversize"),
        expected=Words("8 MiB 的伪造内容不收；之后照常", "8 MiB of forgery are not taken; afterwards it goes on"),
        why=Words("一次请求不能占满内存", "one request must not fill the memory"),
        cure=Words("限制请求体大小（1 MiB 足够）", "bound the body; 1 MiB is plenty"),
        play=oversize,
    ),
    Case(
        id="WHK-14",
        title=Words("慢的请求不堵住别的", "a slow request blocks no other"),
        expected=Words("有人只发一半不动时，别的照样答 2xx", "2xx to others while somebody has sent half of one"),
        why=Words("一个卡住的连接就能让推送停下", "one stuck connection would stop all"),
        cure=Words("并发处理，或放在反向代理后面", "serve several at once, or stand behind a reverse proxy"),
        play=slow,
    ),
    Case(
        id="WHK-15",
        title=Words("断在一半，再来", "broken off half-way, and again"),
        expected=Words("再来时答 2xx", "2xx when it comes again"),
        why=_AGAIN,
        cure=Words("收全、验签、存下之后才记这个 id", "note the id once all is there, verified and stored"),
        play=broken_off,
    ),
    Case(
        id="WHK-16",
        title=Words("不是事件的内容", "what is no event"),
        expected=Words("答 4xx，之后照常", "4xx, and it goes on"),
        why=_FORGERY,
        cure=Words("先验签，再解析", "verify, then parse"),
        play=nonsense,
    ),
)
