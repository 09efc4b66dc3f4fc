"""The hub's services over its home, and the making of a new hub."""

from dataclasses import dataclass

from exchange.model.text import check_line
from exchange.model.unit import parse_hub_id
from exchange.ports.hub import HubStore
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.time import Clock
from exchange.ports.transport import Publisher
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.administer import Administrator
from exchange.services.hub.attend import Attendant
from exchange.services.hub.dead_letters import DeadLetters
from exchange.services.hub.discard import Discarder
from exchange.services.hub.dispatch import Dispatcher
from exchange.services.hub.enroll import Enroller
from exchange.services.hub.forward import Forwarder
from exchange.services.hub.hub import Hub
from exchange.services.hub.keep import Keeper
from exchange.services.hub.orphans import Orphans
from exchange.services.hub.pause import Pauser
from exchange.services.hub.remind import Reminder
from exchange.services.hub.resend import Resender
from exchange.services.hub.route import Router
from exchange.services.hub.seal import Sealer
from exchange.services.secrecy.plain_text import PlainText
from exchange.storage import open_hub_store
from exchange.trust.anchor import Anchor
from exchange.trust.authority import Authority, check_request, request
from exchange.trust.certificates import key_entry
from exchange.trust.keys import generate
from exchange.trust.ledgerkey import LedgerSigner
from exchange.wiring.files import open_hub_files
from exchange.wiring.homes import HubHome
from exchange.wiring.layout import Layout
from exchange.wiring.parts import Parts
from exchange.wiring.system import SystemClock, SystemIds, system_chance

__all__ = ["Administration", "HubServices", "establish_hub", "make_hub", "open_administration", "open_hub"]

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
    attendant: Attendant
    dead_letters: DeadLetters
    dispatcher: Dispatcher
    forwarder: Forwarder
    reminder: Reminder
    resender: Resender
    pauser: Pauser
    discarder: Discarder
    orphans: Orphans
    keeper: Keeper
    sealer: Sealer
    administration: Administration


def establish_hub(layout: Layout, hub: str, name: str, log: Log) -> Anchor:
    """Make a new one-machine exchange. Raises InputError when there is one already."""
    parse_hub_id(hub)
    check_line("name", name, 100)  # it goes into certificates and into the settings file
    home = layout.hub_home(layout.make(hub, name))
    store = open_hub_store(layout.hub_database())
    try:
        anchor = make_hub(home, name, store, log)
    finally:
        store.close()
    layout.anchor_file.write_text(anchor.to_json(), encoding="utf-8")
    layout.write_settings(hub, name)
    return anchor


def make_hub(home: HubHome, name: str, store: HubStore, log: Log) -> Anchor:
    """A new hub's keys, the county's authority, directory version 1, and the anchor that nodes start from."""
    clock = SystemClock()
    now, keys = clock.now(), home.keys
    authority = Authority.create(name, now)
    keys.save("authority", authority.key, authority.certificate)
    for owner in ("directory", "hub"):
        key = generate()
        asked = check_request(request(owner, name, key), owner)
        keys.save(owner, key, authority.issue(asked, now, days=_YEARS))
    ledger = LedgerSigner.generate(home.id)
    keys.save("ledger", ledger.key)
    administrator = Administrator(store, keys.signer("directory"), clock, log)
    administrator.establish(home.id, key_entry(keys.signer("hub").certificate), str(ledger.verifier))
    return Anchor(
        hub=home.id,
        directory_certificate=keys.signer("directory").certificate,
        ledger_key=str(ledger.verifier),
    )


def open_administration(home: HubHome, store: HubStore, log: Log, clock: Clock | None = None) -> Administration:
    keys, clock = home.keys, clock or SystemClock()
    administrator = Administrator(
        store, keys.signer("directory"), clock, log, valid_days=home.timing.directory_valid_days
    )
    return Administration(
        store=store,
        administrator=administrator,
        enroller=Enroller(store, administrator, keys.authority(), clock),
    )


def open_hub(
    home: HubHome, store: HubStore, publisher: Publisher, metrics: Metrics, log: Log, parts: Parts | None = None
) -> HubServices:
    parts = parts or Parts()
    keys, clock = home.keys, parts.clock
    hub = Hub(
        id=home.id,
        store=store,
        files=open_hub_files(home, parts.files),
        publisher=publisher,
        signer=keys.signer("hub"),
        clock=clock,
        ids=SystemIds(),
        chance=system_chance(),
        metrics=metrics,
        log=log,
        timing=home.timing,
        quota=home.quota,
    )
    return HubServices(
        hub=hub,
        router=Router(hub, PlainText()),
        acknowledger=Acknowledger(hub),
        attendant=Attendant(hub),
        dead_letters=DeadLetters(hub),
        dispatcher=Dispatcher(hub),
        forwarder=Forwarder(hub),
        reminder=Reminder(hub),
        resender=Resender(hub),
        pauser=Pauser(hub),
        discarder=Discarder(hub),
        orphans=Orphans(hub, home.keeping),
        keeper=Keeper(store, clock),
        sealer=Sealer(store, clock, keys.ledger(home.id).note, home.id, metrics, log, holder=hub.ids.new()),
        administration=open_administration(home, store, log, clock),
    )
