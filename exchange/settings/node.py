"""`node.toml`: a node far from its hub."""

from typing import Self

from pydantic import Field, model_validator

from exchange.settings.base import Frozen, Retry, Traces, Web
from exchange.settings.broker import BrokerLine
from exchange.settings.office import Hosting, check_reached

__all__ = ["NodeApi", "NodeSettings", "NodeTiming"]


class NodeTiming(Frozen):
    """How long a node waits, for what, and what it allows."""

    retry: Retry = Retry()
    recall_until_signed: bool = Field(
        default=True, description="An unsigned document is given back without asking a person."
    )
    poison_attempts: int = Field(
        default=5, ge=1, description="Unexpected failures of one message before it is set aside."
    )
    chunk_bytes: int = Field(default=1 << 20, ge=4096, le=4 << 20, description="Size of one file transfer step.")
    unsent_days: float = Field(
        default=7.0,
        gt=0,
        le=3650,
        description="A file at the node that no document names, whole or in part, is deleted when it was not asked for "
        "so long.",
    )


class NodeApi(Frozen):
    """The node's HTTP for programs on the unit's own premises. Without `port` there is none."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; any but loopback needs TLS.")
    port: int | None = Field(
        default=None, ge=0, le=65535, description="Port to listen on; 0 takes a free one, which `api.url` names."
    )
    certificate_file: str = Field(default="", description="TLS certificate chain (PEM). Empty: plain, loopback only.")
    key_file: str = Field(default="", description="Key of the TLS certificate (PEM).")
    connections: int = Field(default=200, ge=1, description="Connections at once; more are answered 503.")
    requests_per_minute: int = Field(default=600, ge=1, description="Requests of one token.")
    strangers_per_address: int = Field(
        default=60, ge=1, description="Requests without a good token from one address within ten minutes."
    )
    form_bytes: int = Field(
        default=256 << 20, ge=1 << 16, description="Largest form with files in it; larger files are uploaded ahead."
    )
    uploads_at_once: int = Field(default=8, ge=1, description="Uploads of one unit that run at the same time.")
    upload_bytes_per_day: int = Field(
        default=100 << 30,
        ge=1,
        description="What one unit's programs may upload in a day, in bytes, ahead or within a form or call; days are "
        "China's. Counted in the node's store.",
    )
    idle_seconds: float = Field(default=30.0, gt=0, description="An upload from which nothing comes so long is cut.")
    webhook_targets: tuple[str, ...] = Field(
        default=(),
        description="Origins that programs may have told, scheme://host:port each. Empty: none; programs ask instead.",
    )
    webhook_ca_file: str = Field(
        default="",
        description="Authorities (PEM) that certificates of programs must come from which are told over https. Empty: "
        "public ones.",
    )
    soap: bool = Field(
        default=False, description="Also serve programs that can only call a web service, at `/api/v1/soap?wsdl`."
    )
    soap_file_bytes: int = Field(
        default=5 << 20,
        ge=0,
        le=7_000_000,
        description="Largest file within a SOAP message; larger ones go by digest and address.",
    )


class NodeSettings(Hosting):
    """A node far from its hub: `node.toml` in its data directory. Files are relative to that directory."""

    hub_url: str = Field(description="The hub as it knows itself, https://host:port.")
    ca_file: str = Field(
        default="ca.pem", description="Authorities (PEM) that the hub's and the broker's certificates must come from."
    )
    broker_urls: tuple[str, ...] = Field(
        default=(), description="amqps://host:port/vhost of each broker. Empty: as the hub said at enrolment."
    )
    broker_line: BrokerLine = BrokerLine()
    passphrase_file: str = Field(
        default="secrets/passphrase", description="File with the passphrase of the key files; best kept elsewhere."
    )
    web: Web = Web()
    traces: Traces = Traces()
    api: NodeApi = NodeApi()
    node_timing: NodeTiming = NodeTiming()

    @model_validator(mode="after")
    def _is_reached(self) -> Self:
        check_reached(self.offices, self.api.port)
        return self
