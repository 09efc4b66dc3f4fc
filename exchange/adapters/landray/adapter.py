"""The Landray adapter: what every office with forms does, with forms that come by themselves.

Not here: processes and to-dos (`desk`), the services (`client`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from exchange.adapters.calls import Letterbox
from exchange.adapters.decision import name_of
from exchange.adapters.forms.adapter import FormAdapter
from exchange.adapters.landray.client import Kind, LandrayClient
from exchange.adapters.landray.desk import LandrayDesk
from exchange.adapters.landray.filled import FilledForms
from exchange.adapters.landray.known import Known
from exchange.adapters.landray.lines import Line, RestLine, SoapLine
from exchange.adapters.landray.settings import LandraySettings
from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.registry import Place
from exchange.errors import AdapterError
from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.office import HandOver, Misfit

__all__ = ["LandrayAdapter"]


class LandrayAdapter(FormAdapter):
    Settings = LandraySettings

    def __init__(
        self,
        settings: LandraySettings,
        line: Line,
        place: Place,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises InputError."""
        self._forms = FilledForms(Letterbox(place.offices / f".forms-{place.name}"))
        known = Known(place.offices / f".known-{place.name}")
        self._client = LandrayClient(line, settings.login_name)
        self._own = LandrayDesk(settings, self._client, known, self._forms, place.links, place.name, monotonic)
        super().__init__(settings, self._own, place, monotonic=monotonic)
        self._people = {
            "login_name": settings.login_name,
            "receive.handler": settings.receive.handler,
            **({"receipts.notify": settings.receipts.notify} if settings.receipts else {}),
        }

    def _heard(self, body: bytes) -> None:
        self._forms.put(body)
        super()._heard(body)

    @classmethod
    def open(cls, settings: LandraySettings, place: Place, *, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """As an entry point is asked."""
        password, line = place.secret("password_file", settings.password_file), OfficeHttp.of(settings, place)
        if settings.protocol == "soap":
            soap = SoapLine(line, settings.account, password, header=settings.soap_header)
            return cls(settings, soap, place, monotonic=monotonic)
        return cls(settings, RestLine(line, settings.account, password, settings.service), place, monotonic=monotonic)

    def hand_over(self, item: HandOver) -> str:
        process = super().hand_over(item)
        self._own.remember_received(name_of(item.key), process, item.envelope.metadata.title)
        return process

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        """Its process is remembered before it goes on: receipts are written into it."""
        self._own.remember(name_of(key), reference)
        super().sent(unit, reference, key)

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        """Forms as the settings list their controls, and everybody that the settings name."""
        yield from super().check(units)
        for where, login_name in self._people.items():
            try:
                next(self._client.to_dos(login_name, Kind.WAITING), None)
            except AdapterError as error:
                found = f"登录名 {login_name} 的待办不能读 its to-dos cannot be read: {error.message} {error.detail}"
                yield Misfit(where=where, found=found, cure="核对登录名 check the login name")
