"""What the pages name exists, and what exists is named where a reader would look."""

import json
import re
from pathlib import Path

import pytest

from docs.make_settings import PAGE, page
from exchange.codec.kind import DocumentKind
from exchange.model.document import BusinessKind
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.meanings import MEANINGS
from exchange.model.receipt import Reason
from exchange.storage import tables_hub, tables_node
from tests.docs.names import commands, error_codes, settings, tables, words
from tests.docs.pages import PAGES, ROOT, blocks, links, name_of, quoted, rows

ARCHITECTURE, PROTOCOL = ROOT / "docs/architecture.md", ROOT / "docs/protocol.md"
ERRORS, COMMANDS = ROOT / "docs/errors.md", ROOT / "docs/commands.md"
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
# Names in capitals that are neither codes nor words of ours.
_OTHERS = {"READY", "YIDI_DATA", "YIDI_LANG", "ENVELOPE", "RECEIPT", "BUG"}
_SETTING = re.compile(r"(?:web|hub_timing|node_timing)(?:\.[a-z_]+)+")
_COMMAND = re.compile(r"yidi((?: [a-z][a-z-]*)+)")
_TEST = re.compile(r"(test_\w+\.py)::(\w+)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_something(page: Path) -> None:
    for link in links(page):
        target, _, anchor = link.partition("#")
        file = (page.parent / target) if target else page
        assert file.exists(), link
        if anchor:
            assert anchor in _anchors(file), link


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_events_states_and_codes_that_a_page_names_exist(page: Path) -> None:
    known = error_codes() | words() | _OTHERS | {kind.name for kind in BusinessKind}
    named = {word for text in quoted(page) if _CAPITALS.fullmatch(word := text) and len(word) > 2}
    assert sorted(named - known) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    named = {text for text in quoted(page) if _SETTING.fullmatch(text)} - {"web.url"}
    assert sorted(named - settings()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_a_page_names_exist(page: Path) -> None:
    known = commands()
    for text in quoted(page):
        if found := _COMMAND.match(text):
            assert any(f"{found[1].strip()} ".startswith(f"{name} ") for name in known), text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_tests_that_a_page_names_exist(page: Path) -> None:
    for text in quoted(page):
        if found := _TEST.fullmatch(text):
            files = [file.read_text("utf-8") for file in (ROOT / "tests").rglob(found[1])]
            assert any(f"def test_{found[2]}(" in file for file in files), text


def test_every_error_code_has_its_line() -> None:
    named = {cell.strip("`") for row in rows(ERRORS) for cell in re.findall(r"`[A-Z0-9_]+`", row[0])}
    assert sorted(error_codes() - named) == []


def test_every_error_code_has_a_meaning_in_chinese_or_is_a_commands_own() -> None:
    named = {code for row in rows(ERRORS) for code in re.findall(r"`([A-Z0-9_]+)`", row[0])}
    program = "".join(file.read_text("utf-8") for file in (ROOT / "exchange").rglob("*.py"))
    commands_own = {"BUG", "IO"} | set(
        re.findall(r'fail\(\s*"([A-Z0-9_]+)"', program)
    )  # told in both languages where it is raised
    assert sorted(named - set(MEANINGS) - commands_own) == []
    assert sorted(set(MEANINGS) - named) == []


def test_every_event_state_and_reason_is_in_its_table() -> None:
    lines = [" ".join(row) for row in rows(ARCHITECTURE)]
    for event in Event:
        assert any(f"`{event.name}`" in line and event.chinese in line for line in lines), event
    for state in (*TransportState, *BusinessState):
        cells = (f"`{state.name}`", state.chinese, f"| {state.value} |")
        assert any(all(cell in f"| {' | '.join(row)} |" for cell in cells) for row in rows(ARCHITECTURE)), state
    assert [reason for reason in Reason if f"`{reason}`" not in PROTOCOL.read_text("utf-8")] == []


@pytest.mark.parametrize("side", ["hub", "node"])
def test_every_table_says_who_writes_it_and_what_ends_it(side: str) -> None:
    named = {row[0].strip("`").partition(".")[2] for row in rows(ARCHITECTURE) if row[0].startswith(f"`{side}.")}
    assert named == tables()[side]
    assert len(tables_hub.metadata.tables) + len(tables_node.metadata.tables) == sum(map(len, tables().values()))


def test_every_command_has_its_line_and_example() -> None:
    text = COMMANDS.read_text("utf-8")
    shown = "".join(block.text for block in blocks(COMMANDS) if block.shell)
    for name, command in commands().items():
        assert f"`yidi {name}`" in text, name
        assert f"yidi {name}" in shown, name
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        common = {"--data", "--json", "--help"}
        missing = {option for option in options - common if f"`{option}`" not in text}
        assert not missing, (name, missing)


def test_limits_stand_in_the_protocol_as_they_stand_in_the_code() -> None:
    for kind in DocumentKind:
        limits = kind.limits
        numbers = (limits.size, limits.elements, limits.piece, limits.depth, limits.attributes, limits.namespaces)
        row = next(row for row in rows(PROTOCOL) if row[0] == f"`{kind.root}`" and len(row) == 7)
        assert [int(cell.replace(" ", "")) for cell in row[1:]] == list(numbers)


def test_the_page_of_settings_is_what_the_fields_say() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_json_blocks_are_json() -> None:
    for one in PAGES:
        for block in blocks(one):
            if block.info.split(" ")[0] == "json":
                json.loads(block.text)
