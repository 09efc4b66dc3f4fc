"""What a running process answers to those who watch it."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from exchange.web.health import create_app


def client(*, live: bool = True, faults: dict[str, str | None] | None = None) -> TestClient:
    return TestClient(
        create_app(lambda: b"yidi_up 1\n", lambda: live, lambda: faults or {"broker": None, "store": None})
    )


def test_metrics_are_given_in_prometheus_format() -> None:
    answer = client().get("/metrics")
    assert (answer.status_code, answer.content) == (200, b"yidi_up 1\n")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_a_process_whose_loops_are_stuck_is_not_live() -> None:
    assert client().get("/livez").status_code == 200
    assert client(live=False).get("/livez").status_code == 503


def test_readiness_names_each_check_and_its_fault() -> None:
    ready = client().get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "checks": {"broker": "ok", "store": "ok"}})
    faulty = client(faults={"broker": "no connection", "store": None}).get("/readyz")
    assert faulty.status_code == 503
    assert faulty.json() == {"ready": False, "checks": {"broker": "no connection", "store": "ok"}}


def failing() -> FastAPI:
    def fail() -> bool:
        raise RuntimeError("path /secret")

    def fail_too() -> dict[str, str | None]:
        raise RuntimeError("path /secret")

    return create_app(lambda: b"", fail, fail_too)


def test_a_check_that_fails_is_a_fault_and_tells_no_more() -> None:
    asked = TestClient(failing())
    for path in ("/livez", "/readyz"):
        answer = asked.get(path)
        assert answer.status_code == 503
        assert "secret" not in answer.text


def test_every_answer_forbids_everything_to_browsers() -> None:
    for path in ("/metrics", "/livez", "/readyz", "/nowhere"):
        headers = client().get(path).headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_there_is_nothing_else() -> None:
    for path in ("/", "/docs", "/redoc", "/openapi.json"):
        assert client().get(path).status_code == 404
    assert client().post("/metrics").status_code == 405
