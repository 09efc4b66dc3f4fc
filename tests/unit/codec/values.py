"""Valid values of the model, as wide as the model allows, for hypothesis."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from exchange.codec.extension import canonical_extension
from exchange.directory.snapshot import Directory, Group, KeyEntry, Restored, UnitEntry
from exchange.errors import InvalidValueError
from exchange.model.carry import (
    DIRECTORY,
    ENVELOPES,
    RECEIPTS,
    Carry,
    CarryId,
    Part,
    Way,
    file_part,
    numbered_part,
)
from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import (
    MAX_FILE_SIZE,
    Declaration,
    Envelope,
    EnvelopeId,
    EnvelopeKey,
    FileEntry,
    FileRole,
    Recipient,
    RecipientRole,
    check_file_name,
)
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Noted, Reason, Receipt, ReceiptId, Subject
from exchange.model.text import check_line, check_text
from exchange.model.unit import HubId, Level, Unit, UnitCode, UnitKind


def _line(text: str) -> bool:
    try:
        check_line("line", text, 2000)
    except InvalidValueError:
        return False
    return True


def _text(text: str) -> bool:
    try:
        check_text("text", text, 2000)
    except InvalidValueError:
        return False
    return True


def _name(text: str) -> bool:
    try:
        check_file_name(text)
    except InvalidValueError:
        return False
    return True


# Chinese, markup, quotes and white space are what a codec gets wrong.
_HARD = "公文通知〔2026〕号①𠮷 <>&\"'\u00a0\u3000];#x=aZ09"
_ANY = st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs"))
LINES = st.text(st.sampled_from(_HARD) | _ANY, min_size=1, max_size=12).filter(_line)
TEXTS = st.text(st.sampled_from(_HARD + "\t\n") | _ANY, max_size=20).filter(_text)
CODES = st.from_regex(r"(?:[0-9]{6}|[0-9]{9}|[0-9]{12})-[0-9]{3,6}", fullmatch=True).map(UnitCode)
UUIDS = st.uuids().map(str)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
HUBS = st.from_regex(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?", fullmatch=True).map(HubId)
MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)
DAYS = st.dates(min_value=date(1, 1, 1))
EXTENSIONS = st.sampled_from(
    [
        canonical_extension(text)
        for text in (
            '<a xmlns="urn:other"/>',
            '<x:roll xmlns:x="urn:meeting" b="2" a="1"><x:person>张三 &amp; 李四</x:person></x:roll>',
            '<x:a xmlns:x="urn:x"><b>no namespace</b><c xmlns="urn:y"><d xmlns=""/></c></x:a>',
            '<y:e xmlns:y="urn:y" y:k="&#9;&lt;&quot;" xml:lang="zh"> 空 格 <y:f/></y:e>',
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
        )
    ]
)


def several(values: st.SearchStrategy[str], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=least, max_size=3).map(tuple)


METADATA = st.builds(
    Metadata,
    document_identifier=LINES,
    document_type=st.sampled_from([kind for kind in DocumentType if kind is not DocumentType.REQUEST]),
    title=LINES,
    issuer_identification=several(LINES, 1),
    issuer_signatures=several(LINES, 1),
    issued_date=DAYS,
    serial_number_of_copies=st.none() | LINES,
    security_class=st.none() | LINES,
    secrecy_period=st.none() | LINES,
    emergency_degree=st.none() | st.sampled_from(EmergencyDegree),
    issued_number=st.none() | LINES,
    signers=several(LINES, 1),
    main_receivers=several(LINES),
    attachment_notes=several(LINES),
    annotation=st.none() | LINES,
    copy_receivers=several(LINES),
    printing_department=st.none() | LINES,
    printing_date=st.none() | DAYS,
    release_level=st.none() | LINES,
)
FILES = st.builds(
    FileEntry,
    role=st.sampled_from(FileRole),
    name=LINES.filter(_name),
    media_type=st.sampled_from(["application/pdf", "application/ofd", "image/svg+xml"]),
    size=st.integers(0, 4 * 1024**3),
    sha256=DIGESTS,
    sm3=DIGESTS,
    pages=st.none() | st.integers(1, 100_000),
)


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    sender, *units = draw(st.lists(CODES, min_size=2, max_size=5, unique=True))
    return Envelope(
        id=EnvelopeId(draw(UUIDS)),
        hub=draw(HUBS),
        kind=draw(st.sampled_from(BusinessKind)),
        sender=sender,
        recipients=tuple(
            Recipient(
                unit=unit,
                role=draw(st.sampled_from(RecipientRole)),
                print_quota=draw(st.integers(0, 9999)),
                paper=draw(st.booleans()),
            )
            for unit in units
        ),
        groups=draw(several(st.from_regex("[A-Za-z0-9-]{1,60}", fullmatch=True))),
        directory_version=draw(st.integers(0, 10**9)),
        created=draw(MOMENTS),
        sign_by=draw(st.none() | MOMENTS),
        handle_by=draw(st.none() | MOMENTS),
        reply_required=draw(st.booleans()),
        in_reply_to=draw(st.none() | UUIDS.map(EnvelopeId)),
        supersedes=draw(st.none() | UUIDS.map(EnvelopeId)),
        declaration=Declaration(name=draw(LINES), at=draw(MOMENTS), reviewed_by=draw(st.none() | LINES)),
        operator=draw(LINES),
        metadata=draw(METADATA),
        content=draw(st.none() | TEXTS),
        files=tuple(draw(st.lists(FILES, max_size=3, unique_by=lambda file: file.name.casefold()))),
        extensions=tuple(draw(st.lists(EXTENSIONS, max_size=3))),
    )


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    event = draw(st.sampled_from(Event))
    speaker = draw(st.sampled_from(sorted(event.rule.speakers)))
    unit = None if speaker is Speaker.HUB else draw(CODES)
    sender, recipient = draw(CODES), draw(st.none() | CODES)
    if speaker is Speaker.SENDER and unit is not None:
        sender = unit
    elif speaker.of_recipient:
        recipient = unit
    noted = st.builds(Noted, receipt=UUIDS.map(ReceiptId), digest=DIGESTS, fault=st.none() | LINES)
    attributes = st.dictionaries(st.from_regex("[a-z][a-z0-9-]{0,39}", fullmatch=True), TEXTS, max_size=3)
    subject = Subject(envelope=EnvelopeKey(sender, EnvelopeId(draw(UUIDS))), digest=draw(DIGESTS), recipient=recipient)
    return Receipt(
        id=ReceiptId(draw(UUIDS)),
        hub=draw(HUBS),
        event=event,
        actor=Actor(
            speaker=speaker,
            unit=unit,
            person=draw(LINES if speaker is Speaker.PERSON else st.none() | LINES),
        ),
        at=draw(MOMENTS),
        subject=subject if event.of_document else None,
        reason=draw(st.sampled_from(Reason) if event.rule.reason else st.none() | st.sampled_from(Reason)),
        text=draw(st.none() | TEXTS),
        attributes=tuple(sorted(draw(attributes).items())),
        noted=tuple(draw(st.lists(noted, min_size=1, max_size=3))) if event is Event.NOTED else (),
        checkpoint=draw(st.none() | TEXTS) if speaker is Speaker.HUB else None,
    )


KEYS = st.builds(
    KeyEntry,
    fingerprint=DIGESTS,
    certificate=st.binary(min_size=1, max_size=80),
    valid_from=MOMENTS,
    valid_to=MOMENTS,
    revoked=st.none() | MOMENTS,
    revocation_reason=st.none() | LINES,
)
GROUPS = st.builds(
    Group,
    id=st.from_regex("[A-Za-z0-9]{1,20}", fullmatch=True),
    name=LINES,
    kinds=st.frozensets(st.sampled_from(UnitKind)),
    levels=st.frozensets(st.sampled_from(Level)),
    region=st.from_regex("[0-9]{0,12}", fullmatch=True),
    members=several(CODES),
)


@st.composite
def restorings(draw: st.DrawFn) -> Restored:
    backup, at = sorted(draw(st.lists(MOMENTS, min_size=2, max_size=2)))
    return Restored(
        at=at,
        backup=backup,
        size=draw(st.integers(0, 10**9)),
        root=draw(st.binary(min_size=32, max_size=32)),
        reason=draw(LINES.filter(lambda line: len(line) <= 100)),
    )


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    codes = sorted(draw(st.lists(CODES, max_size=4, unique=True)))
    issued, expires = sorted(draw(st.lists(MOMENTS, min_size=2, max_size=2, unique=True)))
    keys = draw(st.lists(KEYS, max_size=4, unique_by=lambda key: key.fingerprint))
    units = tuple(
        UnitEntry(
            unit=Unit(
                code=code,
                name=draw(LINES.map(str.strip)),
                kind=draw(st.sampled_from(UnitKind)),
                level=draw(st.sampled_from(Level)),
                credit_code=draw(st.sampled_from([None, "91350100M000100Y43"])),
                parent=draw(st.none() | CODES.filter(code.__ne__)),
                active=draw(st.booleans()),
            ),
            keys=tuple(keys[:1] if number == 0 else keys[number + 1 : number + 2]),
        )
        for number, code in enumerate(codes)
    )
    return Directory(
        hub=draw(HUBS),
        version=draw(st.integers(1, 10**9)),
        issued=issued,
        expires=expires,
        previous=draw(st.none() | DIGESTS),
        hub_keys=tuple(keys[1:2]),
        ledger_key=draw(LINES),
        units=units,
        groups=tuple(sorted(draw(st.lists(GROUPS, max_size=3, unique_by=lambda g: g.id)), key=lambda g: g.id)),
        restorings=tuple(draw(st.lists(restorings(), max_size=2))),
    )


@st.composite
def carries(draw: st.DrawFn) -> Carry:
    way = draw(st.sampled_from(Way))
    names = [
        *(numbered_part(ENVELOPES, number) for number in range(1, draw(st.integers(1, 4)))),
        *(numbered_part(RECEIPTS, number) for number in draw(st.sets(st.integers(1, 99_999), max_size=3))),
        *([DIRECTORY] if way is Way.TO_UNIT else []),
    ]
    sizes = st.integers(0, MAX_FILE_SIZE)
    files = draw(st.sets(DIGESTS, max_size=3))
    return Carry(
        id=CarryId(draw(UUIDS)),
        hub=draw(HUBS),
        unit=draw(CODES),
        way=way,
        made=draw(MOMENTS),
        whole=draw(st.booleans()),
        parts=(
            *(Part(name=name, size=draw(sizes), sha256=draw(DIGESTS)) for name in names),
            *(Part(name=file_part(sha256), size=draw(sizes), sha256=sha256) for sha256 in sorted(files)),
        ),
    )
