"""How files go into Weaver: it fetches them from the node by links that work once, or they stand in the request.

Not here: who serves the links (`exchange.web.node_api.offices`).
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from exchange.adapters.forms.desk import Paper
from exchange.adapters.links import FileLinks, Link
from exchange.adapters.weaver.settings import WeaverSettings
from exchange.errors import AdapterError

__all__ = ["Handing"]


class Handing:
    """`name`: of the office in the node's settings."""

    def __init__(self, settings: WeaverSettings, name: str, links: FileLinks) -> None:
        self._settings, self._name, self._links = settings, name, links

    def fields(self, papers: Sequence[Paper]) -> dict[str, list[dict[str, str]]]:
        """Each attachment field, and the files in it as REST names them."""
        found: dict[str, list[dict[str, str]]] = {}
        prefix = "" if self._by_link else self._settings.base64_prefix
        for paper in papers:
            file = {"filePath": prefix + self._value(paper), "fileName": paper.name}
            found.setdefault(self._field(paper), []).append(file)
        return found

    def typed_fields(self, papers: Sequence[Paper]) -> dict[str, tuple[str, str]]:
        """Type and value of each attachment field, as SOAP names its files: several have bars
        between them, which no file name holds."""
        found: dict[str, list[tuple[str, str]]] = {}
        kind = "http" if self._by_link else "base64"
        for paper in papers:
            found.setdefault(self._field(paper), []).append((f"{kind}:{paper.name}", self._value(paper)))
        return {
            field: ("|".join(kind for kind, _ in files), "|".join(value for _, value in files))
            for field, files in found.items()
        }

    @property
    def _by_link(self) -> bool:
        return self._settings.files_by == "link"

    def _field(self, paper: Paper) -> str:
        receive = self._settings.receive
        return receive.body if paper.body and receive.body else receive.attachments

    def _value(self, paper: Paper) -> str:
        return self._link(paper) if self._by_link else self._base64(paper)

    def _link(self, paper: Paper) -> str:
        link = Link(sha256=paper.sha256, media_type=paper.media_type, name=paper.name)
        until = datetime.now(UTC) + timedelta(minutes=self._settings.link_minutes)
        token = self._links.give(link, until=until)
        return f"{self._settings.node_url.rstrip('/')}/office/{self._name}/files/{token}"

    def _base64(self, paper: Paper) -> str:
        if paper.size > self._settings.base64_bytes:
            raise AdapterError(
                f'泛微：文件 {paper.name} 超过 base64_bytes，请改用 files_by = "link"', code="OA_REJECTED"
            )
        with paper.open() as file:
            return base64.b64encode(file.read()).decode()
