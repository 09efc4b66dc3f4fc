"""Certificates of a hub's servers: renewed here, or brought from another authority; nothing is changed by a refusal."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange.errors import CertificateError, InputError
from exchange.testing.metrics import RecordingLog
from exchange.trust.authority import Authority
from exchange.trust.servers import certificate_pem, check_server, issue_server, server_end
from exchange.wiring.founding import HubPlan, found_hub
from exchange.wiring.places import HubPlace
from exchange.wiring.tls import install_tls, renew_tls, servers_of

NOW = datetime.now(UTC)
HOSTS = {"hub": "hub.example", "broker": "broker.example"}


@pytest.fixture
def place(tmp_path: Path) -> HubPlace:
    plan = HubPlan(
        hub="hub.520304",
        name="测试县",
        database=f"sqlite:///{tmp_path / 'hub.sqlite'}",
        broker="amqp://yidi-hub@127.0.0.1:5672/%2F",
        management=None,
        url="https://hub.example:8443",
        broker_tls="broker.example:5671",
    )
    return found_hub(tmp_path / "hub", plan, RecordingLog())


def files(place: HubPlace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (place.layout.root / "tls").iterdir()}


def test_renewing_gives_new_keys_for_the_same_hosts_and_changes_whom_to_trust_in_nothing(place: HubPlace) -> None:
    before, later = files(place), NOW + timedelta(days=800)
    renew_tls(place, later)
    after = files(place)
    assert servers_of(place) == HOSTS
    for server, host in HOSTS.items():
        assert before[f"{server}.key"] != after[f"{server}.key"]
        check_server(after[f"{server}.pem"], after[f"{server}.key"], [host], later)
        assert server_end(after[f"{server}.pem"]) > server_end(before[f"{server}.pem"])
        key = place.layout.root / "tls" / f"{server}.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for same in ("ca.pem", "clients.pem", "rabbitmq.conf"):
        assert before[same] == after[same]
    assert set(before) == set(after)


def test_another_authoritys_certificate_serves_both_while_units_still_log_in_with_the_countys(place: HubPlace) -> None:
    other = Authority.create("他县", NOW)
    certificate, key = issue_server(other, list(HOSTS.values()), NOW)
    ca, own = certificate_pem(other.certificate), files(place)["ca.pem"]
    install_tls(place, certificate, key, ca, NOW)
    after = files(place)
    assert after["hub.pem"] == after["broker.pem"] == certificate
    assert after["hub.key"] == after["broker.key"] == key
    assert after["clients.pem"] == own
    assert own in after["ca.pem"]
    assert ca.strip() in after["ca.pem"]
    renew_tls(place, NOW)  # back to its own: nodes trust both by now
    assert files(place)["hub.pem"] != certificate


@pytest.mark.parametrize("hosts", [["hub.example"], ["broker.example"], ["elsewhere.example"]])
def test_a_certificate_that_does_not_serve_both_is_refused_and_nothing_is_changed(
    place: HubPlace, hosts: list[str]
) -> None:
    before = files(place)
    certificate, key = issue_server(Authority.create("他县", NOW), hosts, NOW)
    with pytest.raises(CertificateError, match="not for"):
        install_tls(place, certificate, key, None, NOW)
    assert files(place) == before


def test_where_nodes_do_not_trust_the_countys_authority_renewing_is_refused(place: HubPlace) -> None:
    ca_file = place.layout.root / "tls" / "ca.pem"
    ca_file.write_bytes(certificate_pem(Authority.create("他县", NOW).certificate))
    before = files(place)
    with pytest.raises(InputError) as refused:
        renew_tls(place, NOW)
    assert refused.value.code == "TLS_AUTHORITY"
    assert files(place) == before
