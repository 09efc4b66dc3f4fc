"""What can be told without a broker: wrong settings at once, and definitions as a file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.errors import InputError
from exchange.model.unit import parse_unit_code
from exchange.settings import Rabbit
from exchange.transport.provisioning import County, definitions
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport

TOWN = parse_unit_code("520304-001")
COUNTY = County(units=(TOWN,), hub_user="hub", hub_password="of the hub")


@pytest.mark.parametrize("url", ["http://127.0.0.1", "amqp://127.0.0.1:port/"])
def test_a_wrong_url_is_told_before_anything_is_sent(url: str) -> None:
    with pytest.raises(InputError, match="broker URL"):
        RabbitTransport(Rabbit(urls=(url,)))


@pytest.mark.parametrize("setting", ["ca_file", "certificate_file"])
def test_a_missing_tls_file_is_told_before_anything_is_sent(setting: str, tmp_path: Path) -> None:
    files = {setting: str(tmp_path / "missing.pem")}
    with pytest.raises(InputError, match="TLS files"):
        RabbitTransport(Rabbit.model_validate({"urls": ("amqps://127.0.0.1/county",), **files}))


def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.txt"):
        RabbitTransport(Rabbit(urls=("amqp://hub@127.0.0.1/",), password_file=str(tmp_path / "missing.txt")))


def test_management_is_asked_over_http_alone() -> None:
    with pytest.raises(InputError, match="management URL"):
        Management("file:///etc/passwd", "hub", "")


def test_definitions_give_each_unit_its_own_and_no_more() -> None:
    made = json.loads(definitions(COUNTY))
    [permission] = [one for one in made["permissions"] if one["user"] == TOWN]
    assert permission == {
        "user": TOWN,
        "vhost": "/",
        "configure": "^$",
        "write": r"^in\.520304\-001$",
        "read": r"^inbox\.520304\-001$",
    }
    [user] = [one for one in made["users"] if one["name"] == TOWN]
    assert (user["password_hash"], user["tags"]) == ("", [])


def test_definitions_hold_salted_hashes_and_no_password() -> None:
    once, twice = (definitions(replace(COUNTY, passwords={TOWN: "of the town"})).decode() for _ in range(2))
    assert once != twice
    assert "of the" not in once


def test_no_queue_can_grow_without_bound() -> None:
    made = json.loads(definitions(COUNTY))
    patterns = {policy["pattern"]: policy["definition"] for policy in made["policies"]}
    assert set(patterns) == {r"^work\.", r"^work\.aside\.", r"^work\.presence$", r"^inbox\.", "^dead$"}
    assert all({"max-length", "max-length-bytes"} <= set(limits) for limits in patterns.values())
