"""The readable page of an evidence package: what its documents say, in the words of an office, for screen and A4 paper.

A pure function of the documents: whoever verifies a package renders the page again and compares it byte for byte, so it
can say nothing that they do not. It contains no verdict: that is for the reader's own verification to give.

Times are the county's (UTC+8). Limits: any change of the page's text or form is a change of `FORMAT`, and packages of
the old one then need its renderer kept.
"""

from collections.abc import Iterator
from typing import Final

from exchange.ledger.entry import InclusionProof
from exchange.model.events import Speaker
from exchange.model.fold import DeliveryState, Moment
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.services.evidence.facts import Facts, Spoken
from exchange.services.evidence.page import Html, both, commands, join, moment, mono, page, pairs, section, table

__all__ = ["FORMAT", "render"]

FORMAT: Final = "yidi-evidence-report/1"


def render(facts: Facts) -> str:
    """The page, as HTML."""
    parts = (_head(facts), _document(facts), _files(facts), _recipients(facts), _timeline(facts))
    return page(FORMAT, f"公文交换证据 {facts.envelope.metadata.title}", (*parts, _method(facts), _fingerprints(facts)))


def _head(facts: Facts) -> Html:
    metadata = facts.envelope.metadata
    line = join(
        (metadata.issued_number, _unit(facts, facts.envelope.sender), join(("截至", moment(facts.exported)), " ")),
        "　·　",
    )
    kind = both("公文交换证据", "Evidence of a document's exchange")
    notice = both(
        "本页由证据包内经签名的文件生成，供人阅读，本身不是证明；请按“校验方法”核验整个证据包。",
        "Made from the signed documents in the package, for reading. It proves nothing by itself: verify the package.",
    )
    title = join([metadata.title])
    header = f"<header>\n<p>{kind}</p>\n<h1>{title}</h1>\n<div>{line}</div>\n</header>\n"
    return Html(header + f'<div class="note"><p>{notice}</p></div>\n')


def _document(facts: Facts) -> Html:
    envelope, metadata = facts.envelope, facts.envelope.metadata
    degree = metadata.emergency_degree
    rows: list[tuple[str, str, object]] = [
        ("标题", "Title", metadata.title),
        ("发文字号", "Issued number", metadata.issued_number),
        ("公文标识", "Document identifier", metadata.document_identifier),
        ("文种", "Document type", metadata.document_type.chinese),
        ("业务类别", "Business kind", both(envelope.kind.chinese, envelope.kind.value)),
        ("紧急程度", "Urgency", degree.value if degree else None),
        ("发文机关标志", "Issuer", join(metadata.issuer_identification)),
        ("发文机关署名", "Issuer's signature", join(metadata.issuer_signatures)),
        ("签发人", "Signer", join(metadata.signers)),
        ("成文日期", "Date", metadata.issued_date.isoformat()),
        ("主送机关", "Main receivers", join(metadata.main_receivers)),
        ("抄送机关", "Copies to", join(metadata.copy_receivers)),
        ("附件说明", "Attachments", join(metadata.attachment_notes)),
        ("附注", "Note", metadata.annotation),
        ("印发机关", "Printed by", metadata.printing_department),
        ("印发日期", "Printed on", metadata.printing_date.isoformat() if metadata.printing_date else None),
        ("发布层次", "Release level", metadata.release_level),
        ("短文", "Content", envelope.content),
        ("发送单位", "Sender", _unit(facts, envelope.sender)),
        ("经办人", "Operator", envelope.operator),
        ("发送时间", "Sent", moment(envelope.created)),
        ("签收期限", "Sign by", moment(envelope.sign_by)),
        ("办理期限", "Handle by", moment(envelope.handle_by)),
        ("不涉密声明", "Declared not classified", _declaration(facts)),
        ("复文对象", "In reply to", envelope.in_reply_to),
        ("替代对象", "Supersedes", envelope.supersedes),
        ("交换编号", "Envelope id", mono(envelope.id)),
        ("信封摘要", "Envelope SHA-256", mono(facts.digest)),
        ("账本位置", "Place in the ledger", _place(facts.proof)),
    ]
    return section("一、公文", "Document", pairs(rows))


def _declaration(facts: Facts) -> Html:
    declaration = facts.envelope.declaration
    reviewed = f"复核 {declaration.reviewed_by}" if declaration.reviewed_by else None
    return join((join((declaration.name, moment(declaration.at)), "，"), reviewed))


def _place(proof: InclusionProof | None) -> Html:
    """Where the ledger has it, and when the exchange recorded it."""
    return join((f"账本第 {proof.index} 条", moment(proof.entry.recorded)), "，") if proof else Html("")


def _files(facts: Facts) -> Html:
    rows = [
        (
            join((file.name, file.role.chinese)),
            join((f"{file.size:,} 字节 bytes", f"{file.pages} 页 pages" if file.pages else None)),
            join((both("", "SHA-256"), mono(file.sha256), both("", "SM3"), mono(file.sm3)), ""),
            both("包内", "included") if file.sha256 in facts.included else both("仅摘要", "digest only"),
        )
        for file in facts.envelope.files
    ]
    heads = (("文件", "File"), ("大小", "Size"), ("摘要", "Digests"), ("原文", "Itself"))
    return section("二、正文与附件", "Files", table(heads, rows, name="files"))


def _recipients(facts: Facts) -> Html:
    rows = []
    for number, recipient in enumerate(facts.envelope.recipients, start=1):
        state = facts.states[recipient.unit]
        rows.append(
            (
                number,
                join((_unit(facts, recipient.unit), recipient.role.chinese)),
                _state(state),
                _first(state.delivered),
                _first(state.signed),
                _first(state.first_read),
                join(_remarks(state)),
            )
        )
    heads = (
        ("", "No."),
        ("接收单位", "Recipient"),
        ("状态", "State"),
        ("送达", "Delivered"),
        ("签收", "Signed for"),
        ("首次阅看", "First read"),
        ("其他", "Also"),
    )
    return section("三、接收单位", "Recipients", table(heads, rows, name="units"))


def _state(state: DeliveryState) -> Html:
    transport, business = state.transport, state.business
    return join((both(transport.chinese, transport.name), both(business.chinese, business.name)), "")


def _remarks(state: DeliveryState) -> Iterator[object]:
    named = (
        ("未达", state.failed),
        ("终结", state.closed),
        ("请求撤回", state.recall_requested),
        ("拒绝撤回", state.recall_denied),
        ("入OA", state.imported),
    )
    for label, first in named:
        if first is not None:
            yield join((join((label, moment(first.at)), " "), join((first.person, first.reason, first.text), "，")))
    if state.reminders:
        yield f"催办 {state.reminders} 次"
    if state.printed:
        yield f"打印 {state.printed} 份"


def _timeline(facts: Facts) -> Html:
    envelope = facts.envelope
    author = join((_unit(facts, envelope.sender), envelope.operator))
    sent = (moment(envelope.created), both("发送", "SENT"), author, "", join(("envelope.xml", _place(facts.proof))))
    spoken = sorted(facts.receipts, key=lambda one: (one.receipt.at, one.receipt.id))
    rows = [sent, *(_event(facts, one) for one in spoken)]
    heads = (("时间", "Time"), ("事项", "Event"), ("出具者", "By"), ("说明", "Particulars"), ("凭据", "Document"))
    return section("四、经过", "What happened, in order", table(heads, rows, name="events"))


_ATTRIBUTES: Final = {"n": "次数", "k": "已打印份数", "m": "可打印份数"}


def _event(facts: Facts, one: Spoken) -> tuple[object, ...]:
    receipt = one.receipt
    about = receipt.subject.recipient if receipt.subject else None
    return (
        moment(receipt.at),
        both(receipt.event.chinese, receipt.event.value),
        _speaker(facts, receipt),
        join(
            (
                f"接收单位 {_unit(facts, about)}" if about is not None and about != receipt.actor.unit else None,
                f"原因 {receipt.reason.value}" if receipt.reason else None,
                receipt.text,
                *(f"{_ATTRIBUTES.get(name, name)} {value}" for name, value in receipt.attributes),
            )
        ),
        join((one.member, _place(one.proof))),
    )


def _speaker(facts: Facts, receipt: Receipt) -> object:
    if receipt.actor.speaker is Speaker.HUB or receipt.actor.unit is None:
        return both("交换中心", facts.envelope.hub)
    return join((_unit(facts, receipt.actor.unit), receipt.actor.person))


_METHOD: Final = (
    (
        "每份文件都由出具者签名：信封由发送单位签名，回执由出具的单位或交换中心签名，谁也不能替别人出具。",
        "Whoever speaks in a document signs it: the sender the envelope, a unit or the exchange each receipt.",
    ),
    (
        "每份回执都写有信封的摘要，只对这一份公文有效；信封写有每个文件的摘要，正文或附件改动一个字节即不相符。",
        "Every receipt binds the envelope's digest, and the envelope binds each file's: one changed byte shows.",
    ),
    (
        (
            "信封和回执依次记入只能追加的账本。proofs.json 证明每条记录都在 checkpoint.txt 所示的账本之中，"
            "而且受理当时的账本就是它的开头部分，此后未被改写。"
        ),
        (
            "All are entered in an append-only ledger: proofs.json leads from each entry to the signed checkpoint, "
            "and shows that the ledger of the day of acceptance is its beginning."
        ),
    ),
    (
        "checkpoint.txt 还写明截至导出时关于本公文的全部记录，抽走任何一份回执都会被发现。",
        "The checkpoint also states all entries about this document as of the export: no receipt can be taken away.",
    ),
    (
        (
            "各单位的公钥以 directory.xml 为准，它由交换中心的目录密钥签名。只有这一把密钥需要事先可信："
            "请使用信任锚文件，或通过电话等其他途径核对下面的目录密钥指纹。"
        ),
        (
            "Units' keys are those of the directory, which the exchange's directory key signs. Only that one key "
            "must be trusted beforehand: use the anchor file, or compare its fingerprint below by other means."
        ),
    ),
)


def _method(facts: Facts) -> Html:
    sender = next((name for name in facts.certificates if _owner(facts, name) == facts.envelope.sender), "")
    foreign = (
        "xmlsec1 --verify --enabled-key-data key-name --id-attr:Id urn:yidi:envelope:1:Envelope \\\n"
        f"  --pubkey-cert-der certificates/{sender}.crt envelope.xml\nsha256sum files/*"
    )
    return section(
        "五、校验方法",
        "How to verify",
        Html("<ol>\n" + "\n".join(f"<li>{both(zh, en)}</li>" for zh, en in _METHOD) + "\n</ol>"),
        commands(
            both("离线核验，不需要访问任何系统：", "Off line, with no access to any system:"),
            "yidi evidence verify 证据包.zip --anchor anchor.json",
        ),
        commands(both("也可以解开压缩包，用其他工具核验：", "Or with other tools, in the unpacked package:"), foreign),
    )


def _fingerprints(facts: Facts) -> Html:
    directory, checkpoint = facts.directory, facts.checkpoint
    rows: list[tuple[object, object]] = [
        (both("目录密钥（须核对）", "directory key: compare it"), mono(facts.directory_fingerprint))
    ]
    rows.append((both("账本密钥", "ledger key"), mono(directory.ledger_key)))
    rows += [
        (_owner_name(facts, name), mono(name)) for name in facts.certificates if name != facts.directory_fingerprint
    ]
    keys = table((("密钥", "Key"), ("证书指纹 SHA-256", "Certificate fingerprint")), rows, name="keys")
    ledger = pairs(
        (
            (
                "目录",
                "Directory",
                join(
                    (directory.hub, f"第 {directory.version} 版", join((moment(directory.issued), "签发"), " ")), "，"
                ),
            ),
            ("账本", "Ledger", checkpoint.origin),
            ("账本条数", "Entries", str(checkpoint.size)),
            ("账本根", "Root", mono(checkpoint.root.hex())),
            ("导出时间", "Exported", moment(facts.exported)),
        )
    )
    parts = [keys, Html("<p></p>"), ledger]
    if directory.restorings:
        parts += [Html("<p></p>"), _restorings(facts)]
    return section("六、指纹与检查点", "Fingerprints and checkpoint", *parts)


def _restorings(facts: Facts) -> Html:
    """Each time that the exchange began again from a backup: checkpoints from before bind it to that size alone."""
    rows = [
        (moment(one.at), moment(one.backup), one.reason, str(one.size), mono(one.root.hex()))
        for one in facts.directory.restorings
    ]
    heads = (
        ("交换中心自备份恢复", "Exchange restored"),
        ("备份时间", "Backup of"),
        ("原因", "Reason"),
        ("账本条数", "Entries"),
        ("账本根", "Root"),
    )
    return table(heads, rows, name="restorings")


def _owner(facts: Facts, fingerprint: str) -> UnitCode | None:
    owner = facts.directory.unit_keys.get(fingerprint)
    return owner[0] if owner else None


def _owner_name(facts: Facts, fingerprint: str) -> object:
    unit = _owner(facts, fingerprint)
    return both("交换中心", facts.directory.hub) if unit is None else _unit(facts, unit)


def _unit(facts: Facts, code: UnitCode) -> str:
    entry = facts.directory.by_code.get(code)
    return f"{entry.unit.name}（{code}）" if entry else code


def _first(one: Moment | None) -> Html:
    return join((moment(one.at), one.person)) if one else Html("")
