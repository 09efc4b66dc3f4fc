"""Settings of the mail adapter: the node's own mailbox, its servers, and the units' mailboxes."""

from typing import Literal

from pydantic import Field

from exchange.adapters.mapping import FixedElements
from exchange.settings import AdapterSettings

__all__ = ["MailServer", "MailSettings"]


class MailServer(AdapterSettings):
    host: str
    port: int = Field(ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls", description="`none` on loopback alone.", examples=["tls"]
    )
    user: str = Field(default="", description="Empty: without logging in, which SMTP may allow.")
    password_file: str = Field(default="secrets/mail", description="File with the password.")
    ca_file: str = Field(default="", description="Authorities (PEM) of the server's certificate, if it is not public.")


class MailSettings(AdapterSettings):
    address: str = Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", description="The node's own address.")
    mailboxes: dict[str, str] = Field(description="Unit code -> the address of its mailbox.")
    smtp: MailServer
    imap: MailServer
    codes_file: str = Field(
        default="secrets/mail-codes", description="Secret that codes in mails are made of; written at first use."
    )
    attach_bytes: int = Field(
        default=15 << 20, ge=0, le=100 << 20, description="Files of a document together that still go as attachments."
    )
    letter_bytes: int = Field(default=32 << 20, ge=1 << 16, le=100 << 20, description="Largest mail that is read.")
    poll_seconds: float = Field(default=30.0, ge=0, le=3600, description="Between two looks into the mailbox.")
    fixed: FixedElements = Field(default={}, description="Our element -> its value, where a mail to send has none.")
