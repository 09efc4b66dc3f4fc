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
        """Each attachment field, and the files in it as the office wants them named."""
        receive = self._settings.receive
        found: dict[str, list[dict[str, str]]] = {}
        for paper in papers:
            field = receive.body if paper.body and receive.body else receive.attachments
            found.setdefault(field, []).append({"filePath": self._path(paper), "fileName": paper.name})
        return found

    def _path(self, paper: Paper) -> str:
        return self._link(paper) if self._settings.files_by == "link" else self._base64(paper)

    def _link(self, paper: Paper) -> str:
        link = Link(sha256=paper.sha256, media_type=paper.media_type)
        until = datetime.now(UTC) + timedelta(minutes=self._settings.link_minutes)
        token = self._links.give(link, until=until)
        return f"{self._settings.node_url.rstrip('/')}/office/{self._name}/files/{token}"

    def _base64(self, paper: Paper) -> str:
        if paper.size > self._settings.base64_bytes:
            raise AdapterError(
                f'泛微：文件 {paper.name} 超过 base64_bytes，请改用 files_by = "link"', code="OA_REJECTED"
            )
        with paper.open() as file:
            return self._settings.base64_prefix + base64.b64encode(file.read()).decode()
