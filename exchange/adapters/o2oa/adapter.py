"""The O2OA adapter: every form is a process; what waits for the exchange waits among the to-dos of its user.

Not here: what every office with forms does (`exchange.adapters.forms`), the interface (`client`).
"""

from functools import partial
from typing import Self

from exchange.adapters.forms.adapter import FormAdapter
from exchange.adapters.forms.desk import Form
from exchange.adapters.forms.processes import ProcessDesk
from exchange.adapters.o2oa.account import O2oaAccount
from exchange.adapters.o2oa.client import O2oaClient
from exchange.adapters.o2oa.processes import Node, O2oaProcesses
from exchange.adapters.o2oa.settings import O2oaSettings
from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.registry import Place
from exchange.errors import InputError, KeyStoreError
from exchange.trust.sso import seal

__all__ = ["O2oaAdapter", "o2oa_desk"]


class O2oaAdapter(FormAdapter):
    Settings = O2oaSettings

    @classmethod
    def open(cls, settings: O2oaSettings, place: Place) -> Self:
        """As an entry point is asked."""
        secret = partial(place.secret, "secret_file", settings.secret_file)
        key = secret()
        try:
            if settings.login == "sso":
                seal("", key, settings.cipher)
        except KeyStoreError as error:
            raise InputError(f"offices.{place.name}.secret_file: {error.message}", code="SETTINGS") from error
        http = OfficeHttp.of(settings, place)
        return cls(settings, o2oa_desk(settings, O2oaClient(http, O2oaAccount(http, settings, secret))), place)


def o2oa_desk(settings: O2oaSettings, client: O2oaClient) -> ProcessDesk:
    """The site's processes behind that interface."""
    receive, send, decisions, receipts = settings.receive, settings.send, settings.decisions, settings.receipts
    nodes = {
        Form.RECEIVE: Node(
            process=receive.process,
            route=receive.route,
            key=receive.id_field,
            body=receive.body,
            attachments=receive.attachments,
        )
    }
    if send is not None:
        nodes[Form.SEND] = Node(
            process=send.process, activity=send.activity, route=send.route, back=send.back, body=send.body
        )
    if decisions is not None:
        nodes[Form.DECISIONS] = Node(
            process=decisions.process, activity=decisions.activity, route=decisions.route, back=decisions.back
        )
    if receipts is not None:
        nodes[Form.RECEIPTS] = Node(process=receipts.process, route=receipts.route, key=receipts.receipt)
    office = O2oaProcesses(client, nodes.values(), settings.identity)
    return ProcessDesk(settings, {form: node.label for form, node in nodes.items()}, office)
