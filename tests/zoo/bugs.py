"""The bugs. Each names the file, the text to find there exactly once, and what stands in its place.

A change of the source that makes a text disappear fails the run: the bug must then be written anew.
"""

from dataclasses import dataclass

__all__ = ["BUGS", "PROCESSES", "SIMULATION", "Bug"]

SIMULATION = "simulation"
PROCESSES = "processes "  # followed by what `python -m tests.chaos` is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """`judge`: the simulation, a run on real processes, or the test file that must fail. `because`: what a run on real
    processes must say of it, for many things break where one is wrong."""

    name: str
    file: str
    old: str
    new: str
    judge: str = SIMULATION
    because: str = ""


_JUDGE, _ROUTE = "exchange/services/hub/judge.py", "exchange/services/hub/route.py"
_RECEIVE = "exchange/services/node/receive.py"
_ACKNOWLEDGE, _RELAY = "exchange/services/hub/acknowledge.py", "exchange/services/node/relay.py"
_ARCHIVE = "tests/unit/services/test_archive.py"
_VERIFY, _FAIR = "exchange/trust/verify.py", "exchange/services/hub/fair_intake.py"

BUGS: tuple[Bug, ...] = (
    Bug(
        name="the router acknowledges before it commits",
        file=_ROUTE,
        old="        with hub.store.begin() as session:\n            for message, code in intake.poison:\n",
        new="        consumer.ack(tags(batch))\n"
        "        with hub.store.begin() as session:\n            for message, code in intake.poison:\n",
    ),
    Bug(
        name="the node acknowledges before it commits",
        file=_RECEIVE,
        old="        with node.store.begin() as session:\n            for message, code in intake.poison:\n",
        new="        consumer.ack(tags(batch))\n"
        "        with node.store.begin() as session:\n            for message, code in intake.poison:\n",
    ),
    Bug(
        name="the hub does not look for duplicates",
        file=_ROUTE,
        old="known = session.documents({key for key in keys if key is not None})",
        new="known: dict[EnvelopeKey, DocumentRecord] = {}",
    ),
    Bug(
        name="the node does not look for duplicates",
        file=_RECEIVE,
        old="            held = known.get((item.unit, key))\n",
        new="            held = None\n",
    ),
    Bug(
        name="a duplicate is answered with a new receipt",
        file=_ROUTE,
        old="plan.answers.append((key.sender, originals[key]))",
        new="plan.answers.append((key.sender, self._hub.keep(*self._hub.receipt(Event.ACCEPTED, now, "
        "subject=Subject(envelope=key, digest=item.digest), checkpoint=note)).record))",
    ),
    Bug(
        name="the answer depends on the key of today",
        file=_JUDGE,
        old="if claimed and self.message.user else None",
        new="if claimed and not self.message.user else None",
        judge="tests/unit/services/test_route.py",
    ),
    Bug(
        name="what was refused once may be accepted later",
        file=_ROUTE,
        old="elif (refusal := refusals.get((key.sender, item.digest))) is not None:",
        new="elif (refusal := refusals.get((key.sender, item.digest))) is not None and item.error is not None:",
        judge="tests/unit/services/test_route.py",
    ),
    Bug(
        name="a conflict is taken for a duplicate",
        file=_ROUTE,
        old='            else:\n                self._hub.log.alarm("envelope_conflict"',
        new='            elif first is None:\n                self._hub.log.alarm("envelope_conflict"',
    ),
    Bug(
        name="the broker's account is not compared with the sender",
        file=_JUDGE,
        old="if message.user != envelope.sender:",
        new="if message.user is None:",
    ),
    Bug(
        name="the broker's account is not compared with a receipt's author",
        file=_ACKNOWLEDGE,
        old="actor.unit != message.user",
        new="message.user is None",
    ),
    Bug(
        name="any unit's key signs for any unit",
        file=_VERIFY,
        old="if owner != author:",
        new="if owner is None and author is not None:",
    ),
    Bug(
        name="KeyInfo is trusted",
        file=_VERIFY,
        old="                if fingerprint not in directory.unit_keys:\n                    continue\n",
        new="                if fingerprint not in directory.unit_keys:\n"
        "                    certificate = document.certificates[0]\n"
        "                    start, end = directory.issued, directory.expires\n"
        "                    return KeyEntry(\n"
        "                        fingerprint=fingerprint, certificate=certificate, valid_from=start, valid_to=end\n"
        "                    )\n",
    ),
    Bug(
        name="a signature is not held against the body",
        file=_VERIFY,
        old="if not hmac.compare_digest(hashlib.sha256(document.body).digest(), document.digest):",
        new="if not document.digest:",
        judge="tests/vectors",
    ),
    Bug(
        name="a revocation is ignored",
        file="exchange/trust/certificates.py",
        old="if key.revoked is not None and at >= key.revoked:",
        new="if key.revoked is not None and at < key.revoked:",
    ),
    Bug(
        name="a signature may stand anywhere in the document",
        file="exchange/codec/shape.py",
        old="    if found[0].getparent() is not root or found[0].getnext() is not None:\n",
        new="    if found[0] is root:\n",
        judge="tests/vectors",
    ),
    Bug(
        name="a receipt may bind other bytes",
        file=_ACKNOWLEDGE,
        old="if document != subject.digest:",
        new="if not document:",
    ),
    Bug(
        name="a stranger may speak as a recipient",
        file=_ACKNOWLEDGE,
        old="            if key not in deliveries:\n",
        new="            if not deliveries and key is None:\n",
    ),
    Bug(
        name="receipts that are still asked for are archived with the rest",
        file="exchange/storage/hub_archives.py",
        old="        kept = update(receipts).where(receipts.c.document.is_(None), asked_for)\n",
        new="        kept = update(receipts).where(receipts.c.document.is_(None), under_way, ~asked_for)\n",
        judge=_ARCHIVE,
    ),
    Bug(
        name="a file that lacks something is taken for an archive",
        file="exchange/services/archive/month.py",
        old="            return (yield from self._check(month, path, total)) == total\n",
        new="            return (yield from self._check(month, path, total)) >= 0\n",
        judge=_ARCHIVE,
    ),
    Bug(
        name="an archive is written over another",
        file="exchange/services/archive/month.py",
        old="os.link(part, path)",
        new="os.replace(part, path)",
        judge=_ARCHIVE,
    ),
    Bug(
        name="an archive that was begun is never finished",
        file="exchange/services/archive/month.py",
        old="            yield from self._finish_begun()\n",
        new="",
        judge=_ARCHIVE,
    ),
    Bug(
        name="a node gives nothing back to a restored hub",
        file="exchange/services/node/reopen.py",
        old="    session.put_again(rows)\n    for one in restorings:",
        new="    for one in restorings:",
        judge="tests/unit/services/test_heal.py",
    ),
    Bug(
        name="a ledger that went back is always explained",
        file="exchange/services/node/exposure.py",
        old="r.voids(earlier.size, _said(earlier)) and r.at < _said(later)",
        new="r.voids(earlier.size, _said(later)) or True",
        judge="tests/unit/services/test_heal.py",
    ),
    Bug(
        name="what came back is accepted anew",
        file=_ROUTE,
        old="if (accepted := before.get(envelope.key)) is None:",
        new="if (accepted := before.get(envelope.key)) is None or accepted:",
        judge="tests/unit/services/test_heal.py",
    ),
    Bug(
        name="a restored node hands over what its office has",
        file="exchange/services/node/recover.py",
        old="if item.box is Box.INBOX and item.says(Event.IMPORTED):",
        new="if item.box is Box.SENT and item.says(Event.IMPORTED):",
        judge="tests/unit/services/test_recover.py",
    ),
    Bug(
        name="the last receipt to arrive sets the state",
        file="exchange/model/fold.py",
        old="max(self.transport, rule.transport or TransportState.SUBMITTED)",
        new="rule.transport or self.transport",
    ),
    Bug(
        name="a confirm closes the outbox",
        file=_RELAY,
        old="            attempts = row.attempts + (told is not PublishResult.UNSENT)\n",
        new="            attempts = row.attempts + (told is not PublishResult.UNSENT)\n"
        "            ok = told is PublishResult.ACCEPTED\n"
        "            with node.store.begin() as session:\n"
        "                session.close_outbox(row.unit, [(row.id, row.digest)] if ok else [])\n",
    ),
    Bug(
        name="publishing closes the outbox",
        file=_RELAY,
        old="            session.save_outbox(saved)\n",
        new="            session.save_outbox(saved)\n"
        "            for row in ready:\n"
        "                session.close_outbox(row.unit, [(row.id, row.digest)])\n",
    ),
    Bug(
        name="publishing closes a forward",
        file=_ACKNOWLEDGE,
        old="        if lost:\n",
        new="        with hub.store.begin() as closing:\n"
        "            for unit, record in batch:\n"
        "                closing.close_forwards(unit, [record.id])\n"
        "        if lost:\n",
    ),
    Bug(
        name="a receipt gets no entry in the ledger",
        file=_ACKNOWLEDGE,
        old="        session.add_entries([record_entry(record) for record, _ in recorded])\n",
        new="",
    ),
    Bug(
        name="the sealer begins at the first leaf again",
        file="exchange/services/hub/seal.py",
        old="size = latest.size if latest else 0",
        new="size = 0",
    ),
    Bug(
        name="a sealer that slept writes over the one that took its place",
        file="exchange/storage/hub_ledger.py",
        old="""        values = (to_time(lease.expires), lease.name, lease.holder, lease.epoch)
        return self._sql.change(tables.leases, ("expires",), [values], key=("name", "holder", "epoch")) == 1""",
        new="""        values = (to_time(lease.expires), lease.name)
        return self._sql.change(tables.leases, ("expires",), [values], key=("name",)) == 1""",
        judge="tests/unit/services/test_seal.py",
    ),
    Bug(
        name="a recall takes back what was signed for",
        file="exchange/services/node/receive_receipts.py",
        old="delivery.state.business > BusinessState.RECALLING or",
        new="delivery.state.business > BusinessState.ARCHIVED or",
    ),
    Bug(
        name="a file is seen before it is complete",
        file="exchange/files/local.py",
        old="        return offset + len(chunk)\n",
        new="        self._make_way(self._blob(sha256))\n"
        "        self._blob(sha256).write_bytes(path.read_bytes())\n"
        "        return offset + len(chunk)\n",
        judge="tests/contract/test_files.py",
    ),
    Bug(
        name="fair shares ignore the sender",
        file=_FAIR,
        old='grant(message.user or "")',
        new='grant("")',
        judge="tests/unit/services/test_fair_intake.py",
    ),
    Bug(
        name="a flood is let through",
        file=_FAIR,
        old="message.queue == backlogged and not",
        new="message.queue != backlogged and not",
        judge="tests/unit/services/test_fair_intake.py",
    ),
    Bug(
        name="a message moved aside forgets its sender",
        file=_FAIR,
        old=", vouched=message.user)",
        new=")",
        judge="tests/unit/services/test_fair_intake.py",
    ),
    Bug(
        name="what is moved aside is acknowledged without a confirm",
        file=_FAIR,
        old="if fate in _GONE]",
        new="if fate]",
        judge="tests/unit/services/test_fair_intake.py",
    ),
    Bug(
        name="the quota counts nothing",
        file="exchange/services/hub/quota.py",
        old="        self._spent[unit] = now\n",
        new="",
        judge="tests/unit/services/test_quota.py",
    ),
    Bug(
        name="what is over quota may be accepted tomorrow",
        file=_ROUTE,
        old="            session.add_refusals([refusal])\n",
        new="            session.add_refusals([refusal] if code != 'QUOTA' else [])\n",
        judge="tests/unit/services/test_quota.py",
    ),
    Bug(
        name="the files of a refused document are given up while another's acceptance relies on them",
        file=_ROUTE,
        old="            if gone - session.claimed(key.sender, gone):\n",
        new="            if not gone:\n",
        judge="tests/unit/services/test_quota.py",
    ),
    Bug(
        name="what was given up is deleted though another claims it",
        file="exchange/storage/hub_holdings.py",
        old="return bool(self.unclaimed([sha256]))",
        new="return True",
        judge="tests/contract/test_hub_store_units.py",
    ),
    Bug(
        name="an upload is finished though its bytes were deleted meanwhile",
        file="exchange/files/hub.py",
        old="if not self._files.has(entry.sha256):",
        new="if not entry:",
        judge="tests/contract/test_hub_files_at_once.py",
    ),
    Bug(
        name="fetched files are not hashed",
        file="exchange/services/node/fetch.py",
        old="        node.files.check(entry)\n",
        new="",
        judge="tests/unit/services/test_fetch.py",
    ),
)
