"""Settings of the O2OA adapter: the user that we are there, and the processes of the site."""

from typing import Literal

from pydantic import Field, model_validator

from exchange.adapters.forms.settings import DecisionRules, FormSettings, ReceiptRules, ReceiveRules, SendRules
from exchange.settings import AdapterSettings

__all__ = ["O2oaSettings"]


class Process(AdapterSettings):
    process: str = Field(min_length=1, description="Its alias, name or id. An alias outlives editions, an id does not.")
    route: str = Field(default="", description="The route from our node onwards. Empty: the only one.")


class ReceiveProcess(Process, ReceiveRules):
    """The process that a received document starts. Its first node is ours."""

    body: str = Field(default="", description="Attachment box for the body. Empty: with the attachments.")
    attachments: str = Field(description="Attachment box for the files.")

    def named(self) -> list[str]:
        return [*super().named(), *filter(None, [self.body]), self.attachments]


class WaitingProcess(Process):
    activity: str = Field(min_length=1, description="The node (环节) at which it waits for us: its name or alias.")
    back: str = Field(default="退回", description="The route from there back to whoever filled in the form.")


class SendProcess(WaitingProcess, SendRules):
    """Documents to send."""

    result: str = Field(default="", description="Field for what became of it. Empty: only in the opinion.")
    body: str = Field(default="", description="Attachment box of the body. Empty: the first file is it.")

    def named(self) -> list[str]:
        return [*super().named(), *filter(None, [self.body])]


class DecisionProcess(WaitingProcess, DecisionRules):
    """What people decided; may be the process of received documents, at a later node."""

    result: str = Field(default="", description="Field for what became of it. Empty: only in the opinion.")


class ReceiptProcess(Process, ReceiptRules):
    """The process that each receipt starts. Its first node is ours."""


class O2oaSettings(FormSettings):
    user: str = Field(description="The office's user in whose name all is done, as it logs in.")
    login: Literal["sso", "password"] = Field(default="sso", description="By the office's single sign-on, or password.")
    secret_file: str = Field(default="secrets/o2oa", description="File with the key of the sign-on, or the password.")
    client: str = Field(default="yidi", description="Name of the sign-on in the office.")
    cipher: Literal["des", "aes"] = Field(default="des", description="The office's encryptType: aes, or none.")
    token_header: str = Field(default="x-token", description="The office's tokenName.")
    identity: str = Field(default="", description="The user's identity (身份) for starting. Empty: its first.")
    receive: ReceiveProcess
    send: SendProcess | None = Field(default=None, description="None: this office sends nothing.")
    decisions: DecisionProcess | None = Field(default=None, description="None: people decide in the exchange.")
    receipts: ReceiptProcess | None = Field(default=None, description="None: receipts are not shown there.")

    @model_validator(mode="after")
    def _apart(self) -> "O2oaSettings":
        if self.receipts is not None and self.receipts.process == self.receive.process:
            raise ValueError("receipts.process: another one than receive.process")
        send, decisions = self.send, self.decisions
        if send and decisions and (send.process, send.activity) == (decisions.process, decisions.activity):
            raise ValueError("decisions.activity: another one than send.activity")
        return self
