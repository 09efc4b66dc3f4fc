"""tuspy, which knows nothing of us, uploads to the hub. It cannot sign: a gateway on the way signs for it, as a unit
would put one before such a program."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from tusclient.client import TusClient

from exchange.testing.keys import unit_code
from exchange.web.serve import Server
from tests.contract.hub_line import HubLine, entry_of, hub_line

DATA = hashlib.shake_128(b"by tuspy").digest(700_000)
ENTRY = entry_of(DATA)
UNIT = unit_code(1)
PASSED_ON = ("tus-resumable", "upload-offset", "upload-length", "upload-metadata", "content-type")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[HubLine]:
    with hub_line(tmp_path) as line:
        yield line


@pytest.fixture
def gateway(line: HubLine) -> Iterator[str]:
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["POST", "HEAD", "PATCH"])
    async def sign(path: str, request: Request) -> Response:
        body = await request.body()
        fields = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        fields = line.signed(UNIT, request.method, f"/{path}", fields, body)
        answer = line.raw(request.method, f"/{path}", fields, body or None)
        kept = ("location", "upload-offset", "upload-length", "tus-resumable")
        return Response(
            answer.content,
            answer.status_code,
            {name: answer.headers[name] for name in kept if name in answer.headers},
        )

    with Server(app) as server:
        yield server.url


def test_a_foreign_client_uploads_and_resumes(line: HubLine, gateway: str) -> None:
    client = TusClient(f"{gateway}/v1/files")
    metadata = {"sha256": ENTRY.sha256, "sm3": ENTRY.sm3}
    first = client.uploader(file_stream=BytesIO(DATA), chunk_size=300_000, metadata=metadata)
    first.upload_chunk()  # type: ignore[no-untyped-call]  # tuspy has half its types
    assert line.exchange.offset(UNIT, ENTRY) == 300_000
    second = client.uploader(file_stream=BytesIO(DATA), chunk_size=300_000, url=first.url)
    assert second.offset == 300_000
    second.upload()
    assert line.exchange.download(UNIT, ENTRY.sha256, 0, len(DATA)) == DATA
