"""Settings that every adapter of an office with forms has: where it is, and the fields in its forms.

A vendor's settings derive from these and say, besides, by what name its interface knows each form.
"""

from pydantic import Field

from exchange.adapters.calls import CallRules
from exchange.adapters.mapping import ExchangeFields, FixedElements, OfficeFields
from exchange.settings import AdapterSettings

__all__ = ["DecisionRules", "FormRules", "FormSettings", "ReceiptRules", "ReceiveRules", "SendRules"]


class FormRules(AdapterSettings):
    """The fields of one form."""

    def named(self) -> list[str]:
        """Fields that are named one by one, and must be there."""
        return []


class ReceiveRules(FormRules):
    """Received documents."""

    id_field: str = Field(default="交换编号", description="Field for the exchange's id; best marked unique.")
    fields: OfficeFields = Field(default={}, description="Our element -> field of the form.")

    def named(self) -> list[str]:
        return [self.id_field]


class ResultRules(FormRules):
    """A form that waits for us."""

    result: str = Field(default="处理结果", description="Field that we write once it is dealt with; empty before.")

    def named(self) -> list[str]:
        return [self.result] if self.result else []


class SendRules(ResultRules):
    """Documents to send."""

    fields: ExchangeFields = Field(default={}, description="Our element -> field of the form.")
    fixed: FixedElements = Field(default={}, description="Our element -> its value, where the form has none.")


class DecisionRules(ResultRules):
    """What people decided about received documents."""

    document: str = Field(default="交换编号", description="Field with the exchange's id of the document.")
    decision: str = Field(default="决定", description="Field with 签收, 退文, 反馈 ...")
    person: str = Field(default="办理人", description="Field with the person's name.")
    reason: str = Field(default="", description="Field with the reason code, if there is one.")
    text: str = Field(default="说明", description="Field with the words.")

    def named(self) -> list[str]:
        own = [self.document, self.decision, self.person, self.text, *filter(None, [self.reason])]
        return [*super().named(), *own]


class ReceiptRules(FormRules):
    """Receipts, a form each."""

    receipt: str = Field(default="回执编号", description="Field for the receipt's id; best marked unique.")
    document: str = Field(default="交换编号", description="Field for the exchange's id of the document.")
    event: str = Field(default="事件", description="Field for the event: 已送达, 已签收 ...")
    recipient: str = Field(default="收文单位", description="Field for the unit that it is about, by its name.")
    recipient_code: str = Field(default="", description="Field for the code of that unit, if there is one.")
    person: str = Field(default="办理人", description="Field for the person, if one decided.")
    at: str = Field(default="时间", description="Field for the time.")
    text: str = Field(default="说明", description="Field for reason and words.")

    def named(self) -> list[str]:
        own = [self.receipt, self.document, self.event, self.recipient, self.person, self.at, self.text]
        return [*own, *filter(None, [self.recipient_code])]


class FormSettings(AdapterSettings):
    url: str = Field(description="http(s)://host:port of the office.")
    ca_file: str = Field(default="", description="Authorities (PEM) of the office's certificate, if it is not public.")
    answer_seconds: float = Field(default=60.0, gt=0, le=600, description="The longest silence of the office.")
    poll_seconds: float = Field(default=15.0, ge=0, le=3600, description="Between two looks into a form.")
    calls: CallRules | None = Field(
        default=None, description="Who may call us to look at once. None: we look every `poll_seconds`, and only then."
    )
    receive: ReceiveRules
    send: SendRules | None = Field(default=None, description="None: this office sends nothing.")
    decisions: DecisionRules | None = Field(default=None, description="None: people decide in the exchange.")
    receipts: ReceiptRules | None = Field(default=None, description="None: receipts are not shown there.")
