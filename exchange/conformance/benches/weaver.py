"""The office of the Weaver adapter: a simulated one, its workflows as a site would make them, and its people.

Not here: a real Weaver office; whoever has one writes a bench over it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.adapters.decision import name_of
from exchange.conformance.bench import Site, Written
from exchange.conformance.benches.over_simulated import SimulatedBench, calls_in, refusals, secret_in
from exchange.model.envelope import EnvelopeKey
from exchange.testing.weaver import Request, WeaverOffice
from exchange.testing.weaver_services import WeaverServicesOffice

__all__ = ["WeaverBench", "WeaverSoapBench", "make_workflows", "settings_of"]


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


class WeaverBench(SimulatedBench[WeaverServicesOffice]):
    kind = WeaverServicesOffice

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._calls = calls_in(site)
        make_workflows(self._office)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self._office.url, calls=self._calls, base64_bytes=64 << 20)

    def put_out(self, written: Written) -> None:
        fields = {
            "bt": written.title,
            "wz": "通知",
            "swdw": written.to,
            "fwjg": "测试县人民政府办公室",
            "cwrq": "2026-03-01",
            "ngr": written.operator,
        }
        self._office.put_out("782", written.title, fields, written.files)

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        (request,) = self._of("781", title)
        request.fields |= {"jd": decision, "blr": person, "sm": text}
        self._office.hand_to_us(request)

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [one.files for one in self._of("781", title)]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        return [one.fields["sj"] for one in self._office.of("783") if one.fields["jhbh"] == name_of(key)]

    def waiting(self, title: str) -> int:
        return sum(one.node == "ours" for one in self._both(title))

    def refused(self, title: str) -> Sequence[str]:
        return refusals(one.remarks for one in self._both(title))

    def _both(self, title: str) -> list[Request]:
        return self._of("781", title) + self._of("782", title)

    def _of(self, workflow: str, title: str) -> list[Request]:
        return [one for one in self._office.of(workflow) if one.fields.get("bt") == title]


class WeaverSoapBench(WeaverBench):
    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._password = secret_in(site, "password", "secret")

    def settings(self) -> Mapping[str, Any]:
        soap = {"interface": "soap", "login_name": "gwjh", "password_file": self._password}
        return {**super().settings(), **soap}
