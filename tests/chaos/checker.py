"""The verdict on a run, off line: from the stores, the histories and the logs, when everything has come to rest.

Every promise is judged by the audit that an operator has, too. Beside it: what people were promised, what was
acknowledged, what the offices hold, and what nobody foresaw.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from exchange.ports.node import Box
from tests.chaos.county import ChaosCounty

__all__ = ["verdict"]

_TAKEN_ELSEWHERE = "(restored)"  # by the copy of a node, which is no more


def verdict(county: ChaosCounty) -> list[str]:
    """One line for each thing that must not be."""
    return [
        *county.audit().lines(),
        *_promised(county),
        *_acknowledged_early(county),
        *_offices(county),
        *_set_aside(county),
        *_unforeseen(county),
    ]


def _promised(county: ChaosCounty) -> Iterator[str]:
    """Whatever a node said it accepted is in its store, and the same reference was never two documents."""
    for node in county.nodes:
        sent = [line for line in county.history(f"clerk-{node.root.name}") if line["act"] == "sent"]
        by_number: dict[object, set[object]] = defaultdict(set)
        for line in sent:
            by_number[line["number"]].add(line["id"])
        yield from (
            f"{node.root.name}: reference {n} became {len(ids)}" for n, ids in by_number.items() if len(ids) > 1
        )
        with node.store() as store, store.begin() as session:
            held = {str(doc.key.id) for unit in node.units for doc, _ in session.listing(unit, Box.SENT, 100_000)}
        yield from (
            f"{node.root.name}: {line['id']} was accepted and is gone" for line in sent if line["id"] not in held
        )
        if not sent:
            yield f"{node.root.name}: its people sent nothing, so nothing was shown"


def _acknowledged_early(county: ChaosCounty) -> Iterator[str]:
    """What a process keeps of a message, it keeps before it acknowledges it: never after, within one batch."""
    for program in county.programs():
        held: Counter[tuple[object, str]] = Counter()  # by thread and digest: taken, and neither answered nor kept
        acknowledged: set[tuple[object, str]] = set()
        for line in county.history(program.name):
            if line["act"] == "start":
                held, acknowledged = Counter(), set()
                continue
            for message in _messages(line):
                if line["act"] == "take":
                    held[message] += 1
                    acknowledged.discard(message)
                elif line["act"] == "back":
                    held[message] -= 1
                elif line["act"] == "ack":
                    held[message] -= 1
                    acknowledged.add(message)
                elif message in acknowledged and held[message] <= 0:  # "commit", "aside"
                    yield f"{program.name} acknowledged {message[1][:12]} before it was kept"
                    acknowledged.discard(message)


def _messages(line: dict[str, object]) -> list[tuple[object, str]]:
    digests = line.get("digests", [])
    assert isinstance(digests, list)
    return [(line["thread"], str(digest)) for digest in digests]


def _offices(county: ChaosCounty) -> Iterator[str]:
    """Each office holds exactly what its node says that it took, and got the bytes that were signed."""
    for node in county.nodes:
        folder = county.root / "offices" / node.root.name
        held = {path.name for path in folder.iterdir()} if folder.exists() else set()
        told = set()
        with node.store() as store, store.begin() as session:
            for unit in node.units:
                for document, _ in session.listing(unit, Box.INBOX, 100_000):
                    record = session.handover(unit, document.key)
                    if record is not None and record.external_id and record.external_id != _TAKEN_ELSEWHERE:
                        told.add(record.external_id)
        yield from (f"{node.root.name}: the office took {name}, and the node does not know" for name in held - told)
        yield from (f"{node.root.name}: the node says the office took {name}" for name in told - held)
        for line in county.history(node.root.name):
            if line["act"] == "office" and "fault" in line:
                yield str(line["fault"])


def _set_aside(county: ChaosCounty) -> Iterator[str]:
    """Nothing is set aside but what a fault put there, and all that was forged."""
    with county.hub_store() as store, store.begin() as session:
        rows = session.quarantined(100_000)
    for node in county.nodes:
        with node.store() as store_, store_.begin() as at_node:
            rows += at_node.quarantined(None, 100_000)
    codes = {row.code for row in rows}
    yield from (f"set aside for {code}, and no fault explains it" for code in sorted(codes - county.expected))
    forged = county.forged - {row.digest for row in rows}
    yield from (f"forged, and not set aside: {digest[:12]}" for digest in sorted(forged))


def _unforeseen(county: ChaosCounty) -> Iterator[str]:
    """A bug is a bug, though the exchange survives it."""
    seen = set()
    for log in sorted(county.root.glob("*.log")):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            code, detail = _bug(line)
            if code and (log, detail) not in seen:
                seen.add((log, detail))
                yield f"{log.name}: {detail}"


def _bug(line: str) -> tuple[bool, str]:
    if line.startswith("Traceback"):
        return True, "a traceback"
    try:
        event = json.loads(line)
        return str(event.get("code", "")).startswith("BUG"), f"{event.get('step', '')} {event.get('detail', '')}"
    except (ValueError, AttributeError):
        return False, ""
