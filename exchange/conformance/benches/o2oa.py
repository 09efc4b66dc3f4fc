"""The office of the O2OA adapter: a simulated one, its processes as a site would make them, and its people.

Not here: a real O2OA office; whoever has one writes a bench over it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.adapters.decision import name_of
from exchange.conformance.bench import Site, Written
from exchange.conformance.benches.over_simulated import SimulatedBench, calls_in, refusals, secret_in
from exchange.model.envelope import EnvelopeKey
from exchange.testing.o2oa import O2oaOffice, Work

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


class O2oaBench(SimulatedBench[O2oaOffice]):
    kind = O2oaOffice

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._secret, self._calls = secret_in(site, "o2oa", self._office.key), calls_in(site)
        make_processes(self._office)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self._office.url, secret_file=self._secret, calls=self._calls)

    def put_out(self, written: Written) -> None:
        fields = {
            "subject": written.title,
            "wz": "通知",
            "swdw": written.to,
            "fwjg": "测试县人民政府办公室",
            "cwrq": "2026-03-01",
            "ngr": f"{written.operator}@77@P",
        }
        self._office.put_out("fwgl", written.title, fields, written.files, node="交换发送")

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        (work,) = self._received(title)
        work.data |= {"jd": decision, "blr": f"{person}@78@P", "sm": text}
        self._office.arrive(work, "交换传回")

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [one.texts for one in self._received(title)]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        """By its people: what waits at our first node is seen by nobody."""
        shown = [one for one in self._office.of("jhhz") if one.node != "登记"]
        return [one.data["sj"] for one in shown if one.data["jhbh"] == name_of(key)]

    def waiting(self, title: str) -> int:
        return sum(bool(one.to_do) for one in self._both(title))

    def refused(self, title: str) -> Sequence[str]:
        return refusals(one.opinions for one in self._both(title))

    def _both(self, title: str) -> list[Work]:
        return [one for one in self._office.of("fwgl") if one.title == title] + self._received(title)

    def _received(self, title: str) -> list[Work]:
        """By its people, as `shown`."""
        return [one for one in self._office.of("swgl") if one.data.get("subject") == title and one.node != "登记"]
