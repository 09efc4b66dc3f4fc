"""The readable report: complete, bilingual, harmless, and the same every time."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exchange.model.envelope import Declaration
from exchange.model.events import Event, Speaker
from exchange.services.evidence.facts import Facts
from exchange.services.evidence.gather import gather
from exchange.services.evidence.page import Html, both, html, join
from exchange.services.evidence.report import render
from tests.unit.services.evidence_world import COUNTY, ENVELOPE, SECOND, World

HOSTILE = "<script>alert('x')</script>&\"<img src=x onerror=y>"


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return facts_of(World(tmp_path))


def facts_of(world: World) -> Facts:
    world.history()
    return Facts.of(gather(world.store, world.files, world.key, COUNTY.ledger.note, world.clock.now()))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_names_the_document_every_unit_person_event_and_fingerprint(facts: Facts) -> None:
    text = Tags(render(facts)).text
    expected = [facts.envelope.metadata.title, "播府办发〔2026〕12号", facts.digest, facts.envelope.id]
    expected += ["赵六", "钱七", "李四", "张三", "不属本单位职责，请改送区自然资源局", "已排查 12 处隐患点"]
    expected += [entry.unit.name for entry in COUNTY.directory.units[:4]]
    expected += [
        word for one in facts.receipts for word in (one.receipt.event.value, one.receipt.event.chinese, one.member)
    ]
    expected += [digest for file in facts.envelope.files for digest in (file.sha256, file.sm3, file.name)]
    expected += [*facts.certificates, COUNTY.directory.ledger_key, facts.checkpoint.root.hex()]
    expected += ["yidi evidence verify", "校验方法", "How to verify"]
    assert [word for word in expected if word not in text] == []


def test_times_are_those_of_the_countys_clocks(facts: Facts) -> None:
    assert "2026-11-23 08:30:00" in Tags(render(facts)).text  # 00:30 UTC


@pytest.mark.parametrize(("year", "shown"), [(1, "0002-01-01 07:59:59"), (9999, "9999-12-31T23:59:59+00:00")])
def test_a_date_at_either_end_of_time_is_shown_and_stops_nothing(tmp_path: Path, year: int, shown: str) -> None:
    edge = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    world = World(tmp_path, envelope=replace(ENVELOPE, handle_by=edge))
    assert shown in Tags(render(facts_of(world))).text


def test_it_is_one_well_formed_page_that_fetches_and_runs_nothing(facts: Facts) -> None:
    tags = Tags(render(facts))
    assert tags.open == []
    assert {"script", "img", "link", "iframe", "a", "form"}.isdisjoint(tags.tags)
    assert {"src", "href"}.isdisjoint(tags.attributes)
    assert "http" not in tags.text


def test_what_people_wrote_is_text_and_never_markup(tmp_path: Path) -> None:
    metadata = replace(
        ENVELOPE.metadata, title=HOSTILE, annotation=HOSTILE, main_receivers=(HOSTILE,), issued_number=HOSTILE
    )
    declaration = Declaration(name=HOSTILE, at=ENVELOPE.created, reviewed_by=HOSTILE)
    envelope = replace(ENVELOPE, metadata=metadata, content=HOSTILE, operator=HOSTILE, declaration=declaration)
    world = World(tmp_path, envelope=envelope)
    world.say(Event.FEEDBACK, SECOND, speaker=Speaker.PERSON, person=HOSTILE, text=HOSTILE)
    world.say(Event.REMINDED, SECOND, attributes=(("n", HOSTILE),))
    tags = Tags(render(facts_of(world)))
    assert {"script", "img"}.isdisjoint(tags.tags)
    assert tags.text.count(HOSTILE) >= 13


def test_the_same_facts_give_the_same_bytes(facts: Facts, tmp_path: Path) -> None:
    assert render(facts) == render(facts_of(World(tmp_path)))


def test_html_is_escaped_once_and_empty_parts_leave_no_trace() -> None:
    assert html("<b>") == "&lt;b&gt;"
    assert html(html("<b>")) == "&lt;b&gt;"
    assert both("甲", "<A>") == '甲<span class="en">&lt;A&gt;</span>'
    assert join(("a", None, "", Html("<b>"), "&")) == "a<br><b><br>&amp;"
