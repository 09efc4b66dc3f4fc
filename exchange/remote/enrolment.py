"""Enrol over HTTP: the key is made here and stays here; its request goes to the hub with the one-time code, and the
certificate comes back with all that a node must know of its exchange.

Not here: hosting the unit in a node's store, where the anchor is kept (`exchange.wiring`).
"""

import json
import ssl
from dataclasses import dataclass, field

from exchange.errors import DirectoryError, TransportError, YidiError
from exchange.model.unit import UnitCode
from exchange.ports.time import Clock
from exchange.remote.client import HubClient
from exchange.trust.anchor import Anchor
from exchange.trust.authority import check_chain, request
from exchange.trust.keystore import KeyStore

__all__ = ["Enrolled", "enroll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What the node keeps beside its key. Certificates are DER; the broker is where its own settings do not say."""

    certificate: bytes = field(repr=False)
    authority: bytes = field(repr=False)
    anchor: Anchor
    broker_host: str
    broker_port: int
    broker_virtual_host: str


def enroll(
    client: HubClient,
    unit: UnitCode,
    name: str,
    code: str,
    keys: KeyStore,
    clock: Clock,
    *,
    anchor: Anchor | None = None,
) -> Enrolled:
    """Put a key of `unit` in force in `keys`. `anchor`: the one this node has, if it has one; the hub must give the
    same. May be repeated after any failure: the same key is certified. Raises EnrolmentError, TransportError,
    DirectoryError."""
    asked = {"unit": unit, "code": code, "request": request(unit, name, keys.prepare(unit))}
    headers = {"Content-Type": "application/json"}
    answer = client.ask("POST", "/v1/enrolment", headers=headers, body=json.dumps(asked).encode())
    enrolled = _read(answer.body)
    # (1) of the exchange that this node belongs to
    if anchor is not None and enrolled.anchor != anchor:
        raise DirectoryError("this hub has another anchor than the node", code="WRONG_HUB")
    # (2) issued by the authority that came with it, for signatures; (3) `install` wants the key to be ours
    check_chain(enrolled.certificate, [enrolled.authority], clock.now())
    keys.install(unit, enrolled.certificate)
    return enrolled


def _read(body: bytes) -> Enrolled:
    try:
        fields = json.loads(body)
        broker = fields["broker"]
        return Enrolled(
            certificate=ssl.PEM_cert_to_DER_cert(fields["certificate"]),
            authority=ssl.PEM_cert_to_DER_cert(fields["authority"]),
            anchor=Anchor.from_json(json.dumps(fields["anchor"])),
            broker_host=str(broker["host"]),
            broker_port=int(broker["port"]),
            broker_virtual_host=str(broker["virtual_host"]),
        )
    except (ValueError, KeyError, TypeError, YidiError) as error:
        raise TransportError("the hub's answer is not one", code="HUB_STRANGE", detail=repr(error)) from error
