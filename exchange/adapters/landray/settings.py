"""Settings of the Landray adapter: the account, the user that we are there, and the templates of the site."""

from typing import Literal

from pydantic import Field, model_validator

from exchange.adapters.forms.settings import DecisionRules, FormSettings, ReceiptRules, ReceiveRules, SendRules
from exchange.model.events import Event
from exchange.settings import AdapterSettings

__all__ = ["LandraySettings"]

_NEWS = (Event.REFUSED, Event.UNDELIVERED, Event.EXPIRED, Event.REJECTED, Event.RETURNED, Event.RECALL_DENIED)


class Template(AdapterSettings):
    template: str = Field(pattern=r"^[0-9a-f]{32,36}$", description="Its id (fdTemplateId).")
    controls: tuple[str, ...] = Field(
        default=(), description="Ids of all controls of its form, for the check to compare with. Empty: not compared."
    )


class ReceiveTemplate(Template, ReceiveRules):
    """The template of the process that a received document starts."""

    body: str = Field(default="", description="Attachment control for the body. Empty: with the attachments.")
    attachments: str = Field(description="Attachment control for the files.")
    links: str = Field(default="", description="Text control for links to files that are too large to attach.")
    handler: str = Field(
        description="Login name of who handles its first node: a process that may have been started is looked for "
        "among their to-dos."
    )

    def named(self) -> list[str]:
        return [*super().named(), self.attachments, *filter(None, [self.body, self.links])]


class SendTemplate(Template, SendRules):
    """Documents to send: they wait for us at a node of such a process."""

    result: str = Field(default="", description="Control for what became of it. Empty: only in the opinion.")


class DecisionTemplate(Template, DecisionRules):
    """What people decided: it waits for us at a node of such a process, which may be that of received documents."""

    result: str = Field(default="", description="Control for what became of it. Empty: only in the opinion.")


class ReceiptTable(ReceiptRules):
    """Receipts about a document that the office sent: rows of a detail table in its own form, by the columns' ids."""

    table: str = Field(description="The detail table's id.")
    notify: str = Field(description="Login name of who is told of news, by a to-read.")
    news: tuple[Event, ...] = Field(
        default=_NEWS, description="Events that are news, besides everything about documents that were received."
    )


class LandraySettings(FormSettings):
    protocol: Literal["rest", "soap"] = Field(default="rest", description="soap: for sites before REST.")
    service: str = Field(default="kmReviewRestService", description="Or kmReviewRestServiceNew (REST only).")
    account: str = Field(description="The account of the site's policy for its services.")
    password_file: str = Field(default="secrets/landray", description="File with its password, as it is to be shown.")
    soap_header: bool = Field(
        default=False, description="Account and password stand in a RequestSOAPHeader, not in HTTP (SOAP only)."
    )
    login_name: str = Field(description="Login name of the office's user that we are.")
    attachment_bytes: int = Field(default=20 << 20, ge=0, le=64 << 20, description="The largest file to attach.")
    node_url: str = Field(default="", description="http(s)://host:port of this node's API, for links to larger files.")
    link_days: int = Field(default=30, ge=1, le=365, description="For how long such a file may be fetched.")
    download: str = Field(
        default="/sys/attachment/sys_att_main/sysAttMain.do?method=download&fdId={id}",
        pattern=r"^/.*\{id\}",
        description="Path of the office's by which we fetch an attachment.",
    )
    back_to: str = Field(
        default="", description="Node (N2 ...) that what we give back goes to. Empty: as it is set up."
    )
    patience_minutes: int = Field(
        default=10, ge=1, le=1440, description="How long a form may wait for us unsent, before it is given back."
    )
    receive: ReceiveTemplate
    send: SendTemplate | None = Field(default=None, description="None: this office sends nothing.")
    decisions: DecisionTemplate | None = Field(default=None, description="None: people decide in the exchange.")
    receipts: ReceiptTable | None = Field(default=None, description="None: receipts are not shown there.")

    @model_validator(mode="after")
    def _fits(self) -> "LandraySettings":
        if (self.send or self.decisions) and self.calls is None:
            raise ValueError(
                "calls: the office sends its forms by itself; say who may, or leave out send and decisions"
            )
        if self.send and self.decisions and self.send.template == self.decisions.template:
            raise ValueError("decisions.template: is that of send; a form says by its template what it is")
        if self.receive.links and not self.node_url.startswith(("http://", "https://")):
            raise ValueError("node_url: the links in receive.links begin with it")
        if self.receipts and self.send is None:
            raise ValueError("receipts: they stand in the forms of what was sent; there is no send")
        return self
