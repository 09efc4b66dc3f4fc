"""What holds for every request, whatever the application behind does."""

import asyncio

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from exchange.errors import (
    CorruptFileError,
    EnrolmentError,
    FileMissingError,
    LimitError,
    RefusedError,
    SignatureError,
    StorageError,
    YidiError,
)
from exchange.testing.metrics import RecordingLog
from exchange.web.guard import Guard
from exchange.web.problem import add_problems


def failing(error: Exception, log: RecordingLog) -> TestClient:
    app = FastAPI()
    app.add_middleware(Guard, log=log)
    add_problems(app)

    @app.get("/fail/{name}")
    def fail(name: str) -> None:
        raise error

    return TestClient(app)


def test_an_unexpected_failure_is_an_alarm_and_tells_a_stranger_nothing() -> None:
    log = RecordingLog()
    answer = failing(RuntimeError("password is 123"), log).get("/fail/secret-name")
    assert (answer.status_code, answer.json()["code"]) == (500, "ERROR")
    assert "123" not in answer.text
    (alarm,) = [line for line in log.lines if line.level == "alarm"]
    assert alarm.fields["route"] == "/fail/{name}"
    assert str(alarm.fields["detail"]).startswith("RuntimeError at web/test_guard.py:")
    assert "secret-name" not in str(log.lines)
    assert "password" not in str(log.lines)


def test_a_request_that_is_cut_short_by_stopping_is_told_to_come_again() -> None:
    log, sent = RecordingLog(), list[Message]()
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "https", "headers": []}

    async def wait_for_ever(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def stop() -> None:
        task = asyncio.create_task(Guard(wait_for_ever, log)(scope, receive, send))
        await asyncio.sleep(0)
        task.cancel()
        await task  # it ends in order: the server would log a failure of ours else

    asyncio.run(stop())

    assert sent[0]["status"] == 503
    assert [line.event for line in log.lines] == ["http_cut_short", "http_answered"]


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (SignatureError("x"), 401, None),
        (EnrolmentError("x"), 403, None),
        (EnrolmentError("x", code="CSR_KEY"), 400, None),
        (FileMissingError("x"), 404, None),
        (StorageError("x", code="OFFSET"), 409, None),
        (LimitError("x", code="SIZE"), 413, None),
        (CorruptFileError("x"), 422, None),
        (LimitError("x", code="RATE"), 429, "60"),
        (LimitError("x", code="QUOTA"), 429, "3600"),
        (StorageError("x"), 503, "30"),
        (RefusedError("x"), 400, None),
    ],
)
def test_each_error_of_ours_has_its_status_and_keeps_its_code(
    error: YidiError, status: int, retry_after: str | None
) -> None:
    log = RecordingLog()
    error.detail = "for the log"
    answer = failing(error, log).get("/fail/x")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (status, error.code, "x")
    assert answer.headers.get("retry-after") == retry_after
    assert "for the log" not in answer.text
    assert (log.lines[-1].fields["code"], log.lines[-1].fields["detail"]) == (error.code, "for the log")


@pytest.mark.parametrize("length", ["-1", "x", "1e3"])
def test_a_length_must_be_a_number(length: str) -> None:
    answer = failing(RuntimeError(), RecordingLog()).get("/fail/x", headers={"Content-Length": length})
    assert (answer.status_code, answer.json()["code"]) == (400, "HTTP_LENGTH")
