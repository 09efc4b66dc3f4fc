"""The office of the O2OA adapter: a simulated one, its processes as a site would make them, and its people."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from exchange.adapters.o2oa.account import O2oaAccount
from exchange.adapters.o2oa.adapter import O2oaAdapter, o2oa_desk
from exchange.adapters.o2oa.client import O2oaClient
from exchange.adapters.o2oa.settings import O2oaSettings
from exchange.settings import read_table
from exchange.testing.o2oa import O2oaOffice
from tests.contract.crash_matrix import FILES, TITLE
from tests.contract.office_bench import DECISIONS, EVENTS, ForItsUnit, Told, watching
from tests.unit.services.hub_and_node import B

__all__ = ["O2oaBench", "make_processes", "settings_of"]


def make_processes(office: O2oaOffice) -> None:
    """As docs/adapters/o2oa.md asks the administrator to."""
    received = {"登记": {"送办理": "办理"}, "办理": {"传回": "交换传回"}, "交换传回": {"办结": "", "退回": "办理"}}
    fields = ["subject", "lwdw", "hj", "jhbh", "zw", "fj", "jd", "blr", "sm"]
    office.make_process("swgl", "收文管理", fields, received, ["登记", "交换传回"])
    sent = {"拟稿": {"送交换": "交换发送"}, "交换发送": {"办结": "", "退回": "拟稿"}}
    fields = ["subject", "wz", "swdw", "fwjg", "cwrq", "ngr", "zw", "fj", "cljg"]
    office.make_process("fwgl", "发文管理", fields, sent, ["交换发送"])
    fields = ["hzbh", "jhbh", "sj", "swdw", "blr", "shijian", "sm"]
    office.make_process("jhhz", "交换回执", fields, {"登记": {"送阅": "阅知"}, "阅知": {"办结": ""}}, ["登记"])


def settings_of(url: str, /, **changes: Any) -> dict[str, Any]:
    """A table of settings for those processes."""
    return {
        "url": url,
        "user": "yidi",
        "poll_seconds": 0,
        "receive": {
            "process": "swgl",
            "id_field": "jhbh",
            "body": "zw",
            "attachments": "fj",
            "fields": {
                "标题": "subject",
                "来文单位": "lwdw",
                "紧急程度": {"field": "hj", "values": {"特急": "1", "加急": "2"}, "otherwise": "0"},
            },
        },
        "send": {
            "process": "fwgl",
            "activity": "交换发送",
            "body": "zw",
            "result": "cljg",
            "fields": {
                "标题": "subject",
                "文种": {"field": "wz", "values": {"08": "通知"}},
                "主送": "swdw",
                "发文机关标志": "fwjg",
                "成文日期": "cwrq",
                "经办人": "ngr",
            },
            "fixed": {"发文机关署名": "测试县人民政府办公室", "不涉密声明人": "王芳"},
        },
        "decisions": {
            "process": "swgl",
            "activity": "交换传回",
            "document": "jhbh",
            "decision": "jd",
            "person": "blr",
            "text": "sm",
        },
        "receipts": {
            "process": "jhhz",
            "receipt": "hzbh",
            "document": "jhbh",
            "event": "sj",
            "recipient": "swdw",
            "person": "blr",
            "at": "shijian",
            "text": "sm",
        },
        **changes,
    }


class _Told(Told):
    reads = ("/sso", "/size/100")


@dataclass
class O2oaBench:
    """Two offices, A's and B's, are one here: A's people use one process, B's the other."""

    office: O2oaOffice
    http: list[_Told] = field(default_factory=list)
    decided: int = 0

    def open(self) -> O2oaAdapter:
        settings = read_table(O2oaSettings, settings_of(self.office.url), "offices.o2oa")
        self.http.append(_Told(self.office.url, answer_seconds=20))
        client = O2oaClient(self.http[-1], O2oaAccount(self.http[-1], settings, lambda: self.office.key))
        return _ForItsUnit(settings, o2oa_desk(settings, client))

    def watch(self, reach: Callable[[str], None]) -> AbstractContextManager[None]:
        return watching(self.http, reach)

    def put_out(self) -> None:
        fields = {
            "subject": TITLE,
            "wz": "通知",
            "swdw": B,
            "fwjg": "测试县人民政府办公室",
            "cwrq": "2026-03-01",
            "ngr": "王芳@77@P",
        }
        self.office.put_out("fwgl", TITLE, fields, FILES, node="交换发送")

    def act(self) -> bool:
        received = [one for one in self.office.of("swgl") if one.node == "办理" or not one.node]
        if not received or self.decided == len(DECISIONS):
            return False
        received[0].data |= {"jd": DECISIONS[self.decided], "blr": "李四@78@P", "sm": "已办"}
        self.office.arrive(received[0], "交换传回")
        self.decided += 1
        return True

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        """By its people: what waits at our first node is seen by nobody."""
        return [(one.title, one.texts) for one in self.office.of("swgl") if one.node != "登记"]

    def shown(self) -> list[str]:
        return sorted(EVENTS[one.data["sj"]] for one in self.office.of("jhhz") if one.node != "登记")

    def waiting(self) -> int:
        return sum(bool(one.to_do) or one.node == "拟稿" for one in self.office.works)


class _ForItsUnit(ForItsUnit, O2oaAdapter):
    pass
