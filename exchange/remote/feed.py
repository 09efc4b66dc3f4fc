"""The directory over HTTP. What comes is as untrusted as ever: the node holds it against its anchor."""

from collections.abc import Callable, Sequence

from exchange.errors import NotAuthorisedError, TransportError
from exchange.model.unit import UnitCode
from exchange.remote.client import HubClient

__all__ = ["HttpDirectoryFeed"]


class HttpDirectoryFeed:
    """Implements `exchange.ports.directory.DirectoryFeed`. `units`: those hosted here; one of them asks, the next if
    the hub does not take its key any more."""

    def __init__(self, client: HubClient, units: Callable[[], Sequence[UnitCode]]) -> None:
        self._client, self._units = client, units

    def newer(self, version: int) -> bytes | None:
        refused: NotAuthorisedError | None = None
        for unit in self._units():
            try:
                answer = self._client.ask("GET", f"/v1/directory?newer_than={version}", unit=unit)
            except NotAuthorisedError as error:
                refused = error
            else:
                return answer.body if answer.status == 200 else None
        if refused is None:
            return None  # nobody lives here yet
        text = "the hub takes no key of this node any more: enrol again"
        if refused.code == "HTTP_SIG_TIME":  # a new key would mend nothing
            text = "this node's clock is not the hub's"
        raise TransportError(text, code=refused.code, detail=refused.message) from refused
