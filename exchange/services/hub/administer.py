"""Administer: a change of the directory becomes its next signed version. The latest snapshot is the only state
there is. Who changed it and why stands in the acts, written with the version that came of it.

Not here: which changes exist (`exchange.directory.update`), keys of units (`exchange.services.hub.enroll`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from exchange.directory.snapshot import Directory, KeyEntry, Restored
from exchange.errors import DirectoryError
from exchange.ledger.merkle import EMPTY_ROOT
from exchange.model.unit import HubId
from exchange.ports.acts import Deed, Operator
from exchange.ports.hub import HubSession, HubStore
from exchange.ports.keys import Signer
from exchange.ports.records import DirectoryRecord
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.held import directory_of
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_directory

__all__ = ["Administrator", "Change"]

Change = Callable[[Directory], Directory]

_CLOCK: Final = Operator(account="clock", name="", reason="half of its life was over, or a clock had run ahead")


class Administrator:
    def __init__(self, store: HubStore, signer: Signer, clock: Clock, log: Log, *, valid_days: int = 30) -> None:
        """`signer`: the directory key, whose certificate is every node's anchor."""
        self._store, self._signer, self._clock, self._log = store, signer, clock, log
        self._valid = timedelta(days=valid_days)

    def establish(self, hub: HubId, hub_key: KeyEntry, ledger_key: str) -> Directory:
        """Version 1: a hub and nobody else. Raises DirectoryError when there is one already."""
        now = self._clock.now()
        first = Directory(
            hub=hub,
            version=1,
            issued=now,
            expires=now + self._valid,
            previous=None,
            hub_keys=(hub_key,),
            ledger_key=ledger_key,
        )
        with self._store.begin() as session:
            if session.directory_version():
                raise DirectoryError("this hub has a directory already", code="DIRECTORY_EXISTS")
            session.add_directory(self._sign(first))
        return first

    def current(self) -> Directory:
        """Raises DirectoryError when there is none."""
        with self._store.begin() as session:
            return directory_of(session.directory())

    def change(self, change: Change, deeds: Sequence[Deed] = ()) -> Directory:
        """Apply `change` and sign the next version; nothing is stored when it raises or changes nothing. `deeds`: what
        the acts will say of it."""
        with self._store.begin() as session:
            record = session.directory()
            current = directory_of(record)
            assert record is not None
            changed = change(current)
            if changed == current:
                return current
            following = self._next(changed, record)
            self._publish(session, following, deeds)
        self._log.info("directory_signed", version=following.version, units=len(following.units))
        return following

    def renew(self) -> bool:
        """Sign the same contents again once half of the snapshot's life is over, or when it was dated by a clock that
        ran ahead (nodes refuse it until then); whether it did."""
        with self._store.begin() as session:
            record = session.directory()
            if record is None:
                return False
            current = directory_of(record)
            if current.issued <= self._clock.now() < current.issued + (current.expires - current.issued) / 2:
                return False
            deed = Deed(operator=_CLOCK, verb="directory renew", target=current.hub)
            self._publish(session, self._next(current, record), [deed])
        return True

    def declare_restored(
        self, backup: datetime, reason: str, newest: Directory | None = None, deeds: Sequence[Deed] = ()
    ) -> Directory:
        """Sign that the hub begins again from a backup begun at `backup`. Nodes hold later versions than the backup's,
        and nobody knows which: the next one is the seconds since 1970, which no county's changes outrun. `newest`: a
        verified one that somebody still holds; keys, revocations and units since the backup are then not lost."""
        with self._store.begin() as session:
            record, checkpoint, now = session.directory(), session.checkpoint(), self._clock.now()
            current = directory_of(record)
            assert record is not None
            size, root = (checkpoint.size, checkpoint.root) if checkpoint else (0, EMPTY_ROOT)
            restored = Restored(at=now, backup=backup, size=size, root=root, reason=reason)
            contents = newest if newest is not None and newest.version > current.version else current
            following = replace(
                self._next(replace(contents, restorings=(*contents.restorings, restored)), record),
                version=max(contents.version + 2, int(now.timestamp())),
            )
            self._publish(session, following, deeds)
        self._log.info("restoring_declared", version=following.version, size=size)
        return following

    def _publish(self, session: HubSession, following: Directory, deeds: Sequence[Deed]) -> None:
        session.add_directory(self._sign(following))
        session.add_acts([deed.act(following.issued, f"directory-{following.version}") for deed in deeds])

    def _next(self, contents: Directory, before: DirectoryRecord) -> Directory:
        now = self._clock.now()
        return replace(
            contents, version=before.version + 1, issued=now, expires=now + self._valid, previous=before.digest
        )

    def _sign(self, directory: Directory) -> DirectoryRecord:
        document = sign_directory(directory, self._signer)
        return DirectoryRecord(
            version=directory.version, digest=sha256_hex(document), document=document, stored=self._clock.now()
        )
