"""Enrol: a unit's key, made on its node, enters the directory against a one-time code.

The hub keeps only the code's hash; a code works once, for one unit, until it expires. A unit that already has keys
replaces them: the old ones stay valid for a while, so that what is in flight under them still verifies.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from exchange.directory.snapshot import Directory
from exchange.directory.update import add_key, end_key
from exchange.errors import EnrolmentError
from exchange.model.unit import UnitCode
from exchange.ports.acts import Deed, Operator
from exchange.ports.hub import EnrolmentRecord, HubStore
from exchange.ports.time import Clock
from exchange.services.hub.administer import Administrator
from exchange.trust.authority import Authority, Request, check_request
from exchange.trust.certificates import key_entry, signing_key
from exchange.trust.digest import sha256_hex

__all__ = ["Enroller"]

_CODE_LIFE = timedelta(days=7)
# Words that cannot be misread over the telephone: no 0 O 1 I L.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Enroller:
    def __init__(
        self,
        store: HubStore,
        administrator: Administrator,
        authority: Authority,
        clock: Clock,
        *,
        overlap: timedelta = timedelta(days=3),
    ) -> None:
        """`overlap`: how long a replaced key stays valid."""
        self._store, self._administrator, self._authority = store, administrator, authority
        self._clock, self._overlap = clock, overlap

    def invite(self, units: Sequence[UnitCode], by: Operator | None = None) -> dict[UnitCode, str]:
        """One-time codes, shown once and kept only as hashes; an earlier code of the same unit is void. `by`: who has
        them made, None where that is told when they are used."""
        directory = self._administrator.current()
        unknown = [unit for unit in units if not directory.is_active(unit)]
        if unknown:
            raise EnrolmentError(f"not in the directory: {', '.join(unknown)}")
        codes = {
            unit: "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4)) for unit in units
        }
        now = self._clock.now()
        expires = now + _CODE_LIFE
        with self._store.begin() as session:
            for unit, code in codes.items():
                session.save_enrolment(
                    EnrolmentRecord(unit=unit, code_sha256=sha256_hex(code.encode()), expires=expires)
                )
            if by is not None:
                session.add_acts([by.act(now, "enroll", unit, "invited") for unit in units])
        return codes

    def enroll(
        self, requests: Sequence[tuple[UnitCode, str, str]], by: Operator | None = None
    ) -> dict[UnitCode, bytes]:
        """(unit, code, certificate request PEM) of each -> its certificate (DER), all in one new directory version.
        Raises EnrolmentError for the first that is wrong (CertificateError when the authority itself has ended), and
        then none is enrolled and no code spent. `by`: an operator here; None: each unit's own node.

        The same code for the same key once more, because the answer was lost, gets the same certificate."""
        now = self._clock.now()
        asked = {unit: check_request(pem, unit) for unit, _, pem in requests}
        directory = self._administrator.current()
        known = {unit: held for unit, request in asked.items() if (held := _issued(directory, unit, request, now))}
        with self._store.begin() as session:
            for unit, code, _ in requests:
                record = session.enrolment(unit)
                self._check_code(record, unit, code, again=unit in known)
                assert record is not None
                session.save_enrolment(replace(record, used=record.used or now))
            # Within the transaction: what cannot be issued spends no code.
            new = {unit: self._authority.issue(asked[unit], now) for unit in asked if unit not in known}
        keys = {unit: key_entry(certificate) for unit, certificate in new.items()}

        def add(directory: Directory) -> Directory:
            for unit, key in keys.items():
                for old in directory.by_code[unit].keys if unit in directory.by_code else ():
                    directory = end_key(directory, unit, old.fingerprint, now + self._overlap)
                directory = add_key(directory, unit, key)
            return directory

        deeds = [Deed(operator=by or _node_of(unit), verb="enroll", target=unit) for unit in keys]
        self._administrator.change(add, deeds)
        return known | new

    def _check_code(self, record: EnrolmentRecord | None, unit: UnitCode, code: str, *, again: bool) -> None:
        given = sha256_hex(code.strip().upper().encode())
        if record is None or not hmac.compare_digest(record.code_sha256, given):
            raise EnrolmentError(f"unit {unit}: this code is not its one-time code", code="ENROLMENT_CODE")
        if record.used is not None and not again:
            raise EnrolmentError(
                f"unit {unit}: the code was used {record.used:%Y-%m-%d %H:%M} UTC", code="ENROLMENT_CODE"
            )
        if self._clock.now() >= record.expires:
            raise EnrolmentError(f"unit {unit}: the code expired {record.expires:%Y-%m-%d}", code="ENROLMENT_CODE")


def _node_of(unit: UnitCode) -> Operator:
    return Operator(account=f"node of {unit}", name="", reason="it brought the one-time code")


def _issued(directory: Directory, unit: UnitCode, asked: Request, now: datetime) -> bytes | None:
    """The certificate in force that the unit has for this very key already."""
    keys = directory.by_code[unit].keys if unit in directory.by_code else ()
    for key in keys:
        if key.revoked is None and now < key.valid_to and signing_key(key.certificate) == asked.public_key:
            return key.certificate
    return None
