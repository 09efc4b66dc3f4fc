"""The checks of an evidence package's documents: directory, certificates, receipts, envelope, files, states, report.

Each takes the case, adds to it what it found good, and returns what to tell; a fault is a YidiError that names the
member. The numbers are those of `evidence_verify`.
"""

from exchange.codec.read import read_directory
from exchange.errors import PackageError, YidiError
from exchange.ledger import manifest as names
from exchange.model.envelope import FileEntry
from exchange.model.events import Event
from exchange.services.evidence.case import Case, refuse, some
from exchange.services.evidence.facts import Facts, directory_certificate, read_receipt, states_of
from exchange.services.evidence.report import render
from exchange.trust.anchor import Anchor, verify_directory
from exchange.trust.digest import measure, sha256_hex

__all__ = [
    "check_binding",
    "check_certificates",
    "check_directory",
    "check_envelope",
    "check_files",
    "check_receipts",
    "check_recipients",
    "check_report",
]


# (2) the directory is the exchange's


def check_directory(case: Case) -> str:
    raw = case.package.directory
    found = case.directory = read_directory(raw)
    certificate = directory_certificate(raw)
    case.fingerprint = sha256_hex(certificate)
    own = Anchor(hub=found.hub, directory_certificate=certificate, ledger_key=found.ledger_key)
    try:
        # As of its own time of issue: evidence does not expire with the snapshot that it was exported under.
        verify_directory(raw, case.anchor or own, found.issued, None)
    except YidiError as error:
        raise PackageError(f"{names.DIRECTORY}: {error}", detail=error.detail) from error
    trust = "信任锚 anchor" if case.anchor else "包内所附密钥，未经核对 key from the package, NOT compared"
    return f"{names.DIRECTORY}: 第 {found.version} 版 version {found.version}; {trust} {case.fingerprint}"


# (3) certificates are what their names say, and the directory's


def check_certificates(case: Case) -> str:
    directory = case.need_directory()
    known = {*directory.unit_keys, *directory.hub_key, sha256_hex(directory_certificate(case.package.directory))}
    faults = []
    for name, data in case.package.certificates.items():
        if sha256_hex(data) != name:
            faults.append(
                f"{names.certificate_member(name)}: 不是其名称所示的证书 another certificate than its name says"
            )
        elif name not in known:
            faults.append(f"{names.certificate_member(name)}: 不在目录中 not in the directory")
    refuse(faults)
    return f"{len(case.package.certificates)} 张证书 certificates"


# (4) every receipt is signed by the key that the directory gives its author, as of the hub's time


def check_receipts(case: Case) -> str:
    verifier, faults = case.verifier(), []
    for number, data in enumerate(case.package.receipts, start=1):
        member = names.receipt_member(number)
        try:
            entry = case.entries.get(sha256_hex(data))
            at = entry.recorded if entry is not None else read_receipt(data).at
            case.receipts[member] = verifier.receipt(data, at)
        except YidiError as error:
            faults.append(f"{member}: {error}")
    refuse(faults)
    return f"{len(case.receipts)} 份回执 receipts"


# (5) the envelope is its sender's, as of the time at which the hub accepted it


def check_envelope(case: Case) -> str:
    accepted = [v.receipt for v in case.receipts.values() if v.receipt.event is Event.ACCEPTED]
    bound = [receipt for receipt in accepted if receipt.subject and receipt.subject.digest == case.digest]
    faults = []
    lives = {case.need_directory().life(receipt.at) for receipt in bound}
    if not bound or len(bound) != len(lives):
        faults.append(
            f"{names.ENVELOPE}: 有 {len(bound)} 份针对它的受理回执 {len(bound)} ACCEPTED bind it, expected one"
        )
    for receipt in sorted(bound or accepted, key=lambda receipt: receipt.at)[:1]:
        try:
            verified = case.verifier().envelope(case.package.envelope, receipt.at)
            case.envelope = None if faults else verified
        except YidiError as error:
            faults.append(f"{names.ENVELOPE}: {error}")
    refuse(faults)
    envelope = case.need_envelope().envelope
    first = min(receipt.at for receipt in bound)
    return f"{names.ENVELOPE}: {envelope.key}, {first.isoformat()}, sha256 {case.digest}"


# (6) receipts speak of this envelope, and their authors have a say


def check_binding(case: Case) -> str:
    envelope = case.need_envelope().envelope
    recipients = {recipient.unit for recipient in envelope.recipients}
    faults = []
    for member, verified in case.receipts.items():
        subject = verified.receipt.subject
        if subject is None:
            faults.append(f"{member}: 不针对任何公文 speaks of no document")
        elif subject.envelope != envelope.key:
            faults.append(f"{member}: 针对另一公文 speaks of another document, {subject.envelope}")
        elif subject.digest != case.digest:
            faults.append(f"{member}: 摘要与信封不符 binds other bytes than the envelope's")
        elif subject.recipient is not None and subject.recipient not in recipients:
            faults.append(f"{member}: {subject.recipient} 不是接收单位 is no recipient")
    ids = [verified.receipt.id for verified in case.receipts.values()]
    if len(set(ids)) != len(ids):
        faults.append("receipts/: 同一编号出现两次 an id stands there twice")
    refuse([*faults, *case.unread()])
    return f"{len(ids)} 份回执 receipts"


# (12) the files are those that were signed


def check_files(case: Case) -> str:
    envelope = case.need_envelope().envelope
    faults = [fault for file in envelope.files if (fault := _file_fault(case, file))]
    strangers = case.package.files.keys() - {file.sha256 for file in envelope.files}
    faults += [f"{names.file_member(digest)}: 信封未列此文件 not named by the envelope" for digest in sorted(strangers)]
    refuse(faults)
    absent = sum(opener is None for opener in case.package.files.values())
    detail = f"{len(case.package.files) - absent} 个文件 files"
    return detail + (f"，另有 {absent} 个仅存摘要 and {absent} by digest only" if absent else "")


def _file_fault(case: Case, file: FileEntry) -> str | None:
    member = names.file_member(file.sha256)
    if file.sha256 not in case.package.files:
        return f"{member}: 缺失 missing ({file.name})"
    if case.package.files[file.sha256] is None:
        return None
    with case.package.open_file(file.sha256) as stream:
        found = measure(stream)
    if (found.size, found.sha256, found.sm3) != (file.size, file.sha256, file.sm3):
        return f"{member}: 大小、SHA-256 或 SM3 与信封不符 size, SHA-256 or SM3 differ from the envelope ({file.name})"
    return None


# (13) what it all says of each recipient


def check_recipients(case: Case) -> str:
    envelope = case.need_envelope().envelope
    refuse(case.unread())
    states = states_of(envelope, (v.receipt for v in case.receipts.values()))
    units = [
        f"{unit} {state.transport.chinese}/{state.business.chinese} {state.transport.name}/{state.business.name}"
        for unit, state in states.items()
    ]
    return f"{len(units)} 个接收单位 recipients: {some(units)}"


# (14) the readable report says what the documents say


def check_report(case: Case) -> str:
    case.facts = Facts.of(case.package)
    expected, found = render(case.facts), case.package.report
    if expected != found:
        pairs = zip(expected.splitlines(), found.splitlines(), strict=False)
        line = next((n for n, (a, b) in enumerate(pairs, start=1) if a != b), 0)
        raise PackageError(f"{names.REPORT}: 与文件内容不符 differs from what the documents say, line {line or 'last'}")
    return names.REPORT
