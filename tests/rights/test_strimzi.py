"""What is printed for Strimzi has every topic and every right of the tables, read back by a YAML parser."""

import re
from typing import Any, cast

import pytest
import yaml

from streams.errors import UsageError
from streams.kafka.rights.programs import intake
from streams.kafka.rights.right import Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.kafka.strimzi import USERS, Cluster, Size, app_manifests, as_yaml, resource_name, user_manifest
from streams.kafka.topic_specs import intake_specs, topic_specs
from streams.settings import Settings
from tests.rights.test_acls import NAMES
from tests.support.commands import tierflow
from tests.support.deploy_tools import check_manifests

Manifests = list[dict[str, Any]]
KINDS = {"topic": "topic", "group": "group", "transactionalId": "transactional id"}


def settings(**names: str) -> Settings:
    return Settings.from_environment(names, dotenv=None)


def printed(these: Settings, sources: dict[str, str] | None = None) -> Manifests:
    return read(as_yaml(app_manifests(these, Cluster("bank"), Size(12, 3), sources)))


def read(text: str) -> Manifests:
    return list(yaml.safe_load_all(text))


def of_kind(manifests: Manifests, kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each["spec"] for each in manifests if each["kind"] == kind}


def rights_in(user: dict[str, Any]) -> list[Right]:
    return [
        Right(
            cast("Any", re.sub(r"(?<!^)(?=[A-Z])", "_", operation).upper()),
            cast("Any", KINDS[acl["resource"]["type"]]),
            acl["resource"]["name"],
            prefixed=acl["resource"]["patternType"] == "prefix",
        )
        for acl in user["authorization"]["acls"]
        for operation in acl["operations"]
    ]


def test_every_topic_is_there_as_the_table_has_it() -> None:
    topics = of_kind(printed(settings()), "KafkaTopic")
    assert topics == {
        spec.name: {"partitions": 1 if spec.single_partition else 12, "replicas": 3, "config": dict(spec.config)}
        for spec in topic_specs(settings())
    }


def test_every_program_has_its_rights_and_no_others() -> None:
    users = of_kind(printed(settings()), "KafkaUser")
    assert sorted(users) == ["tierflow-console", "tierflow-deliver", "tierflow-worker"]
    for name, roles in USERS.items():
        rights = rights_of(row for role in roles for row in ROLES[role](settings()))
        found = rights_in(users[f"tierflow-{name}"])
        assert len(found) == len(set(found))
        assert set(found) == set(rights)


def test_with_a_mapping_intake_has_its_user_and_the_topic_of_its_dead_letters() -> None:
    sources = {"core": "core.bookings"}
    manifests = printed(settings(), sources)
    letters, changelog = intake_specs(settings(), sources)
    assert of_kind(manifests, "KafkaTopic")[letters.name]["config"] == dict(letters.config)
    assert changelog.name not in of_kind(manifests, "KafkaTopic")
    rights = {*rights_of(intake(settings(), sources))}
    rights |= {Right("CREATE", "topic", changelog.name), Right("ALTER", "topic", changelog.name)}
    assert set(rights_in(of_kind(manifests, "KafkaUser")["tierflow-intake"])) == rights


def test_all_belong_to_the_cluster() -> None:
    manifests = printed(settings())
    assert {each["apiVersion"] for each in manifests} == {"kafka.strimzi.io/v1"}
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in manifests} == {"bank"}


def test_a_topic_whose_name_kubernetes_does_not_take_keeps_it_as_its_topic_name() -> None:
    these = settings(TIERFLOW_INPUT_PREFIX="Bank_", TIERFLOW_APP_ID="T_2")
    topics = of_kind(printed(these), "KafkaTopic")
    assert {spec.get("topicName", name) for name, spec in topics.items()} == {spec.name for spec in topic_specs(these)}
    assert all(resource_name(name) == name for name in topics)


def test_names_that_are_alike_stay_apart() -> None:
    names = ["bank.a-b", "bank.a_b", "bank.A-b", "-bank.a-b", "_", "on", "1"]
    assert len({resource_name(name) for name in names}) == len(names)
    assert [resource_name(name) for name in ("bank.a-b", "on", "1")] == ["bank.a-b", "on", "1"]


@pytest.mark.parametrize("text", ["on", "No", "1.0", "-1", "null", "~", "a: b", "a #b", "*", "", "1e3", "高", "0x1f"])
def test_no_text_is_taken_for_something_else(text: str) -> None:
    assert read(as_yaml([{"name": text, "names": [text, text], "inner": [{"name": text, "count": 1}]}])) == [
        {"name": text, "names": [text, text], "inner": [{"name": text, "count": 1}]}
    ]


@pytest.mark.parametrize("name", ["CN=a", "A", "a_b", "", "a" * 65])
def test_a_user_whose_name_cannot_be_is_said(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a KafkaUser"):
        user_manifest(name, [], Cluster("bank"))


def test_topics_create_prints_all_without_a_broker() -> None:
    said = tierflow(
        NAMES, "topics", "create", "--as", "strimzi", "--cluster", "bank", "--partitions", "12", "--replication", "3"
    )
    assert said.status == 0
    assert read(said.out) == printed(settings())


def test_acls_prints_a_user_with_its_group_for_a_host() -> None:
    role = ("acls", "--role", "reader", "--group", "g", "--principal", "User:campaigns", "--host", "10.0.0.1")
    said = tierflow(NAMES, *role, "--as", "strimzi", "--cluster", "bank", "--authentication", "scram-sha-512")
    [user] = read(said.out)
    assert user["metadata"]["name"] == "campaigns"
    assert user["spec"]["authentication"] == {"type": "scram-sha-512"}
    assert {acl["host"] for acl in user["spec"]["authorization"]["acls"]} == {"10.0.0.1"}
    assert set(rights_in(user["spec"])) == {*rights_of(ROLES["reader"](settings())), Right("READ", "group", "g")}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--as", "helm"], "--as is 'helm'; write strimzi"),
        (["--as", "strimzi"], "--as strimzi needs --cluster"),
        (["--cluster", "bank"], "--cluster is for --as strimzi"),
        (["--as", "strimzi", "--cluster", "bank", "--authentication", "plain"], "--authentication is 'plain'; write"),
    ],
)
def test_what_cannot_be_is_said(options: list[str], what: str) -> None:
    said = tierflow(NAMES, "topics", "create", *options)
    assert said.status == 2
    assert what in said.err


def test_what_is_printed_fits_the_schemas_of_strimzi() -> None:
    check_manifests(as_yaml(app_manifests(settings(), Cluster("bank"), Size(12, 3), {"core": "core.bookings"})))
