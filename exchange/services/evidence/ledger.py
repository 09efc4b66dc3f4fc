"""The checks of an evidence package's ledger part: checkpoint, places, completeness, statement, old checkpoints.

Each takes the case, adds to it what it found good, and returns what to tell; a fault is a YidiError that names the
member. The numbers are those of `evidence_verify`.
"""

from datetime import datetime

from exchange.errors import PackageError, YidiError
from exchange.ledger import manifest as names
from exchange.ledger.entry import InclusionProof
from exchange.ledger.proofs import Statement
from exchange.services.evidence.case import NOT_CHECKED, Case, refuse
from exchange.trust.anchor import open_checkpoint
from exchange.trust.digest import sha256_hex

__all__ = ["check_checkpoint", "check_completeness", "check_consistency", "check_inclusion", "check_statement"]


# (7) the checkpoint is the ledger's


def check_checkpoint(case: Case) -> str:
    try:
        checkpoint = case.checkpoint = open_checkpoint(case.package.checkpoint, case.ledger_key())
    except YidiError as error:
        raise PackageError(f"{names.CHECKPOINT}: {error}", detail=error.detail) from error
    return f"{names.CHECKPOINT}: {checkpoint.origin}, {checkpoint.size} 条 entries, root {checkpoint.root.hex()}"


# (8) every entry stands at its place in the ledger


def check_inclusion(case: Case) -> str:
    checkpoint, faults = case.need_checkpoint(), []
    for proof in case.package.proofs:
        try:
            proof.verify(checkpoint)
        except YidiError as error:
            faults.append(f"{_entry(proof)}: {error}")
    refuse(faults)
    return f"{len(case.package.proofs)} 条 entries"


# (9) a document for every entry, an entry for every document, in the ledger's order


def check_completeness(case: Case) -> str:
    members = {case.digest: names.ENVELOPE}
    members |= {sha256_hex(data): names.receipt_member(n) for n, data in enumerate(case.package.receipts, start=1)}
    faults = [
        f"{_entry(proof)}: 所记文件不在包内 its document is missing"
        for proof in case.package.proofs
        if proof.entry.digest not in members
    ]
    faults += [f"{member}: 账本无记录 no ledger entry" for d, member in members.items() if d not in case.entries]
    if len(case.entries) != len(case.package.proofs) or len(members) != 1 + len(case.package.receipts):
        faults.append(f"{names.PROOFS}: 同一文件出现两次 a document stands there twice")
    order = [proof.index for proof in case.package.proofs]
    kept = [d for d in members if d != case.digest and d in case.entries]
    if order != sorted(set(order)) or kept != [d for d in case.entries if d != case.digest and d in members]:
        faults.append(f"{names.PROOFS}: 次序与账本不同 another order than the ledger's")
    faults += _mislabelled(case)
    refuse(faults)
    return f"1 份信封 envelope + {len(case.package.receipts)} 份回执 receipts"


def _mislabelled(case: Case) -> list[str]:
    """Entries that say something else than the document they name."""
    if case.envelope is None:
        return [f"{names.ENVELOPE}: {NOT_CHECKED}"]
    envelope = case.envelope.envelope
    said: dict[str, tuple[str, str, str]] = {case.digest: ("ENVELOPE", envelope.id, names.ENVELOPE)}
    said |= {v.digest: ("RECEIPT", v.receipt.id, member) for member, v in case.receipts.items()}
    faults = []
    for digest, (kind, id_, member) in said.items():
        entry = case.entries.get(digest)
        about = (kind, id_, envelope.sender, envelope.id)
        if entry is not None and (entry.kind, entry.id, entry.sender, entry.envelope_id) != about:
            faults.append(f"{member}: 与账本记录不符 differs from its ledger entry")
    return faults


# (10) the hub states that this was everything


def check_statement(case: Case) -> str:
    stated = Statement.of(case.need_checkpoint())
    present = (proof.entry for proof in case.package.proofs)
    if Statement.over(stated.at, present, sha256_hex(case.package.directory)) != stated:
        raise PackageError(
            f"{names.CHECKPOINT}: 所声明的记录或目录与包内不符 "
            f"states other entries or another directory than {names.PROOFS} and {names.DIRECTORY} hold"
        )
    return f"{names.CHECKPOINT}: 截至 as of {stated.at.isoformat()}"


# (11) the ledger of the day of acceptance is a prefix of this one


def check_consistency(case: Case) -> str:
    latest, faults, void = case.need_checkpoint(), [], 0
    voids = case.need_directory().voids
    proofs = {proof.size: proof for proof in case.package.consistency}
    used = set()
    for member, note, given in _earlier_checkpoints(case):
        try:
            old = open_checkpoint(note, case.ledger_key())
            if voids(old.size, given):
                void += 1  # the exchange has declared, signed, that it left this one behind
                continue
            used.add(old.size)
            if old.size not in proofs:
                raise PackageError(f"没有自 {old.size} 条起的一致性证明 no consistency proof from {old.size} entries")
            proofs[old.size].verify(old, latest)
        except YidiError as error:
            faults.append(f"{member}, {names.PROOFS}: {error}")
    if used != proofs.keys() or len(proofs) != len(case.package.consistency):
        faults.append(f"{names.PROOFS}: 一致性证明与回执不对应 consistency proofs that no receipt asks for")
    refuse(faults)
    restored = f"；恢复前另有 {void} 个已作废 and {void} void since a declared restoring" if void else ""
    return f"{len(used)} 个较早的检查点 earlier checkpoints{restored}"


def _earlier_checkpoints(case: Case) -> list[tuple[str, str, datetime]]:
    """Member, note, and when the exchange gave it."""
    return [
        (member, verified.receipt.checkpoint, verified.receipt.at)
        for member, verified in case.receipts.items()
        if verified.receipt.checkpoint is not None
    ]


def _entry(proof: InclusionProof) -> str:
    return f"{names.PROOFS}: 第 {proof.index} 条 entry {proof.index} ({proof.entry.kind} {proof.entry.id})"
