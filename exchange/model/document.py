"""A document's metadata: the 18 elements of GB/T 33480-2016, and our own business kind.

Names are the standard's; its cardinalities were not verified against the text and live in one place,
`Metadata.__post_init__`. Not here: files, recipients as addresses (`exchange.model.envelope`); secrecy rules
(`exchange.services.secrecy.rules`).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exchange.errors import InvalidValueError
from exchange.model.text import check_line

__all__ = ["BusinessKind", "Direction", "DocumentType", "EmergencyDegree", "Metadata"]


class DocumentType(StrEnum):
    """文种, by the standard's code."""

    RESOLUTION = "01"
    DECISION = "02"
    ORDER = "03"
    GAZETTE = "04"
    ANNOUNCEMENT = "05"
    PUBLIC_NOTICE = "06"
    OPINION = "07"
    NOTICE = "08"
    CIRCULAR = "09"
    REPORT = "0A"
    REQUEST = "0B"
    REPLY = "0C"
    PROPOSAL = "0D"
    LETTER = "0E"
    MINUTES = "0F"
    OTHER = "0Z"

    @property
    def chinese(self) -> str:
        return _TYPES[self]

    @property
    def upward(self) -> bool:
        """Whether documents of this type go up and so need a Signer."""
        return self in (DocumentType.REPORT, DocumentType.REQUEST)


_TYPES = dict(
    zip(
        DocumentType,
        [
            "决议",
            "决定",
            "命令(令)",
            "公报",
            "公告",
            "通告",
            "意见",
            "通知",
            "通报",
            "报告",
            "请示",
            "批复",
            "议案",
            "函",
            "纪要",
            "其他",
        ],
        strict=True,
    )
)


class BusinessKind(StrEnum):
    """What the exchange does with a document; never mixed with its 文种."""

    DOCUMENT = "DOCUMENT"
    MEETING = "MEETING"
    BULLETIN = "BULLETIN"
    REPORT = "REPORT"
    SUPERVISION = "SUPERVISION"
    LETTER = "LETTER"
    SERVICE = "SERVICE"

    @property
    def chinese(self) -> str:
        return _BUSINESS_KINDS[self]


_BUSINESS_KINDS = dict(
    zip(BusinessKind, ["公文", "会议通知", "通知公告", "信息上报", "督查督办", "便函", "服务通知"], strict=True)
)


class EmergencyDegree(StrEnum):
    """紧急程度. 特提 and 平急 belong to telegrams; absence means an ordinary document."""

    EXTRA_URGENT_TELEGRAM = "特提"
    EXTRA_URGENT = "特急"
    URGENT = "加急"
    ORDINARY_TELEGRAM = "平急"

    @property
    def urgent_lane(self) -> bool:
        """Whether documents of this degree overtake the others on the wire."""
        return self is not EmergencyDegree.ORDINARY_TELEGRAM


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    PARALLEL = "parallel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The 18 elements. Receivers are the printed texts; the addresses stand in the envelope's recipients."""

    document_identifier: str
    document_type: DocumentType
    title: str
    issuer_identification: tuple[str, ...]
    issuer_signatures: tuple[str, ...]
    issued_date: date
    serial_number_of_copies: str | None = None
    security_class: str | None = None
    secrecy_period: str | None = None
    emergency_degree: EmergencyDegree | None = None
    issued_number: str | None = None
    signers: tuple[str, ...] = ()
    main_receivers: tuple[str, ...] = ()
    attachment_notes: tuple[str, ...] = ()
    annotation: str | None = None
    copy_receivers: tuple[str, ...] = ()
    printing_department: str | None = None
    printing_date: date | None = None
    release_level: str | None = None

    def __post_init__(self) -> None:
        check_line("公文标识", self.document_identifier, 200)
        check_line("标题", self.title, 500)
        optional = {
            "份号": self.serial_number_of_copies,
            "密级": self.security_class,
            "保密期限": self.secrecy_period,
            "发文字号": self.issued_number,
            "附注": self.annotation,
            "印发机关": self.printing_department,
            "发布层次": self.release_level,
        }
        for field, value in optional.items():
            if value is not None:
                check_line(field, value, 500)
        repeated = {
            "发文机关标志": self.issuer_identification,
            "发文机关署名": self.issuer_signatures,
            "签发人": self.signers,
            "主送机关": self.main_receivers,
            "附件说明": self.attachment_notes,
            "抄送机关": self.copy_receivers,
        }
        for field, values in repeated.items():
            for value in values:
                check_line(field, value, 2000)
        if not self.issuer_identification:
            raise InvalidValueError("发文机关标志 IssuerIdentification: at least one is required")
        if not self.issuer_signatures:
            raise InvalidValueError("发文机关署名 IssuerSignatures: at least one is required")
        if self.document_type.upward and not self.signers:
            raise InvalidValueError(f"签发人 Signer: required for {self.document_type.chinese}, which goes upward")
