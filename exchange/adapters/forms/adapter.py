"""The adapter of an office with forms: a received document is put into one, receipts and results into others, and what
waits in them is taken.

A document is put there once: when an earlier attempt may have come through, the office is looked through for the
exchange's id before another is. A form waits until its result is written. A receipt is looked for by its id.

Not here: any vendor's interface (`desk`), which fields (`settings`).

Limits: one unit per office system. While an office is still at work on a question that it let run into a timeout,
looking finds nothing: where a field can be unique, the one with the exchange's id is the second fence.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from exchange.adapters.calls import Bell, GuardedCalls
from exchange.adapters.decision import event_of, key_from, name_of, reason_of
from exchange.adapters.forms.answers import refuse_answers
from exchange.adapters.forms.desk import Desk, Form, OfficeFile, Paper, Row
from exchange.adapters.forms.settings import FormRules, FormSettings
from exchange.adapters.json_fields import refuse
from exchange.adapters.manifest import described
from exchange.adapters.mapping import FieldRule, check_fields, to_manifest, to_office
from exchange.adapters.parcels import draft_from
from exchange.adapters.registry import Place
from exchange.adapters.times import county_time
from exchange.errors import AdapterError, InputError, InvalidValueError, LimitError, YidiError
from exchange.model.envelope import EnvelopeKey, FileRole
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, Misfit, OfficeAdapter, OfficeDecision

__all__ = ["FormAdapter"]

_CHUNK: Final = 1 << 20
_MOST_FAULTS: Final = 5
_Read = TypeVar("_Read")
_DAY: Final = timedelta(days=1)  # days are the office's, which may be another than ours


class FormAdapter(OfficeAdapter):
    def __init__(
        self,
        settings: FormSettings,
        desk: Desk,
        place: Place,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`place`: where the secret of an office that calls lies, and what units are called. Raises InputError."""
        self._settings, self._desk, self._now, self._monotonic = settings, desk, now, monotonic
        self._unit_name = place.name_of
        self._looked: dict[Form, float] = {}
        self._bell = Bell(monotonic)
        if settings.calls is not None:
            self.office_calls = GuardedCalls(settings.calls, place, self._heard)

    def _heard(self, _body: bytes) -> None:
        """What an office sent by itself is not believed; it is looked at sooner. Raises StorageError, LimitError."""
        self._bell.ring()

    # ------------------------------------------------------------------------------------------ received

    def hand_over(self, item: HandOver) -> str:
        """Put it there; returns the office's id."""
        envelope, name = item.envelope, name_of(item.key)
        title = envelope.metadata.title
        if item.again and (found := self._desk.started(title, name, (envelope.created - _DAY).date())) is not None:
            return found
        manifest = described(item, {entry.name: "" for entry in envelope.files})
        receive = self._settings.receive
        fields = to_office(manifest, receive.fields) | {receive.id_field: name}
        papers = [
            Paper(
                body=entry.role is FileRole.BODY,
                name=entry.name,
                media_type=entry.media_type,
                size=entry.size,
                sha256=entry.sha256,
                open=partial(item.open_file, entry.sha256),
            )
            for entry in envelope.files
        ]
        return self._desk.start(title, name, fields, papers)

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """Show it, unless it is there."""
        form, subject = self._settings.receipts, receipt.subject
        if form is None or subject is None:
            return
        code = subject.recipient
        unit_name = (self._unit_name(code) or code) if code else ""
        title = " ".join(filter(None, [receipt.event.chinese, unit_name, f"〔{subject.envelope.id[:8]}〕"]))
        if self._desk.shown(title, receipt.id, (receipt.at - _DAY).date()):
            return
        fields = {
            form.receipt: receipt.id,
            form.document: name_of(subject.envelope),
            form.event: receipt.event.chinese,
            form.recipient: unit_name,
            form.person: receipt.actor.person or "",
            form.at: county_time(receipt.at),
            form.text: " ".join(part for part in (receipt.reason and receipt.reason.chinese, receipt.text) if part),
        }
        if form.recipient_code:
            fields[form.recipient_code] = code or ""
        self._desk.show(title, receipt.id, fields)

    # ------------------------------------------------------------------------------------------- to send

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        """Forms without a result. Faulty ones get theirs; they stop no other. Nor does one that the office does not
        show, or whose file it does not give: the first such fault is raised when the others are out, or at once when
        there are several, for then the office itself may be away."""
        if self._settings.send is None or not self._is_due(Form.SEND):
            return
        with tempfile.TemporaryDirectory(prefix="yidi-office-") as name:
            folder = Path(name)
            yield from self._each(Form.SEND, "未发送", lambda row: self._draft(unit, row, folder))

    def _each(self, form: Form, failed: str, read: Callable[[Row], _Read]) -> Iterator[_Read]:
        """What `read` finds in the forms that wait; `failed`: what those are told that are faulty."""
        faults: list[AdapterError] = []
        for row in self._desk.waiting(form):
            try:
                found = self._read_or_refuse(form, failed, row, read)
            except AdapterError as error:
                faults.append(error)
                if len(faults) == _MOST_FAULTS:
                    break
                continue
            if found is not None:
                yield found
        if faults:
            raise faults[0]

    def _read_or_refuse(self, form: Form, failed: str, row: Row, read: Callable[[Row], _Read]) -> _Read | None:
        try:
            return read(row)
        except (InputError, InvalidValueError, LimitError) as error:
            self._conclude(form, row.id, f"{failed} {error.code} {error.message}", done=False)
            return None

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        """The form shows its tracking number."""
        self._conclude(Form.SEND, _id_of(reference), f"已发送 {key.id}", done=True)

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self._conclude(Form.SEND, _id_of(reference), f"未发送 {code} {message}", done=False)

    def _draft(self, unit: UnitCode, row: Row, folder: Path) -> Draft:
        form = self._settings.send
        assert form is not None
        fields = row.fields()
        folder = Path(tempfile.mkdtemp(dir=folder))
        files: dict[str, Callable[[], BinaryIO]] = {}
        listed: list[dict[str, str]] = []
        for number, file in enumerate(row.files()):
            if file.name in files:
                refuse(f"有两个附件都叫 {file.name}")
            files[file.name] = self._downloaded(file, folder / str(number))
            listed.append({"name": file.name, "role": "attachment" if listed else "body"})
        manifest = to_manifest(fields, form.fields, form.fixed)
        return draft_from(unit, row.id, {**manifest, "files": listed}, files)

    def _downloaded(self, file: OfficeFile, path: Path) -> Callable[[], BinaryIO]:
        with self._desk.download(file) as source, path.open("wb") as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
        refuse_answers(file.name, path)
        return lambda: path.open("rb")

    # ----------------------------------------------------------------------------------------- decisions

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        """As `collect`."""
        if self._settings.decisions is None or not self._is_due(Form.DECISIONS):
            return
        yield from self._each(Form.DECISIONS, "未办理", self._decision)

    def _decision(self, row: Row) -> OfficeDecision:
        form, fields = self._settings.decisions, row.fields()
        assert form is not None
        return OfficeDecision(
            key=key_from(fields.get(form.document, "")),
            event=event_of(fields.get(form.decision, "").strip()),
            person=fields.get(form.person) or refuse(f"{form.person}: 必须填写"),
            reason=reason_of(fields.get(form.reason)) if form.reason else None,
            text=fields.get(form.text) or None,
            reference=row.id,
        )

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        said = "已办理" if fault is None else f"未办理 {fault.code} {fault.message}"
        self._conclude(Form.DECISIONS, reference, said, done=fault is None)

    # ----------------------------------------------------------------------------------------------- else

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        """The account, every form, and every field that the settings name."""
        if len(units) > 1:
            found = f"{len(units)} 个单位共用一个办公系统 units share one office: {', '.join(units[:5])}"
            yield Misfit(where="url", found=found, cure="每个单位一张 [offices] 表 a table of `offices` for each unit")
        self._desk.log_in()
        settings = self._settings
        yield from self._check_form(Form.RECEIVE, settings.receive, settings.receive.fields)
        if settings.send is not None:
            yield from self._check_form(Form.SEND, settings.send, settings.send.fields)
        for form, rules in ((Form.DECISIONS, settings.decisions), (Form.RECEIPTS, settings.receipts)):
            if rules is not None:
                yield from self._check_form(form, rules, {})

    def _check_form(self, form: Form, rules: FormRules, mapped: Mapping[str, FieldRule]) -> Iterator[Misfit]:
        label = self._desk.label(form)
        try:
            there = self._desk.fields(form)
        except AdapterError as error:
            found = f"表单 {label} 不能读 cannot be read: {error.message} {error.detail}"
            yield Misfit(where=form, found=found, cure="核对编号与权限 check its id in the settings, and the rights")
            return
        if there is None:
            return
        yield from check_fields(f"{form}.fields", mapped, there, label)
        for name in rules.named():
            if name not in there:
                known = "、".join(sorted(there))
                found = f"表单 {label} 没有字段“{name}” has no such field"
                yield Misfit(where=form, found=found, cure=f"在表单中添加，或改设置 add it, or set one of: {known}")

    def close(self) -> None:
        self._desk.close()

    def _is_due(self, form: Form) -> bool:
        """Whether it is time to look into this form again."""
        now, wait = self._monotonic(), self._settings.poll_seconds
        if now - self._looked.get(form, -wait) < wait and not self._bell.is_ringing:
            return False
        self._looked[form] = now
        return True

    def _conclude(self, form: Form, row: str, said: str, *, done: bool) -> None:
        self._desk.conclude(form, row, said[:500], done=done)


def _id_of(reference: str) -> str:
    """The form's, of a draft's reference."""
    return reference.rpartition("#")[0]
