"""What a hub accepts and for how long it keeps it."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from exchange.model.unit import UnitCode, parse_unit_code
from exchange.settings.base import Frozen

__all__ = ["Archive", "FileKeeping", "Quota"]


class Quota(Frozen):
    """What the hub accepts from one unit in a day; days are China's. Urgent documents may use up as much again."""

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


class Archive(Frozen):
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


class FileKeeping(Frozen):
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
    ca_file: str = Field(
        default="",
        description="Authorities (PEM) that the server's certificate may come from, beside the system's.",
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
