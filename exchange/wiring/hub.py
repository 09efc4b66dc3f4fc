"""The hub's services over one data directory."""

from dataclasses import dataclass

from exchange.errors import KeyStoreError
from exchange.files.local import LocalFiles
from exchange.model.text import check_line
from exchange.model.unit import HubId, parse_hub_id
from exchange.ports.hub import HubStore
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.transport import Publisher
from exchange.services.acknowledge import Acknowledger
from exchange.services.administer import Administrator
from exchange.services.dispatch import Dispatcher
from exchange.services.enroll import Enroller
from exchange.services.forward import Forwarder
from exchange.services.hub import Hub
from exchange.services.plain_text import PlainText
from exchange.services.remind import Reminder
from exchange.services.route import Router
from exchange.services.seal import Sealer
from exchange.settings import MachineSettings
from exchange.storage import open_hub_store
from exchange.trust.anchor import Anchor
from exchange.trust.authority import Authority, check_request, request
from exchange.trust.certificates import key_entry
from exchange.trust.keys import generate
from exchange.trust.ledgerkey import LedgerSigner
from exchange.wiring.layout import Layout
from exchange.wiring.system import SystemClock, SystemIds, system_chance

__all__ = ["Administration", "HubServices", "establish_hub", "open_administration", "open_hub"]

_YEARS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """What an administrator works with, beside a running exchange or without one."""

    store: HubStore
    administrator: Administrator
    enroller: Enroller


@dataclass(frozen=True, slots=True, kw_only=True)
class HubServices:
    hub: Hub
    router: Router
    acknowledger: Acknowledger
    dispatcher: Dispatcher
    forwarder: Forwarder
    reminder: Reminder
    sealer: Sealer
    administration: Administration


def establish_hub(layout: Layout, hub: str, name: str, log: Log) -> Anchor:
    """Make a new exchange: keys, the county's authority, directory version 1, and the anchor that nodes start from."""
    parse_hub_id(hub)
    check_line("name", name, 100)  # it goes into certificates and into the settings file
    settings = layout.make(hub, name)
    clock = SystemClock()
    now = clock.now()
    keys = layout.hub_keys(settings)
    authority = Authority.create(name, now)
    keys.save("authority", authority.key, authority.certificate)
    for owner in ("directory", "hub"):
        key = generate()
        asked = check_request(request(owner, name, key), owner)
        keys.save(owner, key, authority.issue(asked, now, days=_YEARS))
    ledger = LedgerSigner.generate(hub)
    keys.save("ledger", ledger.key)
    store = open_hub_store(layout.hub_database())
    try:
        administrator = Administrator(store, keys.signer("directory"), clock, log)
        administrator.establish(HubId(hub), key_entry(keys.signer("hub").certificate), str(ledger.verifier))
    finally:
        store.close()
    anchor = Anchor(
        hub=HubId(hub),
        directory_certificate=keys.signer("directory").certificate,
        ledger_key=str(ledger.verifier),
    )
    layout.anchor_file.write_text(anchor.to_json(), encoding="utf-8")
    layout.write_settings(hub, name)
    return anchor


def open_administration(layout: Layout, settings: MachineSettings, store: HubStore, log: Log) -> Administration:
    keys, clock = layout.hub_keys(settings), SystemClock()
    administrator = Administrator(
        store, keys.signer("directory"), clock, log, valid_days=settings.hub_timing.directory_valid_days
    )
    key, certificate = keys.load("authority")
    if certificate is None:
        raise KeyStoreError("the authority's key file holds no certificate")
    authority = Authority(key=key, certificate=certificate)  # type: ignore[arg-type]  # a signing key: it has a certificate
    return Administration(
        store=store, administrator=administrator, enroller=Enroller(store, administrator, authority, clock)
    )


def open_hub(
    layout: Layout, settings: MachineSettings, store: HubStore, publisher: Publisher, metrics: Metrics, log: Log
) -> HubServices:
    keys, clock = layout.hub_keys(settings), SystemClock()
    hub = Hub(
        id=HubId(settings.hub),
        store=store,
        files=LocalFiles(layout.hub / "files"),
        publisher=publisher,
        signer=keys.signer("hub"),
        clock=clock,
        ids=SystemIds(),
        chance=system_chance(),
        metrics=metrics,
        log=log,
        timing=settings.hub_timing,
    )
    ledger_key, _ = keys.load("ledger")
    ledger = LedgerSigner(settings.hub, ledger_key)  # type: ignore[arg-type]  # checked by LedgerSigner's own use
    return HubServices(
        hub=hub,
        router=Router(hub, PlainText()),
        acknowledger=Acknowledger(hub),
        dispatcher=Dispatcher(hub),
        forwarder=Forwarder(hub),
        reminder=Reminder(hub),
        sealer=Sealer(store, clock, ledger.note, settings.hub, metrics, log),
        administration=open_administration(layout, settings, store, log),
    )
