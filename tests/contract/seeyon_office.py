"""The office of the Seeyon adapter: a simulated one, its forms as a site would make them, and its people."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from exchange.adapters.seeyon.adapter import SeeyonAdapter, SeeyonDesk
from exchange.adapters.seeyon.client import SeeyonClient
from exchange.adapters.seeyon.settings import SeeyonSettings
from exchange.settings import read_table
from exchange.testing.seeyon import SeeyonOffice
from tests.contract.crash_matrix import FILES, TITLE
from tests.contract.office_bench import DECISIONS, EVENTS, ForItsUnit, Told, watching
from tests.unit.services.hub_and_node import B

__all__ = ["SeeyonBench", "make_forms", "settings_of"]


def make_forms(office: SeeyonOffice) -> None:
    """As docs/adapters/seeyon.md asks the administrator to."""
    names = ["标题", "来文机关", "缓急", "交换编号", "附件"]
    office.make_template("GWSW_01", "formmain_0124", names, unique=None)
    names = ["标题", "文种", "收文单位", "发文机关", "成文日期", "拟稿人", "附件", "处理结果"]
    office.make_form("YD_FW", "formmain_0130", names, files="附件")
    office.make_form("YD_JD", "formmain_0131", ["交换编号", "决定", "办理人", "说明", "处理结果"])
    names = ["回执编号", "交换编号", "事件", "收文单位", "办理人", "时间", "说明"]
    office.make_form("YD_HZ", "formmain_0132", names, unique="回执编号")


def settings_of(url: str, /, **changes: Any) -> dict[str, Any]:
    """A table of settings for those forms."""
    return {
        "url": url,
        "user": "rest",
        "login_name": "shoufa",
        "poll_seconds": 0,
        "receive": {
            "template": "GWSW_01",
            "table": "formmain_0124",
            "right_id": "1.1",
            "fields": {
                "标题": "标题",
                "来文单位": "来文机关",
                "紧急程度": {"field": "缓急", "values": {"特急": "1", "加急": "2"}, "otherwise": "0"},
            },
        },
        "send": {
            "code": "YD_FW",
            "table": "formmain_0130",
            "right_id": "1.2",
            "fields": {
                "标题": "标题",
                "文种": {"field": "文种", "values": {"08": "TZ", "0A": "BG"}},
                "主送": "收文单位",
                "发文机关标志": "发文机关",
                "成文日期": "成文日期",
                "经办人": "拟稿人",
            },
            "fixed": {"发文机关署名": "测试县人民政府办公室", "不涉密声明人": "王芳"},
        },
        "decisions": {"code": "YD_JD", "table": "formmain_0131", "right_id": "1.3"},
        "receipts": {"code": "YD_HZ", "table": "formmain_0132", "right_id": "1.4"},
        **changes,
    }


class _Told(Told):
    reads = ("/export", "/token")


@dataclass
class SeeyonBench:
    """Two offices, A's and B's, are one here: A's people use the forms for sending, B's those for receiving."""

    office: SeeyonOffice
    http: list[_Told] = field(default_factory=list)

    def open(self) -> SeeyonAdapter:
        settings = read_table(SeeyonSettings, settings_of(self.office.url), "offices.seeyon")
        self.http.append(_Told(self.office.url, answer_seconds=20))
        client = SeeyonClient(self.http[-1], "rest", self.office.password, "shoufa")
        return _ForItsUnit(settings, SeeyonDesk(settings, client))

    def watch(self, reach: Callable[[str], None]) -> AbstractContextManager[None]:
        return watching(self.http, reach)

    def put_out(self) -> None:
        fields = {
            "标题": TITLE,
            "文种": "TZ",
            "收文单位": B,
            "发文机关": "测试县人民政府办公室",
            "成文日期": "2026-03-01",
            "拟稿人": "王芳",
        }
        self.office.write("YD_FW", fields, FILES)

    def act(self) -> bool:
        received, decided = self.office.forms["GWSW_01"].rows, self.office.forms["YD_JD"].rows
        if not received or len(decided) == len(DECISIONS):
            return False
        fields = {"交换编号": received[0].fields["交换编号"], "办理人": "李四", "说明": "已办"}
        self.office.write("YD_JD", {**fields, "决定": DECISIONS[len(decided)]})
        return True

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        return [(row.fields["标题"], row.files) for row in self.office.forms["GWSW_01"].rows]

    def shown(self) -> list[str]:
        return sorted(EVENTS[row.fields["事件"]] for row in self.office.forms["YD_HZ"].rows)

    def waiting(self) -> int:
        sent = [row.fields.get("处理结果", "").startswith("已发送") for row in self.office.forms["YD_FW"].rows]
        decided = [row.fields.get("处理结果", "").startswith("已办理") for row in self.office.forms["YD_JD"].rows]
        return [*sent, *decided].count(False)


class _ForItsUnit(ForItsUnit, SeeyonAdapter):
    pass
