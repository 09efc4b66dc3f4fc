"""API: a foreign node that speaks our interface for programs (docs/api/openapi.json): it does once what is asked twice,
refuses what it must, and says why in the words of the interface.

It sends real documents with made-up words to a unit of its directory. Not here: what becomes of them beyond that
node; the cases in words (`node_cases`).
"""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from exchange.conformance.case import FailedError, NotApplicableError, expect
from exchange.conformance.url.asking import Answer, Asker

__all__ = [
    "NodeTarget",
    "at_once",
    "by_reference",
    "events",
    "got",
    "names_the_fault",
    "new_key",
    "no_scope",
    "no_token",
    "other_body",
    "oversize",
    "pages",
    "ranges",
    "restarted",
    "sends",
    "slow",
    "twice",
    "who_am_i",
]

_BASE: Final = "/api/v1"
_WAIT_SECONDS: Final = 60.0


@dataclass
class NodeTarget:
    """`token`: of a program with every scope, for one unit; `narrow`: one with `read` alone. `to`: code of the
    recipient, by default the first other unit of the directory. `restart`: starts the node anew. `listen`: host:port at
    which the node may tell the kit."""

    asker: Asker
    token: str
    narrow: str = ""
    to: str = ""
    restart: Callable[[], object] | None = None
    listen: str = ""

    def ask(self, method: str, path: str, *, token: str | None = None, **parts: Any) -> Answer:
        """`token`: another one, "" for none."""
        shown = self.token if token is None else token
        headers = {**({"Authorization": f"Bearer {shown}"} if shown else {}), **parts.pop("headers", {})}
        return self.asker.ask(method, _BASE + path, headers=headers, **parts)

    @cached_property
    def root(self) -> Any:
        return got(self.ask("GET", ""), 200, "GET /api/v1")

    @cached_property
    def recipient(self) -> str:
        if self.to:
            return self.to
        units = got(self.ask("GET", "/directory/units"), 200, "GET /directory/units")["items"]
        others = [one["code"] for one in units if one["active"] and one["code"] not in self.root["units"]]
        if not others:
            raise NotApplicableError("目录里没有别的单位 the directory has no other unit")
        return str(others[0])

    def document(self, title: str = "", **changes: Any) -> dict[str, Any]:
        words = title or f"符合性测试 {secrets.token_hex(6)}"
        return {
            "to": [{"to": self.recipient}],
            "metadata": {"title": words, "document_type": "通知"},
            "content": "请勿办理。",
            "declared_by": "测试",
            **changes,
        }

    def send(self, document: Any, key: str | None, **parts: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.ask("POST", "/documents", json=document, headers=headers, **parts)

    def sent(self, title: str) -> list[str]:
        """Ids of what was sent under this title, among the newest."""
        items = got(self.ask("GET", "/documents"), 200, "GET /documents")["items"]
        return [one["id"] for one in items if one["title"] == title]


def got(answer: Answer, status: int, what: str) -> Any:
    """Raises FailedError."""
    if answer.status != status:
        raise FailedError(f"{what}：{answer}，应答 expected {status}")
    return answer.json()


def _refused(answer: Answer, status: int, code: str, what: str) -> Any:
    """By RFC 9457, with the code that programs act on."""
    problem = got(answer, status, what)
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("application/problem+json"):
        raise FailedError(f"{what}：Content-Type {kind!r}，应为 expected application/problem+json")
    expect(problem.get("code") if isinstance(problem, dict) else None, code, f"{what}: code")
    return problem


def new_key() -> str:
    return f"conformance-{secrets.token_hex(12)}"


def _title(document: dict[str, Any]) -> str:
    return str(document["metadata"]["title"])


def who_am_i(target: NodeTarget) -> None:
    root = target.root
    missing = [name for name in ("units", "scopes", "limits", "directory_version") if name not in root]
    expect(missing, [], "没有的字段 missing fields")
    if not root["units"]:
        raise FailedError("这个令牌不代表任何单位 the token speaks for no unit")


def no_token(target: NodeTarget) -> None:
    for token in ("", "yidi_x", f"{target.token}x", target.token[:-1]):
        _refused(
            target.ask("GET", "/documents", token=token), 401, "TOKEN", "没有令牌或令牌不对 no token or a wrong one"
        )


def no_scope(target: NodeTarget) -> None:
    if not target.narrow:
        raise NotApplicableError("没有给 --narrow-token-file；not given")
    document = target.document()
    answer = target.send(document, new_key(), token=target.narrow)
    _refused(answer, 403, "SCOPE", "只读的令牌发文 a reading token sends")
    expect(target.sent(_title(document)), [], "却发出去了 sent all the same")


def sends(target: NodeTarget) -> None:
    name, data = "附件 & 1.txt", ("请勿办理。" * 400).encode()
    document = target.document(files=[{"name": name}])
    answer = target.ask(
        "POST",
        "/documents",
        data={"document": json.dumps(document, ensure_ascii=False)},
        files=[("file", (name, data, "text/plain"))],
        headers={"Idempotency-Key": new_key()},
    )
    id_ = got(answer, 201, "发文 sending")["id"]
    shown = got(target.ask("GET", f"/documents/{id_}"), 200, "跟踪 tracking")
    expect(shown["metadata"]["title"], _title(document), "标题 title")
    (file,) = shown["files"]
    expect((file["name"], file["sha256"]), (name, hashlib.sha256(data).hexdigest()), "文件 the file")
    expect(target.ask("GET", f"/documents/{id_}/files/{file['sha256']}").body == data, True, "取回的文件 its bytes")


def twice(target: NodeTarget) -> None:
    document, key = target.document(), new_key()
    first, second = target.send(document, key), target.send(document, key)
    got(first, 201, "第一次 the first time")
    expect((second.status, second.json()), (first.status, first.json()), "第二次 the second time")
    expect(len(target.sent(_title(document))), 1, "发出的件数 documents sent")


def at_once(target: NodeTarget) -> None:
    document, key = target.document(), new_key()
    answers: list[Answer] = []
    others = [threading.Thread(target=lambda: answers.append(target.send(document, key))) for _ in range(4)]
    for one in others:
        one.start()
    for one in others:
        one.join()
    strange = [str(one) for one in answers if one.status not in (201, 409)]
    expect(strange, [], "同时四次 four times at once")
    got(target.send(document, key), 201, "之后再来一次 once more")
    expect(len(target.sent(_title(document))), 1, "发出的件数 documents sent")


def other_body(target: NodeTarget) -> None:
    first, other, key = target.document(), target.document(), new_key()
    got(target.send(first, key), 201, "第一次 the first time")
    _refused(target.send(other, key), 422, "KEY_REUSED", "同一键、另一件 the same key for another document")
    expect(target.sent(_title(other)), [], "却发出去了 sent all the same")


def by_reference(target: NodeTarget) -> None:
    document = target.document(reference=new_key())
    first, second = target.send(document, new_key()), target.send(document, new_key())
    id_ = got(first, 201, "第一次 the first time")["id"]
    expect(second.json().get("id"), id_, "同一文号再发 the same reference again")
    expect(len(target.sent(_title(document))), 1, "发出的件数 documents sent")


def names_the_fault(target: NodeTarget) -> None:
    document = target.document()
    for what, wrong, pointer in (
        ("没有标题 no title", {**document, "metadata": {"document_type": "通知"}}, "/metadata/title"),
        ("不认识的字段 an unknown field", {**document, "colour": "red"}, "/colour"),
    ):
        answer = target.send(wrong, new_key())
        problem = got(answer, 422, what)
        named = [str(one.get("pointer", "")).lstrip("#") for one in problem.get("errors", ())]
        expect(any(one.endswith(pointer) for one in named), True, f"{what}: errors {named} 指出 name {pointer}")
    stranger = target.send({**document, "to": [{"to": "999999-999"}]}, new_key())
    _refused(stranger, 422, "UNKNOWN_RECIPIENT", "没有这个单位 an unknown recipient")
    expect(target.sent(_title(document)), [], "却发出去了 sent all the same")


def oversize(target: NodeTarget) -> None:
    largest = int(target.root["limits"]["form_bytes"])
    headers = {"Authorization": f"Bearer {target.token}", "Idempotency-Key": new_key()}
    headers |= {"Content-Type": "application/json", "Content-Length": str(largest * 4)}
    answer = target.asker.announce(f"{_BASE}/documents", headers)
    expect(answer.status, 413, f"说有 {largest * 4} 字节 so many bytes announced")
    got(target.send(target.document(), new_key()), 201, "之后正确的一件 a good one after it")


def ranges(target: NodeTarget) -> None:
    data = secrets.token_bytes(5000)
    document = target.document(files=[{"name": "图.png"}])
    answer = target.ask(
        "POST",
        "/documents",
        data={"document": json.dumps(document, ensure_ascii=False)},
        files=[("file", ("图.png", data, "image/png"))],
        headers={"Idempotency-Key": new_key()},
    )
    id_ = got(answer, 201, "发文 sending")["id"]
    path = f"/documents/{id_}/files/{hashlib.sha256(data).hexdigest()}"
    for asked, start, end in (("0-9", 0, 10), ("10-", 10, 5000), ("-7", 4993, 5000), ("4990-9999", 4990, 5000)):
        part = target.ask("GET", path, headers={"Range": f"bytes={asked}"})
        expect((part.status, part.body), (206, data[start:end]), f"Range: {asked}")
        expect(part.headers.get("content-range"), f"bytes {start}-{end - 1}/5000", f"Content-Range: {asked}")
    expect(target.ask("GET", path, headers={"Range": "bytes=5000-"}).status, 416, "超出末尾 beyond the end")


def pages(target: NodeTarget) -> None:
    titles = [_title(document) for document in (target.document() for _ in range(5))]
    for title in titles[:4]:
        got(target.send(target.document(title), new_key()), 201, "发文 sending")
    seen: list[str] = []
    after: dict[str, str] = {}
    while len(set(seen) & set(titles[:4])) < 4:
        page = got(target.ask("GET", "/documents", params={"limit": "2", **after}), 200, "一页 a page")
        if not seen:  # meanwhile somebody sends another one
            got(target.send(target.document(titles[4]), new_key()), 201, "发文 sending")
        expect(len(page["items"]) <= 2, True, "limit=2")
        seen += [one["title"] for one in page["items"]]
        if not page.get("next") or not page["items"]:
            break
        after = {"after": page["next"]}
    expect([title for title in seen if title in titles], titles[3::-1], "逐页看到的 seen page by page")


def events(target: NodeTarget) -> None:
    for _ in range(2):
        got(target.send(target.document(), new_key()), 201, "发文 sending")
    asked, end = {"after": "0", "limit": "2"}, time.monotonic() + _WAIT_SECONDS
    while len((first := got(target.ask("GET", "/events", params=asked), 200, "GET /events"))["items"]) < 2:
        expect(time.monotonic() < end, True, "发文之后有事件 that events come of what was sent")
        time.sleep(0.2)
    again = got(target.ask("GET", "/events", params=asked), 200, "GET /events")
    expect(again["items"], first["items"], "再问一次 asked again")
    numbers = [one["number"] for one in first["items"]]
    expect(numbers, sorted(set(numbers)), "编号 numbers")
    rest = got(target.ask("GET", "/events", params={"after": str(numbers[0]), "limit": "1"}), 200, "GET /events")
    expect([one["number"] for one in rest["items"]], numbers[1:], "从第一个之后 after the first")


def slow(target: NodeTarget) -> None:
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    with target.asker.half_a_question(headers, json.dumps(target.document()).encode()):
        got(target.ask("GET", ""), 200, "有人只发了一半时 while somebody has sent half")


def restarted(target: NodeTarget) -> None:
    if target.restart is None:
        raise NotApplicableError("没有给 --restart；not given")
    document, key = target.document(), new_key()
    first = target.send(document, key)
    got(first, 201, "发文 sending")
    target.restart()
    end = time.monotonic() + _WAIT_SECONDS
    while target.ask("GET", "").status != 200:
        if time.monotonic() > end:
            raise FailedError(f"{_WAIT_SECONDS:.0f} 秒没有起来 did not come up")
        time.sleep(0.1)
    again = target.send(document, key)
    expect((again.status, again.json()), (first.status, first.json()), "重启之后再来 again after the restart")
    expect(len(target.sent(_title(document))), 1, "发出的件数 documents sent")
