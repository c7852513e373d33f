"""The ids of topics, their partition counts and what our user may do with them, as the broker knows them now.

A topic that is deleted and made anew under its name has another id (KIP-516, Kafka 2.8 and later). aiokafka 0.14.0 asks
for metadata in versions that have none: the schemas are those of Kafka's MetadataRequest, version 11.
"""

import random
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from typing import Any, ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    NoError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v5
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from streams.contracts.kept import KnownTopic

_ID_BYTES = 16
_NO_ID = bytes(_ID_BYTES)
# Of a topic that is being made. It has its id already.
_LEADER_NOT_AVAILABLE = 5
_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


class _Uuid(AbstractType[bytes]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(_ID_BYTES)


class _MetadataResponse_v11(Response):  # type: ignore[misc]  # noqa: N801 - named as aiokafka names them
    API_KEY = 3
    API_VERSION = 11
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS)),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("topic_authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _MetadataRequest_v11(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as above
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 11
    RESPONSE_TYPE = _MetadataResponse_v11
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _AskForTopics(Request[MetadataRequest_v5 | _MetadataRequest_v11]):  # type: ignore[misc]
    """The question. It makes no topic, whatever the broker's settings. Brokers before Kafka 2.8 tell no ids."""

    API_KEY: ClassVar[int] = 3

    def __init__(self, names: Collection[str], *, with_operations: bool = False) -> None:
        self._names = names
        self._with_operations = with_operations

    def build(self, request_struct_class: type[Any]) -> Any:
        if request_struct_class is MetadataRequest_v5:
            return MetadataRequest_v5(list(self._names), False)  # noqa: FBT003 - the wire's order
        return _MetadataRequest_v11(
            [(_NO_ID, name, {}) for name in self._names],
            False,  # noqa: FBT003 - as above
            self._with_operations,
            {},
        )


async def ask_for_topics(client_options: Mapping[str, Any], names: Collection[str]) -> dict[str, KnownTopic]:
    """Gives those of the topics that are there, by name.

    Raises:
        KafkaError: No broker answers, or it does not tell of a topic.
    """
    client = AIOKafkaClient(**client_options)
    try:
        await client.bootstrap()
        found = map(_known, await _ask(client, _AskForTopics(names)))
    finally:
        await client.close()
    return {name: known for name, known in found if known is not None}


async def permitted_on_topics(client: AIOKafkaClient, names: Collection[str]) -> dict[str, int | None]:
    """Gives which operations our user may do on each topic, there or not: bit N stands for Kafka's AclOperation N.

    None where it may not even see the topic; no entry where the broker does not tell, being older than Kafka 2.8.

    Raises:
        KafkaError: No broker answers.
    """
    topics = await _ask(client, _AskForTopics(names, with_operations=True))
    denied = TopicAuthorizationFailedError.errno
    return {
        topic["topic"]: None if topic["error_code"] == denied else topic["topic_authorized_operations"]
        for topic in topics
        if topic["error_code"] == denied or "topic_authorized_operations" in topic
    }


async def _ask(client: AIOKafkaClient, question: _AskForTopics) -> Sequence[Mapping[str, Any]]:
    nodes = [broker.nodeId for broker in client.cluster.brokers()]
    if not nodes:
        raise KafkaConnectionError("the cluster has no brokers")
    answer = await client.send(random.choice(nodes), question)  # noqa: S311 - any of them
    topics: list[Mapping[str, Any]] = answer.to_object()["topics"]
    return topics


def _known(topic: Mapping[str, Any]) -> tuple[str, KnownTopic | None]:
    name, code = topic["topic"], topic["error_code"]
    if code == UnknownTopicOrPartitionError.errno:
        return name, None
    if code not in {NoError.errno, _LEADER_NOT_AVAILABLE}:
        raise for_code(code)(name)
    raw = topic.get("topic_id", _NO_ID)
    text = "" if raw == _NO_ID else urlsafe_b64encode(raw).decode().rstrip("=")
    return name, KnownTopic(text, len(topic["partitions"]))
