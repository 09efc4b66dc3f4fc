"""EKP as a desk: processes that we start, and those that wait for us with the form that they have sent.

What waits is what our user has among its to-dos; a form that came of it says what is in it. A to-do without one is
given back after a while: its form was lost on the way, and comes again when the process does. A process that may have
been started is looked for among the to-dos of whoever handles its first node: its title bears a mark of the document.

Not here: the services (`client`), what every office with forms does (`exchange.adapters.forms`).

Limits: what is looked for is found once the office has made the to-do. Two documents have the same mark once in 2^48.
A form that nothing waits for is kept for a week.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import BinaryIO, Final

from exchange.adapters.forms.desk import Desk, Form, OfficeFile, Paper, Row
from exchange.adapters.landray.client import PROCESS, Kind, LandrayClient, Process, SaidNoError, ToDo
from exchange.adapters.landray.filled import FilledForms, Kept
from exchange.adapters.landray.known import Holder, Known
from exchange.adapters.landray.lines import Attached
from exchange.adapters.landray.settings import LandraySettings, ReceiptTable
from exchange.adapters.links import FileLinks, Link
from exchange.errors import AdapterError

__all__ = ["LandrayDesk"]

_LONGEST_TITLE: Final = 200
_FORGOTTEN: Final = timedelta(days=7)
_MARK_LETTERS: Final = 12  # the last group of a UUID
_NEVER_CAME: Final = "未办理 表单没有送到公文交换，请重新提交 its form never came; submit it again"
_UNKNOWN: Final = "未办理 公文交换的设置中没有这个模板 the exchange has no such template in its settings"


class LandrayDesk(Desk):
    """`forms`: those that the office sent. `name`: of the office in the node's settings."""

    def __init__(
        self,
        settings: LandraySettings,
        client: LandrayClient,
        known: Known,
        forms: FilledForms,
        links: FileLinks,
        name: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._client, self._known, self._forms = settings, client, known, forms
        self._links, self._name, self._monotonic = links, name, monotonic
        self._seen: dict[str, float] = {}  # to-dos without a form, and since when

    def log_in(self) -> None:
        next(self._client.to_dos(self._settings.login_name, Kind.WAITING), None)

    def label(self, form: Form) -> str:
        """A template's id; of the table of receipts, the table's."""
        rules = getattr(self._settings, form)
        return "" if rules is None else str(rules.table if isinstance(rules, ReceiptTable) else rules.template)

    def fields(self, form: Form) -> Collection[str] | None:
        """As the settings list them: no service does."""
        settings = self._settings
        if form is Form.RECEIPTS:
            assert settings.send is not None
            columns, found = f"{self.label(form)}.", settings.send.controls
            return [one.removeprefix(columns) for one in found if one.startswith(columns)] if found else None
        return getattr(settings, form).controls or None

    # --------------------------------------------------------------------------------------- received

    def start(self, title: str, name: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        receive, largest = self._settings.receive, self._settings.attachment_bytes
        attached = [
            Attached(control=receive.body if paper.body and receive.body else receive.attachments, paper=paper)
            for paper in papers
            if paper.size <= largest
        ]
        linked = [paper for paper in papers if paper.size > largest]
        if linked and not receive.links:
            raise AdapterError(f"蓝凌：文件 {linked[0].name} 超过 attachment_bytes，请设 receive.links 与 node_url")
        values = dict(fields)
        if linked:
            values[receive.links] = "\n".join(f"{paper.name} {self._link(paper)}" for paper in linked)
        return self._client.start(receive.template, _marked(title, name), values, attached)

    def started(self, title: str, name: str, since: date) -> str | None:
        """Finished ones come as they were finished: all are read, in the rare case that it comes to this."""
        mark, handler = _mark(name), self._settings.receive.handler
        for kind in (Kind.WAITING, Kind.FINISHED):
            for to_do in self._client.to_dos(handler, kind, modelName=PROCESS):
                if mark in to_do.title:
                    return to_do.process
                if kind is Kind.WAITING and to_do.created[:10] < since.isoformat():
                    break
        return None

    def _link(self, paper: Paper) -> str:
        link = Link(sha256=paper.sha256, media_type=paper.media_type, name=paper.name, once=False)
        token = self._links.give(link, until=datetime.now(UTC) + timedelta(days=self._settings.link_days))
        return f"{self._settings.node_url.rstrip('/')}/office/{self._name}/files/{token}"

    # --------------------------------------------------------------------------------------- receipts

    def shown(self, title: str, receipt: str, since: date) -> bool:
        return False  # what `show` writes is the whole table, and news have keys

    def show(self, title: str, receipt: str, fields: Mapping[str, str]) -> None:
        """A row of the form of what was sent; news, when it is some."""
        rules = self._settings.receipts
        assert rules is not None
        name = fields[rules.document]
        if (sent := self._known.find(name, sent=True)) is None:
            self._tell(rules.notify, receipt, title, self._known.find(name, sent=False))
            return
        holder = replace(sent, rows={**sent.rows, receipt: dict(fields)})
        self._known.keep(name, holder, sent=True)
        if not self._write_rows(holder, rules) or fields[rules.event] in {event.chinese for event in rules.news}:
            self._tell(rules.notify, receipt, title, holder)

    def _write_rows(self, holder: Holder, rules: ReceiptTable) -> bool:
        """Whether the document's own form has them all now: not that of a process which is gone."""
        try:
            self._client.change(holder.process, _columns(rules.table, holder.rows.values(), rules.at, rules.receipt))
        except SaidNoError:
            return False
        return True

    def _tell(self, whom: str, receipt: str, title: str, holder: Holder | None) -> None:
        for kind in (Kind.WAITING, Kind.FINISHED):
            if next(self._client.to_dos(whom, kind, key=receipt), None) is not None:
                return
        about = f"{title} {holder.process.title}" if holder else title
        process = holder.process.id if holder else ""
        self._client.send_news(whom, receipt, about[:_LONGEST_TITLE], process, datetime.now(UTC))

    # ---------------------------------------------------------------------------------------- waiting

    def waiting(self, form: Form) -> Iterator[Row]:
        kept, template = self._forms.by_process(), self.label(form)
        to_dos = list(self._client.to_dos(self._settings.login_name, Kind.TO_APPROVE, modelName=PROCESS))
        for to_do in to_dos:
            filled = kept[to_do.process].form if to_do.process in kept else None
            if filled is not None and filled.process.template == template:
                yield Row(
                    id=f"{to_do.process}@{to_do.id}",
                    fields=partial(dict, filled.fields),
                    files=partial(list, filled.files),
                )
        self._tidy(to_dos, kept)

    def conclude(self, form: Form, row: str, said: str, *, done: bool) -> None:
        rules = self._settings.send if form is Form.SEND else self._settings.decisions
        assert rules is not None
        id_ = row.partition("@")[0]
        kept = self._forms.by_process().get(id_)
        process = kept.form.process if kept else Process(id=id_)
        values = {rules.result: said} if rules.result and done else {}
        self._client.approve(process, said, values, passed=done, back_to=self._settings.back_to)
        if kept is not None:
            self._forms.drop(kept)

    def download(self, file: OfficeFile) -> BinaryIO:
        return self._client.download(self._settings.download.format(id=file.id))

    def close(self) -> None:
        self._client.close()

    def remember(self, name: str, row: str) -> None:
        """That the document of this name is what that row sent."""
        kept = self._forms.by_process().get(row.partition("@")[0])
        if kept is not None and self._known.find(name, sent=True) is None:
            self._known.keep(name, Holder(process=kept.form.process), sent=True)

    def remember_received(self, name: str, process: str, title: str) -> None:
        """That this process holds the document of that name."""
        self._known.keep(name, Holder(process=Process(id=process, title=title)), sent=False)

    def _tidy(self, to_dos: Sequence[ToDo], kept: Mapping[str, Kept]) -> None:
        """Give back what has waited long enough for a form that is one of ours; forget forms that nothing waits for."""
        now, read = self._monotonic(), {self.label(Form.SEND), self.label(Form.DECISIONS)}
        known = {process for process, one in kept.items() if one.form.process.template in read}
        silent = {one.id: one.process for one in to_dos if one.process not in known}
        self._seen = {id_: self._seen.get(id_, now) for id_ in silent}
        for id_, since in self._seen.items():
            if now - since >= self._settings.patience_minutes * 60:
                self._give_back(silent[id_], kept.get(silent[id_]))
        waited_for = {one.process for one in to_dos}
        for process, one in kept.items():
            if process not in waited_for and datetime.now(UTC) - one.came > _FORGOTTEN:
                self._forms.drop(one)

    def _give_back(self, process: str, kept: Kept | None) -> None:
        said = _NEVER_CAME if kept is None else _UNKNOWN
        self._client.approve(Process(id=process), said, {}, passed=False, back_to=self._settings.back_to)
        if kept is not None:
            self._forms.drop(kept)


def _mark(name: str) -> str:
    return f"〔{name[-_MARK_LETTERS:]}〕"


def _marked(title: str, name: str) -> str:
    mark = _mark(name)
    return title[: _LONGEST_TITLE - len(mark)] + mark


def _columns(table: str, rows: Collection[Mapping[str, str]], at: str, receipt: str) -> dict[str, list[str]]:
    """A detail table as the office takes it: whole, by columns; the oldest row first."""
    ordered = sorted(rows, key=lambda row: (row[at], row[receipt]))
    return {f"{table}.{column}": [row[column] for row in ordered] for column in ordered[0]}
