"""`hub.toml`: a hub on RabbitMQ and PostgreSQL."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, field_validator

from exchange.model.unit import parse_hub_id
from exchange.settings.base import TEN_YEARS_HOURS, File, Frozen, Retry, Traces, Web
from exchange.settings.broker import BrokerAddress, Rabbit
from exchange.settings.hub_keeping import Archive, FileKeeping, Quota

__all__ = ["HubHttp", "HubSettings", "HubTiming", "Workers"]


_SIGN_WITHIN_HOURS: Final = {"特提": 1.0, "特急": 4.0, "加急": 8.0, "平急": 24.0, "": 48.0}


class HubTiming(Frozen):
    """How long the hub waits, for what."""

    retry: Retry = Retry()
    deliver_within_hours: float = Field(
        default=72.0, gt=0, le=TEN_YEARS_HOURS, description="After this an undelivered document is EXPIRED."
    )
    sign_within_hours: dict[str, Annotated[float, Field(gt=0, le=TEN_YEARS_HOURS)]] = Field(
        default=dict(_SIGN_WITHIN_HOURS),
        description="First reminder to sign, by urgency, when the sender set no sign-by. The empty key: ordinary ones, "
        "and every urgency that is not named beside it; without it, what is not named stays as it is.",
    )
    remind_every_hours: float = Field(
        default=24.0, gt=0, le=TEN_YEARS_HOURS, description="Between automatic reminders of one delivery."
    )
    remind_at_most: int = Field(default=5, ge=0, description="Automatic reminders of one delivery.")
    directory_valid_days: int = Field(default=30, ge=2, description="A snapshot's life; it is renewed at half of it.")
    poison_attempts: int = Field(
        default=5, ge=1, description="Unexpected failures of one message before it is set aside."
    )

    @field_validator("sign_within_hours")
    @classmethod
    def _complete(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(value.keys() - _SIGN_WITHIN_HOURS.keys()):
            known = "、".join(filter(None, _SIGN_WITHIN_HOURS))
            raise ValueError(f'{unknown[0]} is no urgency: {known}, or "" for ordinary documents')
        return value if "" in value else {**_SIGN_WITHIN_HOURS, **value}

    @property
    def deliver_within(self) -> timedelta:
        return timedelta(hours=self.deliver_within_hours)


class HubHttp(Frozen):
    """The hub's HTTP for nodes: enrolment, directory, files. What is limited is limited in each process."""

    url: str = Field(
        default="https://127.0.0.1:8443",
        description="As nodes reach it, scheme, host and port alone: it is part of what their signatures cover.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on. Loopback unless told otherwise.")
    port: int = Field(default=8443, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    certificate_file: str = Field(default="", description="TLS certificate chain (PEM). Empty: plain, loopback only.")
    key_file: str = Field(default="", description="Key of the TLS certificate (PEM).")
    broker: BrokerAddress = BrokerAddress()
    connections: int = Field(default=1000, ge=1, description="Connections at once; more are answered 503.")
    idle_seconds: float = Field(default=30.0, gt=0, description="An upload from which nothing comes so long is cut.")
    enrolments_per_unit: int = Field(default=10, ge=1, description="Attempts to enrol one unit within ten minutes.")
    enrolments_per_address: int = Field(
        default=100, ge=1, description="Attempts to enrol from one address within ten minutes."
    )
    uploads_at_once: int = Field(default=4, ge=1, description="Uploads of one unit that run at the same time.")
    upload_bytes_per_day: int = Field(
        default=20 << 30,
        ge=1,
        description="What one unit may upload in a day, in bytes; days are China's. Counted in the hub's store.",
    )


class Workers(Frozen):
    """How many processes of each worker `yidi hub run` keeps. Of the sealer and of the web there is always one."""

    router: int = Field(default=1, ge=0, le=64, description="Judge and record documents; one per core at most.")
    acknowledger: int = Field(default=1, ge=0, le=64, description="Judge and record receipts.")
    clock: int = Field(default=1, ge=0, le=16, description="Repeat, remind and expire what is late.")

    def plan(self) -> list[tuple[str, int]]:
        """Worker -> how many, in the order of starting."""
        several = [("clock", self.clock), ("router", self.router), ("acknowledger", self.acknowledger)]
        return [("sealer", 1), *several, ("web", 1)]


class HubSettings(File):
    """A hub on RabbitMQ and PostgreSQL: `hub.toml` in its data directory. Files are relative to that directory."""

    hub: str = Field(description="Id of this hub, signed into every envelope, e.g. hub.520304.")
    name: str = Field(default="公文交换中心", description="Name of the hub, as certificates and reports show it.")
    database_file: str = Field(
        default="secrets/database", description="File with the database URL, postgresql://user:password@host/name."
    )
    management_file: str = Field(
        default="secrets/management",
        description="File with the URL of RabbitMQ's management, http(s)://user:password@host:port. "
        "No such file: accounts are made by hand from `yidi hub provision --out`.",
    )
    passphrase_file: str = Field(
        default="secrets/passphrase", description="File with the passphrase of the key files; best kept elsewhere."
    )
    rabbit: Rabbit
    http: HubHttp = HubHttp()
    web: Web = Web()
    traces: Traces = Traces()
    workers: Workers = Workers()
    hub_timing: HubTiming = HubTiming()
    quota: Quota = Quota()
    archive: Archive = Archive()
    files: FileKeeping = FileKeeping()

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, value: str) -> str:
        return parse_hub_id(value)
