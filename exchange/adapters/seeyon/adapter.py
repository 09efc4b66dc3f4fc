"""The Seeyon adapter: a received document starts a process; the rest stands in rows of base forms.

Receipts that stand there are known by their ids, read anew after whatever went wrong.

Not here: what every office with forms does (`exchange.adapters.forms`), the interface (`client`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import BinaryIO, Self

from exchange.adapters.forms.adapter import FormAdapter
from exchange.adapters.forms.desk import Desk, Form, OfficeFile, Paper, Row
from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.registry import Place
from exchange.adapters.seeyon.client import FormRow, SeeyonClient
from exchange.adapters.seeyon.settings import SeeyonForm, SeeyonSettings
from exchange.errors import AdapterError

__all__ = ["SeeyonAdapter", "SeeyonDesk"]


class SeeyonAdapter(FormAdapter):
    Settings = SeeyonSettings

    @classmethod
    def open(cls, settings: SeeyonSettings, place: Place) -> Self:
        """As an entry point is asked."""
        password = place.secret("password_file", settings.password_file)
        http = OfficeHttp.of(settings, place)
        client = SeeyonClient(http, settings.user, password, settings.login_name)
        return cls(settings, SeeyonDesk(settings, client), place)


class SeeyonDesk(Desk):
    def __init__(
        self,
        settings: SeeyonSettings,
        client: SeeyonClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._client, self._now = settings, client, now
        self._shown: set[str] | None = None

    def log_in(self) -> None:
        self._client.log_in()

    def label(self, form: Form) -> str:
        return self._at(form)[0]

    def fields(self, form: Form) -> Collection[str]:
        return self._client.fields(*self._at(form)).values()

    def start(self, title: str, name: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        attachments = []
        for paper in papers:
            with paper.open() as file:
                attachments.append(self._client.upload(paper.name, paper.media_type, file))
        receive = self._settings.receive
        return self._client.start(receive.template, title, attachments, receive.table, fields)

    def started(self, title: str, name: str, since: date) -> str | None:
        receive = self._settings.receive
        rows = self._client.rows(receive.template, receive.right_id, since, self._tomorrow())
        return next((row.id for row in rows if row.fields.get(receive.id_field) == name), None)

    def show(self, title: str, receipt: str, fields: Mapping[str, str]) -> None:
        form = self._form(Form.RECEIPTS)
        assert self._shown is not None  # somebody looked before
        try:
            self._client.add(form.code, form.table, form.right_id, fields)
        except AdapterError:
            self._shown = None  # it may stand there all the same
            raise
        self._shown.add(receipt)

    def shown(self, title: str, receipt: str, since: date) -> bool:
        if self._shown is None:
            form = self._settings.receipts
            assert form is not None
            self._shown = {row.fields.get(form.receipt, "") for row in self._rows(form)}
        return receipt in self._shown

    def waiting(self, form: Form) -> Iterator[Row]:
        rules = self._settings.send if form is Form.SEND else self._settings.decisions
        assert rules is not None
        attachments = self._settings.send.attachments if form is Form.SEND and self._settings.send else ""
        for row in self._rows(rules):
            if not row.fields.get(rules.result):
                files = [OfficeFile(id=id_, name=name) for id_, name in row.files.get(attachments, ())]
                yield Row(id=row.id, fields=partial(dict, row.fields), files=files.copy)

    def conclude(self, form: Form, row: str, said: str, *, done: bool) -> None:
        rules = self._settings.send if form is Form.SEND else self._settings.decisions
        assert rules is not None
        self._client.change(rules.code, rules.table, rules.right_id, row, {rules.result: said})

    def download(self, file: OfficeFile) -> BinaryIO:
        return self._client.download(file.id, file.name)

    def close(self) -> None:
        self._client.close()

    def _form(self, form: Form) -> SeeyonForm:
        found = {
            Form.SEND: self._settings.send,
            Form.DECISIONS: self._settings.decisions,
            Form.RECEIPTS: self._settings.receipts,
        }[form]
        assert found is not None
        return found

    def _at(self, form: Form) -> tuple[str, str]:
        """Its code, and the right to read it."""
        if form is Form.RECEIVE:
            return self._settings.receive.template, self._settings.receive.right_id
        found = self._form(form)
        return found.code, found.right_id

    def _rows(self, form: SeeyonForm) -> Iterator[FormRow]:
        since = self._now().date() - timedelta(days=self._settings.look_back_days)
        return self._client.rows(form.code, form.right_id, since, self._tomorrow())

    def _tomorrow(self) -> date:
        """Days are the office's, which may be ahead of ours."""
        return self._now().date() + timedelta(days=1)
