"""Making a hub for real servers and a far node: what is written, who may read it, and what is refused. The servers
themselves are not asked: tests/servers does that."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.directory.snapshot import Directory
from exchange.directory.update import add_key, add_units, revoke_key
from exchange.errors import InputError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.testing.keys import county
from exchange.testing.metrics import RecordingLog
from exchange.transport.provisioning import County
from exchange.trust.certificates import key_entry
from exchange.wiring.desk import open_desk
from exchange.wiring.founding import HubPlan, found_hub, found_node
from exchange.wiring.layout import Layout
from exchange.wiring.places import HubPlace
from exchange.wiring.provision import county_of, provision

UNIT = Unit(code=UnitCode("520304-001"), name="甲局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY)


def plan(tmp_path: Path, **changed: str | None) -> HubPlan:
    fields = {
        "hub": "hub.520304",
        "name": '甲"县',
        "database": f"sqlite:///{tmp_path / 'hub.sqlite'}",
        "broker": "amqp://yidi-hub:s%2Fecret-word@127.0.0.1:5672/county",
        "management": None,
        "url": "https://127.0.0.1:8443",
        "broker_tls": "broker.example:5671",
    }
    return HubPlan(**(fields | changed))  # type: ignore[arg-type]  # one test each gives a wrong one


@pytest.fixture
def place(tmp_path: Path) -> HubPlace:
    return found_hub(tmp_path / "hub", plan(tmp_path), RecordingLog())


def test_the_settings_say_what_was_asked_for_and_hold_no_secret(place: HubPlace) -> None:
    root, settings = place.layout.root, place.settings
    assert (settings.hub, settings.name, settings.http.port) == ("hub.520304", '甲"县', 8443)
    broker = settings.http.broker
    assert (broker.host, broker.port, broker.virtual_host) == ("broker.example", 5671, "county")
    assert "secret-word" not in (root / "hub.toml").read_text(encoding="utf-8")
    assert (root / "secrets" / "broker").read_text() == "s/ecret-word\n"


def test_secrets_and_keys_are_their_owners_alone(place: HubPlace) -> None:
    root = place.layout.root
    private = [path for folder in ("secrets", "hub/keys") for path in (root / folder).iterdir()]
    private += [root / "tls" / "hub.key", root / "tls" / "broker.key"]
    assert len(private) >= 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_a_password_is_made_when_none_is_given(tmp_path: Path) -> None:
    bare = plan(tmp_path, broker="amqp://yidi-hub@127.0.0.1:5672/%2F")
    county = county_of(place := found_hub(tmp_path / "hub", bare, RecordingLog()), _directory(place))
    assert len(county.hub_password) >= 20
    assert (county.hub_user, county.vhost) == ("yidi-hub", "/")


def test_the_hubs_password_may_stand_in_the_url_or_a_certificate_take_its_place(place: HubPlace) -> None:
    def county_with(url: str) -> County:
        rabbit = place.settings.rabbit.model_copy(update={"urls": (url,), "password_file": ""})
        changed = replace(place, settings=place.settings.model_copy(update={"rabbit": rabbit}))
        return county_of(changed, _directory(place))

    assert county_with("amqp://yidi-hub:w%2Frd@127.0.0.1/x").hub_password == "w/rd"
    assert county_with("amqps://yidi-hub@127.0.0.1/x").hub_password == ""
    with pytest.raises(InputError, match="name the hub's account"):
        county_with("amqps://127.0.0.1/x")


def test_the_broker_is_to_hold_the_active_units_of_the_directory(place: HubPlace) -> None:
    desk = open_desk(place.layout, RecordingLog())
    desk.administration().administrator.change(lambda directory: add_units(directory, [UNIT]))
    county = county_of(place, desk.directory())
    desk.close()
    assert (county.units, county.hub_user, county.vhost) == ((UNIT.code,), "yidi-hub", "county")
    assert county.hub_password == "s/ecret-word"


def test_a_unit_whose_every_key_is_revoked_loses_its_account(place: HubPlace) -> None:
    key = key_entry(county(1).signers[UNIT.code].certificate)
    enrolled = add_key(add_units(_directory(place), [UNIT]), UNIT.code, key)
    assert county_of(place, enrolled).units == (UNIT.code,)
    revoked = revoke_key(enrolled, UNIT.code, key.fingerprint, key.valid_from, "stolen")
    assert county_of(place, revoked).units == ()


def test_a_broker_of_others_is_never_asked(place: HubPlace) -> None:
    with pytest.raises(InputError) as refused:
        provision(place, _directory(place))
    assert refused.value.code == "NO_MANAGEMENT"


@pytest.mark.parametrize(
    "changed",
    [
        {"broker": "http://yidi-hub@127.0.0.1"},
        {"broker": "amqp://127.0.0.1/"},
        {"url": "https://hub.example"},
        {"broker_tls": "broker.example"},
        {"database": "mysql://x/y"},
    ],
)
def test_a_wrong_address_is_refused_before_anything_is_made(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(InputError):
        found_hub(tmp_path / "hub", plan(tmp_path, **changed), RecordingLog())
    assert not (tmp_path / "hub").exists()


def test_a_second_hub_or_node_in_the_same_place_is_refused(tmp_path: Path, place: HubPlace) -> None:
    root = place.layout.root
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as hub:
        found_hub(root, plan(tmp_path), RecordingLog())
    with pytest.raises(InputError) as node:
        found_node(root, "https://hub.example:8443", root / "tls" / "ca.pem", "none")
    assert (hub.value.code, node.value.code) == ("EXISTS", "EXISTS")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_keys_are_never_written_over_while_the_database_holds_what_they_signed(tmp_path: Path, place: HubPlace) -> None:
    keys = {path: path.read_bytes() for path in (place.layout.hub / "keys").iterdir()}
    (place.layout.root / "hub.toml").unlink()
    with pytest.raises(InputError) as refused:
        found_hub(place.layout.root, plan(tmp_path), RecordingLog())
    assert refused.value.code == "EXISTS"
    assert {path: path.read_bytes() for path in (place.layout.hub / "keys").iterdir()} == keys


def test_at_a_hub_there_is_no_node_and_at_a_node_no_hub(tmp_path: Path, place: HubPlace) -> None:
    desk = open_desk(place.layout, RecordingLog())
    assert desk.directory().version == 1
    with pytest.raises(InputError) as refused:
        _ = desk.node
    assert refused.value.code == "NO_NODE"
    desk.close()
    node = found_node(tmp_path / "node", "https://127.0.0.1:8443", place.layout.root / "tls" / "ca.pem", "none")
    node.layout.anchor_file.write_text(place.layout.anchor_file.read_text())
    desk = open_desk(Layout(tmp_path / "node"), RecordingLog())
    with pytest.raises(InputError) as refused:
        desk.administration()
    assert refused.value.code == "NO_HUB"
    desk.close()


def _directory(place: HubPlace) -> Directory:
    desk = open_desk(place.layout, RecordingLog())
    try:
        return desk.directory()
    finally:
        desk.close()
