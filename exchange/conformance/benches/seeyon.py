"""The office of the Seeyon adapter: a simulated one, its forms as a site would make them, and its people.

Not here: a real Seeyon office; whoever has one writes a bench over it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.adapters.decision import name_of
from exchange.conformance.bench import Site, Written
from exchange.conformance.benches.over_simulated import SimulatedBench, calls_in, secret_in
from exchange.model.envelope import EnvelopeKey
from exchange.testing.seeyon import Row, SeeyonOffice

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


class SeeyonBench(SimulatedBench[SeeyonOffice]):
    kind = SeeyonOffice

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        make_forms(self._office)
        self._password, self._calls = secret_in(site, "seeyon", self._office.password), calls_in(site)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self._office.url, password_file=self._password, calls=self._calls)

    def put_out(self, written: Written) -> None:
        fields = {
            "标题": written.title,
            "文种": "TZ",
            "收文单位": written.to,
            "发文机关": "测试县人民政府办公室",
            "成文日期": "2026-03-01",
            "拟稿人": written.operator,
        }
        self._office.write("YD_FW", fields, written.files)

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        (row,) = self._received(title)
        fields = {"交换编号": row.fields["交换编号"], "办理人": person, "说明": text, "决定": decision}
        self._office.write("YD_JD", fields)

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [row.files for row in self._received(title)]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        rows = self._office.forms["YD_HZ"].rows
        return [row.fields["事件"] for row in rows if row.fields["交换编号"] == name_of(key)]

    def waiting(self, title: str) -> int:
        return sum(not answer for answer in self._answers(title))

    def refused(self, title: str) -> Sequence[str]:
        return [answer for answer in self._answers(title) if answer.startswith("未")]

    def _answers(self, title: str) -> list[str]:
        """What stands as the result of each document and decision."""
        forms = self._office.forms
        names = {row.fields["交换编号"] for row in self._received(title)}
        rows = [row for row in forms["YD_FW"].rows if row.fields["标题"] == title]
        rows += [row for row in forms["YD_JD"].rows if row.fields["交换编号"] in names]
        return [row.fields.get("处理结果", "") for row in rows]

    def _received(self, title: str) -> list[Row]:
        return [row for row in self._office.forms["GWSW_01"].rows if row.fields["标题"] == title]
