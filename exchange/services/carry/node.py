"""Carry, at a node: what a unit has for its hub goes into a package, what the hub has for the unit comes out of one.

Packing changes nothing: rows stay open until a signed receipt closes them, over the line or out of a package.
Unpacking is receiving: what comes passes the same verification and is recorded, answered and confirmed in the same
way as what comes from the broker, and whatever comes twice is a duplicate.

Not here: the file (`carry`), the hub's side (`carry_hub`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from exchange.codec.read import read_envelope
from exchange.errors import CorruptFileError, DirectoryError, FileMissingError, RefusedError, TransportError, YidiError
from exchange.model.carry import ENVELOPES, RECEIPTS, Carry, CarryId, Way
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.moves import InTurn
from exchange.ports.node import Box, OutboxKind, OutboxRow
from exchange.services.carry.contents import Contents, contents
from exchange.services.carry.package import (
    CarryReader,
    CarryWriter,
    Heading,
    Packed,
    Taken,
    Told,
    Unpacked,
    batches,
    chunks,
    open_carry,
    write_carry,
)
from exchange.services.intake import look_again
from exchange.services.node.node import Node, check_hosted
from exchange.services.node.receive import Receiver
from exchange.services.node.refresh import Refresher
from exchange.topology import inbox_queue
from exchange.trust.anchor import verify_directory
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_carry
from exchange.trust.verify import Verifier

__all__ = ["NodeCarrier"]

_NOT_NEWER = {"DIRECTORY_ROLLBACK", "DIRECTORY_EXPIRED"}


class NodeCarrier:
    def __init__(self, node: Node) -> None:
        self._node = node

    # packing

    def pack(self, unit: UnitCode, path: Path, *, max_bytes: int, told: Told) -> Packed:
        """Everything that `unit` has for its hub. Raises RefusedError (WRONG_UNIT), KeyStoreError, PackageError; and,
        as the hub would, CertificateError for a key that it will not take any more."""
        node, now = self._node, self._node.clock.now()
        with node.store.look() as session:
            check_hosted(session, unit)
            verifier = node.verifier_in(session)
            waiting, carried = session.open_outbox(unit), session.carried(unit)
        heading = Heading(id=CarryId(node.ids.new()), hub=node.hub, unit=unit, way=Way.TO_HUB, made=now)

        def fill(draft: CarryWriter) -> int:
            spoilt = 0
            for document in node.noted(unit, carried, now):
                draft.add_receipt(document)
            for ids in chunks([id_ for id_, _ in waiting]):
                with node.store.look() as session:
                    rows = session.outbox_rows(unit, ids)
                spoilt += sum(not self._add(draft, row) for row in rows)
            return spoilt

        def sign(carry: Carry) -> bytes:
            manifest = sign_carry(carry, node.keys(unit))
            verifier.carry(manifest, now)  # a key that was revoked is found out here, and not after a day's way
            return manifest

        packed = write_carry(path, heading, fill, sign, max_bytes=max_bytes, told=told)
        node.log.info("carry_packed", unit=unit, package=packed.carry.id, parts=len(packed.carry.parts))
        return packed

    def _add(self, draft: CarryWriter, row: OutboxRow) -> bool:
        """False when the row, or a file of its, has gone bad on this disk."""
        node = self._node
        if not node.is_intact(row):
            return False
        if row.kind is OutboxKind.RECEIPT:
            draft.add_receipt(row.document)
            return True
        try:
            files = read_envelope(row.document).files
            for entry in files:
                node.files.check(entry)
        except (CorruptFileError, FileMissingError) as error:
            node.log.alarm("file_corrupt", envelope=str(row.envelope), code=error.code, detail=error.detail)
            return False
        draft.add_envelope(row.document, files, node.files.open)
        return True

    # unpacking

    def unpack(self, path: Path, *, told: Told) -> Unpacked:
        """Everything that the hub has for one of this node's units. Raises PackageError, RefusedError (CARRY_WAY,
        WRONG_UNIT), SignatureError, CertificateError, NotAuthorisedError, DirectoryError: then nothing was stored.
        StorageError: part of it may be, and unpacking once more goes on."""
        with self._open(path, told) as (package, carry, version):
            if carry.whole:
                with self._node.store.begin() as session:
                    session.forget_carried(carry.unit, carry.made)
            return self._receive(package, carry, version)

    def look(self, path: Path, *, told: Told) -> Contents:
        """What `unpack` would find, and nothing is stored. Raises as it does."""
        with self._open(path, told) as (package, carry, _):
            return contents(package, carry)

    def is_for_here(self, carry: Carry) -> bool:
        with self._node.store.look() as session:
            return carry.way is Way.TO_UNIT and carry.unit in session.units()

    @contextmanager
    def _open(self, path: Path, told: Told) -> Iterator[tuple[CarryReader, Carry, int]]:
        """Verified, every byte of it, under that version of the directory."""
        with open_carry(path) as package:
            now = self._node.clock.now()
            verifier = self._verifier(package, now)
            carry = verifier.carry(package.manifest, now).carry
            self._node.check_hosted(carry.unit)
            package.check(carry, Way.TO_UNIT, told)
            yield package, carry, verifier.directory.version

    def _verifier(self, package: CarryReader, now: datetime) -> Verifier:
        """Under the package's own directory, if it may follow the one held: the hub's key may have changed while the
        line was cut. An older package is judged under what this node knows by now."""
        with self._node.store.look() as session:
            held, known = session.directory(), self._node.verifier_in(session)
        if package.directory is None:
            raise RefusedError("directory.xml is missing, so this is no package from a hub", code="CARRY_WAY")
        try:
            return Verifier(verify_directory(package.directory, self._node.anchor, now, held)[0])
        except DirectoryError as error:
            if error.code not in _NOT_NEWER:
                raise
            return known

    def _receive(self, package: CarryReader, carry: Carry, version: int) -> Unpacked:
        assert package.directory is not None
        node = replace(self._node, exchange=_PackedFiles(package), moves=InTurn())
        refresher = Refresher(node, _PackedDirectory(package.directory, version))
        refresher.refresh()
        receiver, taken, result = Receiver(node, refresher), Taken(), Unpacked(carry=carry)
        queue = inbox_queue(carry.unit)
        # The receipts first: whoever needs the hub's ACCEPTED to judge an old document has it by then.
        for batch in batches(package.documents(RECEIPTS), carry, queue, None):
            look_again(partial(receiver.receive, batch, taken))
            result.receipts += len(batch)
        for batch in batches(package.documents(ENVELOPES), carry, queue, None):
            result.new += look_again(partial(receiver.receive, batch, taken))
            self._count(result, [message.body for message in batch])
        node.log.info("carry_unpacked", unit=carry.unit, package=carry.id, new=result.new, open=result.not_taken)
        return result

    def _count(self, result: Unpacked, documents: list[bytes]) -> None:
        """What became of them, by the store."""
        unit = result.carry.unit
        keys = {}
        for document in documents:
            try:
                keys[unit, read_envelope(document).key] = sha256_hex(document)
            except YidiError:
                continue  # set aside, as from the broker
        with self._node.store.look() as session:
            held = session.documents(Box.INBOX, keys)
        here = sum(pair in held and held[pair].digest == digest for pair, digest in keys.items())
        result.documents += here
        result.not_taken += len(documents) - here


class _PackedDirectory:
    """A package as `exchange.ports.directory.DirectoryFeed`."""

    def __init__(self, document: bytes, version: int) -> None:
        self._document, self._version = document, version

    def newer(self, version: int) -> bytes | None:
        return self._document if self._version > version else None


class _PackedFiles:
    """A package as `exchange.ports.files.FileExchange`. Nothing goes up into one."""

    def __init__(self, package: CarryReader) -> None:
        self._package = package

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        raise TransportError(f"file {entry.sha256}: a package takes nothing of {unit}")

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        del offset, chunk
        return self.offset(unit, entry)

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        del unit
        return self._package.read_file(sha256, offset, limit)
