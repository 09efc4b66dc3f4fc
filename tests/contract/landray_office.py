"""The office of the Landray adapter: a simulated one, its templates as a site would make them, and its people."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exchange.adapters.landray.adapter import LandrayAdapter
from exchange.adapters.landray.lines import Line, RestLine, SoapLine
from exchange.adapters.landray.settings import LandraySettings
from exchange.adapters.registry import Place
from exchange.ports.office import OfficeCall
from exchange.settings import read_table
from exchange.testing.landray import LandrayOffice
from tests.contract.crash_matrix import FILES, TITLE
from tests.contract.office_bench import DECISIONS, EVENTS, ForItsUnit, Told, watching
from tests.unit.services.hub_and_node import B

__all__ = ["RECEIVE", "SECRET", "SEND", "LandrayBench", "make_templates", "place_in", "settings_of"]

RECEIVE, SEND = "1" * 32, "2" * 32
SECRET = "landray-calls-secret"
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


class _Told(Told):
    """By SOAP the verb is not in the path; to-dos are only read in this story."""

    reads = ("/getTodo", "/sysNotifyTodoWebService")


@dataclass
class LandrayBench:
    """Two offices, A's and B's, are one here: A's people use one template, B's the other."""

    office: LandrayOffice
    folder: Path
    soap: bool = False
    http: list[_Told] = field(default_factory=list)
    decided: int = 0

    def open(self) -> LandrayAdapter:
        place = place_in(self.folder)
        settings = read_table(LandraySettings, settings_of(self.office.url), "offices.landray")
        self.http.append(_Told(self.office.url, answer_seconds=20))
        line: Line = RestLine(self.http[-1], "yidi", "secret", settings.service)
        if self.soap:
            line = SoapLine(self.http[-1], "yidi", "secret", header=False)
        adapter = _ForItsUnit(settings, line, place)
        calls = adapter.office_calls
        assert calls is not None
        self.office.robot = lambda body: calls.take(OfficeCall(token=SECRET, fields={}, body=body))
        return adapter

    def watch(self, reach: Callable[[str], None]) -> AbstractContextManager[None]:
        return watching(self.http, reach)

    def put_out(self) -> None:
        self.open().close()  # the node runs while people work
        fields = {
            "fd_bt": TITLE,
            "fd_wz": "通知",
            "fd_swdw": B,
            "fd_fwjg": "测试县人民政府办公室",
            "fd_cwrq": "2026-03-01",
            "fd_ngr": "王芳",
        }
        self.office.put_out(SEND, TITLE, fields, FILES)

    def act(self) -> bool:
        received = self.office.of(RECEIVE)
        if not received or received[0].at == "gwjh" or self.decided == len(DECISIONS):
            return False
        received[0].fields |= {"fd_jd": DECISIONS[self.decided], "fd_blr": "李四", "fd_sm": "已办"}
        self.office.hand_over(received[0], "gwjh")
        self.decided += 1
        return True

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        return [(one.fields["fd_bt"], one.files) for one in self.office.of(RECEIVE)]

    def shown(self) -> list[str]:
        (sent,) = self.office.of(SEND)
        return sorted(EVENTS[event] for event in sent.fields.get("fd_hz.sj", ()))

    def waiting(self) -> int:
        return sum(one.at in ("gwjh", "back") for one in self.office.processes)


class _ForItsUnit(ForItsUnit, LandrayAdapter):
    pass
