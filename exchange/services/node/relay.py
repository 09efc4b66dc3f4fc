"""Relay: what is due in the outbox is uploaded and published, again and again, until a signed receipt closes the row.

A broker's confirm only makes the next attempt later. Before anything leaves, its bytes are hashed again: a store
that has gone bad is an alarm here and not a forgery elsewhere.

Large files go up apart from this loop (`Node.moves`): their row is looked at again every second, and whatever else is
due goes out meanwhile.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from exchange.codec.read import read_envelope
from exchange.errors import CorruptFileError, KeyStoreError, YidiError
from exchange.model.envelope import Envelope, FileEntry
from exchange.model.receipt import Noted
from exchange.model.unit import UnitCode
from exchange.ports.moves import MoveLane, is_heavy
from exchange.ports.node import OutboxKind, OutboxRow
from exchange.ports.transport import PublishResult
from exchange.services.backoff import after
from exchange.services.node.node import Node
from exchange.topology import Lane

__all__ = ["Relay"]

_LOOK_AGAIN: Final = timedelta(seconds=1)
_UNDER_WAY: Final = "UNDER_WAY"
# The line for files is not there, or broke: as if that to the broker had. Whatever else keeps files is an attempt.
_FATES: Final = {"HUB_UNREACHABLE": PublishResult.UNSENT, "HUB_CUT": PublishResult.UNSENT}


class Relay:
    def __init__(self, node: Node) -> None:
        self._node = node
        # Blobs that were whole when their upload began: one that is cut often is not hashed as often. The hub hashes.
        self._sound: set[str] = set()
        self._moving: dict[tuple[str, ...], OutboxRow] = {}

    def relay(self, limit: int = 500) -> int:
        """One round over the due rows; returns how many were published."""
        node = self._node
        now = node.clock.now()
        self._forget_closed()
        with node.store.look() as session:
            due = session.due_outbox(now, limit)
        if not due:
            return 0
        faults = {id(row): self._prepare(row) for row in due}
        ready = [row for row in due if faults[id(row)] is None]
        fates = iter(node.publish([(row.unit, row.lane, row.document) for row in ready]))
        saved, sent = [], []
        for row in due:
            if node.moves.is_awaited(_upload_key(row)):
                self._moving[_upload_key(row)] = replace(row, document=b"")
                saved.append(replace(row, due=now + _LOOK_AGAIN))  # no attempt yet
                continue
            fault = faults[id(row)]
            told = next(fates) if fault is None else _FATES.get(fault, PublishResult.REFUSED)
            attempts = row.attempts + (told is not PublishResult.UNSENT)
            wait = after(told, node.timing.retry, node.chance, now, row.attempts)
            saved.append(replace(row, due=wait, attempts=attempts, fault=fault))
            if fault is None and told is not PublishResult.UNSENT:
                sent.append(row)
                self._say_sent(row, attempts, told)
        with node.store.begin() as session:
            session.save_outbox(saved)
        node.metrics.count("yidi_node_published_total", len(sent))
        node.metrics.count("yidi_node_repeats_total", sum(row.attempts > 0 for row in sent))
        return len(sent)

    def _say_sent(self, row: OutboxRow, attempt: int, told: PublishResult) -> None:
        if row.kind is OutboxKind.ENVELOPE:
            confirmed = told is PublishResult.ACCEPTED
            self._node.log.info("envelope_relayed", envelope=str(row.envelope), attempt=attempt, confirmed=confirmed)

    def note(self, limit: int = 5000) -> int:
        """Confirm to the hub the receipts it sent, one signed NOTED per unit; returns how many receipts it covered."""
        node = self._node
        now = node.clock.now()
        with node.store.begin() as session:
            owed = session.take_owed(limit)
        by_unit: dict[UnitCode, list[Noted]] = {}
        for unit, noted in owed:
            by_unit.setdefault(unit, []).append(noted)
        batch = []
        for unit, noteds in by_unit.items():
            try:
                batch += [(unit, Lane.RECEIPT, signed) for signed in node.noted(unit, noteds, now)]
            except KeyStoreError as error:  # this unit's key cannot be used; the others' can
                node.log.alarm("key_unusable", unit=unit, code=error.code, detail=error.message)
        node.publish(batch)  # a lost one is asked for again by repeating the receipts
        return len(owed)

    def _forget_closed(self) -> None:
        """An answer that came late, or on a disk, closes a row while its files go up: nobody would ask for them any
        more."""
        moving = {key: row for key, row in self._moving.items() if self._node.moves.is_awaited(key)}
        if moving:
            with self._node.store.look() as session:
                open_ = {
                    unit: {id_ for id_, _ in session.open_outbox(unit)} for unit in {r.unit for r in moving.values()}
                }
            for key, row in list(moving.items()):
                if row.id not in open_[row.unit]:
                    self._node.moves.forget(key)
                    del moving[key]
        self._moving = moving

    def _prepare(self, row: OutboxRow) -> str | None:
        """None when the row may be published now: intact, and its files with the hub. Else why not."""
        node = self._node
        if not node.is_intact(row):
            return "CORRUPT"
        if row.kind is OutboxKind.RECEIPT:
            return None
        try:
            return None if self._bring_files(row) else _UNDER_WAY
        except CorruptFileError as error:
            node.log.alarm("file_corrupt", envelope=str(row.envelope), code=error.code, detail=error.detail)
            return error.code
        except YidiError as error:
            node.log.warning("upload_failed", envelope=str(row.envelope), code=error.code, detail=error.detail)
            return error.code

    def _bring_files(self, row: OutboxRow) -> bool:
        """Whether the hub has them all."""
        envelope = read_envelope(row.document)
        if not is_heavy(envelope.files):
            self._upload_all(row.unit, envelope)
            return True
        lane = MoveLane.UP_URGENT if envelope.urgent else MoveLane.UP
        return self._node.moves.done(lane, _upload_key(row), lambda: self._upload_all(row.unit, envelope))

    def _upload_all(self, unit: UnitCode, envelope: Envelope) -> None:
        for entry in envelope.files:
            self._upload(unit, entry)

    def _upload(self, unit: UnitCode, entry: FileEntry) -> None:
        """Send what the hub lacks of one file, from where an earlier attempt stopped."""
        node = self._node
        offset = node.exchange.offset(unit, entry)
        if offset >= entry.size:
            return
        if not offset or entry.sha256 not in self._sound:
            node.files.check(entry)
            self._sound.add(entry.sha256)
        with node.files.open(entry.sha256, offset) as stream:
            while chunk := stream.read(node.timing.chunk_bytes):
                offset = node.exchange.upload(unit, entry, offset, chunk)
        self._sound.discard(entry.sha256)


def _upload_key(row: OutboxRow) -> tuple[str, ...]:
    return "up", row.unit, row.id
