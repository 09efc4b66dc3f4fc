"""`yidi.toml`: hub and nodes on one machine."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from exchange.model.unit import parse_hub_id
from exchange.settings.base import Traces, Web
from exchange.settings.hub import HubTiming
from exchange.settings.hub_keeping import Archive, FileKeeping, Quota
from exchange.settings.node import NodeApi, NodeTiming
from exchange.settings.office import Hosting, check_reached

__all__ = ["MachineSettings"]


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
    traces: Traces = Traces()
    api: NodeApi = NodeApi()
    hub_timing: HubTiming = HubTiming()
    quota: Quota = Quota()
    archive: Archive = Archive()
    files: FileKeeping = FileKeeping()
    node_timing: NodeTiming = NodeTiming()

    @model_validator(mode="after")
    def _is_reached(self) -> Self:
        check_reached(self.offices, self.api.port)
        return self

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, value: str) -> str:
        return parse_hub_id(value)
