"""Every operation of a node's API, as a method. What was cut is asked again under the same key, so that nothing is done
twice.

Not here: files (`exchange.client.transfer`), what arrives at a webhook (`exchange.client.webhook`).
"""

import json
import ssl
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, cast

import httpx2

from exchange.client.errors import NodeError, refusal
from exchange.client.pace import pause
from exchange.client.shapes import (
    Document,
    Events,
    Group,
    Listed,
    Notice,
    Preview,
    Receipt,
    Root,
    Statistics,
    Submitted,
    Superseded,
    Unit,
    Webhook,
    WebhookWithSecret,
)
from exchange.client.transfer import Transfer

__all__ = ["NodeClient"]

_BASE: Final = "/api/v1"
_LATER: Final = frozenset({429, 503})
_OF_ALL_UNITS: Final = ("/directory/", "/webhooks")
Body = Mapping[str, Any]
Box = Literal["inbox", "documents"]


class NodeClient:
    """Not for several threads at once. `unit`: needed when the token speaks for several. `key` of each method: an
    Idempotency-Key of the caller's, kept until it knows the answer; a new one unless given."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        unit: str | None = None,
        ca_file: Path | None = None,
        tries: int = 4,
        seconds: float = 60.0,
    ) -> None:
        """`ca_file`: authorities (PEM) beside which none is trusted. `tries`: how often one thing is asked. `seconds`:
        the longest silence."""
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
            verify=ssl.create_default_context(cafile=ca_file),
            trust_env=False,
            timeout=seconds,
        )
        self._unit = {"unit": unit} if unit else {}
        self._tries = tries
        self._transfer = Transfer(self._http, tries)

    # sending

    def submit(self, document: Body, files: Mapping[str, Path] | None = None, *, key: str | None = None) -> Submitted:
        """`files`: those that go in the form, by the name that `document` lists them under; a large one is uploaded
        first instead, see `upload`."""
        return cast("Submitted", self._post("/documents", document, key, files=files))

    def preview(self, document: Body) -> Preview:
        return cast("Preview", self._post("/preview", document, None))

    def upload(self, path: Path) -> str:
        """Returns the SHA-256 by which a document names the file. Goes on where it was cut, also another day."""
        return self._transfer.upload(path, self._unit)

    def documents(self) -> Iterator[Listed]:
        """What the unit sent, newest first."""
        return self._pages("/documents", {})

    def track(self, document: str) -> Document:
        return cast("Document", self._get(f"/documents/{document}"))

    def recall(
        self, document: str, person: str, text: str, recipient: str | None = None, *, key: str | None = None
    ) -> Receipt:
        said = {"person": person, "text": text} | ({"recipient": recipient} if recipient else {})
        return cast("Receipt", self._post(f"/documents/{document}/recall", said, key))

    def remind(
        self, document: str, person: str, text: str, recipient: str | None = None, *, key: str | None = None
    ) -> list[Receipt]:
        """Of each that was urged; without `recipient` every one that has not signed."""
        said = {"person": person, "text": text} | ({"recipient": recipient} if recipient else {})
        return cast("list[Receipt]", self._post(f"/documents/{document}/remind", said, key)["receipts"])

    def void(self, document: str, person: str, text: str, *, key: str | None = None) -> Receipt:
        return cast("Receipt", self._post(f"/documents/{document}/void", {"person": person, "text": text}, key))

    def reissue(self, document: str, asked: Body, *, key: str | None = None) -> Submitted:
        """`asked`: `to` and `declared_by`."""
        return cast("Submitted", self._post(f"/documents/{document}/reissue", asked, key))

    def supersede(
        self, document: str, by: Body, files: Mapping[str, Path] | None = None, *, key: str | None = None
    ) -> Superseded:
        return cast("Superseded", self._post(f"/documents/{document}/supersede", by, key, files=files))

    # receiving

    def inbox(self, state: str = "all") -> Iterator[Listed]:
        """What the unit received, newest first: `all`, `new` or `unsigned`."""
        return self._pages("/inbox", {"state": state})

    def received(self, document: str) -> Document:
        return cast("Document", self._get(f"/inbox/{document}"))

    def lock(self, document: str, seconds: int = 300, *, key: str | None = None) -> str:
        """Until when."""
        return str(self._post(f"/inbox/{document}/lock", {"seconds": seconds}, key)["until"])

    def release(self, document: str) -> None:
        self._ask("DELETE", f"/inbox/{document}/lock", {})

    def fetch(self, document: str, sha256: str, target: Path) -> None:
        """A file of a received document, whole and as it was signed. Goes on where it was cut."""
        self._transfer.fetch(f"{_BASE}/inbox/{document}/files/{sha256}", self._unit, sha256, target)

    def confirm(self, document: str, external_id: str, *, key: str | None = None) -> Receipt:
        return cast("Receipt", self._post(f"/inbox/{document}/confirm", {"external_id": external_id}, key))

    def sign(self, document: str, person: str, *, key: str | None = None) -> Receipt:
        return cast("Receipt", self._post(f"/inbox/{document}/sign", {"person": person}, key))

    def reject(
        self, document: str, person: str, text: str, reason: str = "OPERATOR", *, key: str | None = None
    ) -> Receipt:
        return self._decide(document, "reject", person, text, reason, key)

    def send_back(
        self, document: str, person: str, text: str, reason: str = "OPERATOR", *, key: str | None = None
    ) -> Receipt:
        return self._decide(document, "return", person, text, reason, key)

    def feedback(self, document: str, person: str, text: str, *, key: str | None = None) -> Receipt:
        return cast("Receipt", self._post(f"/inbox/{document}/feedback", {"person": person, "text": text}, key))

    def answer_recall(
        self, document: str, person: str, text: str = "", *, give_back: bool, key: str | None = None
    ) -> Receipt:
        """Of a document that was signed for and that its sender asks back. `text`: why it is kept."""
        said = {"person": person, "give_back": give_back, "text": text}
        return cast("Receipt", self._post(f"/inbox/{document}/recall-answer", said, key))

    def read(self, document: str, person: str, *, key: str | None = None) -> Receipt:
        """The first reader's."""
        return cast("Receipt", self._post(f"/inbox/{document}/read", {"person": person}, key))

    def print(self, document: str, person: str, copies: int = 1, *, key: str | None = None) -> Receipt:
        """Ask for copies with red head and seal, before they are printed."""
        return cast("Receipt", self._post(f"/inbox/{document}/print", {"person": person, "copies": copies}, key))

    def archive(self, document: str, person: str, *, key: str | None = None) -> Receipt:
        return cast("Receipt", self._post(f"/inbox/{document}/archive", {"person": person}, key))

    # what proves it: byte for byte, `box` is "inbox" or "documents"

    def envelope(self, box: Box, document: str) -> bytes:
        return self._bytes(f"/{box}/{document}/envelope")

    def receipt(self, box: Box, document: str, receipt: str) -> bytes:
        return self._bytes(f"/{box}/{document}/receipts/{receipt}")

    def evidence(self, box: Box, document: str) -> bytes:
        """A zip of the signed document, every signed receipt and the signed directory."""
        return self._bytes(f"/{box}/{document}/evidence")

    # who there is

    def me(self) -> Root:
        """Who the node takes us for, and the limits."""
        return cast("Root", self._get(""))

    def units(self, q: str = "") -> Iterator[Unit]:
        """By a part of the name or the beginning of the code."""
        return self._pages("/directory/units", {"q": q})

    def groups(self) -> list[Group]:
        return cast("list[Group]", self._get("/directory/groups")["items"])

    # webhooks of this token

    def register_webhook(
        self, url: str, types: Sequence[str] = (), units: Sequence[str] = (), *, key: str | None = None
    ) -> WebhookWithSecret:
        """Its secret is shown now and not again."""
        asked = {"url": url, "types": list(types), "units": list(units)}
        return cast("WebhookWithSecret", self._post("/webhooks", asked, key))

    def webhooks(self) -> list[Webhook]:
        return cast("list[Webhook]", self._ask("GET", "/webhooks", {})["items"])

    def rotate_webhook(self, webhook: str, *, key: str | None = None) -> WebhookWithSecret:
        return cast("WebhookWithSecret", self._post(f"/webhooks/{webhook}/rotate", {}, key))

    def replay_webhook(self, webhook: str, after: int, *, key: str | None = None) -> Webhook:
        return cast("Webhook", self._post(f"/webhooks/{webhook}/replay", {"after": after}, key))

    def remove_webhook(self, webhook: str) -> None:
        self._ask("DELETE", f"/webhooks/{webhook}", {})

    # what happened

    def statistics(self, since: str | None = None, until: str | None = None) -> Statistics:
        """Times with an offset, in ISO 8601; without them the last 30 days."""
        given = {"since": since, "until": until}
        return cast("Statistics", self._get("/statistics", **{name: at for name, at in given.items() if at}))

    def notices(self) -> list[Notice]:
        """What the hub tells the unit now, the newest first."""
        return cast("list[Notice]", self._get("/notices")["items"])

    def events(self, after: int = 0, limit: int = 100) -> Events:
        return cast("Events", self._get("/events", after=str(after), limit=str(limit)))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decide(self, document: str, act: str, person: str, text: str, reason: str, key: str | None) -> Receipt:
        said = {"person": person, "text": text, "reason": reason}
        return cast("Receipt", self._post(f"/inbox/{document}/{act}", said, key))

    def _pages(self, path: str, params: dict[str, str]) -> Iterator[Any]:
        after: str | None = ""
        while after is not None:
            page = self._get(path, after=after, **params)
            yield from page["items"]
            after = page["next"]

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        return self._ask("GET", path, params)

    def _post(
        self, path: str, body: Body, key: str | None, *, files: Mapping[str, Path] | None = None
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._ask("POST", path, {}, headers, body, files or {})

    def _ask(
        self,
        method: str,
        path: str,
        params: dict[str, str],
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> dict[str, Any]:
        answer = self._answer(method, path, params, headers, body, files)
        return cast("dict[str, Any]", answer.json()) if answer.content else {}

    def _bytes(self, path: str) -> bytes:
        return self._answer("GET", path, {}).content

    def _answer(
        self,
        method: str,
        path: str,
        params: dict[str, str],
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> httpx2.Response:
        """Asked again when there was no answer, or one that says: later."""
        if path and not path.startswith(_OF_ALL_UNITS):
            params = params | self._unit
        for attempt in range(1, self._tries + 1):
            try:
                answer = self._once(method, path, params, headers or {}, body, files or {})
            except httpx2.HTTPError as error:
                if attempt == self._tries:
                    raise NodeError(0, {"code": "UNREACHABLE", "detail": repr(error)}) from error
                pause(attempt, error)
                continue
            if answer.is_success:
                return answer
            refused = refusal(answer)
            if attempt == self._tries or (refused.status not in _LATER and refused.code != "KEY_BUSY"):
                raise refused
            pause(attempt, refused)
        raise AssertionError("a range of tries is never empty")

    def _once(
        self,
        method: str,
        path: str,
        params: dict[str, str],
        headers: dict[str, str],
        body: Body | None,
        files: Mapping[str, Path],
    ) -> httpx2.Response:
        url = _BASE + path
        if not files:
            return self._http.request(method, url, params=params, headers=headers, json=body)
        opened = [(name, file.open("rb")) for name, file in files.items()]
        try:
            parts = [("document", (None, json.dumps(body), "application/json")), *(("file", pair) for pair in opened)]
            return self._http.request(method, url, params=params, headers=headers, files=cast("Any", parts))
        finally:
            for _, file in opened:
                file.close()
