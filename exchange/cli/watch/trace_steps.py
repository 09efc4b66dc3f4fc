"""What is known of one document's way, gathered: lines of logs and journals, and the rows of this machine's stores.

A log may come from any machine of the exchange, and hold anything; of what is no line of ours nothing is taken. What a
line and a row both tell stands once, as the line has it: it says which process spoke.

Not here: how it is shown (`exchange.cli.watch.trace`).
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exchange.cli.failure import CommandError, fail
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event

if TYPE_CHECKING:
    from exchange.ports.records import ReceiptRecord
    from exchange.wiring.desk import Desk

__all__ = ["HUB", "RECIPIENT", "SENDER", "Step", "journal", "line_of", "lines_about", "read_logs", "steps_of", "stored"]

SENDER, HUB, RECIPIENT = "sender", "hub", "recipient"
_OF_SENDER = frozenset({"envelope_submitted", "envelope_relayed", "upload_failed", "file_corrupt", "sender_spoke"})
_OF_HUB = frozenset({"unsigned_after_all_reminders"})
_SHOWN = ("code", "attempt", "recipients", "confirmed", "user", "detail")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`lane`: SENDER, HUB or RECIPIENT. `process`: who said so, or `store`. `said`: what a receipt says."""

    at: datetime
    lane: str
    process: str
    event: str
    unit: str
    receipt: str
    said: str
    words: str
    level: str


def line_of(text: str) -> Line | None:
    """A line of our log, also within one of `journalctl -o json`; None for anything else."""
    try:
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(message := found.get("MESSAGE"), str):
            found = json.loads(message)
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            datetime.fromisoformat(found["time"])
            return found
    except (ValueError, KeyError, TypeError):
        return None
    return None


def lines_about(texts: Iterable[str], wanted: str) -> tuple[list[Line], set[str]]:
    """The lines that name a document whose id begins with `wanted`, or its receipts; and which documents those are."""
    about: list[Line] = []
    others: dict[str, list[Line]] = {}
    for line in filter(None, map(line_of, texts)):
        envelope, receipt = line.get("envelope"), line.get("receipt")
        if isinstance(envelope, str):
            if _is_meant(envelope, wanted):
                about.append(line)
        elif isinstance(receipt, str):
            others.setdefault(receipt, []).append(line)
    named = {line["receipt"] for line in about if isinstance(line.get("receipt"), str)}
    return about + [line for receipt in named for line in others.get(receipt, ())], {line["envelope"] for line in about}


def _is_meant(envelope: str, wanted: str) -> bool:
    return envelope == wanted or envelope.partition("/")[2].startswith(wanted)


def journal() -> Iterator[str]:
    """Line by line, all that the journal of this machine has of processes named yidi. Raises CommandError."""
    # Without --all a line of more than 4096 bytes comes without its words.
    command = ["journalctl", "--unit", "yidi*", "--output", "json", "--all", "--no-pager", "--quiet"]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603  # ours
    except OSError as error:
        raise _no_journal() from error
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            yield line.decode("utf-8", "replace")
    if process.returncode:
        raise _no_journal()


def _no_journal() -> CommandError:
    return fail(
        "JOURNAL",
        "读不了本机的 journal：用 --log 指明日志文件，或先执行 sudo usermod -aG systemd-journal yidi",
        "the journal cannot be read: name files by --log, or first: sudo usermod -aG systemd-journal yidi",
    )


def steps_of(lines: Iterable[Line], sender: str) -> Iterator[Step]:
    for line in lines:
        unit = str(line.get("unit") or "")
        yield Step(
            at=datetime.fromisoformat(line["time"]),
            lane=_lane(line["event"], unit, sender),
            process=str(line.get("process") or "-"),
            event=line["event"],
            unit=str(line.get("recipient") or unit),
            receipt=str(line.get("receipt") or ""),
            said=str(line.get("event_name") or ""),
            words=" ".join(f"{key}={line[key]}" for key in _SHOWN if line.get(key) not in (None, "")),
            level=str(line.get("level")),
        )


def _lane(event: str, unit: str, sender: str) -> str:
    if event in _OF_SENDER or (unit and unit == sender):
        return SENDER
    return RECIPIENT if unit and event not in _OF_HUB else HUB


def stored(desk: "Desk", key: EnvelopeKey, told: Iterable[Step]) -> Iterator[Step]:
    """What the stores of this machine hold of it and no line has told."""
    known = {(step.lane, step.receipt) for step in told if step.receipt}
    events = {(step.lane, step.event) for step in told}
    for step in _rows(desk, key):
        if (step.lane, step.receipt) not in known and (step.receipt or (step.lane, step.event) not in events):
            yield step


def _rows(desk: "Desk", key: EnvelopeKey) -> Iterator[Step]:
    from exchange.ports.node import Box

    if desk.hub_part is not None:
        with desk.hub_store.begin() as session:
            document = session.documents([key]).get(key)
            receipts = session.receipts_of(key)
        if document is not None:
            yield _row(document.received, HUB, "envelope_accepted", "")
            receipts = [one for one in receipts if one.event is not Event.ACCEPTED]  # the same moment
        yield from (_of_receipt(HUB, "receipt_recorded", one) for one in receipts)
    if desk.node_part is not None:
        with desk.node_store.begin() as session:
            units = session.units()
            sent = session.documents(Box.SENT, [(key.sender, key)])
            came = session.documents(Box.INBOX, [(unit, key) for unit in units if unit != key.sender])
            told = {unit: session.receipts_of(unit, key) for unit, _ in (*sent, *came)}
        for record in sent.values():
            yield _row(record.received, SENDER, "envelope_submitted", key.sender)
        for (unit, _), record in came.items():
            yield _row(record.received, RECIPIENT, "envelope_delivered", unit)
        for unit, records in told.items():
            lane = SENDER if unit == key.sender else RECIPIENT
            yield from (_of_receipt(lane, "receipt_stored", one) for one in records)


def _of_receipt(lane: str, event: str, record: "ReceiptRecord") -> Step:
    return _row(record.recorded, lane, event, record.recipient or "", str(record.id), record.event.value)


def _row(at: datetime, lane: str, event: str, unit: str, receipt: str = "", said: str = "") -> Step:
    return Step(
        at=at, lane=lane, process="store", event=event, unit=unit, receipt=receipt, said=said, words="", level="info"
    )


def read_logs(files: Iterable[Path]) -> Iterator[str]:
    """Line by line: a log may be large. What is no UTF-8 is no line of ours."""
    for path in files:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file
