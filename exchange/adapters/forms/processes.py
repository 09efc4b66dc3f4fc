"""A desk where every form is a process of the office's: ours start in our user's name, others' come to its to-dos.

A received document starts a process, and so does each receipt. What the office sends, and what its people decide,
passes a node whose handler is our user: it waits there among our to-dos until we pass it on, or give it back with the
reason. A process that we may have started is looked for among those of ours with its title; its field with the
exchange's id tells.

Not here: any vendor's interface, which serves `Processes`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import BinaryIO, Final, Protocol

from exchange.adapters.forms.desk import Desk, Form, OfficeFile, Paper, Row
from exchange.adapters.forms.settings import FormSettings
from exchange.errors import AdapterError

__all__ = ["ProcessDesk", "Processes"]

_LONGEST_TITLE: Final = 200  # offices cut longer ones, each somewhere else


class Processes(Protocol):
    """An office's processes, as our user there sees them. Every method raises AdapterError."""

    def log_in(self) -> None: ...

    def fields(self, process: str) -> Collection[str]:
        """Of the form of the process."""
        ...

    def start(self, process: str, title: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        """Returns the office's id of what was started."""
        ...

    def mine(self, process: str, title: str, since: date) -> Iterable[tuple[str, Mapping[str, str]]]:
        """Those that we started on that day or later under that title, each with its fields."""
        ...

    def waiting(self, process: str) -> Iterable[Row]:
        """To-dos of ours."""
        ...

    def pass_on(self, to_do: str, fields: Mapping[str, str], said: str) -> None:
        """Write the fields, and let the process go on."""
        ...

    def give_back(self, to_do: str, said: str) -> None:
        """To whoever had it before us."""
        ...

    def download(self, file: OfficeFile) -> BinaryIO: ...

    def close(self) -> None: ...


class ProcessDesk(Desk):
    """`processes`: the office's name of each form's process."""

    def __init__(self, settings: FormSettings, processes: Mapping[Form, str], office: Processes) -> None:
        self._settings, self._processes, self._office = settings, processes, office

    def log_in(self) -> None:
        self._office.log_in()

    def label(self, form: Form) -> str:
        return self._processes[form]

    def fields(self, form: Form) -> Collection[str]:
        return self._office.fields(self._processes[form])

    def start(self, title: str, name: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        return self._office.start(self._processes[Form.RECEIVE], title[:_LONGEST_TITLE], fields, papers)

    def started(self, title: str, name: str, since: date) -> str | None:
        return self._find(Form.RECEIVE, title, self._settings.receive.id_field, name, since)

    def show(self, title: str, receipt: str, fields: Mapping[str, str]) -> None:
        self._office.start(self._processes[Form.RECEIPTS], title[:_LONGEST_TITLE], fields, ())

    def shown(self, title: str, receipt: str, since: date) -> bool:
        rules = self._settings.receipts
        assert rules is not None
        return self._find(Form.RECEIPTS, title, rules.receipt, receipt, since) is not None

    def waiting(self, form: Form) -> Iterable[Row]:
        return self._office.waiting(self._processes[form])

    def conclude(self, form: Form, row: str, said: str, *, done: bool) -> None:
        rules = self._settings.send if form is Form.SEND else self._settings.decisions
        assert rules is not None
        if done:
            self._office.pass_on(row, {rules.result: said} if rules.result else {}, said)
        else:
            self._office.give_back(row, said)

    def download(self, file: OfficeFile) -> BinaryIO:
        return self._office.download(file)

    def close(self) -> None:
        self._office.close()

    def _find(self, form: Form, title: str, field: str, value: str, since: date) -> str | None:
        held = self._office.mine(self._processes[form], title[:_LONGEST_TITLE], since)
        for id_, fields in held:
            if field not in fields:  # without it nothing is ever found, and everything is started twice
                raise AdapterError(f"the office's form {self._processes[form]} shows us no field {field!r}")
            if fields[field] == value:
                return id_
        return None
