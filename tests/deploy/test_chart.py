"""The Helm chart: helm and the schemas take it, and what its manifests say is what the programs need."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml

from streams.cli.commands import app
from streams.security.hosts import matches
from streams.settings import Settings
from tests.support.deploy_tools import CHART, KUBERNETES, PROJECT, Manifest, check_manifests, manifests, rendered, run

HERE = Path(__file__).parent
LEAST, EVERYTHING = HERE / "least.yaml", HERE / "everything.yaml"
SETTINGS = set(re.findall(r"^#([A-Z_]+)=", (PROJECT / "config/tierflow.env").read_text(), flags=re.MULTILINE))
PROGRAMS = {"worker", "intake", "deliver", "console"}


@cache
def text_of(values: Path) -> str:
    return rendered("--namespace", "tiering", "--values", str(values))


@cache
def made(values: Path) -> list[Manifest]:
    return manifests(text_of(values))


def of_kind(values: Path, *kinds: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in made(values) if each["kind"] in kinds}


def workloads(values: Path = EVERYTHING) -> dict[str, Manifest]:
    found = of_kind(values, "StatefulSet", "Deployment")
    return {name.removeprefix("tierflow-"): each["spec"] for name, each in found.items()}


def pods(values: Path = EVERYTHING) -> dict[str, Manifest]:
    return {name: each["template"]["spec"] for name, each in workloads(values).items()}


def containers(values: Path = EVERYTHING) -> dict[str, Any]:
    found = {}
    for name, pod in pods(values).items():
        [found[name]] = pod["containers"]
    return found


def variables(name: str, values: Path = EVERYTHING) -> dict[str, str]:
    given = {each["name"]: each.get("value", "a-secret") for each in containers(values)[name]["env"]}
    return {key: value.replace("$(POD_NAME)", "tierflow-worker-1") for key, value in given.items()}


@pytest.mark.parametrize("values", [LEAST, EVERYTHING], ids=lambda path: path.stem)
def test_helm_takes_the_chart(values: Path) -> None:
    told = run("helm", "lint", "--strict", "--kube-version", KUBERNETES, "--values", str(values), str(CHART))
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("values", [LEAST, EVERYTHING], ids=lambda path: path.stem)
def test_every_manifest_fits_its_schema(values: Path) -> None:
    check_manifests(text_of(values))


def test_a_field_that_is_misspelt_is_found() -> None:
    with pytest.raises(AssertionError, match="'terminationGracePeriod' not allowed"):
        check_manifests(text_of(LEAST).replace("terminationGracePeriodSeconds", "terminationGracePeriod"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["kafka.bootstrapServers="], "kafka/bootstrapServers"),
        (["kafka.bootstrapServers=kafka"], "kafka/bootstrapServers"),
        (["http.token.secret="], "http/token/secret"),
        (["worker.replica=2"], "'replica' not allowed"),
        (["worker.replicas=0"], "worker/replicas"),
        (["image.tag=latest"], "image/tag"),
        (["image.digest=sha256:12"], "image/digest"),
        (["intake.enabled=true"], "intake/sources"),
        (["deliver.enabled=true"], "deliver/endpoints"),
        (["console.enabled=true"], "console"),
        (["settings.TIERFLOW_APP_ID=x"], "invalid propertyName 'TIERFLOW_APP_ID'"),
        (["settings.TIERFLOW_LOAN_WAIT_MS=500"], "got number, want string"),
    ],
)
def test_values_that_cannot_be_are_refused(options: list[str], said: str) -> None:
    given = [part for option in options for part in ("--set", option)]
    told = run("helm", "template", "tierflow", str(CHART), "--kube-version", KUBERNETES, "--values", str(LEAST), *given)
    assert told.returncode != 0
    assert said in told.stderr


def test_all_programs_are_there_and_are_commands() -> None:
    commands = typer.main.get_command(app)
    assert set(workloads()) == PROGRAMS
    assert set(workloads(LEAST)) == {"worker"}
    for name, container in containers().items():
        assert container["args"][0] == name
        assert name in commands.commands or name == "console"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_pod_has_no_rights(name: str) -> None:
    pod, container = pods()[name], containers()[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    assert isinstance(pod["securityContext"]["runAsUser"], int)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_pod_gets_no_variables_of_services_which_would_be_settings(name: str) -> None:
    assert pods()[name]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_is_not_process_1(name: str) -> None:
    assert pods()[name]["shareProcessNamespace"] is True


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_pod_has_longer_than_a_program_needs_to_end(name: str) -> None:
    assert pods()[name]["terminationGracePeriodSeconds"] > 20


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_variable_is_a_setting_and_stands_once(name: str) -> None:
    names = [each["name"] for each in containers()[name]["env"]]
    assert len(names) == len(set(names))
    assert {each for each in names if each not in SETTINGS and "_CONSOLE_" not in each} <= {"POD_NAME"}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_files_that_variables_name_are_mounted(name: str) -> None:
    mounts = [each["mountPath"] for each in containers()[name]["volumeMounts"]]
    volumes = {each["name"] for each in pods()[name]["volumes"]}
    volumes |= {each["metadata"]["name"] for each in workloads()[name].get("volumeClaimTemplates", [])}
    named = [value for value in [*variables(name).values(), *containers()[name]["args"]] if value.startswith("/")]
    assert {each["name"] for each in containers()[name]["volumeMounts"]} == volumes
    assert [path for path in named if not any(path.startswith(f"{mount}/") for mount in mounts)] == []
    assert "subPath" not in text_of(EVERYTHING)


def test_the_settings_of_a_worker_can_be_used_and_its_peers_are_the_other_workers(tmp_path: Path) -> None:
    given = variables("worker", LEAST) | {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT", "HOME": str(tmp_path)}
    settings = Settings.from_environment(given, dotenv=None)
    host = urlsplit(settings.http_url).hostname or ""
    assert matches(host, settings.http_peers)
    assert not matches(host.replace(".tiering.", ".elsewhere."), settings.http_peers)
    [service] = [name for name in of_kind(LEAST, "Service") if name == workloads(LEAST)["worker"]["serviceName"]]
    assert host == f"tierflow-worker-1.{service}.tiering.svc"


def test_another_policy_restarts_nobody(tmp_path: Path) -> None:
    values = yaml.safe_load(EVERYTHING.read_text())
    values["policy"]["text"] = "another one"
    other = tmp_path / "other.yaml"
    other.write_text(json.dumps(values))
    assert workloads(other) == workloads(EVERYTHING)
    assert of_kind(other, "ConfigMap") != of_kind(EVERYTHING, "ConfigMap")


def test_another_mapping_restarts_intake_alone_and_all_of_it_at_once(tmp_path: Path) -> None:
    values = yaml.safe_load(EVERYTHING.read_text())
    values["intake"]["sources"]["text"] = "another one"
    other = tmp_path / "other.yaml"
    other.write_text(json.dumps(values))
    before, after = workloads(EVERYTHING), workloads(other)
    assert {name for name in before if before[name] != after[name]} == {"intake"}
    assert after["intake"]["strategy"] == {"type": "Recreate"}


def test_another_version_of_the_chart_restarts_nobody() -> None:
    for workload in workloads().values():
        labels = workload["template"]["metadata"]["labels"]
        assert labels == workload["selector"]["matchLabels"]
        assert set(labels) == {f"app.kubernetes.io/{name}" for name in ("name", "instance", "component")}


def test_deliver_is_renewed_without_a_process_more() -> None:
    assert workloads()["deliver"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_the_number_of_workers_is_kedas_where_it_is_asked() -> None:
    [scaled] = of_kind(EVERYTHING, "ScaledObject").values()
    assert "replicas" not in workloads()["worker"]
    assert workloads(LEAST)["worker"]["replicas"] == 2
    assert scaled["spec"]["minReplicaCount"] > 0
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["metadata"]["consumerGroup"] == variables("worker")["TIERFLOW_APP_ID"]
    assert all(isinstance(value, str) for value in trigger["metadata"].values())


def test_each_program_has_a_budget_of_disruptions() -> None:
    budgets = {name: each["spec"] for name, each in of_kind(EVERYTHING, "PodDisruptionBudget").items()}
    assert {name.removeprefix("tierflow-") for name in budgets} == PROGRAMS
    for name, spec in budgets.items():
        assert spec["maxUnavailable"] == 1
        assert spec["selector"] == workloads()[name.removeprefix("tierflow-")]["selector"]


def test_each_program_has_a_network_policy_and_no_rule_of_it_lets_everybody_in() -> None:
    for values in (LEAST, EVERYTHING):
        policies = {
            name.removeprefix("tierflow-"): each["spec"] for name, each in of_kind(values, "NetworkPolicy").items()
        }
        assert set(policies) == set(workloads(values))
        for name, spec in policies.items():
            [port] = containers(values)[name]["ports"]
            assert spec["podSelector"] == workloads(values)[name]["selector"]
            assert spec["policyTypes"] == ["Ingress", "Egress"]
            assert all(rule["from"] for rule in spec["ingress"])
            assert all(
                rule["ports"] == [{"port": port["containerPort"], "protocol": "TCP"}] for rule in spec["ingress"]
            )


def test_each_monitor_finds_one_service_and_its_port() -> None:
    services = of_kind(EVERYTHING, "Service")
    monitors = of_kind(EVERYTHING, "ServiceMonitor")
    assert set(monitors) == {"tierflow-worker", "tierflow-intake", "tierflow-deliver"}
    for monitor in monitors.values():
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        [service] = [each for each in services.values() if wanted <= each["metadata"]["labels"].items()]
        assert [each["port"] for each in monitor["spec"]["endpoints"]] == [service["spec"]["ports"][0]["name"]]


def test_the_chart_is_of_this_release() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    release = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert chart["appVersion"] == release
    assert chart["version"].partition("-")[0] == release.partition(".dev")[0]


def test_every_value_has_a_default_and_a_schema() -> None:
    values, schema = (
        yaml.safe_load((CHART / "values.yaml").read_text()),
        json.loads((CHART / "values.schema.json").read_text()),
    )
    assert set(values) == set(schema["properties"]) - {"global"}
    for name in PROGRAMS:
        assert set(values[name]) == set(schema["properties"][name]["properties"])
