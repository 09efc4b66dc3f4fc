"""What a node may say of itself, and how much of it."""

from dataclasses import replace

import pytest

from exchange.errors import InvalidValueError
from exchange.model.presence import NO_OFFICE, Presence

PRESENCE = Presence(
    version="0.1.0",
    started=1_772_000_000,
    directory=7,
    disk_free=10**11,
    disk_size=10**12,
    outbox=3,
    outbox_age=125,
    inbox=2,
    untold=1,
    office="seeyon",
    office_fault="ADAPTER_DOWN",
)


@pytest.mark.parametrize("presence", [PRESENCE, replace(PRESENCE, office=NO_OFFICE, office_fault=None)])
def test_what_is_written_is_read_again(presence: Presence) -> None:
    attributes = presence.attributes()
    assert Presence.read(attributes) == presence
    assert list(attributes) == sorted(attributes)


def test_what_a_later_release_says_beyond_is_passed_over() -> None:
    assert Presence.read([*PRESENCE.attributes(), ("zeal", "much " * 300)]) == PRESENCE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("disk-free", "-1"),
        ("disk-free", "1" * 16),
        ("disk-free", "01"),
        ("disk-free", "1e9"),
        ("disk-free", "１"),
        ("outbox", None),
        ("version", None),
        ("version", ""),
        ("version", "1" * 41),
        ("version", "1\n2"),
        ("office", "<b>"),
        ("office-fault", "公章" * 300),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(name: str, value: str | None) -> None:
    told = dict(PRESENCE.attributes()) | ({name: value} if value is not None else {})
    if value is None:
        del told[name]
    with pytest.raises(InvalidValueError, match=name):
        Presence.read(told.items())


def test_a_node_cannot_say_what_no_hub_would_read() -> None:
    with pytest.raises(InvalidValueError, match="version"):
        replace(PRESENCE, version="x" * 41)
