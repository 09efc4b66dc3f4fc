"""Documents for the scenarios: invented, unclassified unless a test says otherwise."""

import io
from collections.abc import Sequence
from datetime import date

from exchange.model.document import BusinessKind, DocumentType, Metadata
from exchange.model.envelope import FileRole
from exchange.model.unit import Unit, UnitCode
from exchange.ports.office import Address, Draft, DraftFile

__all__ = ["letter", "notice", "report", "text_file"]


def notice(sender: Unit, to: Sequence[Address], title: str = "关于更换门牌的通知", **fields: object) -> Draft:
    return _draft(sender, to, DocumentType.NOTICE, title, "现将有关安排通知如下，请照此办理。", **fields)


def report(sender: Unit, to: UnitCode, in_reply_to: str) -> Draft:
    return _draft(
        sender,
        [Address(to=to)],
        DocumentType.REPORT,
        f"{sender.name}关于门牌更换进度的报告",
        "门牌已更换完毕。",
        kind=BusinessKind.REPORT,
        in_reply_to=in_reply_to,
    )


def letter(sender: Unit, to: UnitCode) -> Draft:
    return _draft(
        sender, [Address(to=to)], DocumentType.LETTER, "关于借用会场的函", "拟借用会场一天。", kind=BusinessKind.LETTER
    )


def text_file(name: str, text: str) -> DraftFile:
    return DraftFile(
        role=FileRole.ATTACHMENT, name=name, media_type="text/plain", open=lambda: io.BytesIO(text.encode())
    )


def _draft(
    sender: Unit, to: Sequence[Address], type_: DocumentType, title: str, content: str, **fields: object
) -> Draft:
    metadata = Metadata(
        document_identifier=f"{sender.code}-{title}",
        document_type=type_,
        title=title,
        issuer_identification=(sender.name,),
        issuer_signatures=(sender.name,),
        issued_date=date(2026, 11, 23),
        signers=("罗文",) if type_.upward else (),
    )
    known: dict[str, object] = {
        "sender": sender.code,
        "to": tuple(to),
        "metadata": metadata,
        "content": content,
        "operator": "罗文",
        "declared_by": "罗文",
    }
    return Draft(**known | fields)  # type: ignore[arg-type]  # a test names the fields it cares about
