"""Settings of the Seeyon adapter: the account, the process and forms of the site, and the fields in them."""

from pydantic import Field

from exchange.adapters.mapping import ExchangeFields, FixedElements, OfficeFields
from exchange.settings import AdapterSettings

__all__ = ["DecisionForm", "Form", "ReceiptForm", "ReceiveProcess", "SeeyonSettings", "SendForm"]


class Form(AdapterSettings):
    """A base form (底表): rows without a process."""

    code: str = Field(description="Its code (表单编号).")
    table: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="Its main table, formmain_0124.")
    right_id: str = Field(description="The right by which its rows are read and written (操作权限).")
    result: str = Field(default="处理结果", description="Field that we write once a row is dealt with; empty before.")


class ReceiveProcess(AdapterSettings):
    """The process that a received document starts."""

    template: str = Field(description="Code of its template (模板编号), such as GWSW_01.")
    table: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="Main table of its form, formmain_0124.")
    right_id: str = Field(description="The right by which its form is read, to look before starting twice.")
    id_field: str = Field(default="交换编号", description="Field for the exchange's id; best marked unique.")
    fields: OfficeFields = Field(default={}, description="Our element -> field of the form.")


class SendForm(Form):
    """Documents to send."""

    attachments: str = Field(default="附件", description="Field with the files; the first one is the body.")
    fields: ExchangeFields = Field(default={}, description="Our element -> field of the form.")
    fixed: FixedElements = Field(default={}, description="Our element -> its value, where the form has none.")


class DecisionForm(Form):
    """What people decided about received documents."""

    document: str = Field(default="交换编号", description="Field with the exchange's id of the document.")
    decision: str = Field(default="决定", description="Field with 签收, 退文, 反馈 ...")
    person: str = Field(default="办理人", description="Field with the person's name.")
    reason: str = Field(default="", description="Field with the reason code, if there is one.")
    text: str = Field(default="说明", description="Field with the words.")


class ReceiptForm(Form):
    """Receipts, a row each."""

    receipt: str = Field(default="回执编号", description="Field for the receipt's id; best marked unique.")
    document: str = Field(default="交换编号", description="Field for the exchange's id of the document.")
    event: str = Field(default="事件", description="Field for the event: 已送达, 已签收 ...")
    recipient: str = Field(default="收文单位", description="Field for the unit that it is about.")
    person: str = Field(default="办理人", description="Field for the person, if one decided.")
    at: str = Field(default="时间", description="Field for the time.")
    text: str = Field(default="说明", description="Field for reason and words.")


class SeeyonSettings(AdapterSettings):
    url: str = Field(description="http(s)://host:port of the office.")
    user: str = Field(description="REST account, which is none of the office's users.")
    password_file: str = Field(default="secrets/seeyon", description="File with its password.")
    login_name: str = Field(description="The office's user in whose name processes are started.")
    ca_file: str = Field(default="", description="Authorities (PEM) of the office's certificate, if it is not public.")
    answer_seconds: float = Field(default=60.0, gt=0, le=600, description="The longest silence of the office.")
    look_back_days: int = Field(default=30, ge=1, le=3660, description="How far back rows of forms are looked through.")
    poll_seconds: float = Field(default=15.0, ge=0, le=3600, description="Between two looks into a form.")
    receive: ReceiveProcess
    send: SendForm | None = Field(default=None, description="None: this office sends nothing.")
    decisions: DecisionForm | None = Field(default=None, description="None: people decide in the exchange.")
    receipts: ReceiptForm | None = Field(default=None, description="None: receipts are not shown there.")
