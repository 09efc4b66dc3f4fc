"""What is said of servers that no test machine has: too old, of another encoding, forgetful, in alarm."""

from dataclasses import replace

import pytest

from exchange.cli.doctor import servers as checks_servers
from exchange.cli.doctor.checks import Level
from exchange.storage.survey import DatabaseFacts, DatabaseTrouble, survey_database
from exchange.transport.rabbit_survey import BrokerFacts, BrokerTrouble, survey_broker

DATABASE = DatabaseFacts(
    where="127.0.0.1:5432", user="yidi", database="yidi", release="15.8", major=15, encoding="UTF8", may_create=True
)
BROKER = BrokerFacts(where="127.0.0.1:15672", user="admin", release="3.10.8", supported=True, external=True, nodes=3)


def test_fit_servers_get_one_good_line_each() -> None:
    for findings in (checks_servers.database(DATABASE), checks_servers.broker(BROKER)):
        assert [one.level for one in findings] == [Level.OK]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"release": "13.4", "major": 13}, "PostgreSQL 13.4"),
        ({"encoding": "SQL_ASCII"}, "SQL_ASCII"),
        ({"durable": False}, "fsync"),
        ({"may_create": False}, "yidi"),
    ],
)
def test_an_unfit_database_is_a_failure_with_its_cure(changed: dict[str, object], found: str) -> None:
    [finding] = checks_servers.database(replace(DATABASE, **changed))  # type: ignore[arg-type]  # one field each
    assert finding.level is Level.FAILURE
    assert found in finding.found
    assert finding.cure


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"release": "3.8.9", "supported": False}, "3.8.9"),
        ({"external": False}, "rabbitmq_auth_mechanism_ssl"),
        ({"down": ("rabbit@b",)}, "rabbit@b"),
        ({"alarms": ("rabbit@a memory",)}, "rabbit@a memory"),
    ],
)
def test_an_unfit_broker_is_a_failure_with_its_cure(changed: dict[str, object], found: str) -> None:
    [finding] = checks_servers.broker(replace(BROKER, **changed))  # type: ignore[arg-type]  # one field each
    assert finding.level is Level.FAILURE
    assert found in finding.found
    assert finding.cure


@pytest.mark.parametrize("trouble", DatabaseTrouble)
def test_each_way_of_not_reaching_a_database_has_words_of_its_own(trouble: DatabaseTrouble) -> None:
    [finding] = checks_servers.database(replace(DATABASE, trouble=trouble, detail=trouble.value))
    assert finding.level is Level.FAILURE
    assert finding.found
    assert finding.cure


@pytest.mark.parametrize("trouble", BrokerTrouble)
def test_each_way_of_not_reaching_a_broker_has_words_of_its_own(trouble: BrokerTrouble) -> None:
    [finding] = checks_servers.broker(replace(BROKER, trouble=trouble, detail=trouble.value))
    assert finding.level is Level.FAILURE
    assert finding.found
    assert finding.cure


def test_a_wiped_broker_lacks_the_administrator_too_and_the_cure_makes_it() -> None:
    [finding] = checks_servers.broker(replace(BROKER, trouble=BrokerTrouble.LOGIN))
    for command in ("add_user admin", "set_user_tags admin administrator", "set_permissions admin '.*' '.*' '.*'"):
        assert command in finding.cure


@pytest.mark.parametrize("seconds", [-60.0, 60.0])
def test_a_database_whose_clock_is_a_minute_off_is_a_failure(seconds: float) -> None:
    [finding] = checks_servers.postgres_clock(replace(DATABASE, ahead_seconds=seconds))
    assert finding.level is Level.FAILURE


@pytest.mark.parametrize("url", ["", "mysql://a/b", "postgresql://127.0.0.1:port/x", "postgresql://127.0.0.1"])
def test_what_is_no_database_url_is_told_without_asking_anybody(url: str) -> None:
    assert survey_database(url).trouble is DatabaseTrouble.ADDRESS


@pytest.mark.parametrize("url", ["", "amqp://127.0.0.1", "http://127.0.0.1:port"])
def test_what_is_no_management_url_is_told_without_asking_anybody(url: str) -> None:
    assert survey_broker(url).trouble is BrokerTrouble.ADDRESS


@pytest.mark.parametrize("url", ["", "amqp://127.0.0.1", "http://yidi-hub@127.0.0.1", "amqp://yidi-hub@h:port"])
def test_what_is_no_account_of_the_broker_is_told_without_asking_anybody(url: str) -> None:
    [finding] = checks_servers.broker_port(url)
    assert "amqp://yidi-hub@HOST" in finding.cure
