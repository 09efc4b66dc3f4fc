"""Questions to the Prometheus server that watches this exchange: what a query is now, and what it was over time.

Its address comes from the settings; no redirect is followed, nothing is taken from the environment, and answers are
bounded in time and size. Source: the HTTP API of Prometheus, version 1.

Not here: which queries (`deploy/grafana`), who may ask (`exchange.web.dashboards`).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from exchange.errors import TransportError

__all__ = ["PrometheusClient", "Series"]

_SECONDS: Final = 10.0
_LARGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Series:
    """`points`: (Unix time in seconds, value); what is no number is left out."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class PrometheusClient:
    """Many threads may share one."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx2.Client(
            trust_env=False, follow_redirects=False, timeout=_SECONDS, headers={"User-Agent": "yidi"}
        )

    def now(self, expression: str) -> list[Series]:
        """The latest value of each series. Raises TransportError: no answer (PROMETHEUS), or refused with the reason
        (PROMETHEUS_QUERY)."""
        found = self._ask("query", {"query": expression})
        return [Series(one["metric"], _points([one["value"]])) for one in found]

    def over(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """Values from `start` to `end` (Unix time), `step` seconds apart. Raises as `now`."""
        times = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        found = self._ask("query_range", {"query": expression, **times})
        return [Series(one["metric"], _points(one["values"])) for one in found]

    def close(self) -> None:
        self._http.close()

    def _ask(self, path: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        try:
            with self._http.stream("POST", f"{self._url}/api/v1/{path}", data=dict(fields)) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise TransportError(f"Prometheus answered more than {_LARGEST} bytes", code="PROMETHEUS")
            answer = json.loads(body)
            if answer["status"] != "success":
                raise TransportError(f"Prometheus refuses: {answer['error'][:300]}", code="PROMETHEUS_QUERY")
            found = answer["data"]["result"]
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TransportError("Prometheus does not answer", code="PROMETHEUS", detail=repr(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise TransportError("what answers is not Prometheus", code="PROMETHEUS", detail=repr(error)) from error
        return list(found) if isinstance(found, list) else []


def _points(pairs: list[list[Any]]) -> tuple[tuple[float, float], ...]:
    read = ((float(at), float(value)) for at, value in pairs)
    return tuple((at, value) for at, value in read if math.isfinite(value))
