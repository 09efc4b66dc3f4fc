"""S1.1 and S1.3 with the office system that the district has: its office writes, receives, signs and sees in Seeyon."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exchange.model.events import BusinessState
from exchange.model.unit import Unit
from exchange.testing.seeyon import SeeyonOffice
from tests.contract.seeyon_office import make_forms, settings_of
from tests.scenarios.documents import report
from tests.scenarios.embedded import EmbeddedMaker, EmbeddedStage
from tests.scenarios.stage import wait


@pytest.fixture
def seeyon() -> Iterator[SeeyonOffice]:
    with SeeyonOffice() as made:
        make_forms(made)
        yield made


@pytest.fixture
def start(
    embedded: EmbeddedMaker, seeyon: SeeyonOffice, office: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], EmbeddedStage]]:
    """The county as it was imported from its sheet, its office with Seeyon, the others with folders."""
    monkeypatch.setenv("YIDI_OFFICE_OF", json.dumps({office.code: "seeyon"}))
    monkeypatch.setenv("YIDI_OFFICES", json.dumps({"seeyon": settings_of(seeyon.url)}))
    made: list[EmbeddedStage] = []

    def county() -> EmbeddedStage:
        place = embedded.at_rest(tmp_path)
        (place / "secrets" / "seeyon").write_text(seeyon.password)
        made.append(EmbeddedStage(place))
        return made[-1]

    yield county
    for stage in made:
        stage.close()


def write_notice(seeyon: SeeyonOffice, office: Unit, to: str) -> None:
    fields = {
        "标题": "关于更换门牌的通知",
        "文种": "TZ",
        "收文单位": to,
        "发文机关": office.name,
        "成文日期": "2026-11-23",
        "拟稿人": "罗文",
    }
    seeyon.write("YD_FW", fields, {"通知.txt": "三日内完成。".encode()})


def shown(seeyon: SeeyonOffice, event: str) -> int:
    return sum(row.fields["事件"] == event for row in seeyon.forms["YD_HZ"].rows)


def test_a_notice_written_in_the_office_reaches_the_townships_and_the_office_sees_who_signed(
    start: Callable[[], EmbeddedStage], seeyon: SeeyonOffice, office: Unit, townships: list[Unit]
) -> None:
    write_notice(seeyon, office, "各镇乡")
    stage = start()
    assert len(stage.directory().units) == 128
    wait("the office has sent it", lambda: "已发送" in seeyon.forms["YD_FW"].rows[0].fields.get("处理结果", ""))
    wait("20 of 20 delivered", lambda: shown(seeyon, "已送达") == len(townships) == 20)
    for unit in townships:
        (key,) = stage.inbox(unit.code)
        stage.sign(unit.code, key, f"{unit.name}收发员")

    wait("the office sees 20 signatures", lambda: shown(seeyon, "已签收") == 20)
    signed = {
        row.fields["收文单位"]: row.fields["办理人"] for row in seeyon.forms["YD_HZ"].rows if row.fields["办理人"]
    }
    assert signed == {unit.code: f"{unit.name}收发员" for unit in townships}
    assert len(seeyon.forms["YD_FW"].rows) == 1
    assert stage.broken_promises() == []


def test_twenty_townships_report_into_the_office_where_somebody_signs(
    start: Callable[[], EmbeddedStage], seeyon: SeeyonOffice, office: Unit, townships: list[Unit]
) -> None:
    write_notice(seeyon, office, "各镇乡")
    stage = start()
    wait("the notice is there", lambda: all(stage.inbox(unit.code) for unit in townships))
    (asked,) = stage.inbox(townships[0].code)
    keys = {unit.code: stage.submit(report(unit, office.code, asked.id)) for unit in townships}

    received = seeyon.forms["GWSW_01"].rows
    wait("20 processes", lambda: len(received) == 20)
    assert {row.fields["来文机关"] for row in received} == {unit.name for unit in townships}
    for row in received:
        seeyon.write("YD_JD", {"交换编号": row.fields["交换编号"], "决定": "签收", "办理人": "罗文"})
    wait("each township knows", lambda: all(stage.view(key)[office.code].signed for key in keys.values()))
    moments = [stage.view(key)[office.code].signed for key in keys.values()]
    assert {moment and moment.person for moment in moments} == {"罗文"}

    first = received[0].fields["交换编号"]
    seeyon.write("YD_JD", {"交换编号": first, "决定": "退文", "办理人": "罗文", "说明": "缺少第二页"})
    back = next(key for key in keys.values() if first.endswith(key.id))
    wait("its author reads why", lambda: stage.view(back)[office.code].business is BusinessState.RETURNED)
    closed = stage.view(back)[office.code].closed
    assert closed is not None
    assert (closed.person, closed.text) == ("罗文", "缺少第二页")
    stage.restart()
    assert len(received) == 20  # nothing is handed over twice
    assert stage.broken_promises() == []
