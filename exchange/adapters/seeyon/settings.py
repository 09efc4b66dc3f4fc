"""Settings of the Seeyon adapter: the account, and the process and base forms of the site."""

from pydantic import Field

from exchange.adapters.forms.settings import DecisionRules, FormSettings, ReceiptRules, ReceiveRules, SendRules
from exchange.settings import AdapterSettings

__all__ = ["DecisionForm", "ReceiptForm", "ReceiveProcess", "SeeyonForm", "SeeyonSettings", "SendForm"]


class SeeyonForm(AdapterSettings):
    """A base form (底表): rows without a process."""

    code: str = Field(description="Its code (表单编号).")
    table: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="Its main table, formmain_0124.")
    right_id: str = Field(description="The right by which its rows are read and written (操作权限).")


class ReceiveProcess(ReceiveRules):
    """The process that a received document starts."""

    template: str = Field(description="Code of its template (模板编号), such as GWSW_01.")
    table: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="Main table of its form, formmain_0124.")
    right_id: str = Field(description="The right by which its form is read, to look before starting twice.")


class SendForm(SeeyonForm, SendRules):
    """Documents to send."""

    attachments: str = Field(default="附件", description="Field with the files; the first one is the body.")

    def named(self) -> list[str]:
        return [*super().named(), self.attachments]


class DecisionForm(SeeyonForm, DecisionRules):
    """What people decided about received documents."""


class ReceiptForm(SeeyonForm, ReceiptRules):
    """Receipts, a row each."""


class SeeyonSettings(FormSettings):
    user: str = Field(description="REST account, which is none of the office's users.")
    password_file: str = Field(default="secrets/seeyon", description="File with its password.")
    login_name: str = Field(description="The office's user in whose name processes are started.")
    look_back_days: int = Field(default=30, ge=1, le=3660, description="How far back rows of forms are looked through.")
    receive: ReceiveProcess
    send: SendForm | None = Field(default=None, description="None: this office sends nothing.")
    decisions: DecisionForm | None = Field(default=None, description="None: people decide in the exchange.")
    receipts: ReceiptForm | None = Field(default=None, description="None: receipts are not shown there.")
