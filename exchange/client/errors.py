"""What a node refuses, as its caller sees it."""

from collections.abc import Mapping
from typing import Any

import httpx2

__all__ = ["NodeError", "refusal"]


class NodeError(Exception):
    """`code` never changes its meaning, `detail` is for people, `errors` names the fields at fault; `until`, when
    what is used up may be had again, RFC 3339; `retry_after`, in seconds, what the node asks to be waited. `status` 0
    and code UNREACHABLE: there was no answer, and asking again under the same key is safe."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        self.code = str(problem.get("code", "STRANGE"))
        self.detail = str(problem.get("detail", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors", []))
        self.until = str(problem.get("until") or "")
        super().__init__(f"{self.code}: {self.detail}")


def refusal(answer: httpx2.Response) -> NodeError:
    """What an answer that is no success says of itself; whoever stands in between may answer anything."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    problem = found if isinstance(found, dict) else {"detail": f"no answer of a node: {answer.status_code}"}
    wait = answer.headers.get("retry-after", "")
    return NodeError(answer.status_code, problem, float(wait) if wait.isascii() and wait.isdigit() else None)
