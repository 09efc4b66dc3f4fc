"""Every operation of a node's API, as a method. What was cut is asked again under the same key, so that nothing is done
twice.

Not here: files (`exchange.client.transfer`), what arrives at a webhook (`exchange.client.webhook`).
"""

import json
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import httpx2

from exchange.client.errors import NodeError, problem_of
from exchange.client.shapes import Document, Events, Listed, Preview, Receipt, Submitted, Superseded
from exchange.client.transfer import Transfer

__all__ = ["NodeClient"]

_BASE: Final = "/api/v1"
_LATER: Final = frozenset({429, 503})
_LONGEST_WAIT: Final = 60.0
Body = Mapping[str, Any]


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

    def remind(self, document: str, person: str, text: str, recipient: str, *, key: str | None = None) -> Receipt:
        said = {"person": person, "text": text, "recipient": recipient}
        return cast("Receipt", self._post(f"/documents/{document}/remind", said, key))

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

    # what happened

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

    def _pages(self, path: str, params: dict[str, str]) -> Iterator[Listed]:
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
        """Asked again when there was no answer, or one that says: later."""
        for attempt in range(1, self._tries + 1):
            try:
                answer = self._once(method, path, params | self._unit, headers or {}, body, files or {})
            except httpx2.HTTPError as error:
                if attempt == self._tries:
                    raise NodeError(0, {"code": "UNREACHABLE", "detail": repr(error)}) from error
                time.sleep(min(_LONGEST_WAIT, 0.2 * 2.0**attempt))
                continue
            if answer.is_success:
                return cast("dict[str, Any]", answer.json()) if answer.content else {}
            problem = problem_of(answer)
            later = answer.status_code in _LATER or problem.get("code") == "KEY_BUSY"
            if attempt == self._tries or not later:
                raise NodeError(answer.status_code, problem)
            time.sleep(min(_LONGEST_WAIT, _seconds(answer.headers.get("retry-after", ""))))
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


def _seconds(field: str) -> float:
    return float(field) if field.isascii() and field.isdigit() else 1.0
