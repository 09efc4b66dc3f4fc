"""What every group and every file of settings is, and the groups that hub and node both have."""

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

__all__ = ["TEN_YEARS_HOURS", "File", "Frozen", "Retry", "Traces", "Web"]

TEN_YEARS_HOURS: Final = 87_600  # a time beyond the calendar would stop whoever computes it


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class File(BaseSettings):
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


class Retry(Frozen):
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


class Traces(Frozen):
    """Traces of documents for a collector of OpenTelemetry's, such as Jaeger or Tempo. They hold ids and codes alone.
    Needs `pip install 'yidi[otel]'`."""

    endpoint: str = Field(
        default="",
        description="Where OTLP goes over HTTP, e.g. https://collector:4318/v1/traces. Empty: nowhere. Only this "
        "machine may be told without TLS.",
    )
    headers_file: str = Field(
        default="", description="File with headers that the collector asks for, `Name: value` a line; a secret."
    )
    ca_file: str = Field(
        default="", description="Authorities (PEM) that the collector's certificate must come from. Empty: public ones."
    )

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.path in ("", "/"):
            raise ValueError("expected https://host:port/v1/traces")
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("without TLS only this machine may be told: use https")
        return value


class Web(Frozen):
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
