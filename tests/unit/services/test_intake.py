"""The one rule for what nobody foresaw: an outcome, again, or aside; and never the neighbours."""

import pytest

from exchange.errors import InvalidValueError, StorageError
from exchange.ports.transport import Delivered
from exchange.services.intake import judge_each, tags

BATCH = [Delivered(tag=n, queue="work.normal", body=b"%d" % n, user=None) for n in range(1, 4)]


def judge(message: Delivered) -> str:
    if message.tag == 2:
        raise ZeroDivisionError
    return f"judged {message.tag}"


def test_a_bug_takes_no_neighbour_along_and_the_message_comes_again() -> None:
    intake = judge_each(BATCH, judge, lambda _: 1, 5)
    assert (intake.judged, tags(intake.again), intake.poison) == (["judged 1", "judged 3"], [2], [])


def test_after_enough_attempts_it_is_poison_named_after_the_bug() -> None:
    intake = judge_each(BATCH, judge, lambda _: 5, 5)
    assert (tags(intake.again), intake.poison) == ([], [(BATCH[1], "BUG ZeroDivisionError")])


def test_only_bugs_are_counted() -> None:
    counted: list[int] = []

    def count(message: Delivered) -> int:
        counted.append(message.tag)
        return 1

    judge_each(BATCH, judge, count, 5)
    assert counted == [2]


def test_an_error_of_ours_that_nobody_caught_is_set_aside_at_once_under_its_code() -> None:
    def refuse(message: Delivered) -> str:
        raise InvalidValueError("no", code="UNIT_CODE")

    intake = judge_each(BATCH[:1], refuse, lambda _: 1, 5)
    assert intake.poison == [(BATCH[0], "UNIT_CODE")]


def test_without_the_store_nothing_is_decided() -> None:
    def fail(message: Delivered) -> str:
        raise StorageError("gone")

    with pytest.raises(StorageError):
        judge_each(BATCH, fail, lambda _: 1, 5)
