"""Two real units and the hub on a broker provisioned for them: what each may do, and above all what it may not.

A unit that attacks does so by another client (py-amqp), with its own true certificate.
"""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import amqp  # type: ignore[import-untyped]  # it ships no types
import pytest
from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed  # type: ignore[import-untyped]

from exchange.errors import TransportError
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.transport import Message, PublishResult
from exchange.settings import Rabbit
from exchange.topology import (
    ASIDE,
    ASIDE_QUEUES,
    DEAD,
    INGRESS,
    OUT,
    Lane,
    aside_key,
    in_exchange,
    inbox_queue,
    work_queue,
)
from exchange.transport.provisioning import County, Provisioner, definitions
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.servers import RabbitServer, TlsFiles
from tests.integration.certificates import CountyAuthority

TOWN, BUREAU, STRANGER = (parse_unit_code(f"520304-{n:03}") for n in (1, 2, 999))
COUNTY = County(units=(TOWN, BUREAU), hub_user="yidi-hub", hub_password="hub-password", vhost="county")
ACCEPTED = PublishResult.ACCEPTED


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CountyAuthority:
    return CountyAuthority.create(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def certificates(authority: CountyAuthority) -> dict[UnitCode, TlsFiles]:
    return {unit: authority.unit(unit) for unit in (TOWN, BUREAU, STRANGER)}


@pytest.fixture(scope="module")
def broker(authority: CountyAuthority) -> Iterator[RabbitServer]:
    with RabbitServer(management=True, tls=authority.broker()) as server:
        yield server


@pytest.fixture
def management(broker: RabbitServer) -> Management:
    return Management(f"http://127.0.0.1:{broker.management_port}", "guest", "guest")


@pytest.fixture
def provisioner(management: Management) -> Iterator[Provisioner]:
    """Provisioned for `COUNTY`; all of it is gone afterwards."""
    made = Provisioner(management)
    made.reconcile(COUNTY)
    yield made
    management.delete("vhosts", COUNTY.vhost)
    for user in (*COUNTY.units, COUNTY.hub_user):
        management.delete("users", user)


@pytest.fixture
def hub(broker: RabbitServer, provisioner: Provisioner) -> Iterator[RabbitTransport]:
    url = broker.url(COUNTY.hub_user, COUNTY.hub_password, COUNTY.vhost)
    made = RabbitTransport(Rabbit(urls=(url,)))
    yield made
    made.close()


Unit = Callable[[UnitCode], RabbitTransport]
Attacker = Callable[[], Any]


@pytest.fixture
def unit(broker: RabbitServer, certificates: dict[UnitCode, TlsFiles], provisioner: Provisioner) -> Iterator[Unit]:
    made: list[RabbitTransport] = []

    def login(code: UnitCode) -> RabbitTransport:
        files = certificates[code]
        made.append(
            RabbitTransport(
                Rabbit(
                    urls=(f"amqps://127.0.0.1:{broker.tls_port}/{COUNTY.vhost}",),
                    ca_file=str(files.authority),
                    certificate_file=str(files.certificate),
                    key_file=str(files.key),
                    connect_timeout_seconds=5,
                )
            )
        )
        return made[-1]

    yield login
    for one in made:
        one.close()


def connect(broker: RabbitServer, files: TlsFiles) -> Any:
    made = amqp.Connection(
        host=f"127.0.0.1:{broker.tls_port}",
        login_method="EXTERNAL",
        userid="",
        password="",
        virtual_host=COUNTY.vhost,
        ssl={
            "ca_certs": str(files.authority),
            "certfile": str(files.certificate),
            "keyfile": str(files.key),
            "cert_reqs": ssl.CERT_REQUIRED,
        },
        confirm_publish=True,
        connect_timeout=5,
    )
    made.connect()
    return made


@pytest.fixture
def attacker(
    broker: RabbitServer, certificates: dict[UnitCode, TlsFiles], provisioner: Provisioner
) -> Iterator[Attacker]:
    """A channel of TOWN's own."""
    connection = connect(broker, certificates[TOWN])
    yield connection.channel
    with suppress(Exception):
        connection.close()


def depths(management: Management) -> dict[str, int]:
    """Straight from the queues, not from statistics, which lag."""
    counted = {}
    for queue in (inbox_queue(TOWN), inbox_queue(BUREAU), DEAD, *map(work_queue, Lane)):
        taken = management_get(management, queue)
        counted[queue] = len(taken)
    return counted


def management_get(management: Management, queue: str) -> list[Any]:
    """What is in a queue, which stays there."""
    management.put("permissions", COUNTY.vhost, "guest", body={"configure": ".*", "write": ".*", "read": ".*"})
    how = {"count": 100, "ackmode": "ack_requeue_true", "encoding": "auto"}
    answer = management.ask("POST", "queues", COUNTY.vhost, queue, "get", body=how)
    assert isinstance(answer, list)
    return answer


# ---------------------------------------------------------------------------------------- what they may do


def test_a_unit_sends_and_receives_by_its_certificate_and_the_broker_vouches_for_it(
    hub: RabbitTransport, unit: Unit
) -> None:
    town = unit(TOWN)
    sent = Message(exchange=in_exchange(TOWN), key=Lane.URGENT.value, body=b"<in/>", user=TOWN)
    assert town.publisher().publish([sent]) == [ACCEPTED]
    consumer = hub.consumer([work_queue(lane) for lane in Lane])
    [delivered] = consumer.receive(1, 5)
    assert (delivered.body, delivered.user, delivered.queue) == (b"<in/>", TOWN, work_queue(Lane.URGENT))
    consumer.ack([delivered.tag])
    assert hub.publisher().publish([Message(exchange=OUT, key=TOWN, body=b"<out/>")]) == [ACCEPTED]
    [delivered] = town.consumer([inbox_queue(TOWN)]).receive(1, 5)
    assert delivered.body == b"<out/>"


def test_poison_reaches_the_dead_queue_although_nobody_may_write_there(hub: RabbitTransport, unit: Unit) -> None:
    message = Message(exchange=in_exchange(TOWN), key=Lane.NORMAL.value, body=b"poison", user=TOWN)
    unit(TOWN).publisher().publish([message])
    consumer = hub.consumer([work_queue(Lane.NORMAL)])
    [delivered] = consumer.receive(1, 5)
    consumer.reject([delivered.tag], requeue=False)
    [dead] = hub.consumer([DEAD]).receive(1, 5)
    assert dead.body == b"poison"


# ------------------------------------------------------------------------------------- what a unit may not

FOREIGN = inbox_queue(BUREAU)
ATTACKS: dict[str, Callable[[Any], object]] = {
    "get from another's inbox": lambda c: c.basic_get(FOREIGN),
    "consume another's inbox": lambda c: c.basic_consume(FOREIGN),
    "purge another's inbox": lambda c: c.queue_purge(FOREIGN),
    "delete another's inbox": lambda c: c.queue_delete(FOREIGN),
    "delete its own inbox": lambda c: c.queue_delete(inbox_queue(TOWN)),
    "read what others sent": lambda c: c.basic_get(work_queue(Lane.NORMAL)),
    "read the dead queue": lambda c: c.basic_get(DEAD),
    "make a queue": lambda c: c.queue_declare("mine", durable=True, auto_delete=False),
    "make an exclusive queue": lambda c: c.queue_declare(exclusive=True),
    "make an exchange": lambda c: c.exchange_declare("mine", "fanout"),
    "delete its own ingress": lambda c: c.exchange_delete(in_exchange(TOWN)),
    "bind another's inbox": lambda c: c.queue_bind(FOREIGN, in_exchange(TOWN), "x"),
    "bind its own inbox to what is sent out": lambda c: c.queue_bind(inbox_queue(TOWN), OUT, BUREAU),
    "bind its own inbox to what comes in": lambda c: c.queue_bind(inbox_queue(TOWN), INGRESS, Lane.NORMAL.value),
    "bind the ingress elsewhere": lambda c: c.exchange_bind(OUT, in_exchange(TOWN), "x"),
    "write to another's ingress": lambda c: publish(c, in_exchange(BUREAU), Lane.NORMAL.value),
    "write to the common ingress": lambda c: publish(c, INGRESS, Lane.NORMAL.value),
    "write to inboxes": lambda c: publish(c, OUT, BUREAU),
    "write to what the hub puts aside": lambda c: publish(c, ASIDE, aside_key(BUREAU), app_id=BUREAU),
    "read what the hub puts aside": lambda c: c.basic_get(ASIDE_QUEUES[0]),
    "write to dead": lambda c: publish(c, DEAD, ""),
    "write to a queue by the default exchange": lambda c: publish(c, "", FOREIGN),
    "answer to somebody's direct reply-to": lambda c: publish(c, "", "amq.rabbitmq.reply-to.g1h2AA.aaaa"),
    "write to the broker's own exchanges": lambda c: publish(c, "amq.fanout", ""),
    "read the broker's log": lambda c: c.queue_bind(inbox_queue(TOWN), "amq.rabbitmq.log", "#"),
}


def publish(channel: Any, exchange: str, key: str, **properties: Any) -> None:
    channel.basic_publish(amqp.Message(b"attack", **properties), exchange, key, mandatory=True, confirm_timeout=5)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_broker_refuses_a_unit_to(attack: Callable[[Any], object], attacker: Attacker) -> None:
    with pytest.raises(AccessRefused):
        attack(attacker())


def test_a_forged_user_id_is_refused_and_a_missing_one_is_seen_to_be_missing(
    attacker: Attacker, hub: RabbitTransport
) -> None:
    with pytest.raises(PreconditionFailed):
        publish(attacker(), in_exchange(TOWN), Lane.NORMAL.value, user_id=BUREAU)
    publish(attacker(), in_exchange(TOWN), Lane.NORMAL.value)
    received = hub.consumer([work_queue(Lane.NORMAL)]).receive(10, 5)
    assert [(one.body, one.user) for one in received] == [(b"attack", None)]


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_carbon_copies_reach_no_inbox(attacker: Attacker, management: Management, header: str) -> None:
    copies = [BUREAU, FOREIGN, inbox_queue(TOWN), TOWN, DEAD, ""]
    publish(attacker(), in_exchange(TOWN), Lane.NORMAL.value, application_headers={header: copies})
    assert {queue for queue, depth in depths(management).items() if depth} == {work_queue(Lane.NORMAL)}


def test_asking_for_a_direct_reply_gives_a_unit_nothing(
    attacker: Attacker, hub: RabbitTransport, management: Management
) -> None:
    channel = attacker()
    answers: list[Any] = []
    channel.basic_consume("amq.rabbitmq.reply-to", no_ack=True, callback=answers.append)
    publish(channel, in_exchange(TOWN), Lane.NORMAL.value, reply_to="amq.rabbitmq.reply-to", user_id=TOWN)
    [seen] = management_get(management, work_queue(Lane.NORMAL))
    address = seen["properties"]["reply_to"]
    assert address.startswith("amq.rabbitmq.reply-to.")
    # The hub's account could not answer if it would.
    assert hub.publisher().publish([Message(exchange="", key=address, body=b"")]) == [PublishResult.REFUSED]
    with suppress(TimeoutError):
        channel.connection.drain_events(timeout=0.2)
    assert answers == []


def test_more_connections_than_allowed_are_refused(
    broker: RabbitServer, certificates: dict[UnitCode, TlsFiles], provisioner: Provisioner
) -> None:
    held = [connect(broker, certificates[BUREAU]) for _ in range(COUNTY.limits.connections)]
    with pytest.raises(NotAllowed):
        connect(broker, certificates[BUREAU])
    for connection in held:
        connection.close()


def test_the_hub_may_neither_read_inboxes_nor_send_in_a_units_name(hub: RabbitTransport) -> None:
    with pytest.raises(TransportError):
        hub.consumer([inbox_queue(TOWN)]).receive(1, 1)
    forged = Message(exchange=in_exchange(TOWN), key=Lane.NORMAL.value, body=b"", user=TOWN)
    assert hub.publisher().publish([forged]) == [PublishResult.REFUSED]


# ------------------------------------------------------------------------------------------- who gets in


def test_a_certificate_without_an_account_does_not_get_in(unit: Unit) -> None:
    with pytest.raises(TransportError):
        unit(STRANGER).consumer([inbox_queue(STRANGER)]).receive(1, 1)


def test_a_certificate_of_another_authority_does_not_get_in(
    broker: RabbitServer, tmp_path: Path, certificates: dict[UnitCode, TlsFiles], provisioner: Provisioner
) -> None:
    false = CountyAuthority.create(tmp_path).unit(TOWN)
    with pytest.raises((ssl.SSLError, OSError)):
        connect(broker, replace(false, authority=certificates[TOWN].authority))


@pytest.mark.parametrize("password", ["", "guess"])
def test_a_unit_has_no_password_to_guess(broker: RabbitServer, provisioner: Provisioner, password: str) -> None:
    transport = RabbitTransport(Rabbit(urls=(broker.url(TOWN, password, COUNTY.vhost),)))
    with pytest.raises(TransportError):
        transport.consumer([inbox_queue(TOWN)]).receive(1, 1)
    transport.close()


# ---------------------------------------------------------------------------------------- reconciliation


def test_a_second_time_changes_nothing(provisioner: Provisioner) -> None:
    again = provisioner.reconcile(COUNTY)
    assert (again.set, again.removed, again.conflicts) == ((), (), ())


def test_what_was_changed_by_hand_comes_back(provisioner: Provisioner, management: Management) -> None:
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    management.put("permissions", COUNTY.vhost, TOWN, body=everything)
    management.put("users", BUREAU, body={"password": "mine", "tags": "administrator"})
    management.put("users", COUNTY.hub_user, body={"password": "mine", "tags": ""})
    management.delete("exchanges", COUNTY.vhost, in_exchange(BUREAU))
    management.delete("queues", COUNTY.vhost, inbox_queue(BUREAU))
    management.delete("policies", COUNTY.vhost, "yidi-inbox")
    management.delete("user-limits", TOWN, "max-connections")
    changes = provisioner.reconcile(COUNTY)
    assert {f"permission county {TOWN}", f"user {BUREAU}", f"user {TOWN}", "user yidi-hub"} <= set(changes.set)
    assert {f"exchange county in.{BUREAU}", f"queue county inbox.{BUREAU}"} <= set(changes.set)
    assert "policy county yidi-inbox" in changes.set
    again = provisioner.reconcile(COUNTY)
    assert (again.set, again.removed, again.conflicts) == ((), (), ())


def test_a_unit_that_left_is_cut_off_at_once_and_nobody_else_is(
    provisioner: Provisioner, management: Management, unit: Unit
) -> None:
    town, bureau = unit(TOWN).consumer([inbox_queue(TOWN)]), unit(BUREAU).consumer([inbox_queue(BUREAU)])
    assert (town.receive(1, 0), bureau.receive(1, 0)) == ([], [])
    management.put("users", "somebody", body={"password": "else", "tags": ""})
    changes = provisioner.reconcile(replace(COUNTY, units=(BUREAU,)))
    assert set(changes.removed) == {
        f"user {TOWN}",
        f"exchange county in.{TOWN}",
        f"queue county inbox.{TOWN}",
    }
    with pytest.raises(TransportError):
        town.receive(1, 10)
    assert bureau.receive(1, 0) == []
    assert TOWN not in {one["name"] for one in management.get("users")}
    assert management.delete("users", "somebody")


def test_a_file_does_the_same_where_only_an_administrator_may(
    broker: RabbitServer, management: Management, tmp_path: Path
) -> None:
    county = replace(COUNTY, vhost="by-file", units=(TOWN,))
    file = tmp_path / "definitions.json"
    file.write_bytes(definitions(county))
    broker.rabbitmqctl("import_definitions", str(file))
    again = Provisioner(management).reconcile(county)
    assert (again.set, again.removed, again.conflicts) == ((), (), ())
    assert "hub-password" not in file.read_text()
    assert [one["name"] for one in json.loads(file.read_bytes())["users"]] == ["yidi-hub", TOWN]
    management.delete("vhosts", county.vhost)
    management.delete("users", TOWN)
    management.delete("users", COUNTY.hub_user)


def test_a_queue_made_otherwise_is_reported_and_left_alone(provisioner: Provisioner, management: Management) -> None:
    management.delete("queues", COUNTY.vhost, inbox_queue(TOWN))
    management.put("queues", COUNTY.vhost, inbox_queue(TOWN), body={"durable": True, "arguments": {}})
    assert provisioner.reconcile(COUNTY).conflicts == (f"queue county inbox.{TOWN}",)
