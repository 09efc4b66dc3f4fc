"""Settings: parsed once by `main`, frozen, each documented on its field; the settings reference is generated from here.

Values come from a TOML file, the environment (`YIDI_...`) and a secrets directory, in rising order of authority.
Services take the small groups below and never look further. Not here: where things are (`exchange.wiring`) and what
they do with a value.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from exchange.errors import InputError
from exchange.model.unit import UnitCode, parse_hub_id, parse_unit_code

__all__ = [
    "AdapterSettings",
    "Archive",
    "BrokerAddress",
    "BrokerLine",
    "Fault",
    "FileKeeping",
    "Hosting",
    "HubHttp",
    "HubSettings",
    "HubTiming",
    "MachineSettings",
    "NodeApi",
    "NodeSettings",
    "NodeTiming",
    "Quota",
    "Rabbit",
    "Retry",
    "Web",
    "Workers",
    "faults_of",
    "load_hub",
    "load_machine",
    "load_node",
    "read_table",
]


_TEN_YEARS_HOURS = 87_600  # a time beyond the calendar would stop whoever computes it


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AdapterSettings(_Frozen):
    """What every adapter's settings derive from: frozen, and a name that is not a field is an error."""


class Retry(_Frozen):
    """Exponential backoff with full jitter: the n-th wait is uniform between 0 and min(cap, base * 2^n), plus
    `floor`."""

    floor_seconds: float = Field(default=1.0, ge=0, le=86_400, description="The shortest wait.")
    base_seconds: float = Field(default=5.0, gt=0, description="Upper end of the first wait's jitter.")
    cap_seconds: float = Field(default=900.0, gt=0, le=86_400, description="Upper end of every later wait's jitter.")
    confirmed_seconds: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="Added to the wait when the broker confirmed: an answer is likely on its way.",
    )


class HubTiming(_Frozen):
    """How long the hub waits, for what."""

    retry: Retry = Retry()
    deliver_within_hours: float = Field(
        default=72.0, gt=0, le=_TEN_YEARS_HOURS, description="After this an undelivered document is EXPIRED."
    )
    sign_within_hours: dict[str, Annotated[float, Field(gt=0, le=_TEN_YEARS_HOURS)]] = Field(
        default={"特提": 1.0, "特急": 4.0, "加急": 8.0, "平急": 24.0, "": 48.0},
        description="First reminder to sign, by urgency, when the sender set no sign-by. The empty key: ordinary ones.",
    )
    remind_every_hours: float = Field(
        default=24.0, gt=0, le=_TEN_YEARS_HOURS, description="Between automatic reminders of one delivery."
    )
    remind_at_most: int = Field(default=5, ge=0, description="Automatic reminders of one delivery.")
    directory_valid_days: int = Field(default=30, ge=2, description="A snapshot's life; it is renewed at half of it.")
    poison_attempts: int = Field(
        default=5, ge=1, description="Unexpected failures of one message before it is set aside."
    )

    @property
    def deliver_within(self) -> timedelta:
        return timedelta(hours=self.deliver_within_hours)


class Quota(_Frozen):
    """What the hub accepts from one unit in a day; days are UTC's. Urgent documents may use up as much again."""

    documents_per_day: int = Field(default=100_000, ge=1, description="Documents of a unit that no line below names.")
    bytes_per_day: int = Field(
        default=100 << 30, ge=1, description="The same in bytes; a document's files count with it each time."
    )
    documents_per_day_of: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default={}, description="Documents of single units, by unit code."
    )
    bytes_per_day_of: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default={}, description="Bytes of single units, by unit code."
    )

    @field_validator("documents_per_day_of", "bytes_per_day_of")
    @classmethod
    def _check_units(cls, value: dict[str, int]) -> dict[str, int]:
        for code in value:
            parse_unit_code(code)
        return value

    def documents_of(self, unit: UnitCode) -> int:
        return self.documents_per_day_of.get(unit, self.documents_per_day)

    def bytes_of(self, unit: UnitCode) -> int:
        return self.bytes_per_day_of.get(unit, self.bytes_per_day)


class Archive(_Frozen):
    """When the signed bytes of old months leave the hub's database for archive files, and where these are."""

    folder: str = Field(
        default="archive",
        description="Folder of the archive files, relative to the data directory. Within it, they are in every backup.",
    )
    keep_months: int = Field(
        default=12,
        ge=4,
        le=1200,
        description="Whole months that stay in the database beside the one that runs. Four at least: a restored node "
        "may ask for ninety days.",
    )
    monthly: bool = Field(
        default=False,
        description="Whether the clock archives what is due by itself. Else `yidi hub archive` does, when it is run.",
    )


class FileKeeping(_Frozen):
    """Where the hub keeps files, and how long those that no document names."""

    store: str = Field(
        default="",
        description="s3://bucket/prefix: files lie there, and here only while they come. Each hub needs a prefix of "
        "its own. Empty: the data directory.",
    )
    endpoint: str = Field(
        default="",
        description="https://host:port of a server of S3 that is not Amazon's; plain http to this machine alone.",
    )
    region: str = Field(default="us-east-1", description="Region of the bucket; of most other servers this one.")
    credentials_file: str = Field(
        default="secrets/s3",
        description='File with {"access_key_id": "...", "secret_access_key": "..."}. Empty: the machine has a role.',
    )

    unfinished_days: float = Field(
        default=7.0, gt=0, le=3650, description="An upload that nobody goes on with is deleted after this."
    )
    unclaimed_days: float = Field(
        default=30.0,
        gt=0,
        le=3650,
        description="A file for which no accepted document came is deleted after this; who needs it uploads it again.",
    )

    @field_validator("store")
    @classmethod
    def _check_store(cls, value: str) -> str:
        if value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{2,62}(/[A-Za-z0-9._/-]+)?", value):
            raise ValueError("expected s3://bucket/prefix, or nothing")
        return value

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        if value and not re.fullmatch(r"https://[^\s/@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", value):
            raise ValueError("expected https://host:port; plain http goes to this machine alone")
        return value


class NodeTiming(_Frozen):
    """How long a node waits, for what, and what it allows."""

    retry: Retry = Retry()
    recall_until_signed: bool = Field(
        default=True, description="An unsigned document is given back without asking a person."
    )
    poison_attempts: int = Field(
        default=5, ge=1, description="Unexpected failures of one message before it is set aside."
    )
    chunk_bytes: int = Field(default=1 << 20, ge=4096, le=4 << 20, description="Size of one file transfer step.")


class Web(_Frozen):
    host: str = Field(
        default="127.0.0.1", description="Address of /metrics, /livez and /readyz. Loopback unless told otherwise."
    )
    port: int = Field(
        default=0, ge=0, le=65535, description="0 takes a free port, which is printed and written to `web.url`."
    )
    prometheus: str = Field(
        default="",
        description="Address of the Prometheus server that scrapes this exchange, e.g. http://127.0.0.1:9090. With it, "
        "`/dashboards` draws what it knows.",
    )

    @field_validator("prometheus")
    @classmethod
    def _check_prometheus(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", value):
            raise ValueError("expected http://host:port, or nothing")
        return value


class BrokerLine(_Frozen):
    """How patient a connection to RabbitMQ is, and how much it has under way."""

    heartbeat_seconds: int = Field(
        default=30, ge=5, le=300, description="A silent broker is given up after twice that."
    )
    connect_timeout_seconds: float = Field(default=10.0, gt=0, description="For the network, then again for the login.")
    confirm_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Without any confirm for so long, what is not confirmed is UNKNOWN."
    )
    blocked_timeout_seconds: float = Field(
        default=60.0, gt=0, description="A broker that blocks publishers (disk or memory alarm) is left after this."
    )
    reconnect_base_seconds: float = Field(default=0.5, gt=0, description="Upper end of the first wait's full jitter.")
    reconnect_cap_seconds: float = Field(default=30.0, gt=0, description="Upper end of every later wait's jitter.")
    window: int = Field(default=200, ge=1, le=10_000, description="Published messages that may await their confirms.")
    prefetch: int = Field(
        default=1000, ge=1, le=65_535, description="Messages held unacknowledged by one consumer, over all its queues."
    )


class Rabbit(BrokerLine):
    """One account on RabbitMQ. With `certificate_file` and no password it logs in by that certificate (EXTERNAL)."""

    urls: tuple[str, ...] = Field(
        min_length=1,
        description="amqp:// or amqps://user:password@host:port/vhost of each broker of a cluster, tried in turn.",
    )
    password_file: str = Field(default="", description="File with the password, so that no URL need hold it.")
    ca_file: str = Field(default="", description="Authorities (PEM) that a broker's certificate must come from.")
    certificate_file: str = Field(default="", description="Client certificate (PEM); its common name is the account.")
    key_file: str = Field(default="", description="Key (PEM) of the client certificate.")
    key_passphrase_file: str = Field(default="", description="File with the passphrase of that key, if it has one.")


class BrokerAddress(_Frozen):
    """Where nodes find the broker, as they are told when they enrol."""

    host: str = Field(default="127.0.0.1", description="Name in the broker's certificate.")
    port: int = Field(default=5671, ge=1, le=65535, description="AMQP over TLS.")
    virtual_host: str = Field(default="/", description="Virtual host of this exchange.")


class HubHttp(_Frozen):
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
        description="What one unit may upload in a day, in bytes; days are UTC's. Counted in the hub's store.",
    )


class NodeApi(_Frozen):
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
        default=100 << 30, ge=1, description="What one unit's programs may upload in a day, in bytes; days are UTC's."
    )
    idle_seconds: float = Field(default=30.0, gt=0, description="An upload from which nothing comes so long is cut.")
    webhook_targets: tuple[str, ...] = Field(
        default=(),
        description="Origins that programs may have told, scheme://host:port each. Empty: none; programs ask instead.",
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


class Workers(_Frozen):
    """How many processes of each worker `yidi hub run` keeps. Of the sealer and of the web there is always one."""

    router: int = Field(default=1, ge=0, le=64, description="Judge and record documents; one per core at most.")
    acknowledger: int = Field(default=1, ge=0, le=64, description="Judge and record receipts.")
    clock: int = Field(default=1, ge=0, le=16, description="Repeat, remind and expire what is late.")


class _File(BaseSettings):
    """A file of settings, over which `YIDI_...` variables win."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="YIDI_", env_nested_delimiter="__")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the library names and passes all of these
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


class Hosting(_File):
    """Which office system each hosted unit has."""

    office: str = Field(
        default="folder",
        description="Office system of the hosted units: a table of `offices`, an adapter (an entry point of "
        "yidi.adapters) without settings, or none.",
    )
    office_of: dict[str, str] = Field(default={}, description="Office systems of single units, by unit code.")
    offices: dict[str, dict[str, Any]] = Field(
        default={},
        description="Settings of office systems, a table each: `adapter` (its name, if that is not the table's) and "
        "what that adapter asks for.",
    )

    @field_validator("office_of")
    @classmethod
    def _check_units_of_offices(cls, value: dict[str, str]) -> dict[str, str]:
        for code in value:
            parse_unit_code(code)
        return value


class MachineSettings(Hosting):
    """A one-machine exchange: `yidi.toml` in its data directory, over which `YIDI_...` variables win."""

    hub: str = Field(description="Id of this hub, signed into every envelope, e.g. hub.520304.")
    name: str = Field(default="公文交换中心", description="Name of the hub, as certificates and reports show it.")
    transport: str = Field(default="memory://", description="Broker URL; memory:// keeps queues in this process.")
    passphrase_file: str = Field(
        default="secrets/passphrase",
        description="File with the passphrase of the key files, relative to the data directory; best kept elsewhere.",
    )
    web: Web = Web()
    api: NodeApi = NodeApi()
    hub_timing: HubTiming = HubTiming()
    quota: Quota = Quota()
    archive: Archive = Archive()
    files: FileKeeping = FileKeeping()
    node_timing: NodeTiming = NodeTiming()

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, value: str) -> str:
        return parse_hub_id(value)


class HubSettings(_File):
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
    workers: Workers = Workers()
    hub_timing: HubTiming = HubTiming()
    quota: Quota = Quota()
    archive: Archive = Archive()
    files: FileKeeping = FileKeeping()

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, value: str) -> str:
        return parse_hub_id(value)


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
    api: NodeApi = NodeApi()
    node_timing: NodeTiming = NodeTiming()


_Read = TypeVar("_Read", bound=_File)


def load_machine(path: Path) -> MachineSettings:
    """Read `path` (TOML) and the environment. Raises InputError naming the file, the setting and the rule."""
    return _load(MachineSettings, path, "yidi hub init")


def load_hub(path: Path) -> HubSettings:
    """As `load_machine`."""
    return _load(HubSettings, path, "yidi hub init --database URL --broker URL")


def load_node(path: Path) -> NodeSettings:
    """As `load_machine`."""
    return _load(NodeSettings, path, "yidi node init")


def _load(kind: type[_Read], path: Path, maker: str) -> _Read:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return kind(**values)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: run `{maker} --data {path.parent}` first", code="NO_DATA") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", code="SETTINGS") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}", code="SETTINGS") from error
    except SettingsError as error:
        raise InputError(f"{path} or a YIDI_ variable: {error}", code="SETTINGS") from error
    except ValidationError as error:
        raise InputError(f"{path}: {_faults(error)}", code="SETTINGS") from error


class Fault(NamedTuple):
    """What is wrong with one setting. `known`: the names that there are, where its own is none of them."""

    place: tuple[str, ...]
    rule: str
    known: tuple[str, ...] = ()


def faults_of(kind: type[BaseModel], values: Mapping[str, Any]) -> list[Fault]:
    """All that is wrong with these values, the environment's included where `kind` looks there; nothing is made."""
    try:
        kind(**values)
    except ValidationError as error:
        return [_fault(kind, one) for one in error.errors()]
    except SettingsError as error:
        return [Fault((), str(error))]
    return []


def _fault(kind: type[BaseModel], found: Mapping[str, Any]) -> Fault:
    place = tuple(map(str, found["loc"]))
    if found["type"] != "extra_forbidden":
        return Fault(place, found["msg"])
    for name in place[:-1]:
        kind = cast("type[BaseModel]", kind.model_fields[name].annotation)
    return Fault(place, "there is no such setting", tuple(kind.model_fields))


_Table = TypeVar("_Table", bound=AdapterSettings)


def read_table(kind: type[_Table], table: Mapping[str, object], where: str) -> _Table:
    """One table of settings. Raises InputError naming `where`, the setting and the rule."""
    try:
        return kind.model_validate(dict(table))
    except ValidationError as error:
        raise InputError(f"{where}: {_faults(error)}", code="SETTINGS") from error


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
