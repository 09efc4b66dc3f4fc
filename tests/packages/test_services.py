"""On a booted Debian without a network: hub and node as services, an upgrade of both, and no way back.

RabbitMQ, PostgreSQL and the packages come from the disk; what an administrator types is what docs/install.md says.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packages.booted import Booted, boot
from tests.packages.conftest import build
from tests.packages.older import OLDER, older_checkout

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("packages")]

HUB, NODE = "/var/lib/yidi", "/var/lib/yidi-node"
AS_SERVICE = ("setpriv", "--reuid=yidi", "--regid=yidi", "--clear-groups", "yidi")
SERVERS = """
echo "127.0.0.1 hub.example broker.example $(hostname)" >>/etc/hosts
rabbitmq-plugins enable rabbitmq_management rabbitmq_auth_mechanism_ssl
rabbitmqctl await_startup
rabbitmqctl add_user yidi-admin secret
rabbitmqctl set_user_tags yidi-admin administrator
rabbitmqctl set_permissions yidi-admin '.*' '.*' '.*'
cd / && setpriv --reuid=postgres --regid=postgres --clear-groups psql -qc "CREATE ROLE yidi LOGIN PASSWORD 'secret'"
setpriv --reuid=postgres --regid=postgres --clear-groups createdb --owner yidi yidi
umask 077
echo postgresql://yidi:secret@127.0.0.1/yidi >/var/lib/yidi/database.url
echo http://yidi-admin:secret@127.0.0.1:15672 >/var/lib/yidi/management.url
chown yidi: /var/lib/yidi/*.url
"""
TLS = f"""
install -d -o rabbitmq -g rabbitmq -m 700 /etc/rabbitmq/yidi
cd {HUB}/tls
install -o rabbitmq -g rabbitmq -m 600 clients.pem broker.pem broker.key /etc/rabbitmq/yidi/
sed 's#= /.*/#= /etc/rabbitmq/yidi/#' rabbitmq.conf >>/etc/rabbitmq/rabbitmq.conf
systemctl restart rabbitmq-server
rabbitmqctl await_startup
"""
UNITS = "code,name,category,level\n520304-001,甲局,government,county\n520304-002,乙局,government,county\n"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    checkout = older_checkout(tmp_path_factory.mktemp("older"))
    return build(tmp_path_factory.mktemp("older-packages"), checkout=checkout)


@pytest.fixture
def booted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Booted]:
    lower = request.config.getoption("--root-of")
    if lower == "/":
        pytest.skip("boots a bare Debian alone: ./run package")
    with boot(lower, tmp_path) as machine:
        yield machine


def put(machine: Booted, packages: dict[str, Path]) -> list[str]:
    for file in packages.values():
        shutil.copy(file, machine.root / "root")
    return [f"/root/{file.name}" for file in packages.values()]


def since(machine: Booted, unit: str, what: str) -> int:
    """When systemd last saw this of a unit, in microseconds since boot."""
    return int(machine("systemctl", "show", "--value", "--property", f"{what}EnterTimestampMonotonic", unit))


def send(machine: Booted, title: str) -> str:
    options = ("--data", NODE, "--from", "520304-001", "--to", "520304-002", "--title", title)
    return str(json.loads(machine(*AS_SERVICE, "send", *options, "--declared-by", "王芳", "--json"))["id"])


def arrives(machine: Booted, number: str) -> None:
    """At the other unit, sooner or later."""
    inbox = f"{' '.join(AS_SERVICE)} inbox --data {NODE} --unit 520304-002 --json"
    machine.until("sh", "-c", f"{inbox} | grep -q {number}")


def test_services_run_are_upgraded_with_their_data_and_do_not_go_back(
    packages: dict[str, Path], older: dict[str, Path], disk: Path, booted: Booted
) -> None:
    shutil.copytree(disk, booted.root / "disk")
    booted("/disk/install", "rabbitmq-server", "postgresql")
    assert "没有启动任何服务" in booted("dpkg", "-i", *put(booted, older))
    assert OLDER in booted("yidi", "--version")
    assert not booted.succeeds("systemctl", "is-active", "yidi-hub")

    # Hub and node, by the release before.
    booted("sh", "-euc", SERVERS)
    booted(*AS_SERVICE, "hub", "init", "--data", HUB, "--id", "hub.520304", "--name", "中心",
           "--database", f"@{HUB}/database.url", "--management", f"@{HUB}/management.url",
           "--broker", "amqp://yidi-hub@127.0.0.1:5672/%2F",
           "--url", "https://hub.example:8443", "--broker-tls", "broker.example:5671")  # fmt: skip
    booted("sh", "-euc", TLS)
    booted("sh", "-c", "printf '%s' \"$0\" >/tmp/units.csv", UNITS)
    booted(*AS_SERVICE, "hub", "units", "import", "/tmp/units.csv", "--data", HUB)
    booted("systemctl", "start", "yidi-hub")
    booted("install", "-m", "644", f"{HUB}/tls/ca.pem", "/tmp/ca.pem")
    booted.until("test", "-e", f"{HUB}/run/web-1.url")
    booted(*AS_SERVICE, "node", "init", "--data", NODE, "--hub", "https://hub.example:8443", "--ca", "/tmp/ca.pem")
    for unit in ("520304-001", "520304-002"):
        said = booted(*AS_SERVICE, "hub", "enroll", unit, "--data", HUB)
        code = re.search(r"\b[A-Z2-9]{5}(-[A-Z2-9]{5}){3}\b", said)
        assert code is not None, said
        booted(*AS_SERVICE, "node", "enroll", "--data", NODE, "--unit", unit, "--code", code[0])
    booted("systemctl", "start", "yidi-node")
    booted.until(
        "sh", "-c", f"{' '.join(AS_SERVICE)} node status --data {NODE} --json | grep -q '\"directory_version\": [1-9]'"
    )
    first = send(booted, "升级之前")
    arrives(booted, first)
    booted("sh", "-c", "echo YIDI_LANG=en >>/etc/default/yidi-hub")

    # The upgrade. Both ship another file of defaults: the changed one stays, the other is replaced.
    began = int(float(booted("cut", "-d ", "-f1", "/proc/uptime")) * 1e6)
    booted("dpkg", "--force-confold", "-i", *put(booted, packages))
    assert booted("tail", "-n", "1", "/etc/default/yidi-hub").strip() == "YIDI_LANG=en"
    assert "CLOCK" not in booted("cat", "/etc/default/yidi-node")
    assert OLDER not in booted("yidi", "--version")
    for unit in ("yidi-hub", "yidi-node"):
        assert booted("systemctl", "show", "--value", "--property", "Type", unit).strip() == "notify"
        assert booted("systemctl", "is-active", unit).strip() == "active"  # it has said that it is ready
        assert since(booted, unit, "Active") > since(booted, unit, "Inactive") > began
    assert since(booted, "yidi-node", "Inactive") < since(booted, "yidi-hub", "Inactive"), "the node ends first"
    status = booted(*AS_SERVICE, "hub", "status", "--data", HUB)
    second = send(booted, "升级之后")
    for number in (first, second):
        arrives(booted, number)
    assert booted(*AS_SERVICE, "ledger", "verify", "--data", HUB), status

    # What the services wrote, as journald keeps it.
    booted("usermod", "-aG", "systemd-journal", "yidi")
    as_member = ("setpriv", "--reuid=yidi", "--regid=yidi", "--init-groups", "yidi")
    told = json.loads(booted(*as_member, "trace", second, "--journal", "--data", NODE, "--json"))["steps"]
    events = {(one["process"].partition("-")[0], one["event"]) for one in told}
    assert events >= {("router", "envelope_accepted"), ("node", "envelope_relayed"), ("node", "envelope_delivered")}, (
        told
    )

    # Back: refused, and everything goes on.
    said = booted("dpkg", "-i", *put(booted, older), fails=True)
    assert said.count("旧版本读不了新版本写过的数据") == 2 * len(
        older
    )  # the prerm of each, and that of what was to come
    assert OLDER not in booted("yidi", "--version")
    assert booted("dpkg", "--audit") == ""
    for unit in ("yidi-hub", "yidi-node"):
        assert booted("systemctl", "is-active", unit).strip() == "active"
    assert since(booted, "yidi-hub", "Active") > began

    for unit in ("yidi-hub", "yidi-node"):
        assert booted("systemd-analyze", "verify", f"{unit}.service").strip() == ""
