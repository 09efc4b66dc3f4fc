"""What stands before the node that an office calls: it sees each question, and can keep it or its answer back.

    before   the node never gets the question
    after    the node has done it, and its answer is lost
    short    the answer comes, and half of it is missing

Not here: the node's face behind it, nor HTTP (whoever serves it asks `trouble`); what an office's program does.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final, Literal

__all__ = ["CONFIRM", "DECIDE", "FILES", "SEND", "Asked", "Gate", "Trouble"]

Trouble = Literal["", "before", "after", "short"]

_SOAP: Final = "/api/v1/soap"
_VERB: Final = re.compile(rb"Body[^>]*>\s*<(?:\w+:)?(\w+)")

SEND: Final = frozenset({"POST documents", "send"})
CONFIRM: Final = frozenset({"POST confirm", "ack"})
DECIDE: Final = frozenset(
    {"POST sign", "POST reject", "POST return", "POST feedback", "sign", "reject", "feedback"},
)
FILES: Final = frozenset({"GET files", "fetch"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `what`: of REST the method and the last word of its path, of SOAP the verb."""

    what: str
    path: str
    key: str
    body: bytes

    @classmethod
    def of(cls, method: str, path: str, key: str, body: bytes) -> "Asked":
        """`key`: the Idempotency-Key. `body` without the files of a form."""
        if path == _SOAP:
            verb = _VERB.search(body)
            return cls(verb[1].decode() if verb else "", path, key, body)
        words = [word for word in path.split("/") if not re.fullmatch(r"[0-9a-f-]{36}|[0-9a-f]{64}", word)]
        return cls(f"{method} {words[-1] if words else ''}", path, key, body)

    def values(self, *names: str) -> list[str]:
        """Of these fields, wherever they stand, in JSON or XML."""
        try:
            found = list(_walk(json.loads(self.body), names))
        except ValueError:
            wanted = "|".join(names)
            pattern = rf"<(?:\w+:)?(?:{wanted})(?:\s[^>]*)?>([^<]*)<"
            found = [unescape(one) for one in re.findall(pattern, self.body.decode("utf-8", "replace"))]
        return found


def _walk(value: Any, names: Iterable[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name in names and isinstance(one, str):
                yield one
            else:
                yield from _walk(one, names)
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one, names)


@dataclass
class Gate:
    """`asked`: all that was, in order. `watch`: what happens to a question that nothing else happens to."""

    asked: list[Asked] = field(default_factory=list)
    watch: Callable[[Asked], Trouble] | None = None
    _trouble: Callable[[Asked], Trouble] = lambda _one: ""

    def pass_on(self, asked: Asked) -> Trouble:
        """What happens to this question."""
        self.asked.append(asked)
        return self._trouble(asked) or (self.watch(asked) if self.watch else "")

    @contextmanager
    def keeping(self, kind: Trouble, what: Iterable[str] | None = None) -> Iterator[list[Asked]]:
        """Within it that happens to these questions, or to all; gives those that came."""
        met: list[Asked] = []

        def trouble(asked: Asked) -> Trouble:
            if what is not None and asked.what not in what:
                return ""
            met.append(asked)
            return kind

        before, self._trouble = self._trouble, trouble
        try:
            yield met
        finally:
            self._trouble = before
