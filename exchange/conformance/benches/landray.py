"""The office of the Landray adapter: a simulated one, its templates as a site would make them, and its people.

Not here: a real Landray office; whoever has one writes a bench over it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exchange.adapters.decision import name_of
from exchange.adapters.registry import Place
from exchange.conformance.bench import Site, Written
from exchange.conformance.benches.over_simulated import SimulatedBench, refusals
from exchange.model.envelope import EnvelopeKey
from exchange.ports.office import OfficeCall
from exchange.testing.landray import LandrayOffice, Process

__all__ = ["RECEIVE", "SECRET", "SEND", "LandrayBench", "LandraySoapBench", "make_templates", "place_in", "settings_of"]

RECEIVE, SEND = "1" * 32, "2" * 32
SECRET = "landray-calls-secret"  # noqa: S105  # of a server that is none
_RECEIVED = ("fd_bt", "fd_lwjg", "fd_hj", "fd_jhbh", "fd_zw", "fd_fj", "fd_lj", "fd_jd", "fd_blr", "fd_sm")
_SENT = ("fd_bt", "fd_wz", "fd_swdw", "fd_fwjg", "fd_cwrq", "fd_ngr", "fd_cljg")
_COLUMNS = {
    "receipt": "hzbh",
    "document": "jhbh",
    "event": "sj",
    "recipient": "swdw",
    "person": "blr",
    "at": "shijian",
    "text": "sm",
}


def make_templates(office: LandrayOffice) -> None:
    """As docs/adapters/landray.md asks the administrator to."""
    office.make_template(RECEIVE, _RECEIVED, handler="shoufa")
    office.make_template(SEND, [*_SENT, *(f"fd_hz.{column}" for column in _COLUMNS.values())])


def settings_of(url: str, /, **changes: Any) -> dict[str, Any]:
    """A table of settings for those templates."""
    return {
        "url": url,
        "account": "yidi",
        "password_file": "landray",
        "login_name": "gwjh",
        "poll_seconds": 0,
        "calls": {"secret_file": "calls", "addresses": ["127.0.0.1"]},
        "receive": {
            "template": RECEIVE,
            "controls": list(_RECEIVED),
            "id_field": "fd_jhbh",
            "body": "fd_zw",
            "attachments": "fd_fj",
            "handler": "shoufa",
            "fields": {
                "标题": "fd_bt",
                "来文单位": "fd_lwjg",
                "紧急程度": {"field": "fd_hj", "values": {"特急": "1", "加急": "2"}, "otherwise": "0"},
            },
        },
        "send": {
            "template": SEND,
            "controls": [*_SENT, *(f"fd_hz.{column}" for column in _COLUMNS.values())],
            "result": "fd_cljg",
            "fields": {
                "标题": "fd_bt",
                "文种": {"field": "fd_wz", "values": {"08": "通知"}},
                "主送": "fd_swdw",
                "发文机关标志": "fd_fwjg",
                "成文日期": "fd_cwrq",
                "经办人": "fd_ngr",
            },
            "fixed": {"发文机关署名": "测试县人民政府办公室", "不涉密声明人": "王芳"},
        },
        "decisions": {
            "template": RECEIVE,
            "controls": list(_RECEIVED),
            "document": "fd_jhbh",
            "decision": "fd_jd",
            "person": "fd_blr",
            "text": "fd_sm",
        },
        "receipts": {"table": "fd_hz", "notify": "shoufa", **_COLUMNS},
        **changes,
    }


def place_in(folder: Path) -> Place:
    """A node's, with the secrets that the settings name."""
    folder.mkdir(exist_ok=True)
    (folder / "landray").write_text("secret", encoding="utf-8")
    (folder / "calls").write_text(SECRET, encoding="utf-8")
    return Place(name="town", data=folder, offices=folder)


class LandrayBench(SimulatedBench[LandrayOffice]):
    kind = LandrayOffice
    protocol = "rest"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        place_in(site.data)
        make_templates(self._office)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self._office.url, protocol=self.protocol, attachment_bytes=64 << 20)

    def connect(self, node: Callable[[OfficeCall], None]) -> None:
        """Its robots send forms."""
        self._office.robot = lambda body: node(OfficeCall(token=SECRET, fields={}, body=body))

    def put_out(self, written: Written) -> None:
        fields = {
            "fd_bt": written.title,
            "fd_wz": "通知",
            "fd_swdw": written.to,
            "fd_fwjg": "测试县人民政府办公室",
            "fd_cwrq": "2026-03-01",
            "fd_ngr": written.operator,
        }
        self._office.put_out(SEND, written.title, fields, written.files)

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        (process,) = self._of(RECEIVE, title)
        process.fields |= {"fd_jd": decision, "fd_blr": person, "fd_sm": text}
        self._office.hand_over(process, "gwjh")

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [one.files for one in self._of(RECEIVE, title)]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        """In the table of what was sent; about what was received, news."""
        for sent in self._of(SEND, title):
            columns = (sent.fields.get(f"fd_hz.{column}", ()) for column in ("sj", "jhbh"))
            return [event for event, document in zip(*columns, strict=True) if document == name_of(key)]
        news = [one.subject for one in self._office.news("shoufa") if f"〔{key.id[:8]}〕" in one.subject]
        return [subject.split()[0] for subject in news]

    def waiting(self, title: str) -> int:
        return sum(one.at == "gwjh" for one in self._both(title))

    def refused(self, title: str) -> Sequence[str]:
        return refusals(one.opinions for one in self._both(title))

    def _both(self, title: str) -> list[Process]:
        return self._of(RECEIVE, title) + self._of(SEND, title)

    def _of(self, template: str, title: str) -> list[Process]:
        return [one for one in self._office.of(template) if one.fields.get("fd_bt") == title]


class LandraySoapBench(LandrayBench):
    protocol = "soap"
