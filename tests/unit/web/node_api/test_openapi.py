"""The page of the interface says all that a program's author needs, and is the one in the documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from docs.make_openapi import PAGE, document

OPERATIONS = {"get", "post", "put", "patch", "delete", "head", "options"}


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    return document()


def operations(api: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, item in api["paths"].items()
        for method, operation in item.items()
        if method in OPERATIONS
    ]


def test_it_is_openapi_31(api: dict[str, Any]) -> None:
    assert api["openapi"].startswith("3.1.")
    assert len(operations(api)) > 25


def test_every_operation_says_what_it_does_in_both_languages_and_what_may_go_wrong(api: dict[str, Any]) -> None:
    for name, operation in operations(api):
        summary = operation["summary"]
        assert any("\u4e00" <= sign <= "\u9fff" for sign in summary), name
        assert any(sign.isascii() and sign.isalpha() for sign in summary), name
        assert {"401", "403", "429"} <= operation["responses"].keys(), name
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response == {"$ref": f"#/components/responses/Problem{status}"}, (name, status)
                content = api["components"]["responses"][f"Problem{status}"]["content"]["application/problem+json"]
                assert content["example"]["status"] == int(status), (name, status)
                assert content["schema"], (name, status)


def test_every_operation_that_does_something_takes_a_key(api: dict[str, Any]) -> None:
    for name, operation in operations(api):
        if name.startswith("post") and not name.endswith(("/preview", "/uploads")):
            keys = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
            assert [one["required"] for one in keys] == [True], name


def test_every_operation_needs_a_token(api: dict[str, Any]) -> None:
    assert [name for name, operation in operations(api) if not operation.get("security")] == []


def test_references_lead_somewhere(api: dict[str, Any]) -> None:
    for name in set(_references(api)):
        kind, _, one = name.removeprefix("#/components/").partition("/")
        assert one in api["components"][kind], name


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for item in value.values() for one in _references(item)]
    return [one for item in value for one in _references(item)] if isinstance(value, list) else []


def test_the_page_in_the_documents_is_the_one_that_is_served(api: dict[str, Any]) -> None:
    assert json.loads(Path(PAGE).read_text("utf-8")) == json.loads(json.dumps(api))
