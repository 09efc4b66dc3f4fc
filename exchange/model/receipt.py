"""A receipt: one signed statement of what happened to one document, by whom, when; or of what its author read
(NOTED), that it is there (PRESENT), or what units should know (NOTICE).

It binds the envelope's digest, so it can speak of no other bytes. Not here: its XML (`exchange.codec`), whether its
author may say it
(`exchange.services.hub.acknowledge`), what a set of them means (`exchange.model.fold`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from exchange.errors import InvalidValueError
from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.events import Event, Speaker
from exchange.model.text import check_line, check_text
from exchange.model.unit import UnitCode, parse_hub_id, parse_unit_code

__all__ = ["Actor", "Noted", "Reason", "Receipt", "ReceiptId", "Subject", "parse_receipt_id", "parts_of_noted"]

ReceiptId = NewType("ReceiptId", str)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
MAX_NOTED = 500


def parts_of_noted(noted: Sequence["Noted"]) -> list[tuple["Noted", ...]]:
    """As many at once as one NOTED may name."""
    return [tuple(noted[start : start + MAX_NOTED]) for start in range(0, len(noted), MAX_NOTED)]


def parse_receipt_id(text: str) -> ReceiptId:
    return ReceiptId(parse_envelope_id(text))


class Reason(StrEnum):
    """Why, in one word that programs may act on; the text beside it is for people."""

    SCHEMA = "SCHEMA"
    SIGNATURE = "SIGNATURE"
    CERT_EXPIRED = "CERT_EXPIRED"
    CERT_REVOKED = "CERT_REVOKED"
    UNKNOWN_RECIPIENT = "UNKNOWN_RECIPIENT"
    NOT_AUTHORISED = "NOT_AUTHORISED"
    SECRECY = "SECRECY"
    SIZE = "SIZE"
    VERSION = "VERSION"
    CONFLICT = "CONFLICT"
    QUOTA = "QUOTA"
    STORAGE = "STORAGE"
    ADAPTER_DOWN = "ADAPTER_DOWN"
    OA_REJECTED = "OA_REJECTED"
    WRONG_UNIT = "WRONG_UNIT"
    INCOMPLETE = "INCOMPLETE"
    FORMAT = "FORMAT"
    NOT_READABLE = "NOT_READABLE"
    TTL = "TTL"
    OPERATOR = "OPERATOR"

    @property
    def chinese(self) -> str:
        return _CHINESE[self]


_CHINESE: Final = {
    Reason.SCHEMA: "格式不符",
    Reason.SIGNATURE: "签名无效",
    Reason.CERT_EXPIRED: "证书已过期",
    Reason.CERT_REVOKED: "证书已吊销",
    Reason.UNKNOWN_RECIPIENT: "没有这个单位",
    Reason.NOT_AUTHORISED: "无权这样做",
    Reason.SECRECY: "涉密",
    Reason.SIZE: "过大",
    Reason.VERSION: "版本不支持",
    Reason.CONFLICT: "编号相同、内容不同",
    Reason.QUOTA: "超出限额",
    Reason.STORAGE: "存储故障",
    Reason.ADAPTER_DOWN: "办公系统不可用",
    Reason.OA_REJECTED: "办公系统不收",
    Reason.WRONG_UNIT: "非本单位办理",
    Reason.INCOMPLETE: "材料不全",
    Reason.FORMAT: "格式不合要求",
    Reason.NOT_READABLE: "打不开、看不清",
    Reason.TTL: "逾期",
    Reason.OPERATOR: "经办人决定",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who speaks. `unit` is None for the hub; `person` is the named person behind 签收, 拒收, 退文 and the like."""

    speaker: Speaker
    unit: UnitCode | None = None
    person: str | None = None

    def __post_init__(self) -> None:
        if (self.unit is None) != (self.speaker is Speaker.HUB):
            raise InvalidValueError("actor: every speaker but the hub names its unit, and the hub none")
        if self.unit is not None:
            parse_unit_code(self.unit)
        if self.person is not None:
            check_line("person", self.person, 100)
        if self.speaker is Speaker.PERSON and self.person is None:
            raise InvalidValueError("actor: a person must be named")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The document a receipt speaks of. `digest` is the SHA-256 of the envelope's exact bytes, in hexadecimal."""

    envelope: EnvelopeKey
    digest: str
    recipient: UnitCode | None = None

    def __post_init__(self) -> None:
        parse_unit_code(self.envelope.sender)
        parse_envelope_id(self.envelope.id)
        _check_digest(self.digest)
        if self.recipient is not None:
            parse_unit_code(self.recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One receipt confirmed by NOTED. `fault` is the error code when it was read and will never be recorded."""

    receipt: ReceiptId
    digest: str
    fault: str | None = None

    def __post_init__(self) -> None:
        parse_receipt_id(self.receipt)
        _check_digest(self.digest)
        if self.fault is not None:
            check_line("fault", self.fault, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`checkpoint` is the latest signed checkpoint the hub knew, on the hub's receipts only. `attributes` belong to
    the event: `n` of REMINDED, `k` and `m` of PRINTED, a meeting's roll, how the node is of PRESENT, kind and end of
    NOTICE."""

    id: ReceiptId
    hub: str
    event: Event
    actor: Actor
    at: datetime
    subject: Subject | None = None
    reason: Reason | None = None
    text: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    noted: tuple[Noted, ...] = ()
    checkpoint: str | None = field(default=None)

    def __post_init__(self) -> None:
        parse_receipt_id(self.id)
        parse_hub_id(self.hub)
        if self.actor.speaker not in self.event.rule.speakers:
            raise InvalidValueError(f"{self.event}: {self.actor.speaker} may not say it")
        if self.event.rule.reason and self.reason is None:
            raise InvalidValueError(f"{self.event.chinese} {self.event}: a reason is required")
        if self.text is not None:
            check_text("reason text", self.text, 2000)
        if self.checkpoint is not None:
            check_text("checkpoint", self.checkpoint, 8000)
        self._check_subject()
        names = [name for name, _ in self.attributes]
        if names != sorted(set(names)) or not all(_ATTRIBUTE.fullmatch(name) for name in names):
            raise InvalidValueError("attributes: names must be lower-case, sorted and unique")
        for name, value in self.attributes:
            check_text(f"attribute {name}", value, 2000)
        if self.checkpoint is not None and self.actor.speaker is not Speaker.HUB:
            raise InvalidValueError("checkpoint: only the hub's receipts carry one")

    def _check_subject(self) -> None:
        if self.event.of_document != (self.subject is not None):
            raise InvalidValueError(
                "every receipt but NOTED, PRESENT and NOTICE speaks of one envelope, and these of none"
            )
        if (self.event is Event.NOTED) != bool(self.noted):
            raise InvalidValueError("NOTED names at least one receipt, and nothing else names any")
        if len(self.noted) > MAX_NOTED:
            raise InvalidValueError(f"NOTED names {len(self.noted)} receipts, at most {MAX_NOTED}")
        if self.subject is None:
            return
        if self.actor.speaker.of_recipient and self.actor.unit != self.subject.recipient:
            raise InvalidValueError(f"{self.event}: {self.actor.unit} is not the recipient it speaks for")
        if self.actor.speaker is Speaker.SENDER and self.actor.unit != self.subject.envelope.sender:
            raise InvalidValueError(f"{self.event}: {self.actor.unit} is not the sender it speaks for")


def _check_digest(digest: str) -> None:
    if not _DIGEST.fullmatch(digest):
        raise InvalidValueError("digest: expected 64 lower-case hexadecimal digits")
