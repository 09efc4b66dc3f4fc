"""The Weaver adapter: every form is a workflow; what waits for the exchange waits among the to-dos of its user.

Not here: what every office with forms does (`exchange.adapters.forms`), the interfaces (`client`, `services`).
"""

from typing import Self

from exchange.adapters.forms.adapter import FormAdapter
from exchange.adapters.forms.desk import Form
from exchange.adapters.forms.processes import ProcessDesk, Processes
from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.registry import Place
from exchange.adapters.weaver.client import WeaverClient
from exchange.adapters.weaver.files import Handing
from exchange.adapters.weaver.services import WeaverServices
from exchange.adapters.weaver.settings import WeaverSettings
from exchange.adapters.weaver.tokens import WeaverTokens

__all__ = ["WeaverAdapter", "weaver_desk"]


class WeaverAdapter(FormAdapter):
    Settings = WeaverSettings

    @classmethod
    def open(cls, settings: WeaverSettings, place: Place) -> Self:
        """As an entry point is asked."""
        http, handing = OfficeHttp.of(settings, place), Handing(settings, place.name, place.links)
        if settings.interface == "soap":
            password = place.secret("password_file", settings.password_file) if settings.login_name else ""
            services = WeaverServices(http, settings, password, handing)
            return cls(settings, weaver_desk(settings, services), place)
        file = place.offices / f".weaver-{place.name}.json"
        tokens = WeaverTokens(http, settings.appid, settings.user_id, file, seconds=settings.token_seconds)
        client = WeaverClient(http, tokens, handing)
        return cls(settings, weaver_desk(settings, client), place)


def weaver_desk(settings: WeaverSettings, office: Processes) -> ProcessDesk:
    """The site's workflows behind that interface."""
    forms = {
        Form.RECEIVE: settings.receive,
        Form.SEND: settings.send,
        Form.DECISIONS: settings.decisions,
        Form.RECEIPTS: settings.receipts,
    }
    return ProcessDesk(settings, {form: rules.workflow for form, rules in forms.items() if rules is not None}, office)
