"""Topics and rights as resources of Strimzi, the operator of Kafka on Kubernetes: KafkaTopic and KafkaUser.

They are made of the tables that everything else goes by: topic_specs.py and `rights`. Of the API version v1, which
Strimzi has had since 0.49.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from streams.errors import UsageError
from streams.kafka.acls import camel_case, operations_by_place
from streams.kafka.rights.programs import intake
from streams.kafka.rights.right import Operation, Resource, Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.kafka.topic_specs import TopicSpec, intake_specs, topic_specs
from streams.settings import Settings

Manifest = Mapping[str, Any]
Authentication = Literal["tls", "scram-sha-512"]

API_VERSION = "kafka.strimzi.io/v1"
USERS: Mapping[str, Sequence[str]] = {
    "worker": ("worker", "policy"),
    "deliver": ("deliver",),
    "console": ("console",),
}
"""The roles of each program that runs for long, by what its user's name ends in. Others: `tierflow acls`."""
_TYPES: Mapping[Resource, str] = {"topic": "topic", "group": "group", "transactional id": "transactionalId"}
# What Kubernetes takes as a name, and what YAML takes as text without quotes.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*")
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_LONGEST_NAME = 253
# The name of a user with a certificate is its common name.
_LONGEST_COMMON_NAME = 64


class Cluster(NamedTuple):
    """The Kafka resource that topics and users belong to, and how users prove who they are."""

    name: str
    authentication: Authentication = "tls"


class Size(NamedTuple):
    """How many partitions the topics have, those with one alone left out, and how many copies of each."""

    partitions: int
    replication: int


def app_manifests(
    settings: Settings, cluster: Cluster, size: Size, sources: Mapping[str, str] | None = None
) -> list[Manifest]:
    """Gives all topics of an app, and the users of its programs.

    sources: the topics of the sources of `tierflow intake`, by their names; None: it does not run. The changelogs of
    sources it makes itself: they have as many partitions as the sources' topics.
    """
    rights = {name: rights_of(row for role in roles for row in ROLES[role](settings)) for name, roles in USERS.items()}
    specs = topic_specs(settings)
    if sources is not None:
        letters, *changelogs = intake_specs(settings, sources)
        specs.append(letters)
        rights["intake"] = [*rights_of(intake(settings, sources)), *_makes(changelogs)]
    users = (
        user_manifest(resource_name(f"{settings.app_id}-{name}"), these, cluster) for name, these in rights.items()
    )
    return [*(topic_manifest(spec, cluster, size) for spec in specs), *users]


def topic_manifest(spec: TopicSpec, cluster: Cluster, size: Size) -> Manifest:
    """Gives a topic as a KafkaTopic."""
    name = resource_name(spec.name)
    fields = {
        "partitions": 1 if spec.single_partition else size.partitions,
        "replicas": size.replication,
        "config": dict(spec.config),
    }
    return _manifest("KafkaTopic", name, cluster, fields if name == spec.name else {"topicName": spec.name, **fields})


def user_manifest(name: str, rights: Iterable[Right], cluster: Cluster, host: str = "*") -> Manifest:
    """Gives a user with these rights as a KafkaUser; host: from where, * for anywhere.

    Raises:
        UsageError: The name cannot be one.
    """
    longest = _LONGEST_COMMON_NAME if cluster.authentication == "tls" else _LONGEST_NAME
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise UsageError(
            f"{name!r} cannot be the name of a KafkaUser; write up to {longest} small letters, digits, hyphens and dots"
        )
    acls = [
        {
            "resource": {
                "type": _TYPES[place.kind.resource],
                "name": place.name,
                "patternType": "prefix" if place.kind.prefixed else "literal",
            },
            "operations": [camel_case(operation) for operation in operations],
            **({} if host == "*" else {"host": host}),
        }
        for place, operations in operations_by_place(rights).items()
    ]
    return _manifest(
        "KafkaUser",
        name,
        cluster,
        {"authentication": {"type": cluster.authentication}, "authorization": {"type": "simple", "acls": acls}},
    )


def resource_name(text: str) -> str:
    """Gives a name that Kubernetes takes: the text itself, or one that is like it and no other text's."""
    if _NAME.fullmatch(text) and len(text) <= _LONGEST_NAME:
        return text
    alike = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:200].rstrip("-")
    return f"{alike or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def as_yaml(manifests: Iterable[Manifest]) -> str:
    """Gives manifests as one text for kubectl."""
    return "".join("---\n" + "".join(f"{line}\n" for line in _lines(each)) for each in manifests)


def _makes(changelogs: Iterable[TopicSpec]) -> list[Right]:
    operations: Sequence[Operation] = ("CREATE", "ALTER")
    return [Right(operation, "topic", spec.name) for spec in changelogs for operation in operations]


def _manifest(kind: str, name: str, cluster: Cluster, fields: Manifest) -> Manifest:
    metadata = {"name": name, "labels": {"strimzi.io/cluster": cluster.name}}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": fields}


def _lines(fields: Manifest, indent: str = "") -> Iterator[str]:
    for key, value in fields.items():
        if isinstance(value, dict):
            yield f"{indent}{_scalar(key)}:"
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{_scalar(key)}:"
            for item in value:
                first, *others = _lines(item, f"{indent}    ")
                yield f"{indent}  - {first.lstrip()}"
                yield from others
        elif isinstance(value, list):
            yield f"{indent}{_scalar(key)}: [{', '.join(map(_scalar, value))}]"
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _scalar(value: str | int) -> str:
    """Gives a number, or a text in quotes where YAML would take it for something else: JSON's quotes are YAML's."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value)
