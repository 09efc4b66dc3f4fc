"""The Helm chart, rendered by Helm's own engine: what it makes is valid, and names only what there is."""

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml
from helm_python import Chart, HelmError

from exchange.settings import HubSettings
from tests.docs.names import commands

ROOT: Final = Path(__file__).parents[3]
OWN_SERVERS: Final[dict[str, Any]] = {
    "hub": {"workers": {"router": 3, "acknowledger": 2, "clock": 1}, "settings": {"QUOTA__DOCUMENTS_PER_DAY": "5"}},
    "database": {"create": False, "secret": {"name": "database"}},
    "broker": {"create": False, "url": "amqp://yidi-hub@broker:5672/%2F", "management": {"name": "management"}},
    "monitoring": {"enabled": False},
}
NOT_KUBERNETES: Final = {"PodMonitor", "PrometheusRule", "Cluster", "RabbitmqCluster"}  # operators bring their schemas


@lru_cache
def chart() -> Chart:
    return Chart.load(ROOT / "deploy" / "helm" / "yidi-hub")


def rendered(values: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """`Kind name` -> the object."""
    files = chart().render(values=values or {}, name="hub", namespace="yidi")
    objects = [one for text in files.values() for one in yaml.safe_load_all(text) if one]
    return {f"{one['kind']} {one['metadata']['name']}": one for one in objects}


def containers(objects: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    pod = objects["StatefulSet hub"]["spec"]["template"]["spec"]
    return [*pod["initContainers"], *pod["containers"]]


@pytest.mark.parametrize("values", [{}, OWN_SERVERS], ids=["operators", "own servers"])
def test_what_it_makes_is_what_kubernetes_takes(values: dict[str, Any]) -> None:
    chart().validate_schema(values)
    for one in rendered(values).values():
        if one["kind"] not in NOT_KUBERNETES:
            kubernetes_validate.validate(one, "1.30", strict=True)


def test_servers_of_ones_own_are_not_made_again() -> None:
    made = set(rendered()) - set(rendered(OWN_SERVERS))
    assert {"Cluster hub-database", "RabbitmqCluster hub-broker", "PrometheusRule hub"} <= made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("migration.deadlineSeconds", 5),
        ("hub.url", "http://hub.example:8443"),
        ("hub.url", "https://hub.example"),
        ("hub.id", "520304"),
        ("hub.workers.router", 0),
        ("hub.workers.routr", 1),
        ("hub.storage.size", "many"),
        ("database.create", False),
        ("broker.create", False),
        ("broker.replicas", 2),
        ("surprise", 1),
    ],
)
def test_values_that_cannot_be_are_refused(path: str, value: object) -> None:
    values: dict[str, Any] = {}
    *rooms, last = path.split(".")
    room = values
    for name in rooms:
        room = room.setdefault(name, {})
    room[last] = value
    with pytest.raises(HelmError):
        chart().validate_schema(values)


def test_each_worker_runs_as_often_as_asked_and_is_looked_at_where_it_listens() -> None:
    objects = rendered(OWN_SERVERS)
    workers = containers(objects)[1:]
    assert [one["name"] for one in workers] == [
        "acknowledger-1", "acknowledger-2", "clock-1", "router-1", "router-2", "router-3", "sealer-1", "web-1",
    ]  # fmt: skip
    ports = [int(one["command"][one["command"].index("--port") + 1]) for one in workers]
    assert len(set(ports)) == len(ports)
    assert [one["ports"][0]["containerPort"] for one in workers] == ports
    assert {one[probe]["httpGet"]["port"] for one in workers for probe in ("livenessProbe", "readinessProbe")} == set(
        ports
    )
    (metrics,) = (
        rule["ports"][0] for rule in objects["NetworkPolicy hub"]["spec"]["ingress"] if "endPort" in rule["ports"][0]
    )
    assert metrics["port"] <= min(ports)
    assert max(ports) <= metrics["endPort"]


def test_prometheus_asks_every_worker_and_has_every_alert() -> None:
    objects = rendered()
    names = {one["ports"][0]["name"] for one in containers(objects)[1:]}
    assert {one["port"] for one in objects["PodMonitor hub"]["spec"]["podMetricsEndpoints"]} == names
    alerts = yaml.safe_load((ROOT / "deploy" / "prometheus" / "yidi-alerts.yml").read_text(encoding="utf-8"))
    assert objects["PrometheusRule hub"]["spec"] == alerts


def test_the_commands_and_settings_that_it_names_exist() -> None:
    options = {name for parameter in commands()["worker"].params for name in parameter.opts}
    for one in containers(rendered(OWN_SERVERS))[1:]:
        assert {word for word in one["command"] if word.startswith("--")} <= options
        for variable in one["env"]:
            fields: Any = HubSettings.model_fields
            for part in variable["name"].removeprefix("YIDI_").lower().split("__"):
                field = fields[part]
                fields = getattr(field.annotation, "model_fields", {})
    (init,) = containers(rendered())[:1]
    known = {name for parameter in commands()["hub init"].params for name in parameter.opts}
    script = init["args"][0]
    assert {word for word in script.split() if word.startswith("--")} <= known


@pytest.mark.parametrize(("values", "secret"), [({}, "hub-database-app"), (OWN_SERVERS, "database")])
def test_the_database_is_migrated_before_an_upgrade_touches_the_hub(values: dict[str, Any], secret: str) -> None:
    objects = rendered(values)
    job = objects["Job hub-migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    pod = job["spec"]["template"]
    # Not the hub's volume: the running pod has it for itself.
    volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
    assert set(volumes) == {"made", "tmp", "database"}
    assert volumes["database"]["secret"]["secretName"] == secret
    assert volumes["database"] in objects["StatefulSet hub"]["spec"]["template"]["spec"]["volumes"]
    script = pod["spec"]["containers"][0]["args"][0]
    options = {name for parameter in commands()["hub migrate"].params for name in parameter.opts}
    assert {word for word in script.split() if word.startswith("--")} <= options
    # Nobody takes it for the hub.
    chosen = objects["Service hub"]["spec"]["selector"]
    assert not chosen.items() <= pod["metadata"]["labels"].items()
    assert "Job hub-migrate" not in rendered({**values, "migration": {"job": False}})


def test_no_container_may_more_than_it_needs() -> None:
    objects = rendered()
    pod = objects["StatefulSet hub"]["spec"]["template"]["spec"]
    assert (pod["automountServiceAccountToken"], pod["securityContext"]["runAsNonRoot"]) == (False, True)
    (migrate,) = objects["Job hub-migrate"]["spec"]["template"]["spec"]["containers"]
    for one in (*containers(objects), migrate):
        confined = one["securityContext"]
        assert confined["readOnlyRootFilesystem"]
        assert not confined["allowPrivilegeEscalation"]
        assert confined["capabilities"] == {"drop": ["ALL"]}


def test_what_was_committed_stands_on_two_machines() -> None:
    """By the way that waits for a second one: `minSyncReplicas` goes on without."""
    spec = rendered()["Cluster hub-database"]["spec"]
    assert spec["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
    assert "synchronous" not in str(rendered({"database": {"instances": 1}})["Cluster hub-database"])


def test_defaults_hold_no_password() -> None:
    values = copy.deepcopy(chart().values)
    assert "password" not in str(values).lower()
    assert "Secret" not in {one["kind"] for one in rendered().values()}
