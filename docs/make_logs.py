"""`python docs/make_logs.py`: writes `logs.md`, all that a log may say, from the places in the code that say it.

Events, levels and keys are found there; what an event means is written here. A test holds the page against both.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["EVENTS", "PAGE", "Said", "page", "said", "sayings"]

PAGE = Path(__file__).with_name("logs.md")
_ROOT = Path(__file__).parent.parent
_LEVELS = ("info", "warning", "alarm")
# Fakes, the log itself, and commands, whose words are for a person at a terminal.
_ELSEWHERE = ("exchange/testing/", "exchange/conformance/", "exchange/telemetry/log.py", "exchange/cli/opened.py")

# What an event means, where its name does not say it all.
EVENTS = {
    # the way of a document
    "envelope_submitted": "A node accepted a document for sending; it is on stable storage.",
    "envelope_relayed": "A node published it to the hub. `confirmed`: the broker has it.",
    "envelope_accepted": "The router recorded and dispatched it.",
    "envelope_refused": "The router refused it; `code` says why. `envelope` is what the message calls itself.",
    "envelope_delivered": "It is in the inbox of `unit`, whose node signed DELIVERED (`receipt`).",
    "handed_over": "The office system of `unit` has it, IMPORTED (`receipt`) is signed.",
    "decided": "A person of `unit` said `event_name`: SIGNED, REJECTED, RETURNED ...",
    "marked": "`unit` read, printed or filed it.",
    "confirmed": "A program of `unit` has taken it.",
    "sender_spoke": "Its sender said `event_name`: RECALL_REQUESTED, REMINDED, VOIDED ...",
    "receipt_recorded": "The acknowledger recorded what a unit said.",
    "receipt_received": "A node stored what the hub or another unit said.",
    "dispatched_again": "The clock dispatched it to `recipient` again, no DELIVERED having come.",
    "delivery_expired": "The clock gave it up: `recipient` did not get it in time.",
    "unsigned_after_all_reminders": "`unit` did not sign, however often it was urged.",
    # what keeps it waiting
    "envelope_held": "A unit's documents are held while it is paused; they go on when it is released.",
    "envelope_not_ready": "Neither accepted nor refused: a file is missing, a key not yet known. It comes again.",
    "message_not_ready": "The same at the recipient's node.",
    "receipt_not_ready": "The same for a receipt at the hub.",
    "receipt_for_unknown_envelope": "A receipt that overtook its document at the hub. It comes again.",
    "upload_failed": "A file did not get to the hub. It goes on later.",
    "unit_floods": "`user` sends so much that it is moved aside, so that nobody waits behind it.",
    "hand_over_failed": "The office system did not take it now.",
    "office_refused": "The office system does not take it at all; a person must look.",
    "office_not_told": "The office system was not told of a receipt.",
    "office_unreachable": "The office system could not be asked for what it sends.",
    "office_draft_waits": "What the office put out cannot be sent now.",
    "office_draft_refused": "What the office put out is not sent; the office was told why.",
    "office_decisions_unreachable": "The office system could not be asked what its people decided.",
    "office_decision_waits": "What a person decided in the office cannot be signed now.",
    "office_decision_refused": "What a person decided in the office does not fit; the office was told why.",
    # what is wrong
    "envelope_conflict": "One id, two documents. A security event.",
    "receipt_conflict": "One id, two receipts. A security event.",
    "receipt_invalid": "A receipt that is forged, or of nothing we know; its bytes are kept.",
    "receipt_refused_by_hub": "The hub says that it will never record this receipt of ours.",
    "message_quarantined": "A message was set aside with its bytes, for a person to look at.",
    "message_stumbled_over": "A message broke the program; it is tried again, at last set aside.",
    "presence_invalid": "A presence that is forged, or of an ended key.",
    "presences_passed_over": "Presences that are too late, too early, or known.",
    "file_expired": "A file at the node that no document names was deleted; nobody had asked for it for days.",
    "file_corrupt": "A file here is not what was signed any more.",
    "file_corrupt_here": "The same; it is fetched again.",
    "file_corrupt_at_hub": "A file at the hub is not what was signed any more.",
    "outbox_corrupt": "A row of the outbox is not what was signed any more; it is not sent.",
    "key_unusable": "A unit's key cannot be used; all of that unit waits.",
    "presence_unsigned": "The same: it cannot say that it is there.",
    "checkpoint_invalid": "A checkpoint that the hub's ledger key did not sign.",
    "ledger_contradiction": "Two checkpoints of the hub's exclude each other: the ledger was rewritten.",
    "directory_suspicious": "A directory that the exchange did not sign, or an older one.",
    "history_suspicious": "What the hub tells a restored node does not fit.",
    "history_refused": "The hub does not tell a restored node what came after the backup.",
    "clock_set_back": "The clock of this machine was set back.",
    # keys, directory, ledger, archive, restoring
    "directory_signed": "The hub has a new directory.",
    "directory_taken": "A node holds a new directory.",
    "directory_unreachable": "A node could not ask for the directory.",
    "unit_enrolled": "A unit has a key.",
    "checkpoint_signed": "The ledger is sealed up to `size`.",
    "sealer_superseded": "Another sealer works; this one stands by.",
    "archive_written": "A month is in a file.",
    "archived": "A month's bytes left the database.",
    "archive_postponed": "A month is not settled yet.",
    "archive_unusable": "An archive file cannot be read.",
    "archive_failed": "A month could not be archived.",
    "restoring_declared": "The hub was restored from a backup, and says so.",
    "hub_restored": "A node learnt that the hub was restored.",
    "reopened": "A node tells a restored hub again what it may have lost.",
    "node_recovered": "A restored node has what came after its backup.",
    "history_taken": "A restored node was told a part of it.",
    "history_asked": "A unit asked for its history, as after a restoring.",
    "history_archived": "Some of it is in an archive that is not here.",
    "carry_packed": "A package for a disk was made.",
    "carry_unpacked": "A package from a disk was taken in.",
    "notice_received": "The hub tells of an outage; it is shown at the node.",
    # programs
    "http_answered": "A request was answered.",
    "http_cut_short": "A request was cut short by the stop of the process.",
    "http_failed": "A request broke the program.",
    "api_refused": "A program without a good token, with too many requests, or beyond its scope.",
    "office_call_refused": "A call of an office system without the right secret or from a wrong address.",
    "office_link_refused": "A link to a file that does not exist, or was used.",
    "token_issued": "A token was made.",
    "token_revoked": "A token opens nothing any more.",
    "webhook_registered": "A program wants to be told.",
    "webhook_unreached": "It could not be reached.",
    "webhook_not_taken": "It did not take what it was told; it is told again.",
    "webhook_ended": "It is told nothing any more.",
    # processes
    "step_failed": "A step of a worker failed as a whole; it is tried again, after a pause.",
    "step_left": "A loop was told to stop in the middle of a large file; it goes on there at the next start.",
    "loop_left": "Told to stop, a loop waited for an answer that did not come, and was left there as if the power had "
    "gone; the next start goes on.",
    "worker_started": "The supervisor started a worker.",
    "worker_ended": "A worker ended; it is started again.",
    "worker_stuck": "A worker did not move for minutes and was killed.",
    "worker_stopped": "A worker ended because the hub stops.",
    "worker_killed": "A worker did not end in time and was killed: its work comes again.",
    "stopped": "A part of the process ended, in order.",
    "not_closed": "A part of the process could not be closed, in order; it ends with the process.",
    "thread_ended": "A thread ended by a fault.",
    "library": "A library, or Python, warns; `where` says which.",
    "address_not_shown": "The file with the address of the process could not be written.",
    "broker_conflicts": "Queues at the broker that are not as they should be and hold messages.",
    "broker_queues_healed": "Queues without a leader were made anew.",
}

_HEAD = """# Logs 日志

Every process of the exchange writes its log to standard error, one JSON object a line; systemd keeps it in the
journal, and `yidi up 2>> yidi.log` in a file. Standard output is for people. A process that cannot start, or that ends
by a fault, says so in one last line of words.

```text
{"envelope": "520304-001/0191f6a2-...", "event": "envelope_accepted", "level": "info", "process": "router-1",
 "recipients": 127, "time": "2026-11-26T08:00:00.000000Z", "worker": "router"}
```

`yidi trace ID` puts the lines about one document in order, from many files and journals, beside what the stores hold.

## Keys 键

| Key | |
|---|---|
| `time` | UTC, by the clock of the machine that wrote the line |
| `level` | `info`, `warning`, or `alarm`: a person must look. Alarms are counted in `yidi_telemetry_alarms_total` |
| `event` | What happened, from the list below |
| `process` | `up`, `node`, `hub` (the supervisor), `router-1`, `acknowledger-1`, `clock-1`, `sealer-1`, `web-1` |
| `worker` | The loop within it: `router`, `node`, `office` ... ; none where no loop speaks |
| `envelope` | Sender and id of a document: the same on all its way |
| `receipt`, `event_name` | Id of a receipt, and what it says |
| `unit`, `recipient`, `user` | Codes of units: whose node speaks, who is to get it, whose broker account it was |
| `code` | As in [errors](errors.md) |
| `digest` | SHA-256 of the message as it came |
| `detail`, `where` | Of a fault: ours, the machine's, a library's, or the place in the code |
| `token_id`, `peer` | A program's token, without its secret, and the address it comes from |
| `dropped` | Names of fields that must not be logged and were dropped: a fault of the program |

No line holds a title, a text, a name of a file or a person, a passphrase, a code of enrolment or a token. A test runs
documents, refusals, broken offices and programs through an exchange and looks for all of them.

## Traces 链路

Where a collector of OpenTelemetry's is (Jaeger, Tempo ...), each line that names an envelope is also a span there, by
OTLP over HTTP:

```toml
[traces] # in hub.toml, node.toml or yidi.toml, after: pip install 'yidi[otel]'
endpoint = "https://collector.example:4318/v1/traces"
headers_file = "secrets/collector" # `Name: value` a line, if it asks for any
```

One trace is one document, over all processes and machines: its id comes from the envelope's, and `yidi trace ID` says
it. A span holds ids and codes as the keys above, and no `detail`; it says when something was done, and has no length.
Commands that work beside the running exchange (`yidi send` at a desk) write no spans. A collector that is away delays
nothing: what it does not take within seconds is dropped and counted in `yidi_telemetry_spans_total`.
`yidi check-config` says what is missing.

## Events 事件

This page is written by `python docs/make_logs.py`.

| Event | Level | Keys | Meaning |
|---|---|---|---|
"""


@dataclass(slots=True)
class Said:
    """An event as the code says it, wherever that is."""

    levels: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


def sayings() -> Iterator[tuple[str, ast.Call]]:
    """Each call of a log, and where it stands."""
    for room in ("exchange", "workers"):
        for path in sorted((_ROOT / room).rglob("*.py")):
            name = path.relative_to(_ROOT).as_posix()
            if not name.startswith(_ELSEWHERE):
                yield from ((f"{name}:{call.lineno}", call) for call in _calls(path))


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LEVELS:
            whose = node.func.value
            name = whose.attr if isinstance(whose, ast.Attribute) else whose.id if isinstance(whose, ast.Name) else ""
            if name in {"log", "_log"}:
                yield node


def said() -> dict[str, Said]:
    found: dict[str, Said] = {}
    for _, call in sayings():
        assert isinstance(call.func, ast.Attribute)
        one = found.setdefault(_event(call), Said())
        one.levels.add(call.func.attr)
        one.keys |= {keyword.arg for keyword in call.keywords if keyword.arg}
    return found


def _event(call: ast.Call) -> str:
    return str(call.args[0].value) if call.args and isinstance(call.args[0], ast.Constant) else ""


def page() -> str:
    """The whole page."""
    found = said()
    return _HEAD + "".join(_row(event, meaning, found[event]) for event, meaning in EVENTS.items() if event in found)


def _row(event: str, meaning: str, one: Said) -> str:
    levels = ", ".join(level for level in _LEVELS if level in one.levels)
    return f"| `{event}` | {levels} | {', '.join(f'`{key}`' for key in sorted(one.keys))} | {meaning} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
