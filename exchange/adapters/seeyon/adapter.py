"""The Seeyon adapter: a received document starts a process; the rest stands in rows of base forms.

A process is started once: when an earlier attempt may have come through, the form's rows are looked through for the
exchange's id before another is started. A row of a form waits until its result is written. Receipts that stand there
are known by their ids, read anew after whatever went wrong.

Not here: the interface (`client`), which forms and fields (`settings`).

Limits: one unit per office system. While an office is still at work on a question that it let run into a timeout,
looking finds nothing: mark the field with the exchange's id as unique, which is the second fence.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Self

from exchange.adapters.decision import event_of, key_from, name_of, reason_of
from exchange.adapters.json_fields import refuse
from exchange.adapters.manifest import described
from exchange.adapters.mapping import FieldRule, check_fields, to_manifest, to_office
from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.parcels import draft_from
from exchange.adapters.registry import Place
from exchange.adapters.seeyon.client import Row, SeeyonClient
from exchange.adapters.seeyon.settings import Form, SeeyonSettings
from exchange.adapters.times import county_time
from exchange.errors import AdapterError, InputError, InvalidValueError, LimitError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, Misfit, OfficeAdapter, OfficeDecision

__all__ = ["SeeyonAdapter"]

_CHUNK: Final = 1 << 20


class SeeyonAdapter(OfficeAdapter):
    Settings = SeeyonSettings

    @classmethod
    def open(cls, settings: SeeyonSettings, place: Place) -> Self:
        """As an entry point is asked."""
        file = place.data / settings.password_file
        try:
            password = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"offices.{place.name}.password_file: {file}: {error}", code="SETTINGS") from error
        ca_file = place.data / settings.ca_file if settings.ca_file else None
        http = OfficeHttp(settings.url, ca_file=ca_file, answer_seconds=settings.answer_seconds)
        return cls(settings, SeeyonClient(http, settings.user, password, settings.login_name))

    def __init__(
        self,
        settings: SeeyonSettings,
        client: SeeyonClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._client, self._now, self._monotonic = settings, client, now, monotonic
        self._looked: dict[str, float] = {}
        self._shown: set[str] | None = None

    # ------------------------------------------------------------------------------------------ received

    def hand_over(self, item: HandOver) -> str:
        """Start the process; returns its id."""
        receive, name = self._settings.receive, name_of(item.key)
        if item.again and (found := self._started(name, item.envelope.created.date())) is not None:
            return found
        attachments = []
        for entry in item.envelope.files:
            with item.open_file(entry.sha256) as file:
                attachments.append(self._client.upload(entry.name, entry.media_type, file))
        manifest = described(item.envelope, item.unit, {entry.name: "" for entry in item.envelope.files})
        fields = to_office({**manifest, "sender_name": item.sender_name}, receive.fields)
        fields[receive.id_field] = name
        return self._client.start(receive.template, item.envelope.metadata.title, attachments, receive.table, fields)

    def _started(self, name: str, since: date) -> str | None:
        receive = self._settings.receive
        rows = self._client.rows(receive.template, receive.right_id, since - timedelta(days=1), self._tomorrow())
        return next((row.id for row in rows if row.fields.get(receive.id_field) == name), None)

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """Add a row, unless one stands there."""
        form, subject = self._settings.receipts, receipt.subject
        if form is None or subject is None:
            return
        if self._shown is None:
            self._shown = {row.fields.get(form.receipt, "") for row in self._rows(form)}
        if receipt.id in self._shown:
            return
        words = " ".join(part for part in (receipt.reason, receipt.text) if part)
        fields = {
            form.receipt: receipt.id,
            form.document: name_of(subject.envelope),
            form.event: receipt.event.chinese,
            form.recipient: subject.recipient or "",
            form.person: receipt.actor.person or "",
            form.at: county_time(receipt.at),
            form.text: words,
        }
        try:
            self._client.add(form.code, form.table, form.right_id, fields)
        except AdapterError:
            self._shown = None  # it may stand there all the same
            raise
        self._shown.add(receipt.id)

    # ------------------------------------------------------------------------------------------- to send

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        """Rows without a result. Faulty ones get theirs; they stop no other."""
        form = self._settings.send
        if form is None or not self._is_due(form):
            return
        with tempfile.TemporaryDirectory(prefix="yidi-office-") as folder:
            for row in self._rows(form):
                if row.fields.get(form.result):
                    continue
                try:
                    yield self._draft(unit, row, Path(folder))
                except (InputError, InvalidValueError, LimitError) as error:
                    self._conclude(form, row.id, f"未发送 {error.code} {error.message}")

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        """The row shows its tracking number."""
        self._conclude(self._settings.send, reference.rpartition("#")[0], f"已发送 {key.id}")

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self._conclude(self._settings.send, reference.rpartition("#")[0], f"未发送 {code} {message}")

    def _draft(self, unit: UnitCode, row: Row, folder: Path) -> Draft:
        form = self._settings.send
        assert form is not None
        files: dict[str, Callable[[], BinaryIO]] = {}
        listed: list[dict[str, str]] = []
        for number, (id_, name) in enumerate(row.files.get(form.attachments, ())):
            if name in files:
                refuse(f"有两个附件都叫 {name}")
            files[name] = self._downloaded(id_, name, folder / f"{row.id}-{number}")
            listed.append({"name": name, "role": "attachment" if listed else "body"})
        manifest = to_manifest(row.fields, form.fields, form.fixed)
        return draft_from(unit, row.id, {**manifest, "files": listed}, files)

    def _downloaded(self, id_: str, name: str, path: Path) -> Callable[[], BinaryIO]:
        with self._client.download(id_, name) as source, path.open("wb") as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
        return lambda: path.open("rb")

    # ----------------------------------------------------------------------------------------- decisions

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        """As `collect`."""
        form = self._settings.decisions
        if form is None or not self._is_due(form):
            return
        for row in self._rows(form):
            if row.fields.get(form.result):
                continue
            try:
                yield OfficeDecision(
                    key=key_from(row.fields.get(form.document, "")),
                    event=event_of(row.fields.get(form.decision, "").strip()),
                    person=row.fields.get(form.person) or refuse(f"{form.person}: 必须填写"),
                    reason=reason_of(row.fields.get(form.reason)) if form.reason else None,
                    text=row.fields.get(form.text) or None,
                    reference=row.id,
                )
            except InputError as error:
                self._conclude(form, row.id, f"未办理 {error.code} {error.message}")

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        said = "已办理" if fault is None else f"未办理 {fault.code} {fault.message}"
        self._conclude(self._settings.decisions, reference, said)

    # ----------------------------------------------------------------------------------------------- else

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        """The account, every form, and every field that the settings name."""
        if len(units) > 1:
            found = f"{len(units)} 个单位共用一个致远 units share one office: {', '.join(units[:5])}"
            yield Misfit(where="url", found=found, cure="每个单位一张 [offices] 表 a table of `offices` for each unit")
        self._client.log_in()
        settings = self._settings
        receive = settings.receive
        yield from self._check_form("receive", receive.template, receive.right_id, [receive.id_field], receive.fields)
        if (send := settings.send) is not None:
            named = [send.result, send.attachments]
            yield from self._check_form("send", send.code, send.right_id, named, send.fields)
        if (said := settings.decisions) is not None:
            named = [said.result, said.document, said.decision, said.person, said.text, *filter(None, [said.reason])]
            yield from self._check_form("decisions", said.code, said.right_id, named, {})
        if (form := settings.receipts) is not None:
            named = [form.receipt, form.document, form.event, form.recipient, form.person, form.at, form.text]
            yield from self._check_form("receipts", form.code, form.right_id, named, {})

    def _check_form(
        self, where: str, form: str, right_id: str, named: Sequence[str], rules: Mapping[str, FieldRule]
    ) -> Iterator[Misfit]:
        try:
            there = set(self._client.fields(form, right_id).values())
        except AdapterError as error:
            found = f"表单 {form} 不能读 cannot be read: {error.message} {error.detail}"
            yield Misfit(where=where, found=found, cure="核对模板编号、操作权限 check its code and right_id")
            return
        yield from check_fields(f"{where}.fields", rules, there, form)
        for name in named:
            if name not in there:
                known = "、".join(sorted(there))
                found = f"表单 {form} 没有字段“{name}” has no such field"
                yield Misfit(where=where, found=found, cure=f"在表单中添加，或改设置 add it, or set one of: {known}")

    def close(self) -> None:
        self._client.close()

    def _rows(self, form: Form) -> Iterator[Row]:
        since = self._now().date() - timedelta(days=self._settings.look_back_days)
        return self._client.rows(form.code, form.right_id, since, self._tomorrow())

    def _is_due(self, form: Form) -> bool:
        """Whether it is time to look into this form again."""
        now = self._monotonic()
        if now - self._looked.get(form.code, -self._settings.poll_seconds) < self._settings.poll_seconds:
            return False
        self._looked[form.code] = now
        return True

    def _conclude(self, form: Form | None, row: str, said: str) -> None:
        assert form is not None
        self._client.change(form.code, form.table, form.right_id, row, {form.result: said[:500]})

    def _tomorrow(self) -> date:
        """Days are the office's, which may be ahead of ours."""
        return self._now().date() + timedelta(days=1)
