"""What is written to people, and what a person's answer says.

Not here: to whom, and whether it is believed (`adapter`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from exchange.adapters.decision import event_of
from exchange.adapters.json_fields import parse, refuse
from exchange.adapters.mail.letters import Letter
from exchange.adapters.manifest import ELEMENTS, TOP
from exchange.adapters.mapping import FieldRule, to_manifest
from exchange.adapters.times import county_time
from exchange.adapters.waiting import MANIFEST
from exchange.model.envelope import Envelope
from exchange.model.events import Event
from exchange.model.meanings import words_of
from exchange.model.receipt import Reason, Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import HandOver

__all__ = [
    "ASK",
    "NOT_CONFIRMED",
    "NOT_DONE",
    "NOT_SENT",
    "NO_REQUEST",
    "Said",
    "compose",
    "document_text",
    "manifest_in",
    "receipt_text",
    "refusal_subject",
    "refusal_text",
    "said_in",
]

_LABELS: Final = {chinese: name for name, chinese in ELEMENTS.values()} | {
    chinese: name for name, chinese in TOP.items() if name not in ("metadata", "files", "id")
}
_NEED_WORDS: Final = (Event.REJECTED, Event.RETURNED, Event.FEEDBACK)
_QUOTED: Final = (">", "|", "-----", "____")
_HOW: Final = """回复本邮件即可办理，第一行写（中间留空格，标题中的代码不要改动）：

  签收 姓名
  退文 姓名 理由        （签收之后）
  拒收 姓名 理由        （签收之前）
  反馈 姓名 办理情况

代码只发给本邮箱，凭它办理；请勿把本邮件转发给无关的人。
"""
NOT_SENT, NOT_DONE, NOT_CONFIRMED = "未发送", "未办理", "没有待发公文"
NO_REQUEST: Final = "没有公文在等这份确认：已经发出，或请求确认后三天没有答复，已作罢"
_CURES: Final = {
    "SECRECY": "涉密材料不得上网，请走机要渠道。",
    "SECRECY_HOLD": "请人复核，在信里加一行“复核人：姓名”，另写一封新邮件发来。",
    NOT_SENT: "改正后另写一封新邮件发来，不要回复本邮件。",
    NOT_DONE: "请重新回复那封公文来信，第一行写：签收 姓名，或 退文 姓名 理由。",
    NOT_CONFIRMED: "若没有收到“已发送”的回信，请另写一封新邮件发来。",
}
ASK: Final = """收到一件要发送的公文：

  {title}

若确是本单位发送，请回复本邮件（标题中的代码不要改动），公文随即发出。
若不是，不必理会，并请告知系统管理员：有人冒用本单位的邮箱。
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person decided, in the first line of an answer."""

    event: Event
    person: str
    text: str | None


def said_in(text: str) -> Said:
    """Raises InputError."""
    lines = [line.strip().replace("\u3000", " ") for line in text.splitlines()]
    first = next((line for line in lines if line and not line.startswith(_QUOTED)), "")
    word, _, rest = first.partition(" ")
    person, _, words = rest.strip().partition(" ")
    event = event_of(word)
    if not person:
        refuse("第一行应为：签收 姓名，或 退文 姓名 理由")
    if event in _NEED_WORDS and not words.strip():
        refuse(f"{word}: 姓名之后须写明理由或办理情况")
    return Said(event=event, person=person, text=words.strip() or None)


def manifest_in(letter: Letter, fixed: Mapping[str, str]) -> tuple[object, dict[str, bytes]]:
    """A document to send and its files: by its manifest.json, or by lines `主送：区财政局` in the text; the title is
    the subject unless a line gives it. Raises InputError."""
    files = dict(letter.files)
    if (raw := files.pop(MANIFEST, None)) is not None:
        return parse(raw, MANIFEST), files
    fields = {"标题": letter.subject}
    for line in letter.text.splitlines():
        label, colon, value = line.strip().replace(":", "：", 1).partition("：")
        if not colon and fields.keys() != {"标题"}:
            break  # the lines have ended: a signature, or what was quoted
        if label.strip() in _LABELS:
            fields[label.strip()] = value.strip()
    rules = {_LABELS[label]: FieldRule(field=label) for label in fields}
    manifest = to_manifest(fields, rules, fixed)
    listed = [{"name": name, "role": "attachment" if number else "body"} for number, name in enumerate(files)]
    return {**manifest, "files": listed}, files


def document_text(item: HandOver, attached: bool) -> str:
    """The body of the mail that a document comes in."""
    envelope = item.envelope
    rows: list[tuple[str, str | None]] = [
        ("来文单位", f"{item.sender_name} {item.key.sender}".strip()),
        ("标题", envelope.metadata.title),
    ]
    rows += [("发文字号", envelope.metadata.issued_number), ("签收期限", _time(envelope, "sign_by"))]
    rows += [("办理期限", _time(envelope, "handle_by")), ("交换编号", item.key.id)]
    parts = ["".join(f"{name}：{value}\n" for name, value in rows if value)]
    if envelope.content:
        parts.append(envelope.content + "\n")
    if envelope.files:
        names = "".join(f"  {file.name}  {file.size} 字节\n" for file in envelope.files)
        where = "附件" if attached else "文件过大，没有随信发来；请在节点上用 yidi show --save 取，或请管理员代取"
        parts.append(f"{where}：\n{names}")
    return "\n".join([*parts, _HOW])


def receipt_text(receipt: Receipt, name_of: Callable[[UnitCode], str]) -> str:
    """What became of a document, and why, a line each."""
    subject, reason = receipt.subject, receipt.reason
    assert subject is not None
    if reason is Reason.OPERATOR and receipt.text:
        reason = None  # whoever decided gave words of their own
    rows: list[tuple[str, str | None]] = [
        ("单位", subject.recipient and f"{name_of(subject.recipient)} {subject.recipient}".strip()),
        ("人员", receipt.actor.person),
        ("原因", reason and reason.chinese),
        ("说明", receipt.text),
        ("时间", county_time(receipt.at)),
        ("交换编号", subject.envelope.id),
    ]
    return f"{receipt.event.chinese}\n\n" + "".join(f"{name}：{value}\n" for name, value in rows if value)


def refusal_subject(what: str, code: str, subject: str) -> str:
    """`what`: NOT_SENT, NOT_DONE or NOT_CONFIRMED. The subject of what is held for classified travels no further."""
    return what if code.startswith("SECRECY") else f"{what}：{subject[:80]}"


def refusal_text(what: str, code: str, message: str) -> str:
    """Why, for people, and what to do."""
    return f"{what}\n\n原因：{words_of(code, message)}\n代码：{code}\n办法：{_CURES.get(code, _CURES[what])}\n"


def _time(envelope: Envelope, name: str) -> str:
    at = getattr(envelope, name)
    return county_time(at) if at else ""


def compose(
    sender: str, to: str, message_id: str, subject: str, text: str, *, thread: str = "", headers: Mapping[str, str]
) -> EmailMessage:
    """Marked as written by a program, so that no program answers (RFC 3834). `thread`: what it belongs to."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, " ".join(subject.split())
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    if thread:
        mail["In-Reply-To"] = mail["References"] = thread
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(text, charset="utf-8")
    return mail
