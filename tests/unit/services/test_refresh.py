"""Following the directory: newer and right is taken, anything suspicious leaves the old one and cries out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from exchange.directory.snapshot import Directory
from exchange.directory.update import change_unit
from exchange.errors import DirectoryError, SignatureError
from exchange.services.node.node import Node
from exchange.testing.keys import EXPIRES, county
from exchange.testing.stores import memory_node_store
from exchange.trust.sign import sign_directory
from exchange.trust.verify import Verifier
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    A,
    B,
    World,
    an_envelope,
    directory_record,
    next_signer,
    signed,
    with_next_key,
)


@pytest.fixture
def world() -> World:
    return World()


def changed(**changes: object) -> Directory:
    """The next version, as the county's own directory key could sign it, with something wrong in it."""
    now = directory_record().stored
    values = {"version": 2, "previous": directory_record().digest, "issued": now, "expires": EXPIRES} | changes
    return replace(COUNTY.directory, **values)  # type: ignore[arg-type]


def by_the_county(directory: Directory) -> bytes:
    return sign_directory(directory, COUNTY.directory_signer)


def test_a_newer_one_is_taken_and_holds_from_then_on(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    node = world.sending
    assert node.node.verifier().directory.version == 1
    assert node.refresher.refresh()
    assert node.node.verifier().directory.version == 2
    assert not node.node.verifier().directory.is_active(B)
    node.log.expect_quiet()


def test_nothing_newer_is_nothing(world: World) -> None:
    assert not world.sending.refresher.refresh()
    world.sending.log.expect_quiet()


def test_versions_may_be_skipped(world: World) -> None:
    for active in (False, True):
        world.change_directory(lambda directory, active=active: change_unit(directory, B, active=active))  # type: ignore[misc]
    assert world.sending.refresher.refresh()
    assert world.sending.node.verifier().directory.version == 3


def test_a_line_that_is_down_is_no_alarm(world: World) -> None:
    world.sending.feed.down = True
    assert not world.sending.refresher.refresh()
    assert (world.sending.log.events("warning"), world.sending.log.events("alarm")) == (["directory_unreachable"], [])


def _altered() -> bytes:
    return by_the_county(changed()).replace("单位".encode(), "单伟".encode(), 1)


def _of_another_county() -> bytes:
    return sign_directory(changed(), county(5, seed=1).directory_signer)


def _signed_with_the_hubs_other_key() -> bytes:
    return sign_directory(changed(), COUNTY.hub)


SUSPICIOUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "altered": (_altered, "DIRECTORY_SIGNATURE"),
    "another county's": (_of_another_county, "DIRECTORY_SIGNATURE"),
    "signed with the hub's other key": (_signed_with_the_hubs_other_key, "DIRECTORY_SIGNATURE"),
    "not a directory": (lambda: b"<Directory/>", "DIRECTORY_FORMAT"),
    "an envelope": (lambda: signed(an_envelope()), "DIRECTORY_FORMAT"),
    "forked": (lambda: by_the_county(changed(previous="0" * 64)), "DIRECTORY_FORK"),
    "forked at its version": (lambda: by_the_county(changed(version=1, previous=None)), "DIRECTORY_FORK"),
    "expired": (
        lambda: by_the_county(changed(issued=directory_record().stored - HOURS, expires=directory_record().stored)),
        "DIRECTORY_EXPIRED",
    ),
    "of the future": (
        lambda: by_the_county(changed(issued=directory_record().stored + 24 * HOURS)),
        "DIRECTORY_FUTURE",
    ),
    "another ledger's": (
        lambda: by_the_county(changed(ledger_key=county(5, seed=1).directory.ledger_key)),
        "DIRECTORY_LEDGER_KEY",
    ),
}


@pytest.mark.parametrize(("make", "code"), SUSPICIOUS.values(), ids=list(SUSPICIOUS))
def test_a_suspicious_directory_leaves_the_old_one_and_is_an_alarm(
    world: World, make: Callable[[], bytes], code: str
) -> None:
    world.sending.feed.offered = make()
    assert not world.sending.refresher.refresh()
    (line,) = world.sending.log.lines
    assert (line.level, line.event, line.fields["code"]) == ("alarm", "directory_suspicious", code)
    with world.sending.store.begin() as session:
        assert session.directory() == directory_record()
    assert world.sending.metrics.counted("yidi_node_directory_refused_total", code=code) == 1


def test_an_older_one_is_refused_after_a_newer_one(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    world.sending.refresher.refresh()
    world.sending.feed.offered = directory_record().document
    assert not world.sending.refresher.refresh()
    assert world.sending.log.lines[-1].fields["code"] == "DIRECTORY_ROLLBACK"
    assert world.sending.node.verifier().directory.version == 2


def test_a_forged_directory_is_not_asked_to_judge(world: World) -> None:
    """A key that only the forged one gives stays unknown."""
    forged = with_next_key(changed(), A)
    world.receiving.feed.offered = sign_directory(forged, COUNTY.signers[B])
    world.give(signed(an_envelope(), next_signer(A, 2)))
    world.receiving.receive()
    assert [code for code, _ in world.receiving.quarantine()] == ["SIG_KEY_UNKNOWN"]


def test_a_verdict_that_a_newer_directory_cannot_change_asks_for_none(world: World) -> None:
    refresher, asked = world.sending.refresher, world.sending.feed
    refresher.with_fresh_directory(lambda verifier: verifier.envelope(signed(an_envelope()), world.clock.now()))

    def broken(verifier: Verifier) -> None:
        raise SignatureError("no", code="SIG_VALUE")

    with pytest.raises(SignatureError):
        refresher.with_fresh_directory(broken)
    assert asked.asked == 0


def test_when_a_newer_one_does_not_help_the_second_verdict_stands(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    seen: list[int] = []

    def unknown(verifier: Verifier) -> None:
        seen.append(verifier.directory.version)
        raise SignatureError("no", code="SIG_KEY_UNKNOWN")

    with pytest.raises(SignatureError):
        world.sending.refresher.with_fresh_directory(unknown)
    assert seen == [1, 2]


def test_a_new_node_takes_its_first_and_says_so_while_it_has_none(world: World) -> None:
    old = world.sending.node
    node = Node(
        hub=old.hub,
        store=memory_node_store(),
        files=old.files,
        exchange=old.exchange,
        publisher=old.publisher,
        keys=old.keys,
        anchor=old.anchor,
        clock=old.clock,
        ids=old.ids,
        chance=old.chance,
        metrics=old.metrics,
        log=old.log,
    )
    with pytest.raises(DirectoryError, match="DIRECTORY_MISSING"):
        node.verifier()
    assert type(world.sending.refresher)(node, world.sending.feed).refresh()
    assert node.verifier().directory.version == 1
