"""The office of the Weaver adapter: a simulated one, its workflows as a site would make them, and its people."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exchange.adapters.links import FileLinks
from exchange.adapters.weaver.adapter import WeaverAdapter, weaver_desk
from exchange.adapters.weaver.client import WeaverClient
from exchange.adapters.weaver.files import Handing
from exchange.adapters.weaver.settings import WeaverSettings
from exchange.adapters.weaver.tokens import WeaverTokens
from exchange.settings import read_table
from exchange.testing.weaver import WeaverOffice
from tests.contract.crash_matrix import FILES, TITLE
from tests.contract.office_bench import DECISIONS, EVENTS, ForItsUnit, Told, watching
from tests.unit.services.hub_and_node import B

__all__ = ["WeaverBench", "make_workflows", "settings_of"]


def make_workflows(office: WeaverOffice) -> None:
    """As docs/adapters/weaver.md asks the administrator to."""
    office.make_workflow("781", ["bt", "lwjg", "hj", "jhbh", "zw", "fj", "jd", "blr", "sm"])
    office.make_workflow("782", ["bt", "wz", "swdw", "fwjg", "cwrq", "ngr", "cljg"])
    office.make_workflow("783", ["hzbh", "jhbh", "sj", "swdw", "blr", "shijian", "sm"])


def settings_of(url: str, /, **changes: Any) -> dict[str, Any]:
    """A table of settings for those workflows."""
    return {
        "url": url,
        "appid": "yidi",
        "user_id": "66",
        "poll_seconds": 0,
        "files_by": "base64",
        "receive": {
            "workflow": "781",
            "id_field": "jhbh",
            "body": "zw",
            "attachments": "fj",
            "fields": {
                "标题": "bt",
                "来文单位": "lwjg",
                "紧急程度": {"field": "hj", "values": {"特急": "1", "加急": "2"}, "otherwise": "0"},
            },
        },
        "send": {
            "workflow": "782",
            "result": "cljg",
            "fields": {
                "标题": "bt",
                "文种": {"field": "wz", "values": {"08": "通知"}},
                "主送": "swdw",
                "发文机关标志": "fwjg",
                "成文日期": "cwrq",
                "经办人": "ngr",
            },
            "fixed": {"发文机关署名": "测试县人民政府办公室", "不涉密声明人": "王芳"},
        },
        "decisions": {"workflow": "781", "document": "jhbh", "decision": "jd", "person": "blr", "text": "sm"},
        "receipts": {
            "workflow": "783",
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
    reads = ("List",)


@dataclass
class WeaverBench:
    """Two offices, A's and B's, are one here: A's people use one workflow, B's the other."""

    office: WeaverOffice
    folder: Path
    http: list[_Told] = field(default_factory=list)
    decided: int = 0

    def open(self) -> WeaverAdapter:
        settings = read_table(WeaverSettings, settings_of(self.office.url), "offices.weaver")
        self.http.append(_Told(self.office.url, answer_seconds=20))
        tokens = WeaverTokens(self.http[-1], "yidi", "66", self.folder / "registration.json", seconds=1800)
        client = WeaverClient(self.http[-1], tokens, Handing(settings, "weaver", FileLinks(self.folder / "links")))
        return _ForItsUnit(settings, weaver_desk(settings, client))

    def watch(self, reach: Callable[[str], None]) -> AbstractContextManager[None]:
        return watching(self.http, reach)

    def put_out(self) -> None:
        fields = {
            "bt": TITLE,
            "wz": "通知",
            "swdw": B,
            "fwjg": "测试县人民政府办公室",
            "cwrq": "2026-03-01",
            "ngr": "王芳",
        }
        self.office.put_out("782", TITLE, fields, FILES)

    def act(self) -> bool:
        received = self.office.of("781")
        if not received or received[0].node == "ours" or self.decided == len(DECISIONS):
            return False
        received[0].fields |= {"jd": DECISIONS[self.decided], "blr": "李四", "sm": "已办"}
        self.office.hand_to_us(received[0])
        self.decided += 1
        return True

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        return [(one.fields["bt"], one.files) for one in self.office.of("781")]

    def shown(self) -> list[str]:
        return sorted(EVENTS[one.fields["sj"]] for one in self.office.of("783"))

    def waiting(self) -> int:
        return sum(one.node in ("ours", "back") for one in self.office.requests)


class _ForItsUnit(ForItsUnit, WeaverAdapter):
    pass
