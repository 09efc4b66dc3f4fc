"""Carry, at the hub: what a unit packed is routed and recorded, and what the hub has for the unit goes into a package.

Whoever signed a package stands where the broker's user stands: the documents in it pass the same router and
acknowledger, and its files come in as an upload of that unit's, under the same claims. Packing changes nothing: what is
on its way to the unit stays due, over the line as well.

Not here: the file (`carry`), the node's side (`carry_node`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from exchange.codec.read import read_envelope
from exchange.codec.signed import claimed_id
from exchange.errors import CorruptFileError, FileMissingError, RefusedError, StorageError, YidiError
from exchange.model.carry import ENVELOPES, RECEIPTS, Carry, CarryId, Way
from exchange.model.envelope import Envelope, EnvelopeId, EnvelopeKey, FileEntry
from exchange.model.receipt import ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.files import FileExchange
from exchange.ports.transport import Delivered
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
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.services.intake import look_again
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_carry
from exchange.trust.verify import Verifier

__all__ = ["HubCarrier"]

QUEUE: Final = "carry"
_CHUNK: Final = 1024 * 1024


class HubCarrier:
    """`files`: the hub's files as its units see them."""

    def __init__(self, hub: Hub, router: Router, acknowledger: Acknowledger, files: FileExchange) -> None:
        self._hub, self._router, self._acknowledger, self._files = hub, router, acknowledger, files

    # packing

    def pack(self, unit: UnitCode, path: Path, *, max_bytes: int, told: Told) -> Packed:
        """Everything that the hub has for `unit`. Raises RefusedError (UNKNOWN_RECIPIENT), PackageError."""
        hub, now = self._hub, self._hub.clock.now()
        if not hub.verifier().directory.is_active(unit):
            raise RefusedError(f"not in the directory: {unit}", code="UNKNOWN_RECIPIENT")
        with hub.store.begin() as session:
            documents, forwards = session.undelivered_to(unit), session.forwards_to(unit)
            carried, checkpoint, directory = session.carried(unit), session.checkpoint(), session.directory()
        assert directory is not None  # it has a verifier
        heading = Heading(id=CarryId(hub.ids.new()), hub=hub.id, unit=unit, way=Way.TO_UNIT, made=now)

        def fill(draft: CarryWriter) -> int:
            draft.add_directory(directory.document)
            for document in hub.noted(carried, now, checkpoint.note if checkpoint else None):
                draft.add_receipt(document)
            for ids in chunks(forwards):
                self._add_receipts(draft, ids)
            return sum(self._add_envelopes(draft, keys) for keys in chunks(documents))

        def sign(carry: Carry) -> bytes:
            return sign_carry(carry, hub.signer)

        packed = write_carry(path, heading, fill, sign, max_bytes=max_bytes, told=told)
        hub.log.info("carry_packed", unit=unit, package=packed.carry.id, parts=len(packed.carry.parts))
        return packed

    def _add_receipts(self, draft: CarryWriter, ids: Sequence[ReceiptId]) -> None:
        with self._hub.store.begin() as session:
            documents = session.forwarded(ids)
        for id_ in ids:
            draft.add_receipt(documents[id_])

    def _add_envelopes(self, draft: CarryWriter, keys: Sequence[EnvelopeKey]) -> int:
        """Each with ACCEPTED, which says under the hub's signature when its sender's key was judged, as in `dispatch`.
        Returns how many could not go in: a file of theirs went bad on this disk."""
        hub, spoilt = self._hub, 0
        with hub.store.begin() as session:
            records, accepted = session.documents(keys), session.accepted_receipts(keys)
        for key in keys:
            document = records[key].document
            files = read_envelope(document).files
            try:
                for entry in files:
                    hub.files.check(entry)
            except (CorruptFileError, FileMissingError) as error:
                hub.log.alarm("file_corrupt_at_hub", envelope=str(key), code=error.code)
                spoilt += 1
                continue
            if key in accepted:
                draft.add_receipt(accepted[key].document)
            draft.add_envelope(document, files, hub.files.open)
        return spoilt

    # unpacking

    def unpack(self, path: Path, *, told: Told) -> Unpacked:
        """Everything that one unit packed. Raises PackageError, RefusedError (CARRY_WAY), SignatureError,
        CertificateError, NotAuthorisedError: then nothing was stored. StorageError: part of it may be, and unpacking
        once more goes on."""
        hub, now, verifier = self._hub, self._hub.clock.now(), self._hub.verifier()
        with self._open(path, verifier, now, told) as (package, carry):
            if carry.whole:
                with hub.store.begin() as session:
                    session.forget_carried(carry.unit, carry.made)
            result = self._take(package, carry, verifier, now)
        hub.log.info("carry_unpacked", unit=carry.unit, package=carry.id, new=result.new, open=result.not_taken)
        return result

    def look(self, path: Path, *, told: Told) -> Contents:
        """What `unpack` would find, and nothing is stored. Raises as it does."""
        with self._open(path, self._hub.verifier(), self._hub.clock.now(), told) as (package, carry):
            return contents(package, carry)

    def is_for_here(self, carry: Carry) -> bool:
        return carry.way is Way.TO_HUB

    @contextmanager
    def _open(self, path: Path, verifier: Verifier, now: datetime, told: Told) -> Iterator[tuple[CarryReader, Carry]]:
        """Verified, every byte of it."""
        with open_carry(path) as package:
            carry = verifier.carry(package.manifest, now).carry
            package.check(carry, Way.TO_HUB, told)
            yield package, carry

    def _take(self, package: CarryReader, carry: Carry, verifier: Verifier, now: datetime) -> Unpacked:
        taken, result = Taken(), Unpacked(carry=carry)
        for batch in batches(package.documents(ENVELOPES), carry, QUEUE, carry.unit):
            for message in batch:
                self._store_files(package, message, verifier, now)
            result.new += look_again(partial(self._router.route, batch, taken))
            self._count(result, batch)
        for batch in batches(package.documents(RECEIPTS), carry, QUEUE, carry.unit):
            look_again(partial(self._acknowledger.acknowledge, batch, taken))
            result.receipts += len(batch)
        return result

    def _store_files(self, package: CarryReader, message: Delivered, verifier: Verifier, now: datetime) -> None:
        """The files of an envelope of the packing unit's own. Those of any other are nobody's; the router judges it."""
        try:
            envelope = verifier.envelope(message.body, now).envelope
        except YidiError:
            return
        if envelope.sender != message.user:
            return
        for entry in envelope.files:
            if package.has_file(entry.sha256):
                self._store(package, envelope, entry)

    def _store(self, package: CarryReader, envelope: Envelope, entry: FileEntry) -> None:
        try:
            offset = self._files.offset(envelope.sender, entry)
            while offset < entry.size and (chunk := package.read_file(entry.sha256, offset, _CHUNK)):
                offset = self._files.upload(envelope.sender, entry, offset, chunk)
        except StorageError as error:
            if error.code != "OFFSET":
                raise
            self._warn(envelope, error)  # the line is back, and brings the same file at this moment
        except YidiError as error:
            self._warn(envelope, error)

    def _warn(self, envelope: Envelope, error: YidiError) -> None:
        self._hub.log.warning("upload_failed", envelope=str(envelope.key), code=error.code, detail=error.detail)

    def _count(self, result: Unpacked, batch: Sequence[Delivered]) -> None:
        """What became of them, by the store."""
        unit = result.carry.unit
        digests = [sha256_hex(message.body) for message in batch]
        keys = {
            digest: EnvelopeKey(unit, EnvelopeId(claimed_id(message.body) or ""))
            for digest, message in zip(digests, batch, strict=True)
        }
        with self._hub.store.begin() as session:
            held = session.digests(keys.values())
            refused = {digest for _, digest in session.refusals((unit, digest) for digest in digests)}
        here = sum(held.get(keys[digest]) == digest for digest in digests)
        result.documents += here
        result.refused += len(refused)
        result.not_taken += len(batch) - here - len(refused)
