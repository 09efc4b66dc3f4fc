"""An office fetches files from the node by links: which work, and what everybody else learns."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exchange.adapters.links import FileLinks, Link
from exchange.settings import NodeApi
from exchange.trust.digest import sha256_hex
from exchange.web.node_api.app import create_node_app
from exchange.web.node_api.offices import whole
from tests.unit.services.hub_and_node import World
from tests.unit.web.node_api.programs import face_of

BODY = b"%PDF-1.7 " + b"x" * 600_000  # several pieces
LINK = Link(sha256=sha256_hex(BODY), media_type="application/pdf")
LATER = timedelta(hours=1)


class Door:
    """The node of two offices, `town` and `village`, each with links of its own to the same file."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        files = self.world.sending.node.files
        files.append("test", LINK.sha256, 0, BODY)
        files.complete("test", LINK.sha256, len(BODY))
        self.folder = folder / "town"
        self.links = {"town": FileLinks(self.folder), "village": FileLinks(folder / "village")}
        face = face_of(self.world.sending, NodeApi(port=0, strangers_per_address=5))
        self.app = create_node_app(replace(face, links=self.links.get))

    def give(self, link: Link = LINK, *, name: str = "town", lasts: timedelta = LATER) -> str:
        return self.links[name].give(link, until=datetime.now(UTC) + lasts)

    def get(self, token: str, *, name: str = "town", address: str = "10.1.2.3") -> tuple[int, bytes]:
        http = TestClient(self.app, client=(address, 50000))
        answer = http.get(f"/office/{name}/files/{token}")
        return answer.status_code, answer.content

    def refused(self) -> list[str]:
        lines = self.world.sending.log.lines
        return [str(line.fields["peer"]) for line in lines if line.event == "office_link_refused"]


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_a_link_gives_the_file_once(door: Door) -> None:
    token = door.give()
    assert door.get(token) == (200, BODY)
    assert door.get(token)[0] == 404


def test_a_link_for_people_works_until_its_time_is_over(door: Door) -> None:
    token = door.give(replace(LINK, once=False))
    assert [door.get(token)[0] for _ in range(3)] == [200] * 3


def test_a_browser_keeps_the_file_under_its_name_and_opens_no_page(door: Door) -> None:
    page = replace(LINK, media_type="text/html", name='通知 "1".html')
    answer = TestClient(door.app, client=("10.1.2.3", 50000)).get(f"/office/town/files/{door.give(page)}")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%E9%80%9A%E7%9F%A5%20%221%22.html"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_link_whose_time_is_over_gives_nothing(door: Door) -> None:
    assert door.get(door.give(lasts=timedelta(seconds=-1)))[0] == 404


def test_those_long_over_are_forgotten_with_the_next_one(door: Door) -> None:
    door.give(lasts=timedelta(days=-1))
    door.give()
    assert len(list(door.folder.iterdir())) == 1


def test_what_was_cut_off_may_be_fetched_again(door: Door) -> None:
    token = door.give()
    stream = whole(door.world.sending.node.files.open(LINK.sha256), lambda: door.links["town"].end(token))
    next(stream)
    stream.close()  # as the server does when the connection is gone
    assert door.get(token) == (200, BODY)


def test_a_link_of_another_office_gives_nothing(door: Door) -> None:
    token = door.give(name="village")
    assert door.get(token, name="town")[0] == 404
    assert door.get(token, name="nobody")[0] == 404
    assert door.get(token, name="village")[0] == 200


def test_whatever_is_wrong_the_answer_is_the_same(door: Door) -> None:
    over, used, others = door.give(lasts=timedelta(seconds=-1)), door.give(), door.give(name="village")
    door.get(used)
    wrong = [
        door.get(token, address=f"10.0.0.{n}") for n, token in enumerate((over, used, others, used[:-1], "*", "x"))
    ]
    assert len(set(wrong)) == 1
    assert len(door.refused()) == 6


@pytest.mark.parametrize("token", ["*", "..", "%2e%2e", "?", "[a-f0-9]*", "x" * 4000, "%00"])
def test_a_name_that_was_never_given_finds_nothing_on_the_disk(door: Door, token: str) -> None:
    door.give()
    with suppress(ValueError):  # what no client would even send
        assert door.get(token)[0] == 404


def test_who_guesses_is_told_to_wait_and_the_office_still_served(door: Door) -> None:
    guesses = [door.get("guess", address="10.7.7.7")[0] for _ in range(6)]
    assert guesses == [404] * 5 + [429]
    assert door.refused() == ["10.7.7.7"] * 6
    assert door.get(door.give())[0] == 200


def test_on_the_disk_stands_no_link_that_works(door: Door) -> None:
    token = door.give()
    kept = [path.name.encode() + path.read_bytes() for path in door.folder.iterdir()]
    assert kept
    assert not any(token.encode() in one for one in kept)
