"""Settings of the Weaver adapter: the application and the user that we are there, and the workflows of the site."""

from typing import Literal

from pydantic import Field, model_validator

from exchange.adapters.forms.settings import DecisionRules, FormSettings, ReceiptRules, ReceiveRules, SendRules
from exchange.settings import AdapterSettings

__all__ = ["WeaverSettings"]


class Workflow(AdapterSettings):
    workflow: str = Field(pattern=r"^[0-9]+$", description="Its id (workflowId).")


class ReceiveWorkflow(Workflow, ReceiveRules):
    """The workflow that a received document starts."""

    body: str = Field(default="", description="Attachment field for the body. Empty: with the attachments.")
    attachments: str = Field(description="Attachment field for the files.")

    def named(self) -> list[str]:
        return [*super().named(), *filter(None, [self.body]), self.attachments]


class SendWorkflow(Workflow, SendRules):
    """Documents to send: they wait for us at a node of this workflow."""

    result: str = Field(default="", description="Field for what became of it. Empty: only in the remark.")


class DecisionWorkflow(Workflow, DecisionRules):
    """What people decided: it waits for us at a node of this workflow, which may be that of received documents."""

    result: str = Field(default="", description="Field for what became of it. Empty: only in the remark.")


class ReceiptWorkflow(Workflow, ReceiptRules):
    """The workflow that each receipt starts."""


class WeaverSettings(FormSettings):
    interface: Literal["rest", "soap"] = Field(default="rest", description="soap: for sites before e-cology 9's REST.")
    appid: str = Field(
        default="", description="APPID in the office's table ECOLOGY_BIZ_EC, used by nobody else (REST only)."
    )
    login_name: str = Field(
        default="", description="Login name of that user, by which we fetch what the office sends (SOAP only)."
    )
    password_file: str = Field(default="secrets/weaver", description="File with its password (SOAP only).")
    conditions: tuple[str, ...] = Field(
        default=("t1.workflowid={workflow}", "t1.createdate>='{since}'"),
        description="How the office narrows down the processes of ours (SOAP only). Empty: all are read.",
    )
    user_id: str = Field(pattern=r"^[0-9]+$", description="Id of the office's user in whose name all is done.")
    token_seconds: int = Field(default=1800, ge=60, le=86_400, description="For how long a token is asked for.")
    files_by: Literal["link", "base64"] = Field(
        default="link", description="link: the office fetches files from `node_url`; base64: they stand in the request."
    )
    node_url: str = Field(default="", description="http(s)://host:port of this node's API, as the office reaches it.")
    link_minutes: int = Field(default=60, ge=1, le=10_080, description="For how long a file may be fetched, once.")
    base64_prefix: str = Field(default="base64:", description="What this office wants before base64.")
    base64_bytes: int = Field(default=8 << 20, ge=0, le=64 << 20, description="The largest file that goes as base64.")
    receive: ReceiveWorkflow
    send: SendWorkflow | None = Field(default=None, description="None: this office sends nothing.")
    decisions: DecisionWorkflow | None = Field(default=None, description="None: people decide in the exchange.")
    receipts: ReceiptWorkflow | None = Field(default=None, description="None: receipts are not shown there.")

    @model_validator(mode="after")
    def _reachable(self) -> "WeaverSettings":
        if self.files_by == "link" and not self.node_url.startswith(("http://", "https://")):
            raise ValueError("node_url: the office fetches files from it; or set files_by to base64")
        if self.interface == "rest" and not self.appid:
            raise ValueError("appid: needed to register; or set interface to soap")
        if self.interface == "soap" and self.send and not self.login_name:
            raise ValueError("login_name: needed to fetch the files of what the office sends")
        return self
